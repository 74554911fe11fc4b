//! What judging an anchor comes to.

use std::fmt;

use serde_json::{Value, json};

/// The answer on one anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub verdict: Verdict,
    /// What the evidence says, as far as it holds together; none where it does not.
    pub claim: Option<Claim>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The checkpoint existed no later than the claim says, if those whom its source names are right.
    Ok,
    /// The evidence is not what it says it is, or is for another checkpoint: one sentence.
    Failed(String),
    NotChecked(Why),
}

/// Why an anchor is neither good nor bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It is on its way: submitted, and in no block yet.
    Pending,
    /// It ends in a block whose hash (EVM) or header (Bitcoin) the reader has not confirmed.
    BlockNotConfirmed,
    /// A chain that is no public network: 测试链，不构成证据.
    TestChain,
    /// Only an RPC node's word says that it is in a block.
    RpcAttested,
    /// No root certificate that the reader trusts was given, or none of them issued it.
    NoTrustedRoot,
    /// Algorithms that this program does not check, such as SM2 with SM3.
    Unsupported(String),
    UnknownKind(String),
    UnknownVersion(u64),
}

/// How far one must believe somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The rules of a public chain.
    Consensus,
    /// The members of a consortium.
    Consortium,
    /// One authority.
    TrustedParty,
    /// Whoever runs the RPC node.
    RpcAttested,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub level: Level,
    /// The checkpoint existed no later than this, in Unix seconds; none: not known from the evidence.
    pub not_after: Option<u64>,
    pub source: Source,
    /// It stands in the one list that the ledger names as its own.
    pub is_publication: bool,
}

/// Who says so, and what to compare where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Evm {
        chain_id: u64,
        block_number: u64,
        block_hash: [u8; 32],
        /// Of the transaction, where the evidence holds it.
        transaction: Option<[u8; 32]>,
        /// Who sent it; of an event, who called the contract.
        sender: Option<[u8; 20]>,
        contract: Option<[u8; 20]>,
    },
    Bitcoin {
        height: u64,
        /// Of the block's transactions, in the order of its bytes; explorers print it reversed.
        merkle_root: [u8; 32],
        /// Of the header, if one stands with the evidence or was given; in the order of its bytes.
        block_hash: Option<[u8; 32]>,
    },
    /// OpenTimestamps calendars that have promised to put it into Bitcoin.
    Calendars(Vec<String>),
    /// A time-stamping authority, by the subject of its certificate.
    Authority { name: String, serial: String, policy: String },
}

impl Finding {
    pub fn not_checked(why: Why) -> Finding {
        Finding { verdict: Verdict::NotChecked(why), claim: None }
    }

    pub fn failed(problem: impl Into<String>) -> Finding {
        Finding { verdict: Verdict::Failed(problem.into()), claim: None }
    }

    pub fn is_ok(&self) -> bool {
        self.verdict == Verdict::Ok
    }

    /// For programs: `status`, `reason`, and what the evidence says as `claim`. Times are RFC 3339, hashes lower-case hex.
    pub fn to_json(&self) -> Value {
        let (status, reason) = match &self.verdict {
            Verdict::Ok => ("ok", None),
            Verdict::Failed(problem) => ("failed", Some(problem.clone())),
            Verdict::NotChecked(why) => ("not checked", Some(why.to_string())),
        };
        json!({ "status": status, "reason": reason, "claim": self.claim.as_ref().map(Claim::to_json) })
    }
}

impl Claim {
    fn to_json(&self) -> Value {
        json!({
            "level": self.level.as_str(),
            "not_after": self.not_after.map(moment),
            "is_publication": self.is_publication,
            "source": self.source.to_json(),
        })
    }
}

