//! A store in memory, for tests: the same contract without a disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{Batch, HEAD, KeyRange, Pairs, Read, Snapshot, Store, StoreError, head_of};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Default)]
pub struct MemoryStore {
    /// Replaced, never changed while a snapshot holds it.
    map: RwLock<Arc<Map>>,
}

struct Frozen(Arc<Map>);

impl MemoryStore {
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }

    // A panic while writing leaves the map as whole as it was: `apply` cannot panic half-way.
    fn read(&self) -> RwLockReadGuard<'_, Arc<Map>> {
        self.map.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn write(&self) -> RwLockWriteGuard<'_, Arc<Map>> {
        self.map.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn freeze(&self) -> Frozen {
        Frozen(self.read().clone())
    }
}

impl Read for Frozen {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(key).cloned())
    }

    fn multi_get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    fn scan(&self, range: &KeyRange) -> Pairs<'_> {
        if range.is_empty() {
            return Box::new(std::iter::empty());
        }
        let end = range.end.clone();
        let from_start = self.0.range(range.start.clone()..);
        let in_range = from_start.take_while(move |(key, _)| end.as_ref().is_none_or(|end| *key < end));
        Box::new(in_range.map(|(key, value)| Ok((key.clone(), value.clone()))))
    }
}

impl Read for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.freeze().get(key)
    }

    fn multi_get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.freeze().multi_get(keys)
    }

    fn scan(&self, range: &KeyRange) -> Pairs<'_> {
        let pairs: Vec<_> = self.freeze().scan(range).collect();
        Box::new(pairs.into_iter())
    }
}

impl Store for MemoryStore {
    fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.freeze())
    }

    fn commit(&self, batch: Batch, expected_head: u64, new_head: u64) -> Result<(), StoreError> {
        let mut map = self.write();
        let found = head_of(&Frozen(map.clone()))?;
        if found != expected_head {
            return Err(StoreError::HeadMoved { expected: expected_head, found });
        }
        let map = Arc::make_mut(&mut map);
        apply(map, batch);
        map.insert(HEAD.to_vec(), new_head.to_be_bytes().to_vec());
        Ok(())
    }

    fn write_aside(&self, batch: Batch) -> Result<(), StoreError> {
        batch.stays_aside()?;
        apply(Arc::make_mut(&mut self.write()), batch);
        Ok(())
    }

    fn mend(&self, batch: Batch, head: u64) -> Result<(), StoreError> {
        batch.is_derived()?;
        let mut map = self.write();
        let map = Arc::make_mut(&mut map);
        apply(map, batch);
        map.insert(HEAD.to_vec(), head.to_be_bytes().to_vec());
        Ok(())
    }

    fn purge(&self, _range: &KeyRange) -> Result<(), StoreError> {
        Ok(())
    }

    fn copy_to(&self, _dir: &Path) -> Result<(), StoreError> {
        Err(StoreError::Engine { doing: "copy", problem: "a store in memory has no files".into() })
    }
}

fn apply(map: &mut Map, batch: Batch) {
    for (key, value) in batch.writes {
        match value {
            Some(value) => map.insert(key, value),
            None => map.remove(&key),
        };
    }
}
