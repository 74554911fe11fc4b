//! Opening a ledger: its files, the checks, the writer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, watch};

use super::clock::{Clock, Timekeeper};
use super::handle::{LedgerHandle, Shared};
use super::inspect::{Sound, inspect};
use super::published::Published;
use super::replica::{Replica, ReplicaError};
use super::room::Room;
use super::signer::LogSigner;
use super::status::{ReadOnly, Status};
use super::working::Working;
use super::writer::{Condition, QUEUE_MAX, Writer};
use crate::ledger::{FactsError, LogFact, Reader, State};
use crate::merkle::tree::{EMPTY_ROOT, root_at};
use crate::note::vkey::VerifierKey;
use crate::store::blobs::Blobs;
use crate::store::data_dir::{DataDir, DataDirError};
use crate::store::signed_head::SignedHead;
use crate::store::{self, Live, Snapshot, Store, StoreError};

/// Commits that a slow watcher may lag behind.
const COMMITS_KEPT: usize = 1024;

/// What it takes to open a ledger's directory.
pub struct Settings {
    pub dir: DataDir,
    pub signed_head: SignedHead,
    /// None: to read only.
    pub signer: Option<LogSigner>,
    pub clock: Arc<dyn Clock>,
    /// An operator has looked at the clock.
    pub clock_confirmed: bool,
}

/// What watches over a ledger's writing; the default is nothing.
pub struct Guards {
    pub room: Option<Room>,
    /// Asked on opening, before the first write.
    pub outside: Option<Outside>,
    /// How often a writer without work looks whether what stopped it is over.
    pub tick: Duration,
}

/// What others hold of this log: an error if that is more than the ledger read here, or something else.
pub type Outside = Box<dyn Fn(&Reader<Snapshot>, &LogFact) -> Result<(), String> + Send + Sync>;

impl Default for Guards {
    fn default() -> Guards {
        Guards { room: None, outside: None, tick: Duration::from_secs(5) }
    }
}

/// The same with the files already open, for tests that bring their own.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub blobs: Blobs,
    pub signed_head: SignedHead,
    pub signer: Option<LogSigner>,
    pub clock: Arc<dyn Clock>,
    pub clock_confirmed: bool,
    /// The directory comes from a backup and was not compared with the outside yet.
    pub restored: bool,
    /// A repair was begun and not finished.
    pub repairing: bool,
    pub guards: Guards,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    #[error("{path}: {source}")]
    Blobs { path: String, source: std::io::Error },
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Facts(#[from] FactsError),
    #[error("{} is a mirror, which signs nothing: run it with `suyuan mirror`", .0.display())]
    Mirror(PathBuf),
    #[error("the store holds no ledger")]
    NoLedger,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot start the writer: {0}")]
    Thread(std::io::Error),
}

/// An open ledger and its writer. Dropping it answers what waits, ends the writer, and leaves readers their handles.
pub struct Ledger {
    handle: LedgerHandle,
    writer: Option<JoinHandle<()>>,
}

impl Ledger {
    /// Opens a ledger. One whose disk does not hold what was signed opens too, to be read: see its status.
    pub fn open(settings: Settings) -> Result<Ledger, OpenError> {
        Ledger::open_guarded(settings, Guards::default())
    }

    pub fn open_guarded(settings: Settings, guards: Guards) -> Result<Ledger, OpenError> {
        let dir = &settings.dir;
        dir.check()?;
        if settings.signer.is_some() && dir.mirror().exists() {
            return Err(OpenError::Mirror(dir.root().to_owned()));
        }
        let store = store::open(&dir.db())?;
        let blobs = open_blobs(&dir.blobs())?;
        Ledger::start(Parts {
            store,
            blobs,
            restored: dir.restored().exists(),
            repairing: dir.repairing().exists(),
            signed_head: settings.signed_head,
            signer: settings.signer,
            clock: settings.clock,
            clock_confirmed: settings.clock_confirmed,
            guards,
        })
    }

    pub fn start(parts: Parts) -> Result<Ledger, OpenError> {
        Ledger::start_as(parts, None)
    }

    /// Opens a copy of the ledger that is served at `of`. It is written to by a [`Replica`] alone.
    pub fn start_mirror(parts: Parts, of: String) -> Result<Ledger, OpenError> {
        Ledger::start_as(Parts { signer: None, ..parts }, Some(of))
    }

    /// What writes down entries that the log has signed elsewhere; readers of this ledger see each checkpoint of it.
    pub fn replica(&self, signed_head: SignedHead) -> Result<Replica, ReplicaError> {
        Replica::publishing(self.handle.shared(), signed_head)
    }

