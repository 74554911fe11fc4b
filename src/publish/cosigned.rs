//! What the witnesses of a policy have signed: in memory for readers, on the disk for the next start.
//!
//! Store: `w/` ‖ size u64 big-endian, the checkpoint of that size with the log's own lines and the newest line of each
//! witness. Kept are the newest checkpoint that meets the policy and the later ones that do not yet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::ledger::Reader;
use crate::merkle::Hash;
use crate::merkle::tree::root_at;
use crate::note::policy::{Policy, PolicyWitness};
use crate::note::signed_note::{NoteError, NoteSignature, SignedNote};
use crate::sequencer::Aside;
use crate::store::{Batch, KeyRange, Read, Snapshot, StoreError};

const COSIGNED: &[u8] = b"w/";

/// Checkpoints that some have cosigned and not yet enough; the oldest of more are forgotten.
const WAITING_MAX: usize = 64;

/// What readers see. Shared; no call waits for the disk but [`Cosigned::add`].
pub struct Cosigned {
    policy: Policy,
    aside: Aside,
    /// Held while a cosignature is written down: two at once would each forget the other's.
    adding: Mutex<()>,
    now: RwLock<Arc<Gathered>>,
}

#[derive(Clone, Default)]
struct Gathered {
    by_size: BTreeMap<u64, Witnessed>,
    /// By the witness's place in the policy.
    standings: Vec<Standing>,
}

/// A checkpoint that at least one witness of the policy has cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    pub size: u64,
    pub root: Hash,
    /// The log's own lines, then one of each witness.
    pub note: SignedNote,
    /// Places in the policy of those who have cosigned, with the time that each gives, in Unix seconds.
    pub cosigners: Vec<(usize, u64)>,
    pub meets_policy: bool,
}

/// How it stands with one witness.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Size of the checkpoint that it cosigned last, and the time that it gave, in Unix seconds.
    pub cosigned: Option<(u64, u64)>,
    /// Why it has not cosigned when it was asked last.
    pub problem: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum CosignedError {
    #[error("the cosigned checkpoints cannot be read: {0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Note(#[from] NoteError),
}

impl Witnessed {
    /// The newest time that a witness gives, of those up to `limit`: a clock that runs ahead says nothing about now.
    pub fn newest_time(&self, limit: u64) -> Option<u64> {
        self.cosigners.iter().map(|(_, time)| *time).filter(|time| *time <= limit).max()
    }

    /// The time that this witness gives, by its place in the policy.
    pub(super) fn time_of(&self, place: usize) -> Option<u64> {
        self.cosigners.iter().find(|(known, _)| *known == place).map(|(_, time)| *time)
    }
}

impl Cosigned {
    /// Takes up what an earlier start has kept, as far as it is of this log and counts under this policy.
    pub fn open(
        policy: Policy,
        aside: Aside,
        reader: &Reader<Snapshot>,
        size: u64,
    ) -> Result<Cosigned, CosignedError> {
        let mut gathered = Gathered::default();
        gathered.standings.resize(policy.witnesses().len(), Standing::default());
        for pair in aside.scan(&KeyRange::prefix(COSIGNED)) {
            let (_, note) = pair?;
            let kept = SignedNote::parse(&note).ok().and_then(|note| read(&policy, &note).ok().flatten());
            let Some(kept) = kept.filter(|kept| kept.size <= size) else { continue };
            if root_at(reader, kept.size).ok() != Some(kept.root) {
                tracing::error!(
                    size = kept.size,
                    "witnesses have cosigned another history than this disk holds"
                );
                continue;
            }
            gathered.take(kept);
        }
        let now = RwLock::new(Arc::new(gathered));
        Ok(Cosigned { policy, aside, adding: Mutex::new(()), now })
    }

    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The newest checkpoint that meets the policy; none too where the policy asks for nobody and nobody has signed.
    pub fn witnessed(&self) -> Option<Witnessed> {
        self.read().met().cloned()
    }

    /// What is gathered for the checkpoint of this size.
    pub fn at(&self, size: u64) -> Option<Witnessed> {
        self.read().by_size.get(&size).cloned()
    }

    /// The same checkpoint with the cosignatures that there are.
    pub fn with_lines(&self, size: u64, note: &SignedNote) -> SignedNote {
        let gathered = self.read();
        let found = gathered.by_size.get(&size).filter(|found| found.note.text() == note.text());
        found.map_or_else(|| note.clone(), |found| found.note.clone())
    }

    /// How many replaying witnesses have cosigned this, if they are enough for the policy's group.
    pub fn replayed_by(&self, kept: &Witnessed) -> usize {
        let witnesses = self.policy.witnesses();
        let cosigned =
            |asked: &PolicyWitness| kept.cosigners.iter().any(|(place, _)| witnesses[*place] == *asked);
        self.policy.replayed_by(cosigned).len()
    }

    /// By the witnesses' places in the policy.
    pub fn standings(&self) -> Vec<Standing> {
        self.read().standings.clone()
    }

