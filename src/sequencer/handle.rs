//! How the floors above use the ledger.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::admission::{AdmissionError, Admitted, Refused, Submission, admit};
use super::published::{Commit, Published, Receipt, ReceiptError};
use super::room::Room;
use super::status::{ReadOnly, Status};
use super::writer::{Command, Placed};
use crate::ledger::{Entry, FactsError, Reader};
use crate::merkle::Hash;
use crate::note::signed_note::SignedNote;
use crate::private::openings::{self, Kept, Opening};
use crate::statement::payload::Statement;
use crate::store::backup::{BackupError, backup};
use crate::store::blobs::{BlobError, BlobWriter, Blobs};
use crate::store::{Batch, KeyRange, Pairs, Read, Snapshot, Store, StoreError};

/// The open ledger. Clone it freely. While one lives, the store stays open and locked.
#[derive(Clone)]
pub struct LedgerHandle {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Command>,
}

/// Deletions are tried this often to leave the disk while others read.
const ERASE_ATTEMPTS: u32 = 5;

/// Why a statement has no place in the log, or none that is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    #[error("too many statements are waiting; try again in a moment")]
    Busy,
    /// Whether it was taken is not known. The same statement again gets the same place, or its first one.
    #[error("the write failed and may or may not have happened ({0}): send the same statement again")]
    Uncertain(String),
    #[error("{0}")]
    ReadOnly(#[from] ReadOnly),
    #[error("{0}")]
    Refused(#[from] Refused),
}

/// The place of a statement in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// False: the same payload was there already.
    pub is_new: bool,
    pub receipt: Receipt,
}

/// A statement on its way. Several may be sent before the first is waited for; they keep their order.
pub struct Pending(Progress);

enum Progress {
    Known { seq: u64, published: Arc<Published> },
    Queued(oneshot::Receiver<Result<Placed, SubmitError>>),
}

/// What a check came to.
enum Checked {
    Admitted(Box<Admitted>),
    /// At this place already.
    Known(u64),
}

#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error(transparent)]
    Facts(#[from] FactsError),
    #[error("record {leaf} is not in the ledger")]
    NoSuchRecord { leaf: Hash },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the ledger is shutting down")]
    ShutDown,
}