    fn start_as(parts: Parts, mirror_of: Option<String>) -> Result<Ledger, OpenError> {
        let snapshot = parts.store.snapshot();
        let log = Reader(snapshot.clone()).log()?.ok_or(OpenError::NoLedger)?;
        let checked = check(&parts, &snapshot, &log);
        let published = match &checked {
            Ok(sound) | Err((_, Some(sound))) => {
                let root = sound.proven.root();
                Published::new(snapshot, log.size, root, Some(sound.checkpoint.clone()))
            }
            Err((_, None)) => {
                let root = root_at(&Reader(snapshot.clone()), log.size).unwrap_or(EMPTY_ROOT);
                Published::new(snapshot, log.size, root, None)
            }
        };
        let time = Timekeeper::new(log.at, parts.clock_confirmed);
        let (condition, status) = match (checked, parts.signer) {
            (Ok(sound), Some(signer)) => match bring_up_head(&parts.signed_head, &sound) {
                Ok(()) => {
                    let state = State::load(Live(parts.store.clone()))?;
                    let working = Working { state, proven: sound.proven, signer };
                    let status = match parts.guards.room.as_ref().map(Room::check) {
                        Some(Err(why)) => Status::ReadOnly(why),
                        _ => Status::Writable,
                    };
                    (Condition::Working(Box::new(working)), status)
                }
                Err(problem) => (Condition::Stopped, Status::ReadOnly(ReadOnly::Disk(problem))),
            },
            (Ok(_), None) => {
                let why = mirror_of.map_or(ReadOnly::NoKey, |of| ReadOnly::Mirror { of: of.into() });
                (Condition::Stopped, Status::ReadOnly(why))
            }
            (Err((why, _)), _) => (Condition::Stopped, Status::ReadOnly(why)),
        };
        if let Status::ReadOnly(why) = &status
            && !matches!(why, ReadOnly::Mirror { .. })
        {
            tracing::warn!(reason = %why, "the ledger is read-only");
        }

        let shared = Arc::new(Shared {
            blobs: parts.blobs,
            commits: broadcast::Sender::new(COMMITS_KEPT),
            published: watch::Sender::new(published),
            status: watch::Sender::new(status),
            store: parts.store.clone(),
            room: parts.guards.room,
            witness_ms: AtomicI64::new(0),
        });
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let handle = LedgerHandle::new(shared.clone(), sender);
        let waiting = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let writer = Writer {
            queue,
            waiting: waiting.map_err(OpenError::Thread)?,
            tick: parts.guards.tick,
            shared,
            store: parts.store,
            signed_head: parts.signed_head,
            clock: parts.clock,
            time,
            condition,
        };
        let thread = std::thread::Builder::new().name("ledger-writer".to_owned()).spawn(move || writer.run());
        Ok(Ledger { handle, writer: Some(thread.map_err(OpenError::Thread)?) })
    }

    pub fn handle(&self) -> LedgerHandle {
        self.handle.clone()
    }

    /// Takes no more, answers what waits, ends the writer.
    pub fn shut_down(self) {}
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.handle.stop();
        if let Some(writer) = self.writer.take() {
            // It catches its own panics.
            let _ = writer.join();
        }
    }
}

/// Why a log is not written to, and the log, if it is sound all the same.
type NotWritten = (ReadOnly, Option<Box<Sound>>);

/// A sound log, or why it is not written to; a restored one may be sound all the same.
fn check(parts: &Parts, snapshot: &Snapshot, log: &LogFact) -> Result<Box<Sound>, NotWritten> {
    let disk = |problem: String| (ReadOnly::Disk(problem), None);
    let named = log.log_vkey.parse::<VerifierKey>();
    let named = named.map_err(|error| disk(format!("the log key that the ledger names: {error}")))?;
    let mut keys = parts.signer.as_ref().map(LogSigner::verifier_keys).unwrap_or_default();
    let other_key = parts.signer.is_some() && !keys.contains(&named);
    if other_key || keys.is_empty() {
        keys = vec![named.clone()];
    }
    let sound = Box::new(inspect(snapshot, log, &parts.signed_head, &keys).map_err(disk)?);
    if other_key {
        return Err((ReadOnly::OtherKey { named: named.to_string() }, Some(sound)));
    }
    if parts.restored {
        return Err((ReadOnly::Restored, Some(sound)));
    }
    if parts.repairing {
        return Err((ReadOnly::Repairing, Some(sound)));
    }
    // Whoever only reads need not ask.
    if let Some(outside) = parts.guards.outside.as_ref().filter(|_| parts.signer.is_some())
        && let Err(problem) = outside(&Reader(snapshot.clone()), log)
    {
        return Err((ReadOnly::Outside(problem), Some(sound)));
    }
    Ok(sound)
}

/// A commit that was cut short before its head was written shows itself to readers from now on: what they see, the head
/// must know.
fn bring_up_head(signed_head: &SignedHead, sound: &Sound) -> Result<(), String> {
    if sound.head_size == sound.proven.size() {
        return Ok(());
    }
    let note = sound.checkpoint.to_string();
    signed_head
        .write(note.as_bytes())
        .map_err(|error| format!("write {}: {error}", signed_head.path().display()))
}

fn open_blobs(path: &Path) -> Result<Blobs, OpenError> {
    Blobs::open(path).map_err(|source| OpenError::Blobs { path: path.display().to_string(), source })
}