    /// Puts a cosignature, checked to be this witness's over this note, with those that are there already, and writes
    /// it down before anybody sees it. A witness's newer line takes the place of its older one.
    pub(super) fn add(
        &self,
        witness: usize,
        note: &SignedNote,
        line: NoteSignature,
    ) -> Result<Option<Witnessed>, CosignedError> {
        let _alone = alone(&self.adding);
        let mut next = Gathered::clone(&self.read());
        let key = &self.policy.witnesses()[witness].key;
        let mut lines: Vec<NoteSignature> = match next.of_text(note.text()) {
            Some(known) => known.note.signatures().to_vec(),
            None => note.signatures().to_vec(),
        };
        lines.retain(|known| !(known.name == *key.name() && known.id == key.id()));
        lines.push(line);
        let Some(kept) = read(&self.policy, &SignedNote::new(note.text(), lines)?)? else { return Ok(None) };
        let time = kept.time_of(witness);
        let mut batch = Batch::default();
        batch.put(key_of(kept.size), kept.note.to_string());
        for forgotten in next.take(kept.clone()) {
            batch.delete(key_of(forgotten));
        }
        self.aside.write(batch)?;
        if let (Some(standing), Some(time)) = (next.standings.get_mut(witness), time) {
            *standing = Standing { cosigned: Some((kept.size, time)), problem: None };
        }
        self.publish(next);
        Ok(Some(kept))
    }

    /// Takes a checkpoint of this very log with all its lines, as somebody else has gathered them; those of the policy's
    /// witnesses are kept. The caller has checked that it is of this log.
    pub fn take(&self, note: &SignedNote) -> Result<(), CosignedError> {
        let Some(kept) = read(&self.policy, note)? else { return Ok(()) };
        let _alone = alone(&self.adding);
        let mut next = Gathered::clone(&self.read());
        if next.by_size.get(&kept.size).is_some_and(|known| known.cosigners == kept.cosigners) {
            return Ok(());
        }
        let mut batch = Batch::default();
        batch.put(key_of(kept.size), kept.note.to_string());
        for forgotten in next.take(kept) {
            batch.delete(key_of(forgotten));
        }
        self.aside.write(batch)?;
        self.publish(next);
        Ok(())
    }

    pub(super) fn report(&self, witness: usize, problem: String) {
        let _alone = alone(&self.adding);
        let mut next = Gathered::clone(&self.read());
        if let Some(standing) = next.standings.get_mut(witness) {
            standing.problem = Some(problem);
        }
        self.publish(next);
    }

    /// What this witness is known to have cosigned last.
    pub(super) fn last_of(&self, witness: usize) -> u64 {
        self.read().standings.get(witness).and_then(|standing| standing.cosigned).map_or(0, |(size, _)| size)
    }

    fn read(&self) -> Arc<Gathered> {
        // Replaced whole, so a panic of a writer leaves what was there.
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn publish(&self, next: Gathered) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }
}

fn alone(lock: &Mutex<()>) -> MutexGuard<'_, ()> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gathered {
    /// The newest that meets the policy.
    fn met(&self) -> Option<&Witnessed> {
        self.by_size.values().rev().find(|kept| kept.meets_policy)
    }

    fn of_text(&self, text: &str) -> Option<&Witnessed> {
        self.by_size.values().find(|kept| kept.note.text() == text)
    }

    /// Puts it in, and says which sizes are forgotten for it.
    fn take(&mut self, kept: Witnessed) -> Vec<u64> {
        for (place, time) in &kept.cosigners {
            if let Some(standing) = self.standings.get_mut(*place)
                && standing.cosigned.is_none_or(|(size, _)| size <= kept.size)
            {
                standing.cosigned = Some((kept.size, *time));
            }
        }
        self.by_size.insert(kept.size, kept);
        let met = self.met().map_or(0, |met| met.size);
        let sizes: Vec<u64> = self.by_size.keys().copied().collect();
        let too_many = sizes.len().saturating_sub(WAITING_MAX);
        let forgotten = sizes.iter().enumerate();
        let forgotten = forgotten.filter(|(n, size)| **size < met || (*n < too_many && **size != met));
        let forgotten: Vec<u64> = forgotten.map(|(_, size)| *size).collect();
        for size in &forgotten {
            self.by_size.remove(size);
        }
        forgotten
    }
}

/// The note with the log's own lines and the newest line of each witness of the policy, all of them good; none where no
/// witness has signed. Lines of strangers and of types that nobody here knows are left out.
fn read(policy: &Policy, note: &SignedNote) -> Result<Option<Witnessed>, NoteError> {
    let Ok(opened) = policy.open(note) else { return Ok(None) };
    if opened.cosigners.is_empty() {
        return Ok(None);
    }
    let mut lines: Vec<NoteSignature> = Vec::new();
    for key in &opened.log_keys {
        lines.extend(
            note.signatures().iter().find(|line| line.name == *key.name() && line.id == key.id()).cloned(),
        );
    }
    let mut cosigners = Vec::new();
    for (witness, time) in &opened.cosigners {
        let place = policy.witnesses().iter().position(|asked| asked == *witness);
        let Some(place) = place else { continue };
        let line = note.signatures().iter().find(|line| is_of(line, witness, *time));
        lines.extend(line.cloned());
        cosigners.push((place, *time));
    }
    Ok(Some(Witnessed {
        size: opened.checkpoint.size,
        root: opened.checkpoint.root,
        note: SignedNote::new(note.text(), lines)?,
        cosigners,
        meets_policy: opened.has_quorum,
    }))
}

/// Whether it is this witness's line of this time. Times stand in the first eight bytes.
fn is_of(line: &NoteSignature, witness: &PolicyWitness, time: u64) -> bool {
    line.name == *witness.key.name()
        && line.id == witness.key.id()
        && line.signature.starts_with(&time.to_be_bytes())
}

/// The checkpoint of this size with the lines that were gathered for it, if any are kept, for whoever reads a store that
/// nobody serves. Under which policy they count is for its verifier to say.
pub fn kept<R: Read + ?Sized>(read: &R, size: u64) -> Result<Option<Vec<u8>>, StoreError> {
    read.get(&key_of(size))
}

fn key_of(size: u64) -> Vec<u8> {
    [COSIGNED, &size.to_be_bytes()].concat()
}
