//! A store that fails when it is told to, and one whose commits wait at a gate.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use crate::store::{Batch, KeyRange, Pairs, Read, Snapshot, Store, StoreError};

/// What the next commit comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// An error, and nothing was written.
    Before,
    /// An error, although it was written: a sync that failed, an answer that was lost.
    After,
}

pub(super) struct Faulty {
    inner: Arc<dyn Store>,
    fault: Mutex<Option<Fault>>,
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
        Faulty { inner, fault: Mutex::default(), gate: Mutex::default(), moved: Condvar::new() }
    }

    pub(super) fn fail_next(&self, fault: Fault) {
        *self.fault.lock().unwrap() = Some(fault);
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
}

impl Read for Faulty {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }

    fn multi_get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.inner.multi_get(keys)
    }

    fn scan(&self, range: &KeyRange) -> Pairs<'_> {
        self.inner.scan(range)
    }
}

impl Store for Faulty {
    fn snapshot(&self) -> Snapshot {
        self.inner.snapshot()
    }

    fn commit(&self, batch: Batch, expected_head: u64, new_head: u64) -> Result<(), StoreError> {
        let mut gate = self.gate.lock().unwrap();
        gate.waiting = true;
        self.moved.notify_all();
        gate = self.moved.wait_while(gate, |gate| gate.closed).unwrap();
        gate.waiting = false;
        drop(gate);
        let failed = || StoreError::Engine { doing: "sync", problem: "input/output error".into() };
        match self.fault.lock().unwrap().take() {
            None => self.inner.commit(batch, expected_head, new_head),
            Some(Fault::Before) => Err(failed()),
            Some(Fault::After) => {
                self.inner.commit(batch, expected_head, new_head)?;
                Err(failed())
            }
        }
    }

    fn write_aside(&self, batch: Batch) -> Result<(), StoreError> {
        self.inner.write_aside(batch)
    }

    fn mend(&self, batch: Batch, head: u64) -> Result<(), StoreError> {
        self.inner.mend(batch, head)
    }

    fn purge(&self, range: &KeyRange) -> Result<(), StoreError> {
        self.inner.purge(range)
    }

    fn copy_to(&self, dir: &Path) -> Result<(), StoreError> {
        self.inner.copy_to(dir)
    }
}