impl Source {
    fn to_json(&self) -> Value {
        let address = |address: &Option<[u8; 20]>| address.map(|bytes| format!("0x{}", hex::encode(bytes)));
        match self {
            Source::Evm { chain_id, block_number, block_hash, transaction, sender, contract } => json!({
                "chain_id": chain_id,
                "block_number": block_number,
                "block_hash": format!("0x{}", hex::encode(block_hash)),
                "transaction": transaction.map(|hash| format!("0x{}", hex::encode(hash))),
                "sender": address(sender),
                "contract": address(contract),
            }),
            Source::Bitcoin { height, merkle_root, block_hash } => json!({
                "height": height,
                "merkle_root": reversed(merkle_root),
                "block_hash": block_hash.as_ref().map(reversed),
            }),
            Source::Calendars(calendars) => json!({ "calendars": calendars }),
            Source::Authority { name, serial, policy } => {
                json!({ "authority": name, "serial": serial, "policy": policy })
            }
        }
    }
}

/// As Bitcoin's explorers print a hash.
pub fn reversed(hash: &[u8; 32]) -> String {
    let mut bytes = *hash;
    bytes.reverse();
    hex::encode(bytes)
}

/// RFC 3339, UTC.
fn moment(seconds: u64) -> String {
    let parsed = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    parsed.map_or_else(|| seconds.to_string(), |time| time.to_string())
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Ok => f.write_str("ok")?,
            Verdict::Failed(problem) => write!(f, "failed, {problem}")?,
            Verdict::NotChecked(why) => write!(f, "not checked, {why}")?,
        }
        // What hangs on something that is not shown is said with its "if"; a test chain's time is nobody's.
        match (&self.claim, &self.verdict) {
            (None, _) | (_, Verdict::NotChecked(Why::TestChain)) => Ok(()),
            (Some(claim), Verdict::NotChecked(Why::BlockNotConfirmed)) => {
                write!(f, "; if it is real, {claim}")
            }
            (Some(claim), Verdict::NotChecked(Why::RpcAttested)) => write!(f, "; if that is so, {claim}"),
            (Some(claim), Verdict::NotChecked(Why::NoTrustedRoot)) => write!(f, "; if you did, {claim}"),
            (Some(claim), _) => write!(f, "; {claim}"),
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(seconds) = self.not_after {
            write!(f, "it existed no later than {}, ", moment(seconds))?;
        }
        write!(f, "{}", self.source)?;
        if self.is_publication {
            f.write_str("; it stands in the one list that the ledger names")?;
        }
        Ok(())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Evm { chain_id, block_number, block_hash, .. } => write!(
                f,
                "by block {block_number} of chain {chain_id}, hash 0x{}: compare it with your own node or two explorers",
                hex::encode(block_hash)
            ),
            Source::Bitcoin { height, merkle_root, block_hash: None } => write!(
                f,
                "by Bitcoin block {height}, merkle root {}: compare it with your own node or two explorers",
                reversed(merkle_root)
            ),
            Source::Bitcoin { height, block_hash: Some(hash), .. } => write!(
                f,
                "by Bitcoin block {height}, hash {}: compare it with your own node or two explorers (a miner's clock may be two hours ahead)",
                reversed(hash)
            ),
            Source::Calendars(calendars) => {
                write!(f, "waiting for Bitcoin, promised by {}", calendars.join(", "))
            }
            Source::Authority { name, .. } => write!(f, "if one believes the authority {name}"),
        }
    }
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Consensus => "consensus",
            Level::Consortium => "consortium",
            Level::TrustedParty => "trusted-party",
            Level::RpcAttested => "rpc-attested",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Pending => f.write_str("submitted, in no block yet"),
            Why::BlockNotConfirmed => f.write_str("the block that it ends in is not confirmed by you"),
            Why::TestChain => f.write_str("a test chain is no evidence"),
            Why::RpcAttested => {
                f.write_str("RPC-attested: only an RPC node's word says that it is in a block")
            }
            Why::NoTrustedRoot => f.write_str("no root that you trust has issued its certificate"),
            Why::Unsupported(what) => write!(f, "{what} is not supported"),
            Why::UnknownKind(kind) => write!(f, "this program does not check anchors of kind {kind}"),
            Why::UnknownVersion(version) => write!(f, "version {version} is newer than this program"),
        }
    }
}
