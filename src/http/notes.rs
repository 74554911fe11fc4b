//! What a monitor shows of the logs that it watches, where C2SP has it: the checkpoint that it holds, and the tree under
//! it, so that others can hold their notes against its.
//!
//! `GET /<hex SHA-256 of the origin>/checkpoint`, `…/tile/<level>/<index>` (hashes, no entries), `GET /healthz`.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, web};

use super::ServeError;
use super::endpoints::{Endpoint, read, register};
use super::outer::{self, Guards};
use super::problem::Problem;
use crate::config::RateLimit;
use crate::ledger::Reader;
use crate::merkle::Hash;
use crate::merkle::tile::{TilePath, tile_bytes};
use crate::monitor::Shown;

const KEEP_ALIVE: Duration = Duration::from_secs(75);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const SHUTDOWN_SECS: u64 = 5;
const WORKERS: usize = 2;
/// Each a small read.
const READS: RateLimit = RateLimit { per_second: 100, burst: 500 };

struct Shelf {
    logs: Vec<Arc<Shown>>,
}

/// The notes, served on threads of their own.
pub struct NotesServing {
    pub address: SocketAddr,
    handle: ServerHandle,
    thread: std::thread::JoinHandle<std::io::Result<()>>,
}

impl NotesServing {
    pub fn stop(self) -> Result<(), ServeError> {
        futures_util::future::FutureExt::now_or_never(self.handle.stop(true));
        Ok(self.thread.join().map_err(|_| std::io::Error::other("its thread panicked"))??)
    }
}

/// Serves until [`NotesServing::stop`].
pub fn start(
    listen: SocketAddr,
    trusted_proxies: Vec<IpAddr>,
    logs: Vec<Arc<Shown>>,
) -> Result<NotesServing, ServeError> {
    let listener = TcpListener::bind(listen).map_err(|error| ServeError::Listen(listen, error))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let shelf = web::Data::new(Shelf { logs });
    let guards = web::Data::new(Guards::new(READS, READS, trusted_proxies));
    let (tell, told) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new().name("suyuan-notes".into()).spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || {
                App::new()
                    .app_data(shelf.clone())
                    .app_data(guards.clone())
                    .wrap(from_fn(outer::observe))
                    .configure(configure)
                    .default_service(web::to(outer::nothing_here))
            });
            let server = server
                .workers(WORKERS)
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(REQUEST_TIMEOUT)
                .shutdown_timeout(SHUTDOWN_SECS)
                .disable_signals()
                .listen(listener)?
                .run();
            // Whoever started us has gone if nobody hears this.
            let _ = tell.send(server.handle());
            server.await
        })
    })?;
    match told.recv() {
        Ok(handle) => Ok(NotesServing { address, handle, thread }),
        Err(_) => match thread.join() {
            Ok(Err(cause)) => Err(cause.into()),
            _ => Err(std::io::Error::other("the server did not start").into()),
        },
    }
}

fn configure(config: &mut web::ServiceConfig) {
    let endpoints = vec![
        Endpoint::get("/healthz", read().to(super::meta::healthz)),
        Endpoint::get("/{origin_hash}/checkpoint", read().to(checkpoint)),
        Endpoint::get("/{origin_hash}/tile/{level}/{index:.*}", read().to(tile)),
    ];
    register(endpoints, config);
}

impl Shelf {
    fn find(&self, origin_hash: &str) -> Result<&Arc<Shown>, Problem> {
        let none = || Problem::not_found("no such log is watched here");
        let wanted: Hash = origin_hash.parse().map_err(|_| none())?;
        self.logs.iter().find(|log| log.place() == wanted).ok_or_else(none)
    }
}

async fn checkpoint(
    shelf: web::Data<Shelf>,
    origin_hash: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let held = shelf.find(&origin_hash)?.held();
    let held = held.ok_or_else(|| Problem::not_found("nothing of this log is held yet"))?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(held.note))
}

async fn tile(
    shelf: web::Data<Shelf>,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Problem> {
    let none = || Problem::not_found("the log has no such tile");
    let (origin_hash, level, index) = path.into_inner();
    let log = shelf.find(&origin_hash)?.clone();
    let size = log.held().map_or(0, |held| held.checkpoint.size);
    let Ok(TilePath::Hashes(tile)) = format!("tile/{level}/{index}").parse() else { return Err(none()) };
    let bytes = web::block(move || tile_bytes(&Reader(log.store.snapshot()), &tile, size)).await??;
    let bytes = bytes.ok_or_else(none)?;
    Ok(HttpResponse::Ok().content_type("application/octet-stream").body(bytes))
}
