//! Chance that follows from a seed: the same seed rolls the same seasons, keys, ids and salts on every machine.
//!
//! Whoever knows the seed knows every key and salt of such a ledger. It is a demonstration, and its genesis says so.

use crate::demo::wrap::Chance;
use crate::keys::PrivateKey;
use crate::merkle::Hash;

/// A stream of numbers of its own for each purpose, so that one more roll in one farm's season moves no other's.
pub(super) struct Dice {
    state: u64,
}

impl Dice {
    pub(super) fn of(seed: u64, what: &str) -> Dice {
        let hash = digest(seed, what);
        let state = hash.as_bytes().iter().take(8).fold(0, |state, byte| state << 8 | u64::from(*byte));
        Dice { state }
    }

    /// SplitMix64 (Steele, Lea, Flood, 2014).
    pub(super) fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Both ends belong to it.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.roll() % (high.saturating_sub(low) + 1)
    }

    pub(super) fn one_in(&mut self, n: u64) -> bool {
        self.roll().is_multiple_of(n.max(1))
    }

    /// Fisher–Yates.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.between(0, i as u64) as usize);
        }
    }
}

impl Chance for Dice {
    fn fill(&mut self, bytes: &mut [u8]) -> anyhow::Result<()> {
        for piece in bytes.chunks_mut(8) {
            piece.copy_from_slice(&self.roll().to_be_bytes()[..piece.len()]);
        }
        Ok(())
    }
}

pub(super) fn key(seed: u64, holder: &str) -> PrivateKey {
    PrivateKey::from_seed(&digest(seed, &format!("key {holder}")).0)
}

fn digest(seed: u64, what: &str) -> Hash {
    Hash::of(format!("suyuan demo {seed} {what}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // First outputs for state 0, as in the reference implementation (prng.di.unimi.it/splitmix64.c).
        let mut dice = Dice { state: 0 };
        assert_eq!([dice.roll(), dice.roll()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }

    #[test]
    fn purposes_do_not_share_a_stream() {
        let first = |seed, what| Dice::of(seed, what).roll();
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
        assert_ne!(first(1, "a"), first(2, "a"));
        assert_ne!(key(1, "a").public(), key(2, "a").public());
    }

    #[test]
    fn rolls_stay_within_their_ends() {
        let mut dice = Dice::of(3, "ends");
        let rolls: Vec<u64> = (0..200).map(|_| dice.between(4, 6)).collect();
        assert!((4..=6).all(|n| rolls.contains(&n)) && rolls.iter().all(|n| (4..=6).contains(n)));
        let mut items: Vec<u32> = (0..20).collect();
        dice.shuffle(&mut items);
        assert_ne!(items, (0..20).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..20).collect::<Vec<_>>());
    }
}
