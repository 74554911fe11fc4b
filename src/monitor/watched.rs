//! One log that is watched: a look at it, and at what others have seen of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::alarm::{Alarm, Kind, Severity};
use super::entries::{Entries, names_in};
use super::names::Names;
use super::notebook::{Notebook, NotebookError};
use super::peers::{Note, Peer};
use super::published::Published;
use crate::follow::{
    Fetcher, FollowError, Follower, Held, Home, HomeError, Moved, Terms, Tiles, Watch, Wrong, WrongKind,
    evidence,
};
use crate::ledger::{Entry, Facts, FactsError, Reader};
use crate::merkle::Hash;
use crate::note::signed_note::SignedNote;
use crate::publish::anchors::evm::SettingsError;
use crate::sequencer::{Replica, ReplicaError};
use crate::store::{Batch, Store};
use crate::verify::Trust;

/// What is watched, and for what.
pub struct Settings {
    /// Where the log is read.
    pub url: String,
    pub trust: Trust,
    /// The directory of all logs that are watched; each has its own below.
    pub dir: PathBuf,
    /// Bare ids of organisations.
    pub orgs: BTreeSet<String>,
    pub peers: Vec<String>,
    /// JSON-RPC nodes of the chain where the ledger publishes its checkpoints.
    pub anchor_rpc: Vec<String>,
    /// Milliseconds without news that are a warning.
    pub max_age_ms: i64,
}

/// A log that is watched.
pub struct Watched {
    origin: String,
    url: String,
    source: Fetcher,
    orgs: BTreeSet<String>,
    peers: Vec<Peer>,
    published: Published,
    max_age_ms: i64,
    evidence: PathBuf,
    notebook: Arc<Notebook>,
    shown: Arc<Shown>,
    inner: Mutex<Inner>,
}

struct Inner {
    follower: Follower,
    names: Names,
    /// The last look showed an older checkpoint than is held.
    was_older: bool,
}

/// What others are shown of a log: the checkpoint that is held, and the tree under it.
pub struct Shown {
    pub origin: String,
    pub store: Arc<dyn Store>,
    held: RwLock<Option<Held>>,
}

