//! Pictures that look alike, among very many: perceptual hashes that differ in few bits.
//!
//! Of two hashes that differ in at most d of 64 bits, one of their four words of 16 differs in at most d / 4. So only
//! what shares such a word has to be compared, not every picture with every other.

use std::collections::HashMap;

/// The widest distance that may be asked for.
pub(super) const DISTANCE_MAX: u32 = 16;

const WORDS: usize = 4;

/// Hashes in the order of their coming; what they belong to is the caller's.
#[derive(Debug, Clone, Default)]
pub(super) struct PhotoIndex {
    hashes: Vec<u64>,
    /// Places of hashes by the value of each of their words.
    words: [HashMap<u16, Vec<u32>>; WORDS],
}

impl PhotoIndex {
    /// Returns its place, counted from 0. None when 2^32 are held.
    pub(super) fn add(&mut self, hash: u64) -> Option<usize> {
        let place = self.hashes.len();
        let short = u32::try_from(place).ok()?;
        self.hashes.push(hash);
        for (word, places) in words_of(hash).into_iter().zip(&mut self.words) {
            places.entry(word).or_default().push(short);
        }
        Some(place)
    }

    /// Places of the hashes that differ from it in at most `distance` bits, rising, each with the bits that differ.
    pub(super) fn near(&self, hash: u64, distance: u32) -> Vec<(usize, u32)> {
        let distance = distance.min(DISTANCE_MAX);
        let mut near = Vec::new();
        for (word, places) in words_of(hash).into_iter().zip(&self.words) {
            around(word, distance / WORDS as u32, &mut |alike| {
                for place in places.get(&alike).into_iter().flatten() {
                    let differing = (self.hashes[*place as usize] ^ hash).count_ones();
                    if differing <= distance {
                        near.push((*place as usize, differing));
                    }
                }
            });
        }
        near.sort_unstable();
        near.dedup();
        near
    }
}

fn words_of(hash: u64) -> [u16; WORDS] {
    std::array::from_fn(|word| (hash >> (16 * word)) as u16)
}

/// Every word that differs from `word` in at most `bits` bits, once.
fn around(word: u16, bits: u32, visit: &mut impl FnMut(u16)) {
    fn flip(word: u16, from: u32, bits: u32, visit: &mut impl FnMut(u16)) {
        visit(word);
        if bits > 0 {
            for bit in from..u16::BITS {
                flip(word ^ 1 << bit, bit + 1, bits - 1, visit);
            }
        }
    }
    flip(word, 0, bits, visit);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_word_around_is_visited_once() {
        for (bits, words) in [(0, 1), (1, 17), (2, 137), (4, 2517)] {
            let mut visited = Vec::new();
            around(0xa5c3, bits, &mut |word| visited.push(word));
            visited.sort_unstable();
            visited.dedup();
            assert_eq!(visited.len(), words);
            assert!(visited.iter().all(|word| (word ^ 0xa5c3).count_ones() <= bits));
        }
    }

    /// Many hashes, some of them a few bits from others.
    fn hashes(count: u64) -> Vec<u64> {
        let scatter = |n: u64| {
            let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb)
        };
        (0..count)
            .map(|n| scatter(n / 3 + 1) ^ (0..n % 18).fold(0, |bits, i| bits | 1 << (scatter(n + i) % 64)))
            .collect()
    }

    proptest! {
        #[test]
        fn what_is_near_is_what_comparing_all_finds(asked in 0usize..900, distance in 0u32..=16) {
            let hashes = hashes(900);
            let mut index = PhotoIndex::default();
            for hash in &hashes {
                index.add(*hash);
            }
            let all = hashes.iter().map(|hash| (hash ^ hashes[asked]).count_ones());
            let expected: Vec<_> = all.enumerate().filter(|(_, differing)| *differing <= distance).collect();
            prop_assert_eq!(index.near(hashes[asked], distance), expected);
        }
    }

    #[test]
    fn a_hundred_thousand_pictures_are_not_compared_each_with_each() {
        let mut index = PhotoIndex::default();
        for hash in hashes(100_000) {
            index.add(hash);
        }
        let buckets = index.words.iter().flat_map(HashMap::values).map(Vec::len);
        assert!(buckets.max() < Some(200), "a word is shared by few");
        assert_eq!(index.near(hashes(100_000)[77_777], 0)[0].1, 0);
    }
}
