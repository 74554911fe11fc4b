//! The way from the checkpoint that is held to a larger one.

use super::follower::{Aim, FollowError, Follower, Held, Moved, Terms, broken, unknown_key};
use super::history::{Compared, Noted, compare};
use super::keys::believed;
use super::nodes::TileNodes;
use super::tiles::Tiles;
use super::wrong::WrongKind;
use crate::ledger::{Entry, Facts, Reader};
use crate::merkle::proof::{
    ProveError, consistency_path, inclusion_path, verify_consistency, verify_inclusion,
};
use crate::merkle::tile::{EntryBundle, TILE_WIDTH, entry_bundles};
use crate::merkle::tree::leaf_hash;
use crate::note::tlog_proof::TlogProof;
use crate::sequencer::ReplicaError;

/// Entries that are written at once where the way is long.
const PIECE: u64 = if cfg!(test) { 4 } else { 4_096 };
/// Entries up to which a copy that has a checkpoint goes all the way in one commit: it then never stands between two,
/// whatever stops it.
const STRIDE: u64 = if cfg!(test) { 16 } else { 20_000 };
/// Bytes of entries up to which that holds: what they take in memory is a few times as much.
const STRIDE_BYTES: u64 = if cfg!(test) { 12 * 1024 } else { 128 * 1024 * 1024 };

impl Follower {
    pub(super) fn grow(
        &mut self,
        tiles: &Tiles<'_>,
        aim: &Aim<'_>,
        terms: &mut Terms<'_>,
    ) -> Result<Moved, FollowError> {
        let size = aim.checkpoint.size;
        let nodes = TileNodes::new(tiles, size);
        if self.replica.size() > size {
            // What an earlier call has read ahead is for a larger checkpoint.
            self.forget()?;
            terms.watch.forget();
        }
        self.goes_on(aim, &nodes)?;
        let from = self.held.as_ref().map_or(0, |held| held.checkpoint.size);
        let in_pieces = from == 0 || size - from > STRIDE;
        if in_pieces && !aim.is_vouched && size > STRIDE {
            return Err(unknown_key(aim.note).into());
        }
        let pieces = in_pieces && aim.is_vouched;
        for bundle in entry_bundles(self.replica.size(), size) {
            if (terms.enough)() {
                return Err(FollowError::OutOfTime { at: self.replica.size(), size });
            }
            self.take(tiles, bundle, aim, &nodes, pieces, terms)?;
            terms.watch.progress(self.replica.size(), size);
        }
        if self.replica.root() != aim.checkpoint.root {
            let why = format!(
                "the entries that are served give the root {}, the checkpoint of {size} says {}",
                self.replica.root(),
                aim.checkpoint.root
            );
            return Err(aim.wrong(WrongKind::EntriesDiffer, why).into());
        }
        if !self.replica.is_sealed() {
            let why = format!("the checkpoint of {size} entries does not end with a map record");
            return Err(aim.wrong(WrongKind::NoMapRecord, why).into());
        }
        self.adopt(aim, from, terms)
    }

    /// Writes the entries down under their checkpoint.
    pub(super) fn adopt(
        &mut self,
        aim: &Aim<'_>,
        from: u64,
        terms: &mut Terms<'_>,
    ) -> Result<Moved, FollowError> {
        // With the keys that the entries themselves have brought in, all of them gone through the rules.
        let keys = believed(&self.trust, self.replica.log());
        if aim.signed.verify(&keys).is_err() {
            return Err(unknown_key(aim.note).into());
        }
        let beside = terms.watch.beside();
        self.replica.adopt(aim.signed, beside).map_err(|error| match error {
            ReplicaError::NotOurs(why) => aim.wrong(WrongKind::BadSignature, why).into(),
            error => broken(error),
        })?;
        let (checkpoint, note) = (aim.checkpoint.clone(), aim.note.to_owned());
        let to = checkpoint.size;
        self.pending_bytes = 0;
        self.held = Some(Held { checkpoint, note });
        Ok(Moved::Grown { from, to })
    }

    /// That the tree goes on from the one that is held, before any of its entries is read.
    fn goes_on(&self, aim: &Aim<'_>, nodes: &TileNodes<'_>) -> Result<(), FollowError> {
        let Some(held) = self.held.as_ref().filter(|held| held.checkpoint.size < aim.checkpoint.size) else {
            return Ok(());
        };
        let ours = Noted { checkpoint: &held.checkpoint, note: &held.note };
        let (old, new) = (held.checkpoint.size, aim.checkpoint.size);
        match compare(ours, aim.noted(), nodes)? {
            Compared::One => Ok(()),
            // A checkpoint that nobody answers for shows nothing about the log.
            Compared::Two(_) if !aim.is_vouched => Err(unknown_key(aim.note).into()),
            Compared::Two(split) => {
                let why = format!("the checkpoint of {new} entries does not go on from that of {old}");
                let mut wrong = aim.wrong(WrongKind::SplitView, why);
                wrong.split = Some(split);
                Err(wrong.into())
            }
            Compared::NotItsTree => {
                let why = format!(
                    "the tiles that are served are not of the checkpoint of {new} entries: whether it goes on from that of \
                     {old} is not shown"
                );
                Err(aim.wrong(WrongKind::Unproven, why).into())
            }
        }
    }

