//! What was told of one log, on its disk: alarms in their order, which of them still stand, how far each webhook has them.
//!
//! In the log's own store, beside the copy: `a/` ‖ n u64, an alarm as JSON; `u/` ‖ SHA-256 of a webhook's address, the
//! number of the alarm that it gets next; `y/` ‖ kind ‖ 00 ‖ what about, a condition that stands, with its alarm's number;
//! `z/` ‖ name, a time in milliseconds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::alarm::{Alarm, Kind, Severity};
use crate::merkle::Hash;
use crate::store::{Batch, KeyRange, Store, StoreError};

const ALARMS: &[u8] = b"a/";
const CURSORS: &[u8] = b"u/";
const STANDING: &[u8] = b"y/";
const TIMES: &[u8] = b"z/";

/// Shared by whoever watches and whoever delivers.
pub struct Notebook {
    store: Arc<dyn Store>,
    /// The number of the next alarm.
    next: Mutex<u64>,
}

#[derive(Debug, thiserror::Error)]
pub enum NotebookError {
    #[error("an alarm that was written down cannot be read: {0}")]
    Damaged(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Notebook {
    pub fn open(store: Arc<dyn Store>) -> Result<Notebook, NotebookError> {
        let mut next = 0;
        for pair in store.scan(&KeyRange::prefix(ALARMS)) {
            next = number(&pair?.0[ALARMS.len()..])? + 1;
        }
        Ok(Notebook { store, next: Mutex::new(next) })
    }

    fn next(&self) -> MutexGuard<'_, u64> {
        // A number alone.
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many alarms there ever were.
    pub fn count(&self) -> u64 {
        *self.next()
    }

    /// Numbers alarms and puts them into a batch; whoever commits it says so by [`written`](Self::written).
    pub(super) fn put(&self, alarms: &[Alarm], batch: &mut Batch) -> u64 {
        let first = self.count();
        for (n, alarm) in (first..).zip(alarms) {
            batch.put(key(ALARMS, n), alarm.to_json(n).to_string());
        }
        first
    }

    /// The alarms that were put from `first` on are on the disk.
    pub(super) fn written(&self, first: u64, alarms: &[Alarm]) {
        *self.next() = first + alarms.len() as u64;
        for (n, alarm) in (first..).zip(alarms) {
            alarm.log(n);
        }
    }

    /// Tells a condition, unless it stands already. `about` tells apart conditions of one kind.
    pub(super) fn raise(&self, about: &str, alarm: &Alarm) -> Result<bool, NotebookError> {
        let standing = standing_key(alarm.kind, about);
        if self.store.get(&standing)?.is_some() {
            return Ok(false);
        }
        let mut batch = Batch::default();
        let alarms = std::slice::from_ref(alarm);
        let first = self.put(alarms, &mut batch);
        batch.put(standing, first.to_be_bytes());
        self.store.write_aside(batch)?;
        self.written(first, alarms);
        Ok(true)
    }

    /// The condition is over.
    pub(super) fn over(&self, kind: Kind, about: &str, origin: &str) -> Result<(), NotebookError> {
        let standing = standing_key(kind, about);
        if self.store.get(&standing)?.is_none() {
            return Ok(());
        }
        let mut batch = Batch::default();
        batch.delete(standing);
        self.store.write_aside(batch)?;
        tracing::info!(alarm = kind.name(), log = %origin, about, "over: {}", kind.name());
        Ok(())
    }

    /// The gravest of what stands now.
    pub fn standing(&self) -> Result<Option<Severity>, NotebookError> {
        let mut gravest = None;
        for pair in self.store.scan(&KeyRange::prefix(STANDING)) {
            let (_, n) = pair?;
            let severity = match self.at(number(&n)?)?["severity"].as_str() {
                Some("alarm") => Severity::Alarm,
                Some("warning") => Severity::Warning,
                _ => Severity::Notice,
            };
            gravest = gravest.max(Some(severity));
        }
        Ok(gravest)
    }

    pub fn at(&self, n: u64) -> Result<Value, NotebookError> {
        let bytes = self.store.get(&key(ALARMS, n))?;
        let bytes = bytes.ok_or_else(|| NotebookError::Damaged(format!("there is no alarm {n}")))?;
        serde_json::from_slice(&bytes).map_err(|error| NotebookError::Damaged(error.to_string()))
    }

    /// The number of the alarm that this webhook gets next. One that is new gets what comes from now on.
    pub(super) fn cursor(&self, url: &str) -> Result<u64, NotebookError> {
        match self.store.get(&cursor_key(url))? {
            Some(n) => number(&n),
            None => {
                let n = self.count();
                self.set_cursor(url, n)?;
                Ok(n)
            }
        }
    }

    pub(super) fn set_cursor(&self, url: &str, n: u64) -> Result<(), NotebookError> {
        let mut batch = Batch::default();
        batch.put(cursor_key(url), n.to_be_bytes());
        Ok(self.store.write_aside(batch)?)
    }

    pub(super) fn time(&self, name: &str) -> Result<Option<i64>, NotebookError> {
        match self.store.get(&[TIMES, name.as_bytes()].concat())? {
            Some(at) => Ok(Some(i64::try_from(number(&at)?).unwrap_or(i64::MAX))),
            None => Ok(None),
        }
    }

    pub(super) fn set_time(&self, name: &str, at_ms: i64) -> Result<(), NotebookError> {
        let mut batch = Batch::default();
        batch.put([TIMES, name.as_bytes()].concat(), u64::try_from(at_ms).unwrap_or(0).to_be_bytes());
        Ok(self.store.write_aside(batch)?)
    }
}

fn key(space: &[u8], n: u64) -> Vec<u8> {
    [space, &n.to_be_bytes()].concat()
}

fn standing_key(kind: Kind, about: &str) -> Vec<u8> {
    [STANDING, kind.name().as_bytes(), &[0], about.as_bytes()].concat()
}

fn cursor_key(url: &str) -> Vec<u8> {
    [CURSORS, Hash::of(url.as_bytes()).as_bytes()].concat()
}

fn number(bytes: &[u8]) -> Result<u64, NotebookError> {
    let bytes = bytes.try_into().map_err(|_| NotebookError::Damaged("a number has 8 bytes".to_owned()))?;
    Ok(u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    fn alarm(kind: Kind) -> Alarm {
        Alarm::new(kind, "log.example/a", 0, "something")
    }

    #[test]
    fn a_condition_is_told_once_until_it_is_over_and_nothing_is_forgotten_over_a_restart() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let notebook = Notebook::open(store.clone()).unwrap();
        assert_eq!(notebook.cursor("http://hook").unwrap(), 0);
        assert!(notebook.raise("a", &alarm(Kind::Unreachable)).unwrap());
        assert!(!notebook.raise("a", &alarm(Kind::Unreachable)).unwrap());
        assert!(notebook.raise("b", &alarm(Kind::Unreachable)).unwrap(), "about something else");
        assert_eq!(notebook.standing().unwrap(), Some(Severity::Warning));

        let notebook = Notebook::open(store).unwrap();
        assert_eq!((notebook.count(), notebook.cursor("http://hook").unwrap()), (2, 0));
        assert_eq!(notebook.cursor("http://later").unwrap(), 2, "not what was told before it was asked for");
        assert!(!notebook.raise("a", &alarm(Kind::Unreachable)).unwrap());
        notebook.over(Kind::Unreachable, "a", "log.example/a").unwrap();
        notebook.over(Kind::Unreachable, "b", "log.example/a").unwrap();
        assert_eq!(notebook.standing().unwrap(), None);
        assert!(notebook.raise("a", &alarm(Kind::Unreachable)).unwrap(), "it has begun anew");
        assert_eq!(notebook.at(2).unwrap()["n"], 2);
    }
}
