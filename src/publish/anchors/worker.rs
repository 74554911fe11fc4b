//! The one thread that anchors: begins a job where an interval has passed and the log has grown, and moves jobs on.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::book::{AnchorBook, BookError};
use super::job::Job;
use super::{Step, Submit};
use crate::sequencer::LedgerHandle;

/// One place to anchor at, and how often.
pub struct Plan {
    pub submit: Box<dyn Submit>,
    /// Seconds from one job to the next.
    pub every: u64,
}

/// How long the worker sleeps at the most; also how soon a new checkpoint is seen.
const NAP: u64 = 30;
/// After what could not be written down or read.
const AFTER_TROUBLE: u64 = 60;

/// Steps of one job in a turn: noting, sending, asking, and room.
const STEPS_MAX: usize = 8;

/// Whom a turn takes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Now,
    ByTime,
}

/// What the thread does, one turn at a time.
pub struct Worker {
    ledger: LedgerHandle,
    book: Arc<AnchorBook>,
    plans: Vec<Plan>,
    stop: Arc<Stop>,
}

/// The thread. Dropping it waits until it has finished the step that it is at.
pub struct Anchoring {
    stop: Arc<Stop>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Stop {
    stopped: Mutex<bool>,
    told: Condvar,
}

impl Worker {
    pub fn new(ledger: LedgerHandle, book: Arc<AnchorBook>, plans: Vec<Plan>) -> Worker {
        Worker { ledger, book, plans, stop: Arc::default() }
    }

    /// Begins what is due and steps every job that is due, once. When the next one is, in Unix seconds.
    pub fn turn(&mut self, now: u64) -> u64 {
        self.turn_of(Due::ByTime, now)
    }

    /// The same by hand: begins a job of every kind, however long the last one is ago, and asks for everything that is
    /// open, however soon after the last time.
    pub fn hurry(&mut self, now: u64) -> u64 {
        self.turn_of(Due::Now, now)
    }

    fn turn_of(&mut self, due: Due, now: u64) -> u64 {
        let mut next = now.saturating_add(NAP);
        for plan in &mut self.plans {
            let turned = begin(&self.ledger, &self.book, plan, due, now)
                .and_then(|()| step_all(&self.book, plan.submit.as_mut(), due, now, &self.stop));
            next = next.min(match turned {
                Ok(due) => due,
                Err(error) => {
                    tracing::error!(kind = plan.submit.kind().as_str(), "anchoring: {error}");
                    now.saturating_add(AFTER_TROUBLE)
                }
            });
        }
        next.max(now.saturating_add(1))
    }

    /// Anchors until told to stop.
    pub fn start(mut self) -> std::io::Result<Anchoring> {
        let (stop, told) = (self.stop.clone(), self.stop.clone());
        let run = move || {
            let mut next = 0;
            while !told.wait_until(next) {
                next = self.turn(now());
            }
        };
        let thread = std::thread::Builder::new().name("anchoring".to_owned()).spawn(run)?;
        Ok(Anchoring { stop, thread: Some(thread) })
    }
}

impl Anchoring {
    /// Has it take nothing new up.
    pub fn tell_to_stop(&self) {
        *self.stop.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.told.notify_all();
    }

    /// Waits for the step that is under way and for no other: each exchange has its time limit.
    pub fn stop(self) {}
}

impl Drop for Anchoring {
    fn drop(&mut self) {
        self.tell_to_stop();
        if let Some(thread) = self.thread.take() {
            // What it panicked of stands in the log; the jobs are on the disk.
            let _ = thread.join();
        }
    }
}

impl Stop {
    fn is_told(&self) -> bool {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until this Unix second, and says whether it was stopped.
    fn wait_until(&self, then: u64) -> bool {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = Duration::from_secs(then.saturating_sub(now()));
            if *stopped || left.is_zero() {
                return *stopped;
            }
            stopped = self.told.wait_timeout(stopped, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A job for the newest checkpoint, if the interval is over and nothing of this kind stands at it.
fn begin(ledger: &LedgerHandle, book: &AnchorBook, plan: &Plan, due: Due, now: u64) -> Result<(), BookError> {
    let kind = plan.submit.kind();
    let is_over = |made: u64| now >= made.saturating_add(plan.every);
    let is_due = due == Due::Now || book.last_made(kind).is_none_or(is_over);
    let published = ledger.published();
    let Some(note) = published.checkpoint.as_ref().filter(|_| is_due) else { return Ok(()) };
    let has_grown = book.newest(kind).is_none_or(|(size, _)| published.size > size);
    let is_free = || Ok::<_, BookError>(!plan.submit.one_at_a_time() || book.open_jobs(kind)?.is_empty());
    if has_grown && is_free()? {
        book.begin(kind, note.text(), &published.reader(), published.size, now)?;
    }
    Ok(())
}

fn step_all(
    book: &AnchorBook,
    submit: &mut dyn Submit,
    due: Due,
    now: u64,
    stop: &Stop,
) -> Result<u64, BookError> {
    let mut next = u64::MAX;
    for mut job in book.open_jobs(submit.kind())? {
        // A step may ask for the next one at once: what it noted is stored by then, so it may send.
        for _ in 0..STEPS_MAX {
            let is_due = due == Due::Now || job.next_at <= now;
            if !job.is_open() || !is_due || stop.is_told() {
                break;
            }
            let stepped = keep(book, &job, submit.step(&job, now), now)?;
            let has_moved = stepped.state != job.state || stepped.work != job.work;
            job = stepped;
            if due == Due::Now && !has_moved {
                break;
            }
        }
        if job.is_open() {
            next = next.min(job.next_at);
        }
    }
    Ok(next)
}

fn keep(book: &AnchorBook, job: &Job, step: Step, now: u64) -> Result<Job, BookError> {
    let stepped = job.stepped(step, now);
    book.keep(&stepped)?;
    if stepped.state != job.state || stepped.said != job.said {
        let (kind, size, state) = (job.kind.as_str(), job.size, stepped.state.as_str());
        tracing::info!(kind, size, state, "anchor of {size} entries by {kind}: {state} {}", stepped.said);
    }
    Ok(stepped)
}
