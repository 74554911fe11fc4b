//! The event of an `AnchorLog` contract: `src/publish/anchors/contract/AnchorLog.sol`.

use super::evidence::Problem;
use super::receipt::Log;
use super::{Address, keccak256};

pub const EVENT: &str = "Anchored(address,bytes32,uint64,bytes32)";

/// What it says: this sender has put this checkpoint of this log into its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchored {
    pub sender: Address,
    /// [`origin_hash`].
    pub origin: [u8; 32],
    pub size: u64,
    pub digest: [u8; 32],
}

/// How contracts know a log: Keccak-256 of its origin.
pub fn origin_hash(origin: &str) -> [u8; 32] {
    keccak256(origin.as_bytes())
}

/// The first topic of every such event.
pub fn event_topic() -> [u8; 32] {
    keccak256(EVENT.as_bytes())
}

impl Anchored {
    pub fn of(log: &Log) -> Result<Anchored, Problem> {
        Anchored::read(log).ok_or(Problem("the log is no event of an AnchorLog contract"))
    }

    fn read(log: &Log) -> Option<Anchored> {
        let [topic, sender, origin] = &log.topics[..] else { return None };
        let (size, digest) = log.data.split_first_chunk::<32>()?;
        let is_one = *topic == event_topic() && sender[..12] == [0; 12] && size[..24] == [0; 24];
        let mut eight = [0; 8];
        eight.copy_from_slice(&size[24..]);
        let mut account = [0; 20];
        account.copy_from_slice(&sender[12..]);
        is_one.then_some(Anchored {
            sender: account,
            origin: *origin,
            size: u64::from_be_bytes(eight),
            digest: digest.try_into().ok()?,
        })
    }
}
