//! The one thread that writes.
//!
//! It takes whatever waits, up to [`GROUP_MAX`], so that many statements share one sync; each is applied or refused on its
//! own, and a refused one leaves nothing. What cannot be read, written or explained stops it: the state in memory is
//! dropped and the status says why. Where no write was begun, the disk is read anew, with all checks of opening, at ever
//! longer intervals until that succeeds; a failed reload leaves everything as it was. Once a write was begun it is over
//! until the ledger is opened again: bytes that a failed sync was for may be read back and still not be on the disk, and
//! only an engine that opens anew writes them again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::admission::{Admitted, Refused};
use super::clock::{Clock, Timekeeper};
use super::commit::{Failure, Target, commit};
use super::handle::{Shared, SubmitError};
use super::inspect::inspect;
use super::published::{Commit, CommittedRecord, Published};
use super::room::Room;
use super::signer::LogSigner;
use super::status::{ReadOnly, Status};
use crate::ledger::{ApplyError, Code, FactsError, Reader, Refusal, State};
use crate::merkle::Hash;
use crate::merkle::tree::{Frontier, NodeReader};
use crate::note::signed_note::SignedNote;
use crate::private::openings::{self, Kept};
use crate::statement::kinds::Kind;
use crate::statement::payload::Statement;
use crate::store::signed_head::SignedHead;
use crate::store::{Batch, Live, Store, StoreError};

/// The most statements that share one commit.
pub const GROUP_MAX: usize = 256;

/// The most commands that wait; one more is answered [`SubmitError::Busy`].
pub const QUEUE_MAX: usize = 1024;

pub(super) enum Command {
    ConfirmClock {
        done: oneshot::Sender<()>,
    },
    Erase {
        leaf: Hash,
        pointer: String,
        done: oneshot::Sender<Result<(), StoreError>>,
    },
    Stop,
    Submit {
        admitted: Box<Admitted>,
        answer: Answer,
    },
    /// In one commit, whatever else waits.
    SubmitGroup(Vec<(Admitted, Answer)>),
}

pub(super) type Answer = oneshot::Sender<Result<Placed, SubmitError>>;

/// Where a statement stands, and a published state that holds it.
pub(super) struct Placed {
    pub(super) seq: u64,
    pub(super) is_new: bool,
    pub(super) published: Arc<Published>,
}

pub(super) struct Writer {
    pub(super) queue: mpsc::Receiver<Command>,
    pub(super) shared: Arc<Shared>,
    pub(super) store: Arc<dyn Store>,
    pub(super) signed_head: SignedHead,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) time: Timekeeper,
    pub(super) condition: Condition,
    /// For waiting with an end.
    pub(super) waiting: tokio::runtime::Runtime,
    pub(super) tick: Duration,
}

pub(super) enum Condition {
    Working(Box<Working>),
    /// Failed before anything was written: reloads when the machine has been up so long, in milliseconds.
    Halted {
        signer: LogSigner,
        reload_at: i64,
        wait_ms: i64,
    },
    /// Nothing is written any more, and the status says why.
    Stopped,
}

/// The first wait before a reload; it doubles up to the last.
const RELOAD_WAIT_MS: i64 = 1_000;
const RELOAD_WAIT_MS_MAX: i64 = 60_000;

/// What it takes to write.
pub(super) struct Working {
    pub(super) state: State<Live>,
    /// The log as the disk holds it.
    pub(super) proven: Frontier,
    pub(super) signer: LogSigner,
}

/// A place in the log and whether the statement was new there, or why it was not taken.
type Outcome = Result<(u64, bool), Refusal>;

impl Writer {
    /// Runs until it is stopped and the queue is empty.
    pub(super) fn run(mut self) {
        let finished = catch_unwind(AssertUnwindSafe(|| self.serve()));
        let end = match finished {
            Ok(()) => ReadOnly::ShutDown,
            Err(_) => ReadOnly::Failed("a defect in the program; see the log".to_owned()),
        };
        self.shared.set_status(Status::ReadOnly(end));
    }

