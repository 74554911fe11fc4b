//! The service's accounts of the whole ledger: built from the whole log in the background, then kept up with every commit.
//!
//! It follows what is published, so that no answer speaks of what no checkpoint covers. Whoever needs more than it has
//! brings it there; only while a long log is first being read is it not waited for.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, Weak};

use actix_web::web;

use super::metrics::Metrics;
use super::problem::Problem;
use super::{AppState, RETRY_SECS};
use crate::ledger::{Entry, FactsError};
use crate::produce::Overview;
use crate::produce::lots::Alarm;
use crate::produce::wording::Wording;
use crate::sequencer::{LedgerHandle, Published};
use crate::text::{self, Lang};

/// Entries read before others get a turn.
const STEP: u64 = 2_000;
/// Entries that an answer waits for.
const LAG_MAX: u64 = 10_000;

pub(super) struct Account {
    overview: RwLock<Overview>,
    /// Entries that were there when the service began: what they raised has been told before.
    known: u64,
}

impl Account {
    pub(super) fn new(ledger: &LedgerHandle) -> Account {
        Account { overview: RwLock::default(), known: ledger.published().size }
    }

    /// The account with everything published. A problem while it is too far behind.
    pub(super) fn at(
        &self,
        published: &Published,
        metrics: &Metrics,
    ) -> Result<RwLockReadGuard<'_, Overview>, Problem> {
        if published.size.saturating_sub(self.read().size()) > LAG_MAX {
            let why = "the accounts of the ledger are still being read from the log";
            return Err(Problem::new(text::Problem::Busy, why).retry_after(RETRY_SECS));
        }
        while self.step(published, metrics)? {}
        Ok(self.read())
    }

    /// Takes some of what is published; false: there is no more.
    fn step(&self, published: &Published, metrics: &Metrics) -> Result<bool, FactsError> {
        if self.read().size() >= published.size {
            return Ok(false);
        }
        let reader = published.reader();
        // Another may have been here meanwhile.
        let mut overview = self.overview.write().unwrap_or_else(PoisonError::into_inner);
        let to = published.size.min(overview.size().saturating_add(STEP));
        for seq in overview.size()..to {
            if let Entry::Record(record) = reader.entry(seq)? {
                let raised = overview.take(&record);
                if seq >= self.known {
                    raised.iter().for_each(|alarm| tell(alarm, metrics));
                }
            }
            overview.seen(seq + 1);
        }
        Ok(to < published.size)
    }

    fn read(&self) -> RwLockReadGuard<'_, Overview> {
        // A record is taken whole or not at all as far as readers can see: they only look at what was raised.
        self.overview.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the ledger until the service is gone.
pub(super) async fn follow(state: Weak<AppState>) {
    let Some(mut commits) = state.upgrade().map(|state| state.ledger.watch()) else { return };
    loop {
        let published = Arc::clone(&commits.borrow_and_update());
        loop {
            let Some(state) = state.upgrade() else { return };
            let published = Arc::clone(&published);
            match web::block(move || state.account.step(&published, &state.guards.metrics)).await {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => break,
                Ok(Err(error)) => {
                    tracing::error!(%error, "the accounts of the ledger cannot be read from the log");
                    break;
                }
                Err(_) => return,
            }
        }
        drop(published);
        if commits.changed().await.is_err() {
            return;
        }
    }
}

fn tell(alarm: &Alarm, metrics: &Metrics) {
    metrics.alarm();
    let words = Wording { lang: Lang::En, names: Default::default() }.fact(&alarm.fact);
    tracing::warn!(seq = alarm.seq, about = %alarm.fact.about, "alarm: {words}");
}
