//! The embedded engine: one RocksDB database.
//!
//! Its defaults are made for caches that may come back a little older. A log that comes back older signs a second
//! history, so recovery here forgives nothing but a write cut short at the very end of the write-ahead log.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use rocksdb::checkpoint::Checkpoint;
use rocksdb::{
    BlockBasedOptions, BottommostLevelCompaction, Cache, CompactOptions, DB, DBCompressionType,
    DBRecoveryMode, Direction, IteratorMode, LogLevel, Options, ReadOptions, SnapshotWithThreadMode,
    WriteBatch, WriteOptions,
};

use super::{Batch, HEAD, KeyRange, Pairs, Read, Snapshot, Store, StoreError, head_of};

/// Uncompressed blocks kept in memory, index and filter blocks among them.
const CACHE_BYTES: usize = 128 << 20;

/// How long [`Store::purge`] waits for readers from before the deletion.
const PURGE_WAIT: Duration = Duration::from_secs(2);

/// Ten bits a key: one read in a hundred for an absent key goes to the disk.
const BLOOM_BITS_PER_KEY: f64 = 10.0;

const FILES_OPEN_MAX: i32 = 512;

pub(super) struct RocksStore {
    db: Arc<DB>,
    /// Held from reading the head to moving it.
    committing: Mutex<()>,
    /// The first write that failed.
    broken: OnceLock<String>,
}

type View<'db> = SnapshotWithThreadMode<'db, DB>;

self_cell::self_cell!(
    /// A snapshot together with the database that it reads.
    struct Frozen {
        owner: Arc<DB>,
        #[covariant]
        dependent: View,
    }
);

impl RocksStore {
    /// A new database where there is none.
    pub(super) fn create(dir: &Path) -> Result<RocksStore, StoreError> {
        let mut options = options();
        options.create_if_missing(true);
        options.set_error_if_exists(true);
        RocksStore::with(&options, dir)
    }

    /// An existing database. A damaged write-ahead log is an error, and so is a second process.
    pub(super) fn open(dir: &Path) -> Result<RocksStore, StoreError> {
        RocksStore::with(&options(), dir)
    }

    fn with(options: &Options, dir: &Path) -> Result<RocksStore, StoreError> {
        let db = DB::open(options, dir).map_err(|error| opening(dir, &error))?;
        Ok(RocksStore { db: Arc::new(db), committing: Mutex::new(()), broken: OnceLock::new() })
    }

    fn write(&self, batch: Batch, head: Option<u64>) -> Result<(), StoreError> {
        self.is_whole()?;
        let mut writes = WriteBatch::default();
        for (key, value) in batch.writes {
            match value {
                Some(value) => writes.put(key, value),
                None => writes.delete(key),
            }
        }
        if let Some(head) = head {
            writes.put(HEAD, head.to_be_bytes());
        }
        let mut synced = WriteOptions::default();
        synced.set_sync(true);
        self.db.write_opt(writes, &synced).map_err(|error| {
            let _ = self.broken.set(error.to_string());
            engine("write to the store", &error)
        })
    }

    /// RocksDB mends some background errors by itself and goes on; here one is enough to stop, as after an fsync
    /// that failed nothing is known of the pages it was for.
    fn is_whole(&self) -> Result<(), StoreError> {
        if let Ok(Some(1..)) = self.db.property_int_value("rocksdb.background-errors") {
            let _ = self.broken.set("RocksDB reports background errors; see its LOG".to_owned());
        }
        match self.broken.get() {
            Some(reason) => Err(StoreError::Broken(reason.clone())),
            None => Ok(()),
        }
    }

    fn freeze(&self) -> Frozen {
        Frozen::new(self.db.clone(), |db| db.snapshot())
    }

    /// Whether a snapshot older than everything up to `sequence` is alive.
    fn is_read_before(&self, sequence: u64) -> bool {
        let property = |name: &str| self.db.property_int_value(name).ok().flatten().unwrap_or(0);
        property("rocksdb.num-snapshots") > 0 && property("rocksdb.oldest-snapshot-sequence") < sequence
    }
}