    /// The entries of a bundle that were not there yet.
    fn take(
        &mut self,
        tiles: &Tiles<'_>,
        bundle: EntryBundle,
        aim: &Aim<'_>,
        nodes: &TileNodes<'_>,
        pieces: bool,
        terms: &mut Terms<'_>,
    ) -> Result<(), FollowError> {
        let first = bundle.index * u64::from(TILE_WIDTH);
        for (seq, bytes) in (first..).zip(tiles.entries(bundle)?) {
            if seq < self.replica.size() {
                continue;
            }
            if seq == 0 && leaf_hash(&bytes) != self.trust.genesis {
                let why = "the first entry is not the genesis record of the trust file".to_owned();
                return Err(self.refused(WrongKind::OtherLedger, why, seq, &bytes, aim, nodes));
            }
            match self.replica.apply(&bytes) {
                Ok(entry) => {
                    let known = self.replica.reader();
                    terms.watch.entry(&entry, &Reader(&known.0 as &dyn Facts))?;
                }
                Err(error @ (ReplicaError::Refused { .. } | ReplicaError::NoEntry { .. })) => {
                    let is_map = matches!(Entry::parse(&bytes), Ok(Entry::Map(_)));
                    let kind = if is_map { WrongKind::WrongMap } else { WrongKind::RefusedRecord };
                    return Err(self.refused(kind, error.to_string(), seq, &bytes, aim, nodes));
                }
                Err(error) => return Err(broken(error)),
            }
            self.pending_bytes += bytes.len() as u64;
            if self.is_due(pieces, aim)? {
                self.keep(aim, nodes, terms)?;
            }
        }
        Ok(())
    }

    /// Whether a piece of the way should be written now.
    fn is_due(&self, pieces: bool, aim: &Aim<'_>) -> Result<bool, FollowError> {
        let is_heavy = self.pending_bytes > STRIDE_BYTES;
        if self.pending_bytes > 2 * STRIDE_BYTES && !(aim.is_vouched && self.replica.is_sealed()) {
            let why = format!(
                "the next checkpoint brings more than {STRIDE_BYTES} bytes without a map record, or before its key is known"
            );
            return Err(FollowError::Waiting(why));
        }
        let is_long = pieces && self.replica.size() - self.replica.written() >= PIECE;
        let may = aim.is_vouched && self.replica.is_sealed() && self.replica.size() < aim.checkpoint.size;
        Ok(may && (is_long || is_heavy))
    }

    /// Writes a piece of the way, which the checkpoint's tree is shown to begin with.
    fn keep(
        &mut self,
        aim: &Aim<'_>,
        nodes: &TileNodes<'_>,
        terms: &mut Terms<'_>,
    ) -> Result<(), FollowError> {
        let (at, root, end) = (self.replica.size(), self.replica.root(), &aim.checkpoint);
        let path = consistency_path(nodes, at, end.size);
        let path = path.map_err(|error| match error {
            ProveError::Read(error) => FollowError::Unreadable(error),
            other => broken(other),
        })?;
        if verify_consistency(at, end.size, &root, &end.root, &path).is_err() {
            let why = format!(
                "the first {at} entries that are served are not those of the checkpoint of {}",
                end.size
            );
            return Err(aim.wrong(WrongKind::EntriesDiffer, why).into());
        }
        self.replica.keep(terms.watch.beside()).map_err(broken)?;
        self.pending_bytes = 0;
        Ok(())
    }

    /// Whose fault it is that an entry cannot stand: the log's, if its tree has it, or that of whoever served it.
    fn refused(
        &self,
        kind: WrongKind,
        why: String,
        seq: u64,
        bytes: &[u8],
        aim: &Aim<'_>,
        nodes: &TileNodes<'_>,
    ) -> FollowError {
        let end = &aim.checkpoint;
        let path = match inclusion_path(nodes, seq, end.size) {
            Ok(path) => path,
            Err(ProveError::Read(error)) => return FollowError::Unreadable(error),
            Err(other) => return broken(other),
        };
        if verify_inclusion(&leaf_hash(bytes), seq, end.size, &path, &end.root).is_err() {
            let why = format!("what is served as entry {seq} is not what the log has signed");
            return aim.wrong(WrongKind::EntriesDiffer, why).into();
        }
        if !aim.is_vouched {
            return unknown_key(aim.note).into();
        }
        let proof = TlogProof { extra: bytes.to_vec(), index: seq, path, checkpoint: aim.signed.clone() };
        let mut wrong = aim.wrong(kind, why);
        wrong.receipt = Some(proof.to_string());
        wrong.into()
    }
}
