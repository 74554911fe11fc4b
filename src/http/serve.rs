//! Starting and stopping the service.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer, web};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{AppState, account, anchoring, configure, logging, outer};
use crate::config::Config;
use crate::control;
use crate::publish::anchors::{Anchoring, Worker};
use crate::publish::{Cosigned, Pace, Publisher};
use crate::sequencer::{Ledger, LedgerHandle, ReadOnly, Status};

/// Idle connections stay open as long as the proxies in front usually keep theirs.
const KEEP_ALIVE_SECS: u64 = 75;

/// How long a stopped service is waited for to let go of the ledger.
const RELEASE_WAIT: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    #[error("the service stopped: {0}")]
    Io(#[from] std::io::Error),
    #[error("suyuan.toml says that the origin is {said:?}, the ledger says {found:?}")]
    OtherOrigin { said: String, found: String },
    #[error("anchors: {0}")]
    Anchors(String),
    /// A new process may open the store anew.
    #[error("{0}")]
    Failed(String),
    #[error("{0}")]
    Ledger(String),
    #[error("the witness policy {}: {problem}", path.display())]
    Policy { path: PathBuf, problem: String },
    #[error(transparent)]
    Log(#[from] logging::LogFilterError),
}

/// A service that runs on threads of its own.
pub struct Serving {
    /// Where it listens, with the port that it really got.
    pub address: SocketAddr,
    handle: ServerHandle,
    thread: std::thread::JoinHandle<std::io::Result<()>>,
    state: Weak<AppState>,
    anchoring: Option<Anchoring>,
    /// Ends what runs beside the service.
    beside: Option<Stop>,
    control: Option<control::Server>,
    ledger: Ledger,
}

/// Ends something that runs beside the service, and waits until it has.
pub type Stop = Box<dyn FnOnce() + Send>;

/// Begins what runs beside a service: it hears the ledger, and what witnesses have signed where there is a policy.
pub type Beside = Box<dyn FnOnce(LedgerHandle, Option<Arc<Cosigned>>) -> std::io::Result<Option<Stop>>>;

impl Serving {
    /// Stops taking connections, answers what has been asked, lets the ledger finish and closes it.
    pub fn stop(self) -> Result<(), ServeError> {
        futures_util::future::FutureExt::now_or_never(self.handle.stop(true));
        self.wait()
    }

    fn wait(mut self) -> Result<(), ServeError> {
        let ended = self.thread.join().map_err(|_| std::io::Error::other("its thread panicked"))?;
        ended?;
        self.control = None;
        if let Some(stop) = self.beside {
            stop();
        }
        if let Some(anchoring) = self.anchoring {
            anchoring.stop();
        }
        // Its workers let go of the ledger a moment after they have answered; until then its files stay locked.
        let until = Instant::now() + RELEASE_WAIT;
        while self.state.strong_count() > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        let status = self.ledger.handle().status();
        self.ledger.shut_down();
        match status {
            Status::ReadOnly(why @ ReadOnly::Failed(_)) => Err(ServeError::Failed(why.to_string())),
            _ => Ok(()),
        }
    }
}

/// Serves until SIGTERM or SIGINT, then stops in good order. `listening` hears the address.
pub fn serve(config: Config, ledger: Ledger, listening: impl FnOnce(SocketAddr)) -> Result<(), ServeError> {
    serve_with(config, ledger, Box::new(publish), listening)
}

/// As [`serve`], with something else beside it than what brings checkpoints to witnesses.
pub fn serve_with(
    config: Config,
    ledger: Ledger,
    beside: Beside,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    logging::start(&config.log_filter, config.log_format)?;
    let serving = run(config, ledger, Until::Signal, beside)?;
    tracing::info!(address = %serving.address, "listening on {}", serving.address);
    listening(serving.address);
    serving.wait()
}

/// Serves until [`Serving::stop`].
pub fn start(config: Config, ledger: Ledger) -> Result<Serving, ServeError> {
    run(config, ledger, Until::Told, Box::new(publish))
}

/// Brings checkpoints to the witnesses of the policy.
fn publish(ledger: LedgerHandle, cosigned: Option<Arc<Cosigned>>) -> std::io::Result<Option<Stop>> {
    let Some(cosigned) = cosigned else { return Ok(None) };
    let publisher = Publisher::start(ledger, cosigned, Pace::default())?;
    Ok(Some(Box::new(move || publisher.stop())))
}

/// What the operator may ask on this machine. The service is of use without it.
fn control(config: &Config, ledger: LedgerHandle) -> Option<control::Server> {
    let started = control::Server::start(&config.dir, ledger);
    if let Err(error) = &started {
        tracing::warn!(%error, "no backups while the ledger is served: its control socket cannot be made");
    }
    started.ok()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Signal,
    Told,
}

fn run(config: Config, ledger: Ledger, until: Until, beside: Beside) -> Result<Serving, ServeError> {
    let listener =
        TcpListener::bind(config.listen).map_err(|error| ServeError::Listen(config.listen, error))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let state = web::Data::new(AppState::new(config, ledger.handle())?);
    let shared = Arc::downgrade(&state.clone().into_inner());
    let followed = shared.clone();
    let beside = beside(ledger.handle(), state.cosigned.clone())?;
    let plans = anchoring::plans(&state.config).map_err(ServeError::Anchors)?;
    let anchoring = match plans.is_empty() {
        true => None,
        false => Some(Worker::new(ledger.handle(), state.anchors.clone(), plans).start()?),
    };
    let control = control(&state.config, ledger.handle());
    let status = ledger.handle().watch_status();
    let (tell, told) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new().name("suyuan-http".into()).spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = server(state, listener)?;
            // Whoever started us has gone if nobody hears this.
            let _ = tell.send(server.handle());
            if until == Until::Signal {
                actix_web::rt::spawn(stop_on_signal(server.handle()));
                actix_web::rt::spawn(stop_on_failure(server.handle(), status));
            }
            actix_web::rt::spawn(account::follow(followed));
            server.await
        })
    })?;
    let handle = told.recv().map_err(|_| std::io::Error::other("the server did not start"));
    match handle {
        Ok(handle) => {
            Ok(Serving { address, handle, thread, state: shared, anchoring, beside, control, ledger })
        }
        Err(error) => match thread.join() {
            Ok(Err(cause)) => Err(cause.into()),
            _ => Err(error.into()),
        },
    }
}

fn server(state: web::Data<AppState>, listener: TcpListener) -> std::io::Result<Server> {
    let config = state.config.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(web::Data::from(state.guards.clone()))
            .wrap(Compress::default())
            .wrap(from_fn(outer::observe))
            .configure(configure)
            .default_service(web::to(outer::nothing_here))
    });
    let server = server
        .workers(config.workers)
        .keep_alive(Duration::from_secs(KEEP_ALIVE_SECS))
        .client_request_timeout(Duration::from_secs(config.client_timeout_secs))
        .shutdown_timeout(config.shutdown_secs)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// A store that failed in a write is opened anew by a new process, or not at all. What was asked is answered first.
async fn stop_on_failure(handle: ServerHandle, mut status: watch::Receiver<Status>) {
    let failed = status.wait_for(|now| matches!(now, Status::ReadOnly(ReadOnly::Failed(_)))).await.is_ok();
    if failed {
        tracing::error!("stopping, to be started again: the store must be opened anew");
        handle.stop(true).await;
    }
}

pub(super) async fn stop_on_signal(handle: ServerHandle) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: finishing what has been asked");
    handle.stop(true).await;
}