#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error("the attachment was erased")]
    Erased,
    #[error(transparent)]
    Facts(#[from] FactsError),
    #[error("no accepted statement names this attachment, or its opening was never given")]
    NotNamed,
    #[error("{0}")]
    ReadOnly(#[from] ReadOnly),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LedgerHandle {
    pub(super) fn new(shared: Arc<Shared>, queue: mpsc::Sender<Command>) -> LedgerHandle {
        LedgerHandle { shared, queue }
    }

    /// Checks the statement here and now, and answers when it is durable and proven. The check costs a fraction of a
    /// millisecond of this thread's time.
    pub async fn submit(&self, submission: Submission) -> Result<Accepted, SubmitError> {
        self.enqueue(submission)?.accepted().await
    }

    /// As [`submit`](Self::submit), outside of async code.
    pub fn submit_blocking(&self, submission: Submission) -> Result<Accepted, SubmitError> {
        self.enqueue(submission)?.accepted_blocking()
    }

    /// Admits the statement and puts it into the queue.
    pub fn enqueue(&self, submission: Submission) -> Result<Pending, SubmitError> {
        let published = self.published();
        match self.check(&published, submission)? {
            Checked::Known(seq) => Ok(Pending(Progress::Known { seq, published })),
            Checked::Admitted(admitted) => {
                let (answer, answered) = oneshot::channel();
                self.send(Command::Submit { admitted, answer })?;
                Ok(Pending(Progress::Queued(answered)))
            }
        }
    }

    /// As [`enqueue`](Self::enqueue), for up to [`GROUP_MAX`](super::GROUP_MAX) statements that share one commit. If one
    /// is not admitted, none is sent. Keys and records that are only in the group are not known to the check.
    pub fn enqueue_group(&self, submissions: Vec<Submission>) -> Result<Vec<Pending>, SubmitError> {
        let published = self.published();
        let mut pending = Vec::with_capacity(submissions.len());
        let mut group = Vec::with_capacity(submissions.len());
        for submission in submissions {
            match self.check(&published, submission)? {
                Checked::Known(seq) => {
                    pending.push(Pending(Progress::Known { seq, published: published.clone() }));
                }
                Checked::Admitted(admitted) => {
                    let (answer, answered) = oneshot::channel();
                    group.push((*admitted, answer));
                    pending.push(Pending(Progress::Queued(answered)));
                }
            }
        }
        self.send(Command::SubmitGroup(group))?;
        Ok(pending)
    }

    fn check(&self, published: &Published, submission: Submission) -> Result<Checked, SubmitError> {
        let reader = published.reader();
        // Openings that were missing need the writer; where nothing is written, the place is all that can be given.
        let nothing_to_write = submission.openings.is_empty() || self.status() != Status::Writable;
        if nothing_to_write
            && let Some(seq) = reader.payload_seq(&submission.payload_hash()).map_err(unreadable)?
        {
            return Ok(Checked::Known(seq));
        }
        let admitted = admit(&reader, submission).map_err(|error| match error {
            AdmissionError::Facts(error) => unreadable(error),
            AdmissionError::Refused(refused) => refused.into(),
        })?;
        Ok(Checked::Admitted(Box::new(admitted)))
    }

    fn send(&self, command: Command) -> Result<(), SubmitError> {
        match self.queue.try_send(command) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(SubmitError::Busy),
            Err(TrySendError::Closed(_)) => Err(self.shared.why_read_only().into()),
        }
    }

    /// The ledger as of the last commit.
    pub fn snapshot(&self) -> Reader<Snapshot> {
        self.published().reader()
    }

    /// The last commit with its checkpoint, for answers that must fit together.
    pub fn published(&self) -> Arc<Published> {
        self.shared.published()
    }

    pub fn latest_checkpoint(&self) -> Option<SignedNote> {
        self.published().checkpoint.clone()
    }

    /// The proof of a record against the newest checkpoint.
    pub fn receipt(&self, seq: u64) -> Result<Receipt, ReceiptError> {
        self.published().receipt(seq)
    }

    pub fn status(&self) -> Status {
        self.shared.status.borrow().clone()
    }

    /// The status, and a call when it changes.
    pub fn watch_status(&self) -> watch::Receiver<Status> {
        self.shared.status.subscribe()
    }

    /// Free bytes on the disk, where somebody watches them.
    pub fn disk_free(&self) -> Option<u64> {
        self.shared.room.as_ref()?.free()
    }

    /// Every commit from now on. A receiver that lags is told how many it missed.
    pub fn commits(&self) -> broadcast::Receiver<Arc<Commit>> {
        self.shared.commits.subscribe()
    }

    /// Statements that wait for the writer.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// The last commit, and a call when there is a newer one.
    pub fn watch(&self) -> watch::Receiver<Arc<Published>> {
        self.shared.published.subscribe()
    }

    /// What opens a record's sealed values, as far as it was given and not erased.
    pub fn openings(&self, leaf: &Hash) -> Result<Vec<Opening>, StoreError> {
        openings::of(&self.snapshot().0, leaf)
    }

    pub fn blobs(&self) -> &Blobs {
        &self.shared.blobs
    }

    /// Begins to take the file of an attachment that an accepted statement names, with the size and the hash it says.
    pub fn upload(&self, commitment: &Hash) -> Result<BlobWriter, UploadError> {
        if let Some(Err(why)) = self.shared.room.as_ref().map(Room::check) {
            return Err(why.into());
        }
        let reader = self.snapshot();
        let Some((leaf, pointer)) = openings::place_of(&reader.0, commitment)? else {
            return Err(UploadError::NotNamed);
        };
        let statement = statement_of(&reader, &leaf)?.ok_or(UploadError::NotNamed)?;
        let attachment = openings::attachment(&statement, &pointer).ok_or(UploadError::NotNamed)?;
        match openings::at(&reader.0, &leaf, &pointer)? {
            Kept::Open(Opening::File(opening)) => {
                Ok(self.shared.blobs.begin(*commitment, opening.sha256, attachment.size)?)
            }
            Kept::Erased => Err(UploadError::Erased),
            Kept::Open(Opening::Value(_)) | Kept::Never => Err(UploadError::NotNamed),
        }
    }

    /// Deletes what opens one member of a record, and its file if it is an attachment, and waits until they have left the
    /// disk. Proofs stay as they are. Blocks for as long as readers hold older snapshots: not for async code.
    pub fn erase(&self, leaf: &Hash, pointer: &str) -> Result<(), EraseError> {
        let statement = statement_of(&self.snapshot(), leaf)?;
        let statement = statement.ok_or(EraseError::NoSuchRecord { leaf: *leaf })?;
        let mut left = ERASE_ATTEMPTS;
        loop {
            self.delete(leaf, pointer)?;
            if let Some(attachment) = openings::attachment(&statement, pointer) {
                self.shared.blobs.erase(&attachment.commitment)?;
            }
            left -= 1;
            match self.shared.store.purge(&openings::range(leaf, pointer)) {
                // Held by a reader, or by what was published before somebody wrote aside: deleting publishes anew.
                Err(StoreError::StillRead) if left > 0 => {}
                purged => return Ok(purged?),
            }
        }
    }

    /// Nobody finds it any more; the bytes are still on the disk.
    fn delete(&self, leaf: &Hash, pointer: &str) -> Result<(), EraseError> {
        let (done, waiting) = oneshot::channel();
        let command = Command::Erase { leaf: *leaf, pointer: pointer.to_owned(), done };
        self.queue.blocking_send(command).map_err(|_| EraseError::ShutDown)?;
        Ok(waiting.blocking_recv().map_err(|_| EraseError::ShutDown)??)
    }

    /// The operator says that the clock is right although it looks wrong.
    pub async fn confirm_clock(&self) {
        let (done, waiting) = oneshot::channel();
        // Where nobody listens any more there is no clock to confirm.
        if self.queue.send(Command::ConfirmClock { done }).await.is_ok() {
            let _ = waiting.await;
        }
    }

    /// A witness of the policy has signed a checkpoint with this time, in Unix seconds.
    pub fn saw_witness_time(&self, seconds: u64) {
        let ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        self.shared.witness_ms.fetch_max(ms, Ordering::Relaxed);
    }

    /// A consistent copy of everything but the keys, into a directory that does not exist yet, while the ledger serves.
    /// Blocks: not for async code.
    pub fn backup(&self, to: &Path) -> Result<(), BackupError> {
        let checkpoint = self.latest_checkpoint().map(|note| note.to_string()).unwrap_or_default();
        backup(&*self.shared.store, &self.shared.blobs, checkpoint.as_bytes(), to)
    }

    /// What higher floors keep beside the ledger.
    pub fn aside(&self) -> Aside {
        Aside(self.shared.store.clone())
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }

    /// A copy stands still, or (none) goes on again.
    pub fn mirror_stands_still(&self, why: Option<String>) {
        let of = match self.shared.why_read_only() {
            ReadOnly::Mirror { of } | ReadOnly::MirrorStopped { of, .. } => of,
            _ => return,
        };
        self.shared.set_status(Status::ReadOnly(match why {
            Some(why) => ReadOnly::MirrorStopped { of, why: why.into() },
            None => ReadOnly::Mirror { of },
        }));
    }

    /// Asks the writer to answer what waits and to end.
    pub(super) fn stop(&self) {
        // A full queue is being emptied; a closed one has no writer.
        let mut stop = Command::Stop;
        while let Err(TrySendError::Full(command)) = self.queue.try_send(stop) {
            stop = command;
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

impl Pending {
    pub async fn accepted(self) -> Result<Accepted, SubmitError> {
        match self.0 {
            Progress::Known { seq, published } => accepted(seq, false, &published),
            Progress::Queued(answered) => answer(answered.await),
        }
    }

    /// As [`accepted`](Self::accepted), outside of async code.
    pub fn accepted_blocking(self) -> Result<Accepted, SubmitError> {
        match self.0 {
            Progress::Known { seq, published } => accepted(seq, false, &published),
            Progress::Queued(answered) => answer(answered.blocking_recv()),
        }
    }
}

/// The part of the store that is not the ledger's. Reads are of this moment, not of the last commit.
#[derive(Clone)]
pub struct Aside(Arc<dyn Store>);

impl Aside {
    /// All or nothing, synced. Keys of the ledger are refused.
    pub fn write(&self, batch: Batch) -> Result<(), StoreError> {
        self.0.write_aside(batch)
    }
}

impl Read for Aside {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }

    fn multi_get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.0.multi_get(keys)
    }

    fn scan(&self, range: &KeyRange) -> Pairs<'_> {
        self.0.scan(range)
    }
}