    fn serve(&mut self) {
        loop {
            let queue = &mut self.queue;
            let next = self.waiting.block_on(async { tokio::time::timeout(self.tick, queue.recv()).await });
            let first = match next {
                Ok(Some(first)) => first,
                Ok(None) => return,
                Err(_) => {
                    self.look_around();
                    continue;
                }
            };
            let mut group = vec![first];
            while group.len() < GROUP_MAX {
                match self.queue.try_recv() {
                    Ok(next) => group.push(next),
                    Err(_) => break,
                }
            }
            let mut submitted = Vec::new();
            let mut others = Vec::new();
            for command in group {
                match command {
                    Command::Submit { admitted, answer } => submitted.push((*admitted, answer)),
                    Command::SubmitGroup(together) => submitted.extend(together),
                    other => others.push(other),
                }
            }
            self.take(submitted);
            others.into_iter().for_each(|command| self.other(command));
        }
    }

    fn other(&mut self, command: Command) {
        // Whoever asked may be gone; that changes nothing.
        match command {
            Command::ConfirmClock { done } => {
                self.time.confirm();
                if let (Condition::Working(_), ReadOnly::Clock(_)) =
                    (&self.condition, self.shared.why_read_only())
                {
                    self.shared.set_status(Status::Writable);
                }
                let _ = done.send(());
            }
            Command::Erase { leaf, pointer, done } => {
                let _ = done.send(self.erase(&leaf, &pointer));
            }
            // No more are let in; those that wait are still answered.
            Command::Stop => self.queue.close(),
            Command::Submit { .. } | Command::SubmitGroup(_) => {}
        }
    }

