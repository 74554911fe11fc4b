//! The accounts of a whole ledger, side by side: quantities with their alarms, and what stands elsewhere.

use super::assessment::Wide;
use super::flags::Watchlist;
use super::lots::{Alarm, Watch};
use crate::ledger::Record;

/// Takes the records of a ledger one by one, in the order of the log, and answers as of any size that it has seen.
#[derive(Debug, Default)]
pub struct Overview {
    watch: Watch,
    watchlist: Watchlist,
}

impl Overview {
    /// Takes the next record and returns the alarms that it raised.
    pub fn take(&mut self, record: &Record) -> &[Alarm] {
        self.watchlist.take(record);
        self.watch.take(record)
    }

    /// Entries seen.
    pub fn size(&self) -> u64 {
        self.watch.size()
    }

    /// Entries before `size` hold nothing more to take: the last of them may be the ledger's own.
    pub fn seen(&mut self, size: u64) {
        self.watch.seen(size);
    }

    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    pub fn watchlist(&self) -> &Watchlist {
        &self.watchlist
    }

    pub fn wide(&self) -> Wide<'_> {
        Wide { lots: self.watch.lots(), watchlist: &self.watchlist }
    }
}
