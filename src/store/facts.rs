//! How the ledger's rules and readers see a store.

use std::sync::Arc;

use super::{Read, Snapshot, Store, StoreError};
use crate::ledger::{Facts, FactsError};

impl Facts for Snapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, FactsError> {
        Ok(Read::get(self, key)?)
    }
}

/// The store as it is at each call: for the one writer, whose next read must see its own commit.
pub struct Live(pub Arc<dyn Store>);

impl Facts for Live {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, FactsError> {
        Ok(self.0.get(key)?)
    }
}

impl From<StoreError> for FactsError {
    fn from(error: StoreError) -> FactsError {
        FactsError(error.to_string())
    }
}