    fn take(&mut self, submitted: Vec<(Admitted, Answer)>) {
        if submitted.is_empty() {
            return;
        }
        let (admitted, answers): (Vec<_>, Vec<_>) = submitted.into_iter().unzip();
        match self.group(admitted) {
            Ok(outcomes) => {
                let published = self.shared.published();
                for (answer, outcome) in answers.into_iter().zip(outcomes) {
                    let outcome = outcome
                        .map(|(seq, is_new)| Placed { seq, is_new, published: published.clone() })
                        .map_err(|refusal| SubmitError::Refused(Refused { refusal, faults: None }));
                    let _ = answer.send(outcome);
                }
            }
            Err(error) => {
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }

    /// Applies, commits and publishes.
    fn group(&mut self, admitted: Vec<Admitted>) -> Result<Vec<Outcome>, SubmitError> {
        self.reload_if_due();
        let Condition::Working(working) = &mut self.condition else {
            return Err(SubmitError::ReadOnly(self.shared.why_read_only()));
        };
        if let Some(Err(why)) = self.shared.room.as_ref().map(Room::check) {
            self.shared.set_status(Status::ReadOnly(why.clone()));
            return Err(SubmitError::ReadOnly(why));
        }
        let witness_ms = self.shared.witness_ms.load(Ordering::Relaxed);
        let at = match self.time.at(&*self.clock, witness_ms) {
            Ok(at) => at,
            Err(problem) => {
                let why = ReadOnly::Clock(problem);
                self.shared.set_status(Status::ReadOnly(why.clone()));
                return Err(SubmitError::ReadOnly(why));
            }
        };
        self.shared.set_status(Status::Writable);
        match working.write(&*self.store, &self.signed_head, admitted, at) {
            Ok(Written::Nothing(outcomes)) => Ok(outcomes),
            Ok(Written::Openings(outcomes)) => {
                self.publish_again();
                Ok(outcomes)
            }
            Ok(Written::Records { outcomes, checkpoint, event }) => {
                self.time.taken(at, &*self.clock);
                let (size, root) = (working.state.size(), working.state.root());
                let published = Published::new(self.store.snapshot(), size, root, Some(checkpoint));
                self.shared.publish(published);
                self.shared.announce(event);
                Ok(outcomes)
            }
            Err(failure) => Err(self.fail(&failure)),
        }
    }

    fn erase(&mut self, leaf: &Hash, pointer: &str) -> Result<(), StoreError> {
        if let ReadOnly::Failed(reason) = self.shared.why_read_only() {
            return Err(StoreError::Broken(reason));
        }
        let mut batch = Batch::default();
        openings::erase(&mut batch, leaf, pointer);
        self.store.write_aside(batch)?;
        self.publish_again();
        Ok(())
    }

    /// The same log with what was written beside it since.
    fn publish_again(&self) {
        let last = self.shared.published();
        let (size, root) = (last.size, last.root);
        let published = Published::new(self.store.snapshot(), size, root, last.checkpoint.clone());
        self.shared.publish(published);
    }

    /// Nothing that is in memory can be trusted any more.
    fn fail(&mut self, failure: &Failure) -> SubmitError {
        let before = std::mem::replace(&mut self.condition, Condition::Stopped);
        let (why, answer) = match failure {
            Failure::Before(problem) => {
                let why = ReadOnly::Halted(problem.clone());
                if let Condition::Working(working) = before {
                    let reload_at = self.clock.uptime_ms().saturating_add(RELOAD_WAIT_MS);
                    let signer = working.signer;
                    self.condition = Condition::Halted { signer, reload_at, wait_ms: RELOAD_WAIT_MS };
                }
                (why.clone(), SubmitError::ReadOnly(why))
            }
            Failure::During(problem) => {
                (ReadOnly::Failed(problem.clone()), SubmitError::Uncertain(problem.clone()))
            }
        };
        self.shared.set_status(Status::ReadOnly(why));
        answer
    }

    /// Without work: whether what stopped it is over.
    fn look_around(&mut self) {
        self.reload_if_due();
        if !matches!(self.condition, Condition::Working(_)) {
            return;
        }
        let now = self.shared.status.borrow().clone();
        match (now, self.shared.room.as_ref().map(Room::check)) {
            (Status::Writable | Status::ReadOnly(ReadOnly::NoRoom { .. }), Some(Err(why))) => {
                self.shared.set_status(Status::ReadOnly(why));
            }
            (Status::ReadOnly(ReadOnly::NoRoom { .. }), _) => self.shared.set_status(Status::Writable),
            _ => {}
        }
    }

    fn reload_if_due(&mut self) {
        let uptime = self.clock.uptime_ms();
        match std::mem::replace(&mut self.condition, Condition::Stopped) {
            Condition::Halted { signer, reload_at, wait_ms } if uptime >= reload_at => {
                match self.reload(&signer) {
                    Ok((state, proven)) => {
                        self.condition = Condition::Working(Box::new(Working { state, proven, signer }));
                        self.shared.set_status(Status::Writable);
                    }
                    Err(problem) => {
                        self.shared.set_status(Status::ReadOnly(ReadOnly::Halted(problem)));
                        let wait_ms = (wait_ms * 2).min(RELOAD_WAIT_MS_MAX);
                        let reload_at = uptime.saturating_add(wait_ms);
                        self.condition = Condition::Halted { signer, reload_at, wait_ms };
                    }
                }
            }
            other => self.condition = other,
        }
    }

    /// All that opening looks at, and that the disk holds exactly what readers were shown: nothing was written since.
    fn reload(&self, signer: &LogSigner) -> Result<(State<Live>, Frontier), String> {
        let text = |error: FactsError| error.to_string();
        let snapshot = self.store.snapshot();
        let log = Reader(snapshot.clone()).log().map_err(text)?.ok_or("the store holds no ledger")?;
        let sound = inspect(&snapshot, &log, &self.signed_head, &signer.verifier_keys())?;
        let last = self.shared.published();
        if (sound.proven.size(), sound.proven.root()) != (last.size, last.root) {
            return Err("the disk holds something else than was published".to_owned());
        }
        let state = State::load(Live(self.store.clone())).map_err(text)?;
        Ok((state, sound.proven))
    }
}

/// What a group of statements came to.
enum Written {
    /// Refused, or known already.
    Nothing(Vec<Outcome>),
    /// Known already, but for openings that were missing.
    Openings(Vec<Outcome>),
    Records {
        outcomes: Vec<Outcome>,
        checkpoint: SignedNote,
        event: Commit,
    },
}

/// What goes into the commit with the records.
#[derive(Default)]
struct Group {
    beside: Batch,
    records: Vec<CommittedRecord>,
}

impl Working {
    fn write(
        &mut self,
        store: &dyn Store,
        signed_head: &SignedHead,
        admitted: Vec<Admitted>,
        at: i64,
    ) -> Result<Written, Failure> {
        let from = self.state.size();
        let mut group = Group::default();
        let outcomes = admitted.into_iter().map(|admitted| self.place(store, admitted, at, &mut group));
        let outcomes: Vec<Outcome> = outcomes.collect::<Result<_, FactsError>>().map_err(Failure::before)?;
        if group.records.is_empty() && group.beside.is_empty() {
            return Ok(Written::Nothing(outcomes));
        }
        if group.records.is_empty() {
            store.write_aside(group.beside).map_err(|error| Failure::During(error.to_string()))?;
            return Ok(Written::Openings(outcomes));
        }
        let target = Target { store, signed_head, signer: &self.signer };
        let checkpoint = commit(&target, &mut self.state, &mut self.proven, at, group.beside)?;
        let event = Commit { from, size: self.state.size(), at, records: group.records };
        Ok(Written::Records { outcomes, checkpoint, event })
    }

    fn place(
        &mut self,
        store: &dyn Store,
        admitted: Admitted,
        at: i64,
        group: &mut Group,
    ) -> Result<Outcome, FactsError> {
        let Admitted { envelope, statement, openings } = admitted;
        if let Some(seq) = self.state.reader().payload_seq(&statement.payload_hash)? {
            let leaf = self.state.reader().node(0, seq)?;
            for opening in openings {
                // Not what was erased: sending the statement again brings nothing back.
                if openings::at(store, &leaf, opening.pointer())? == Kept::Never {
                    openings::put(&mut group.beside, &leaf, &statement, &opening);
                }
            }
            return Ok(Ok((seq, false)));
        }
        if let Err(refusal) = self.can_still_sign_after(&statement) {
            return Ok(Err(refusal));
        }
        let record = self.state.draft(envelope, statement, at)?;
        let applied = match self.state.apply_admitted(&record) {
            Ok(applied) => applied,
            Err(ApplyError::Refused(refusal)) => return Ok(Err(refusal)),
            Err(ApplyError::Facts(error)) => return Err(error),
        };
        for opening in &openings {
            openings::put(&mut group.beside, &applied.leaf, &record.statement, opening);
        }
        group.records.push(CommittedRecord {
            seq: applied.seq,
            leaf: applied.leaf,
            kind: record.statement.kind.to_string(),
            subjects: record.statement.subjects().map(ToString::to_string).collect(),
        });
        Ok(Ok((applied.seq, true)))
    }

    /// A log key that this program does not hold must not take over: nothing could be signed any more.
    fn can_still_sign_after(&self, statement: &Statement) -> Result<(), Refusal> {
        if statement.kind.to_string().parse() != Ok(Kind::LedgerKey) {
            return Ok(());
        }
        let new = statement.data.get("new_vkey").and_then(Value::as_str);
        let held = self.signer.verifier_keys();
        match new {
            Some(new) if held.iter().any(|key| key.to_string() == new) => Ok(()),
            _ => Err(Refusal::new(
                Code::Right,
                "this server does not hold the new log key: give it the key first",
            )),
        }
    }
}
