//! Bitcoin block headers: what they hold, and the work that stands behind one.

use sha2::{Digest, Sha256};

/// The easiest target that a header of Bitcoin's main network may have here, big-endian: 75 zero bits in front, which
/// is 2^75 hashes of work for a header, a difficulty of 8.8·10^12.
///
/// Everybody can make a header of a test network, or one of main network form with the target of Bitcoin's first years.
/// Anchors of this ledger end in blocks of today, so the target may be close to today's. Block 840,000 (April 2024; its
/// header is in the tests, and its hash in Bitcoin Core's `chainparams.cpp`) had a target ten times as hard as this, so
/// main network could lose nine tenths of the work that it had then before its headers were turned away. A reader who
/// wants more certainty than 2^75 hashes buy gets the header from a node or from explorers of different operators.
pub const MAINNET_TARGET_MAX: [u8; 32] = {
    let mut target = [0xff; 32];
    let mut at = 0;
    while at < 9 {
        target[at] = 0;
        at += 1;
    }
    target[9] = 0x1f;
    target
};

/// 80 bytes as they are hashed: version, previous block, Merkle root, time, bits, nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header(pub [u8; Header::LENGTH]);

impl Header {
    pub const LENGTH: usize = 80;

    /// Of the block's transactions, in the order of the header's bytes.
    pub fn merkle_root(&self) -> [u8; 32] {
        let mut root = [0; 32];
        root.copy_from_slice(&self.0[36..68]);
        root
    }

    /// When the miner says that it was made, in Unix seconds. Nodes take a block whose time is up to two hours ahead of
    /// theirs, and one that is later than the median of the eleven blocks before it.
    pub fn time(&self) -> u64 {
        u64::from(self.number(68))
    }

    /// The double SHA-256 in the order of its bytes; as people write it, it is reversed.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(Sha256::digest(self.0)).into()
    }

    /// Whether the hash is not above the header's own target.
    pub fn meets_its_target(&self) -> bool {
        let mut hash = self.hash();
        hash.reverse();
        self.target().is_some_and(|target| hash <= target)
    }

    /// Whether its target is at least as hard as this one, big-endian.
    pub fn is_as_hard_as(&self, target_max: &[u8; 32]) -> bool {
        self.target().is_some_and(|target| target <= *target_max)
    }

    /// The target, big-endian, from its short form: an exponent of 256 and three bytes. None: negative, zero or too
    /// large, as Bitcoin's `arith_uint256::SetCompact` has it.
    fn target(&self) -> Option<[u8; 32]> {
        let bits = self.number(72);
        let (exponent, mantissa) = ((bits >> 24) as usize, bits & 0x007f_ffff);
        if bits & 0x0080_0000 != 0 {
            return None;
        }
        let mut target = [0; 32];
        for (at, byte) in mantissa.to_be_bytes()[1..].iter().enumerate() {
            // The mantissa's last byte has the weight 256^(exponent - 3).
            let weight = exponent as i64 - 1 - at as i64;
            match usize::try_from(weight) {
                Ok(weight) if weight < 32 => target[31 - weight] = *byte,
                Ok(_) if *byte != 0 => return None,
                _ => {}
            }
        }
        (target != [0; 32]).then_some(target)
    }

    fn number(&self, at: usize) -> u32 {
        u32::from_le_bytes([self.0[at], self.0[at + 1], self.0[at + 2], self.0[at + 3]])
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The first block of Bitcoin.
    pub(crate) fn genesis() -> Header {
        header(
            "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e\
             67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c",
        )
    }

    /// Block 840,000.
    pub(crate) fn block_840000() -> Header {
        header(
            "00e05f2aab948491071265ad552351d0ad625745668da54b0172010000000000000000004f89a5d73bd4d4887f25981f\
             e81892ccafda10c27f52d6f3dd28183a7c411b03b7072366194203177d9863ea",
        )
    }

    /// A header with this Merkle root and these bits, mined by trying.
    pub(crate) fn mined(merkle_root: [u8; 32], time: u32, bits: u32) -> Header {
        let mut bytes = [0; 80];
        bytes[0] = 4;
        bytes[36..68].copy_from_slice(&merkle_root);
        bytes[68..72].copy_from_slice(&time.to_le_bytes());
        bytes[72..76].copy_from_slice(&bits.to_le_bytes());
        for nonce in 0..=u32::MAX {
            bytes[76..].copy_from_slice(&nonce.to_le_bytes());
            if Header(bytes).meets_its_target() {
                return Header(bytes);
            }
        }
        panic!("no nonce will do");
    }

    fn header(text: &str) -> Header {
        Header(hex::decode(text).unwrap().try_into().unwrap())
    }

    fn as_people_write_it(mut hash: [u8; 32]) -> String {
        hash.reverse();
        hex::encode(hash)
    }

    fn with_bits(bits: u32) -> Header {
        let mut header = genesis();
        header.0[72..76].copy_from_slice(&bits.to_le_bytes());
        header
    }

    #[test]
    fn headers_of_the_main_network_are_read_as_the_network_reads_them() {
        let (first, recent) = (genesis(), block_840000());
        assert_eq!(
            as_people_write_it(first.hash()),
            "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
        );
        assert_eq!(
            as_people_write_it(first.merkle_root()),
            "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"
        );
        assert_eq!(first.time(), 1_231_006_505);
        assert_eq!(
            as_people_write_it(recent.hash()),
            "0000000000000000000320283a032748cef8227873ff4872689bf23f1cda83a5"
        );
        assert_eq!(recent.time(), 1_713_571_767);
        assert!(first.meets_its_target() && recent.meets_its_target());
    }

    #[test]
    fn a_recent_block_is_hard_enough_and_the_first_one_or_a_test_network_is_not() {
        assert!(block_840000().is_as_hard_as(&MAINNET_TARGET_MAX));
        assert!(!genesis().is_as_hard_as(&MAINNET_TARGET_MAX));
        let regtest = mined([7; 32], 1_700_000_000, 0x207f_ffff);
        assert!(regtest.meets_its_target());
        assert!(!regtest.is_as_hard_as(&MAINNET_TARGET_MAX));
        // The target ten times easier than block 840,000's is still turned away, five times easier is not.
        assert!(with_bits(0x171f_ffff).is_as_hard_as(&MAINNET_TARGET_MAX));
        assert!(!with_bits(0x1720_0000).is_as_hard_as(&MAINNET_TARGET_MAX));
    }

    #[test]
    fn a_header_that_promises_more_work_than_it_did_does_not_meet_its_target() {
        let mut regtest = mined([7; 32], 1_700_000_000, 0x207f_ffff);
        regtest.0[72..76].copy_from_slice(&0x1703_4219_u32.to_le_bytes());
        assert!(regtest.is_as_hard_as(&MAINNET_TARGET_MAX));
        assert!(!regtest.meets_its_target());
    }

    #[test]
    fn bits_that_are_no_target_meet_nothing() {
        // Negative, zero, larger than 256 bits, shifted away.
        for bits in [0x1d80_ffff, 0x1d00_0000, 0x2300_0001, 0x2200_0100, 0xff7f_ffff, 0x0100_7fff, 0] {
            assert_eq!(with_bits(bits).target(), None, "{bits:08x}");
            assert!(!with_bits(bits).meets_its_target());
            assert!(!with_bits(bits).is_as_hard_as(&[0xff; 32]));
        }
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(with_bits(0x0300_0001).target(), Some(one));
        assert_eq!(with_bits(0x0101_0000).target(), Some(one));
        one.rotate_left(31);
        assert_eq!(with_bits(0x2200_0001).target(), Some(one));
    }
}