/// What the writer tells and the handles read.
pub(super) struct Shared {
    pub(super) blobs: Blobs,
    pub(super) commits: broadcast::Sender<Arc<Commit>>,
    pub(super) published: watch::Sender<Arc<Published>>,
    pub(super) status: watch::Sender<Status>,
    pub(super) store: Arc<dyn Store>,
    pub(super) room: Option<Room>,
    /// The newest time that a witness has signed, in milliseconds; 0: none.
    pub(super) witness_ms: AtomicI64,
}

impl Shared {
    pub(super) fn published(&self) -> Arc<Published> {
        self.published.borrow().clone()
    }

    pub(super) fn publish(&self, published: Arc<Published>) {
        self.published.send_replace(published);
    }

    pub(super) fn announce(&self, commit: Commit) {
        // It is no error that nobody listens.
        let _ = self.commits.send(Arc::new(commit));
    }

    pub(super) fn set_status(&self, status: Status) {
        self.status.send_if_modified(|now| {
            let changed = *now != status;
            match &status {
                // Free space changes all the time; that there is too little is said once.
                _ if is_no_room(now) && is_no_room(&status) => {}
                // Whoever follows says so himself.
                Status::ReadOnly(ReadOnly::Mirror { .. } | ReadOnly::MirrorStopped { .. }) => {}
                Status::ReadOnly(why) if changed => {
                    tracing::error!(reason = %why, "the ledger is read-only: {why}")
                }
                Status::Writable if changed => tracing::info!("the ledger takes statements again"),
                _ => {}
            }
            *now = status;
            changed
        });
    }