impl Read for Frozen {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.borrow_dependent().get(key).map_err(|error| engine("read", &error))
    }

    fn multi_get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let found = self.borrow_dependent().multi_get(keys);
        found.into_iter().map(|value| value.map_err(|error| engine("read", &error))).collect()
    }

    fn scan(&self, range: &KeyRange) -> Pairs<'_> {
        if range.is_empty() {
            return Box::new(std::iter::empty());
        }
        let (mode, options) = walk(range);
        Box::new(self.borrow_dependent().iterator_opt(mode, options).map(owned))
    }
}

impl Read for RocksStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.db.get(key).map_err(|error| engine("read", &error))
    }

    fn multi_get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.freeze().multi_get(keys)
    }

    fn scan(&self, range: &KeyRange) -> Pairs<'_> {
        if range.is_empty() {
            return Box::new(std::iter::empty());
        }
        let (mode, options) = walk(range);
        Box::new(self.db.iterator_opt(mode, options).map(owned))
    }
}

impl Store for RocksStore {
    fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.freeze())
    }

    fn commit(&self, batch: Batch, expected_head: u64, new_head: u64) -> Result<(), StoreError> {
        // The lock guards no data of its own, so a panic under it leaves nothing half done.
        let _alone = self.committing.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let found = head_of(self)?;
        if found != expected_head {
            return Err(StoreError::HeadMoved { expected: expected_head, found });
        }
        self.write(batch, Some(new_head))
    }

    fn write_aside(&self, batch: Batch) -> Result<(), StoreError> {
        batch.stays_aside()?;
        self.write(batch, None)
    }

    fn mend(&self, batch: Batch, head: u64) -> Result<(), StoreError> {
        batch.is_derived()?;
        let _alone = self.committing.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        self.write(batch, Some(head))
    }

    fn purge(&self, range: &KeyRange) -> Result<(), StoreError> {
        let deleted_by = self.db.latest_sequence_number();
        let deadline = Instant::now() + PURGE_WAIT;
        while self.is_read_before(deleted_by) {
            if Instant::now() > deadline {
                return Err(StoreError::StillRead);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // Out of the write-ahead log, whose old files go when the memory table is written out …
        self.db.flush().map_err(|error| engine("flush", &error))?;
        // … and out of the files below, even the lowest.
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        options.set_exclusive_manual_compaction(true);
        self.db.compact_range_opt(Some(&range.start), range.end.as_ref(), &options);
        self.is_whole()
    }

    fn copy_to(&self, dir: &Path) -> Result<(), StoreError> {
        let checkpoint = Checkpoint::new(&*self.db).map_err(|error| engine("copy", &error))?;
        checkpoint.create_checkpoint(dir).map_err(|error| engine("copy", &error))
    }
}

fn options() -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&Cache::new_lru_cache(CACHE_BYTES));
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_bloom_filter(BLOOM_BITS_PER_KEY, false);

    let mut options = Options::default();
    options.set_block_based_table_factory(&table);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_max_open_files(FILES_OPEN_MAX);
    options.set_log_level(LogLevel::Warn);
    options.set_keep_log_file_num(4);
    // The default, point-in-time, reopens at an older state without a word; the next append would sign a fork.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_paranoid_checks(true);
    options
}

fn walk(range: &KeyRange) -> (IteratorMode<'_>, ReadOptions) {
    let mut options = ReadOptions::default();
    if let Some(end) = &range.end {
        options.set_iterate_upper_bound(end.clone());
    }
    (IteratorMode::From(&range.start, Direction::Forward), options)
}

fn opening(dir: &Path, error: &rocksdb::Error) -> StoreError {
    let text = error.to_string();
    // RocksDB has no code for it; both its wordings name the LOCK file.
    if text.contains("/LOCK") && (text.contains("lock hold by") || text.contains("While lock file")) {
        return StoreError::Locked(PathBuf::from(dir));
    }
    engine("open the store", error)
}

type Found = (Box<[u8]>, Box<[u8]>);

fn owned(pair: Result<Found, rocksdb::Error>) -> Result<super::Pair, StoreError> {
    pair.map(|(key, value)| (key.into_vec(), value.into_vec())).map_err(|error| engine("scan", &error))
}

fn engine(doing: &'static str, error: &rocksdb::Error) -> StoreError {
    StoreError::Engine { doing, problem: error.to_string() }
}

#[cfg(test)]
mod tests;