/// What a look came to.
#[derive(Debug, Default)]
pub struct Round {
    /// The gravest of what was told now or still stands.
    pub gravest: Option<Severity>,
    /// Entries that are held.
    pub size: u64,
    /// Whether the log could be read.
    pub was_read: bool,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    #[error(transparent)]
    Fetch(#[from] crate::follow::FetchError),
    #[error(transparent)]
    Follow(#[from] FollowError),
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error("cannot keep the evidence: {0}")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Names(#[from] FactsError),
    #[error(transparent)]
    Notebook(#[from] NotebookError),
    #[error("--anchor-rpc")]
    Anchors(#[from] SettingsError),
    #[error(transparent)]
    Replica(#[from] ReplicaError),
}

impl Shown {
    pub fn held(&self) -> Option<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The name of its place: C2SP tlog-witness, "monitoring".
    pub fn place(&self) -> Hash {
        Hash::of(self.origin.as_bytes())
    }

    fn show(&self, held: Option<Held>) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held;
    }
}

impl Watched {
    /// Opens the log's own directory, or begins one.
    pub fn open(settings: Settings) -> Result<Watched, WatchError> {
        let Settings { url, trust, dir, orgs, peers, anchor_rpc, max_age_ms } = settings;
        let origin = trust.origin.clone();
        let home = Home::open(&place_of(&dir, &origin), &trust)?;
        let notebook = Arc::new(Notebook::open(home.store.clone())?);
        let names = names_in(&home.store.snapshot())?;
        let replica = Replica::open(home.store.clone(), home.signed_head())?;
        let follower = Follower::new(trust, replica, &home.signed_head())?;
        let held = RwLock::new(follower.held().cloned());
        let shown = Shown { origin: origin.clone(), store: home.store.clone(), held };
        Ok(Watched {
            source: Fetcher::steady(&url)?,
            peers: peers.iter().map(|peer| Peer::new(peer)).collect::<Result<_, _>>()?,
            published: Published::new(&anchor_rpc)?,
            inner: Mutex::new(Inner { follower, names, was_older: false }),
            evidence: home.evidence(),
            shown: Arc::new(shown),
            origin,
            url,
            orgs,
            max_age_ms,
            notebook,
        })
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn notebook(&self) -> &Arc<Notebook> {
        &self.notebook
    }

    pub fn shown(&self) -> &Arc<Shown> {
        &self.shown
    }

    /// Looks once. `enough` says whether to stop for now; `is_only` that no other look follows soon, so that nothing is
    /// left for the next one to confirm. An error is our own: the disk, say.
    pub fn look(
        &self,
        now_ms: i64,
        is_only: bool,
        enough: &dyn Fn() -> bool,
        heard: &mut dyn FnMut(u64, u64),
    ) -> Result<Round, WatchError> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gravest = None;
        let was_read = self.log(&mut inner, now_ms, is_only, enough, heard, &mut gravest)?;
        self.shown.show(inner.follower.held().cloned());
        if inner.follower.held().is_some() {
            for peer in &self.peers {
                self.peer(&inner.follower, peer, now_ms)?;
            }
        }
        self.publication(&inner.follower, now_ms)?;
        self.ages(&inner.follower, now_ms)?;
        let gravest = gravest.max(self.notebook.standing()?);
        let size = inner.follower.held().map_or(0, |held| held.checkpoint.size);
        Ok(Round { gravest, size, was_read })
    }

    /// The log itself. Whether it could be read.
    fn log(
        &self,
        inner: &mut Inner,
        now_ms: i64,
        is_only: bool,
        enough: &dyn Fn() -> bool,
        heard: &mut dyn FnMut(u64, u64),
        gravest: &mut Option<Severity>,
    ) -> Result<bool, WatchError> {
        let Inner { follower, names, was_older } = inner;
        let tiles = Tiles::new(&self.source);
        let note = match tiles.checkpoint() {
            Ok(note) => note,
            Err(error) => {
                self.unread(now_ms, &error.to_string())?;
                return Ok(false);
            }
        };
        let is_first = follower.held().is_none();
        let entries = Entries::new(&self.origin, &self.orgs, self.notebook.clone(), now_ms, is_first, names);
        let mut watch = Heard { entries, heard };
        let terms = &mut Terms { watch: &mut watch, enough, witnessed: true };
        let moved = follower.follow(&tiles, &note, terms);
        *gravest = watch.entries.tell().iter().map(|alarm| alarm.kind.severity()).max();
        if !matches!(moved, Err(FollowError::Unreadable(_))) {
            self.notebook.set_time(READ, now_ms)?;
            self.over(Kind::Unreachable)?;
        }
        match moved {
            Ok(moved) => {
                self.is_right()?;
                self.older(moved, was_older, is_only, now_ms)?;
                self.cosigned(follower, &note)?;
            }
            Err(FollowError::OutOfTime { .. }) => {}
            Err(FollowError::Unreadable(error)) => {
                self.unread(now_ms, &error.to_string())?;
                return Ok(false);
            }
            // How long it has waited is for `ages` to say.
            Err(FollowError::Waiting(why)) => tracing::info!(log = %self.origin, %why, "not cosigned yet"),
            Err(FollowError::Wrong(wrong)) => {
                self.wrong(follower.held(), &wrong, &self.url, now_ms)?;
                *gravest = Some(Severity::Alarm);
            }
            Err(error @ FollowError::Broken(_)) => return Err(error.into()),
        }
        Ok(true)
    }

    /// Keeps what shows it, and tells it, once for each of those who showed it.
    fn wrong(
        &self,
        held: Option<&Held>,
        wrong: &Wrong,
        shown_by: &str,
        now_ms: i64,
    ) -> Result<(), WatchError> {
        let path = evidence::keep(&self.evidence, wrong, held)?;
        let content = std::fs::read_to_string(&path)?;
        let text = match wrong.kind {
            WrongKind::SplitView => format!("{} (shown by {shown_by})", wrong.why),
            _ => wrong.why.clone(),
        };
        let mut alarm = Alarm::new(Kind::Wrong(wrong.kind), &self.origin, now_ms, text);
        alarm.evidence = Some((path.display().to_string(), content));
        self.notebook.raise(shown_by, &alarm)?;
        Ok(())
    }

    /// What a good look takes back. That the log has signed what it must not stays.
    fn is_right(&self) -> Result<(), WatchError> {
        for kind in [WrongKind::BadSignature, WrongKind::EntriesDiffer, WrongKind::Unproven] {
            self.notebook.over(Kind::Wrong(kind), &self.url, &self.origin)?;
        }
        Ok(())
    }

    fn older(
        &self,
        moved: Moved,
        was_older: &mut bool,
        is_only: bool,
        now_ms: i64,
    ) -> Result<(), WatchError> {
        let Moved::Older { size } = moved else {
            *was_older = false;
            return self.over(Kind::OlderCheckpoint);
        };
        // A cache may be a moment behind; two looks in a row are more than that.
        if std::mem::replace(was_older, true) || is_only {
            let text = format!(
                "{} shows the log as of {size} entries, which is older than what it has shown before",
                self.url
            );
            self.tell(Kind::OlderCheckpoint, text, now_ms)?;
        }
        Ok(())
    }

    fn unread(&self, now_ms: i64, why: &str) -> Result<(), WatchError> {
        tracing::info!(log = %self.origin, %why, "the log cannot be read just now");
        let since = self.since(READ, now_ms)?;
        if now_ms.saturating_sub(since) > self.max_age_ms {
            let text = format!("{} has not been readable for {}: {why}", self.url, span(now_ms - since));
            self.tell(Kind::Unreachable, text, now_ms)?;
        }
        Ok(())
    }

    /// When this happened last; now, where it never did.
    fn since(&self, name: &str, now_ms: i64) -> Result<i64, WatchError> {
        match self.notebook.time(name)? {
            Some(since) => Ok(since),
            None => {
                self.notebook.set_time(name, now_ms)?;
                Ok(now_ms)
            }
        }
    }

    /// The newest time that a witness gives for what is held.
    fn cosigned(&self, follower: &Follower, note: &[u8]) -> Result<(), WatchError> {
        let policy = &follower.trust().policy;
        let Ok(note) = SignedNote::parse(note) else { return Ok(()) };
        let keys = policy.witnesses().iter().map(|witness| &witness.key);
        let newest = note.verify(keys).unwrap_or_default().iter().filter_map(|by| by.time).max();
        let Some(at) = newest.and_then(|time| i64::try_from(time).ok()?.checked_mul(1_000)) else {
            return Ok(());
        };
        if self.notebook.time(COSIGNED)?.is_none_or(|known| known < at) {
            self.notebook.set_time(COSIGNED, at)?;
        }
        Ok(())
    }

    /// Whether what is held is too old.
    fn ages(&self, follower: &Follower, now_ms: i64) -> Result<(), WatchError> {
        let is_old = |at: i64| now_ms.saturating_sub(at) > self.max_age_ms;
        if follower.trust().policy.wants_witnesses() {
            let at = self.since(COSIGNED, now_ms)?;
            if !is_old(at) {
                return self.over(Kind::NotCosigned);
            }
            let text = format!("no witness has cosigned anything new for {}", span(now_ms - at));
            return self.tell(Kind::NotCosigned, text, now_ms);
        }
        let at = follower.replica().log().map_or(now_ms, |log| log.at);
        if !is_old(at) {
            return self.over(Kind::NotGrown);
        }
        self.tell(Kind::NotGrown, format!("the log has not grown for {}", span(now_ms - at)), now_ms)
    }

    /// The list that the ledger names. What has been found there stays, but that the log was not so far, or the list not
    /// to be read.
    fn publication(&self, follower: &Follower, now_ms: i64) -> Result<(), WatchError> {
        if !self.published.is_asked() {
            return Ok(());
        }
        let found = self.published.look(follower);
        for passing in [Kind::PublicationAhead, Kind::PublicationUnreadable] {
            if !found.iter().any(|(kind, _)| *kind == passing) {
                self.over(passing)?;
            }
        }
        found.into_iter().try_for_each(|(kind, text)| self.tell(kind, text, now_ms))
    }

    fn peer(&self, follower: &Follower, peer: &Peer, now_ms: i64) -> Result<(), WatchError> {
        let told = |kind: Kind, text: String| {
            let alarm = Alarm::new(kind, &self.origin, now_ms, text);
            self.notebook.raise(peer.url(), &alarm)
        };
        let over = |kind: Kind| self.notebook.over(kind, peer.url(), &self.origin);
        match peer.compare(follower, &self.source)? {
            Note::Agrees(size) => {
                tracing::debug!(log = %self.origin, peer = peer.url(), size, "notes agree");
                over(Kind::PeerUnreachable)?;
                over(Kind::PeerUnresolved)?;
            }
            Note::Split(split) => {
                over(Kind::PeerUnreachable)?;
                over(Kind::PeerUnresolved)?;
                let why = split.check(follower.trust());
                let why = why.map_or_else(
                    |_| "the log has signed two histories".to_owned(),
                    |shown| shown.to_string(),
                );
                let wrong = Wrong {
                    kind: WrongKind::SplitView,
                    why,
                    note: split.larger.clone(),
                    split: Some(split),
                    receipt: None,
                };
                self.wrong(follower.held(), &wrong, peer.url(), now_ms)?;
            }
            Note::Unreachable(why) => {
                told(Kind::PeerUnreachable, format!("{} says nothing of this log: {why}", peer.url()))?;
            }
            Note::Unresolved(why) => {
                over(Kind::PeerUnreachable)?;
                told(Kind::PeerUnresolved, format!("{}: {why}", peer.url()))?;
            }
        }
        Ok(())
    }

    fn tell(&self, kind: Kind, text: String, now_ms: i64) -> Result<(), WatchError> {
        self.notebook.raise("", &Alarm::new(kind, &self.origin, now_ms, text))?;
        Ok(())
    }

    fn over(&self, kind: Kind) -> Result<(), WatchError> {
        Ok(self.notebook.over(kind, "", &self.origin)?)
    }
}

/// Times that are kept.
const READ: &str = "read";
const COSIGNED: &str = "cosigned";

/// What the records tell, and how far it is.
struct Heard<'a, 'h> {
    entries: Entries<'a>,
    heard: &'h mut dyn FnMut(u64, u64),
}

impl Watch for Heard<'_, '_> {
    fn progress(&mut self, done: u64, of: u64) {
        (self.heard)(done, of);
    }

    fn entry(&mut self, entry: &Entry, known: &Reader<&dyn Facts>) -> Result<(), FactsError> {
        self.entries.entry(entry, known)
    }

    fn beside(&mut self) -> Batch {
        self.entries.beside()
    }

    fn forget(&mut self) {
        self.entries.forget();
    }
}

fn place_of(dir: &Path, origin: &str) -> PathBuf {
    dir.join(Hash::of(origin.as_bytes()).to_string())
}

/// A span of milliseconds in the largest whole unit.
fn span(ms: i64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
