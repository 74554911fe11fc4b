//! A store whose operations fail when they are told to, and whose commits wait at a gate.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use crate::store::{Batch, KeyRange, Pairs, Read, Snapshot, Store, StoreError};

/// What an operation comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// An error, and nothing was done.
    Before,
    /// An error, although it was done: a sync that failed, an answer that was lost.
    After,
}

/// What may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Aside,
    Commit,
    Copy,
    Mend,
    Purge,
    /// A read of the store as it is at that moment.
    Read,
    /// A read of a snapshot.
    Seen,
}

#[derive(Debug, Clone, Copy)]
struct Plan {
    op: Op,
    fault: Fault,
    /// So many are let through first.
    skip: u32,
    /// Whether all after it fail too.
    lasts: bool,
}

type Planned = Arc<Mutex<Option<Plan>>>;

pub(super) struct Faulty {
    inner: Arc<dyn Store>,
    planned: Planned,
    gate: Mutex<Gate>,
    moved: Condvar,
}

#[derive(Default)]
struct Gate {
    closed: bool,
    waiting: bool,
}

impl Faulty {
    pub(super) fn new(inner: Arc<dyn Store>) -> Faulty {
        Faulty { inner, planned: Planned::default(), gate: Mutex::default(), moved: Condvar::new() }
    }

    /// The next commit fails.
    pub(super) fn fail_next(&self, fault: Fault) {
        self.fail(Op::Commit, fault, 0);
    }

    /// After `skip` operations of this sort, one fails.
    pub(super) fn fail(&self, op: Op, fault: Fault, skip: u32) {
        *self.planned.lock().unwrap() = Some(Plan { op, fault, skip, lasts: false });
    }

    /// All operations of this sort fail until [`work`](Self::work).
    pub(super) fn fail_on(&self, op: Op) {
        *self.planned.lock().unwrap() = Some(Plan { op, fault: Fault::Before, skip: 0, lasts: true });
    }

    pub(super) fn work(&self) {
        *self.planned.lock().unwrap() = None;
    }

    /// Whether a planned fault has come about.
    pub(super) fn has_failed(&self) -> bool {
        self.planned.lock().unwrap().is_none()
    }

    /// Commits wait from now on.
    pub(super) fn close_gate(&self) {
        self.gate.lock().unwrap().closed = true;
    }

    /// Returns once a commit waits at the closed gate.
    pub(super) fn until_one_waits(&self) {
        let gate = self.gate.lock().unwrap();
        drop(self.moved.wait_while(gate, |gate| !gate.waiting).unwrap());
    }

    pub(super) fn open_gate(&self) {
        self.gate.lock().unwrap().closed = false;
        self.moved.notify_all();
    }

    fn doing(&self, op: Op, work: impl FnOnce() -> Result<(), StoreError>) -> Result<(), StoreError> {
        match due(&self.planned, op) {
            None => work(),
            Some(Fault::Before) => Err(failed()),
            Some(Fault::After) => {
                work()?;
                Err(failed())
            }
        }
    }
}

fn due(planned: &Planned, op: Op) -> Option<Fault> {
    let mut planned = planned.lock().unwrap();
    let plan = planned.as_mut().filter(|plan| plan.op == op)?;
    if plan.skip > 0 {
        plan.skip -= 1;
        return None;
    }
    let fault = plan.fault;
    if !plan.lasts {
        *planned = None;
    }
    Some(fault)
}

fn failed() -> StoreError {
    StoreError::Engine { doing: "sync", problem: "input/output error".into() }
}

/// A snapshot that fails when its store is told to.
struct Seen {
    inner: Snapshot,
    planned: Planned,
}

impl Seen {
    fn check(&self) -> Result<(), StoreError> {
        due(&self.planned, Op::Seen).map_or(Ok(()), |_| Err(failed()))
    }
}

impl Read for Seen {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.check()?;
        self.inner.get(key)
    }

    fn multi_get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.check()?;
        self.inner.multi_get(keys)
    }

    fn scan(&self, range: &KeyRange) -> Pairs<'_> {
        match self.check() {
            Ok(()) => self.inner.scan(range),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }
}

impl Read for Faulty {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        due(&self.planned, Op::Read).map_or(Ok(()), |_| Err(failed()))?;
        self.inner.get(key)
    }

    fn multi_get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        due(&self.planned, Op::Read).map_or(Ok(()), |_| Err(failed()))?;
        self.inner.multi_get(keys)
    }

    fn scan(&self, range: &KeyRange) -> Pairs<'_> {
        self.inner.scan(range)
    }
}

impl Store for Faulty {
    fn snapshot(&self) -> Snapshot {
        Snapshot::new(Seen { inner: self.inner.snapshot(), planned: self.planned.clone() })
    }

    fn commit(&self, batch: Batch, expected_head: u64, new_head: u64) -> Result<(), StoreError> {
        let mut gate = self.gate.lock().unwrap();
        gate.waiting = true;
        self.moved.notify_all();
        gate = self.moved.wait_while(gate, |gate| gate.closed).unwrap();
        gate.waiting = false;
        drop(gate);
        self.doing(Op::Commit, || self.inner.commit(batch, expected_head, new_head))
    }

    fn write_aside(&self, batch: Batch) -> Result<(), StoreError> {
        self.doing(Op::Aside, || self.inner.write_aside(batch))
    }

    fn mend(&self, batch: Batch, head: u64) -> Result<(), StoreError> {
        self.doing(Op::Mend, || self.inner.mend(batch, head))
    }

    fn purge(&self, range: &KeyRange) -> Result<(), StoreError> {
        self.doing(Op::Purge, || self.inner.purge(range))
    }

    fn copy_to(&self, dir: &Path) -> Result<(), StoreError> {
        self.doing(Op::Copy, || self.inner.copy_to(dir))
    }
}