    pub(super) fn why_read_only(&self) -> ReadOnly {
        match &*self.status.borrow() {
            Status::ReadOnly(why) => why.clone(),
            Status::Writable => ReadOnly::ShutDown,
        }
    }
}

fn is_no_room(status: &Status) -> bool {
    matches!(status, Status::ReadOnly(ReadOnly::NoRoom { .. }))
}

fn answer(
    answered: Result<Result<Placed, SubmitError>, oneshot::error::RecvError>,
) -> Result<Accepted, SubmitError> {
    // The writer answers all it has taken, unless a defect ended it between taking and answering.
    let placed = answered.map_err(|_| SubmitError::Uncertain("the writer ended".to_owned()))??;
    accepted(placed.seq, placed.is_new, &placed.published)
}

fn accepted(seq: u64, is_new: bool, published: &Published) -> Result<Accepted, SubmitError> {
    // The statement is in; what could not be read is its proof. Asking again may do better.
    let receipt = published.receipt(seq).map_err(|error| SubmitError::Uncertain(error.to_string()))?;
    Ok(Accepted { is_new, receipt })
}

fn unreadable(error: FactsError) -> SubmitError {
    SubmitError::ReadOnly(ReadOnly::Failed(error.to_string()))
}

fn statement_of(reader: &Reader<Snapshot>, leaf: &Hash) -> Result<Option<Statement>, FactsError> {
    let Some(fact) = reader.leaf(leaf)? else { return Ok(None) };
    match reader.entry(fact.seq)? {
        Entry::Record(record) => Ok(Some(record.statement)),
        Entry::Map(_) => Ok(None),
    }
}
