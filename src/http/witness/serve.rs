//! Starting and stopping the witness's service.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

use super::{READING_MAX, WitnessState, configure};
use crate::config::{LogFormat, RateLimit};
use crate::http::outer::{self, Guards};
use crate::http::serve::stop_on_signal;
use crate::http::{ServeError, logging};
use crate::witness::{Logs, Witness};

const KEEP_ALIVE: Duration = Duration::from_secs(75);
const SHUTDOWN_SECS: u64 = 10;

/// What a witness's service was told, checked.
#[derive(Debug, Clone)]
pub struct WitnessSettings {
    pub listen: SocketAddr,
    /// How the world reaches it, without a slash at its end.
    pub public_url: String,
    /// Seconds that the newest cosignature of a bundle may be old for the layer `freshness`.
    pub max_age_secs: i64,
    pub trusted_proxies: Vec<IpAddr>,
    pub reads: RateLimit,
    pub writes: RateLimit,
    pub client_timeout_secs: u64,
    pub log_format: LogFormat,
    pub log_filter: String,
}

impl Default for WitnessSettings {
    fn default() -> WitnessSettings {
        WitnessSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            public_url: String::new(),
            max_age_secs: 3_600,
            trusted_proxies: Vec::new(),
            reads: RateLimit { per_second: 100, burst: 500 },
            writes: RateLimit { per_second: 20, burst: 100 },
            client_timeout_secs: 30,
            log_format: LogFormat::Text,
            log_filter: "info".to_owned(),
        }
    }
}

/// Reads the logs anew, as they are configured now.
pub type Reload = Box<dyn Fn() -> Result<Logs, String> + Send>;

/// A witness that runs on threads of its own.
pub struct WitnessServing {
    pub address: SocketAddr,
    handle: ServerHandle,
    thread: std::thread::JoinHandle<std::io::Result<()>>,
}

impl WitnessServing {
    /// Stops taking connections and answers what has been asked.
    pub fn stop(self) -> Result<(), ServeError> {
        futures_util::future::FutureExt::now_or_never(self.handle.stop(true));
        self.wait()
    }

    fn wait(self) -> Result<(), ServeError> {
        Ok(self.thread.join().map_err(|_| std::io::Error::other("its thread panicked"))??)
    }
}

/// Serves until SIGTERM or SIGINT; SIGHUP reads the logs anew. `listening` hears the address.
pub fn serve(
    settings: WitnessSettings,
    witness: Witness,
    reload: Reload,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    logging::start(&settings.log_filter, settings.log_format)?;
    let serving = run(settings, witness, Some(reload))?;
    listening(serving.address);
    serving.wait()
}

/// Serves until [`WitnessServing::stop`].
pub fn start(settings: WitnessSettings, witness: Witness) -> Result<WitnessServing, ServeError> {
    run(settings, witness, None)
}

fn run(
    settings: WitnessSettings,
    witness: Witness,
    signals: Option<Reload>,
) -> Result<WitnessServing, ServeError> {
    let listener =
        TcpListener::bind(settings.listen).map_err(|error| ServeError::Listen(settings.listen, error))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let public_url = match settings.public_url.as_str() {
        "" => format!("http://{address}"),
        url => url.to_owned(),
    };
    let state = web::Data::new(WitnessState {
        witness,
        public_url,
        max_age_secs: settings.max_age_secs,
        timeout: Duration::from_secs(settings.client_timeout_secs),
        reading: Arc::new(Semaphore::new(READING_MAX)),
        judging: Arc::new(Semaphore::new(cores)),
        guards: Arc::new(Guards::new(settings.reads, settings.writes, settings.trusted_proxies.clone())),
    });
    let (tell, told) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new().name("suyuan-witness".into()).spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = server(state.clone(), &settings, cores, listener)?;
            // Whoever started us has gone if nobody hears this.
            let _ = tell.send(server.handle());
            if let Some(reload) = signals {
                actix_web::rt::spawn(stop_on_signal(server.handle()));
                actix_web::rt::spawn(reload_on_signal(state, reload));
            }
            server.await
        })
    })?;
    match told.recv() {
        Ok(handle) => Ok(WitnessServing { address, handle, thread }),
        Err(_) => match thread.join() {
            Ok(Err(cause)) => Err(cause.into()),
            _ => Err(std::io::Error::other("the server did not start").into()),
        },
    }
}

fn server(
    state: web::Data<WitnessState>,
    settings: &WitnessSettings,
    workers: usize,
    listener: TcpListener,
) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(web::Data::from(state.guards.clone()))
            .wrap(from_fn(outer::observe))
            .configure(configure)
            .default_service(web::to(outer::nothing_here))
    });
    let server = server
        .workers(workers)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(Duration::from_secs(settings.client_timeout_secs))
        .shutdown_timeout(SHUTDOWN_SECS)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

async fn reload_on_signal(state: web::Data<WitnessState>, reload: Reload) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    while hangup.recv().await.is_some() {
        match reload() {
            Ok(logs) => {
                tracing::info!(logs = logs.origins().count(), "the logs were read anew");
                state.witness.know(logs);
            }
            Err(problem) => tracing::error!(%problem, "the logs stay as they were"),
        }
    }
}
