//! The `.ots` format: a digest and a tree of operations that end in attestations.
//!
//! Read by the limits of the reference implementation (python-opentimestamps 0.4.5), with two rules more, so that a file
//! has one spelling: numbers are written as short as they go, and a file is at most [`FILE_BYTES_MAX`] long. What is
//! read is written again byte for byte, unknown attestations included.

use ripemd::Ripemd160;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::anchor::evm::keccak256;
use crate::merkle::Hash;

/// Ours: a file from six calendars is a tenth of it.
pub const FILE_BYTES_MAX: usize = 65_536;

const MAGIC: &[u8; 31] = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94";
const FILE_VERSION: u64 = 1;
/// Of a message that an operation takes or makes, and of what it adds.
const MESSAGE_BYTES_MAX: usize = 4096;
const ATTESTATION_BYTES_MAX: usize = 8192;
const URI_BYTES_MAX: usize = 1000;
/// Of trees on one path, the first one included: 255 operations.
const DEPTH_MAX: usize = 256;

const FORK: u8 = 0xff;
const ATTESTATION: u8 = 0x00;
const BITCOIN: [u8; 8] = [0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01];
const PENDING: [u8; 8] = [0x83, 0xdf, 0xe3, 0x0d, 0x2e, 0xf9, 0x0c, 0x8e];

/// A `.ots` file for a SHA-256 digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub digest: Hash,
    pub tree: Tree,
}

/// What is done with one message, in the order of the file. Never empty once read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree(pub Vec<Branch>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Branch {
    Attestation(Attestation),
    /// An operation, and what is done with its result.
    Op(Op, Tree),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    Append(Vec<u8>),
    Prepend(Vec<u8>),
    Reverse,
    Hexlify,
    Sha1,
    Ripemd160,
    Sha256,
    Keccak256,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Attestation {
    /// The message is the Merkle root of the block at this height. No header tells its height: it is a hint.
    Bitcoin { height: u64 },
    /// A calendar has promised to go on from the message.
    Pending { uri: String },
    /// Carried and not judged: Litecoin, Ethereum, whatever comes.
    Other { tag: [u8; 8], payload: Vec<u8> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProofError(&'static str);

const TRUNCATED: ProofError = ProofError("the proof ends too early");
pub(super) const FOLLOWED: ProofError = ProofError("something follows the proof");

impl Proof {
    /// Reads one file from the start of `bytes`, and says how long it is.
    pub fn read(bytes: &[u8]) -> Result<(Proof, usize), ProofError> {
        let mut reader = Reader { rest: bytes };
        if reader.take(MAGIC.len()).ok() != Some(MAGIC) {
            return Err(ProofError("it is no OpenTimestamps proof"));
        }
        if reader.number()? != FILE_VERSION {
            return Err(ProofError("it is of a version of OpenTimestamps that this program does not know"));
        }
        if reader.byte()? != Op::Sha256.tag() {
            return Err(ProofError("it is not for a SHA-256 digest"));
        }
        let digest = Hash(reader.array()?);
        let tree = reader.tree(digest.as_bytes(), DEPTH_MAX)?;
        let length = bytes.len() - reader.rest.len();
        if length > FILE_BYTES_MAX {
            return Err(ProofError("the proof is too long"));
        }
        Ok((Proof { digest, tree }, length))
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        write_number(&mut out, FILE_VERSION);
        out.push(Op::Sha256.tag());
        out.extend_from_slice(self.digest.as_bytes());
        self.tree.write(&mut out);
        out
    }

    /// Each attestation with the message that it is about, in the order of the file.
    pub fn attestations(&self) -> Vec<(Vec<u8>, &Attestation)> {
        self.tree.attestations(self.digest.as_bytes())
    }
}

impl Tree {
    /// Reads a tree that is all of `bytes`, as calendars send it for a message.
    pub fn read(bytes: &[u8], message: &[u8]) -> Result<Tree, ProofError> {
        let mut reader = Reader { rest: bytes };
        let tree = reader.tree(message, DEPTH_MAX)?;
        if !reader.rest.is_empty() {
            return Err(FOLLOWED);
        }
        Ok(tree)
    }

    /// Adds what another tree for the same message has and this one has not.
    pub fn merge(&mut self, other: Tree) {
        for branch in other.0 {
            match branch {
                Branch::Op(op, below) => self.merge_under(op, below),
                attestation if self.0.contains(&attestation) => {}
                attestation => self.0.push(attestation),
            }
        }
    }

    fn merge_under(&mut self, op: Op, tree: Tree) {
        for branch in &mut self.0 {
            if let Branch::Op(known, below) = branch
                && *known == op
            {
                return below.merge(tree);
            }
        }
        self.0.push(Branch::Op(op, tree));
    }

    /// Merges trees for messages that come about in this one, which is for `message`.
    pub fn graft(&mut self, message: &[u8], grown: &[(Vec<u8>, Tree)]) {
        for branch in &mut self.0 {
            if let Branch::Op(op, below) = branch
                && let Ok(result) = op.apply(message)
            {
                below.graft(&result, grown);
            }
        }
        for (_, tree) in grown.iter().filter(|(at, _)| at == message) {
            self.merge(tree.clone());
        }
    }

    /// Each attestation with the message that it is about, of the tree for `message`.
    pub fn attestations(&self, message: &[u8]) -> Vec<(Vec<u8>, &Attestation)> {
        let mut found = Vec::new();
        self.collect(message, &mut found);
        found
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        for (at, branch) in self.0.iter().enumerate() {
            if at + 1 < self.0.len() {
                out.push(FORK);
            }
            match branch {
                Branch::Attestation(attestation) => {
                    out.push(ATTESTATION);
                    attestation.write(out);
                }
                Branch::Op(op, below) => {
                    op.write(out);
                    below.write(out);
                }
            }
        }
    }

    fn collect<'a>(&'a self, message: &[u8], found: &mut Vec<(Vec<u8>, &'a Attestation)>) {
        for branch in &self.0 {
            match branch {
                Branch::Attestation(attestation) => found.push((message.to_vec(), attestation)),
                Branch::Op(op, below) => {
                    // A tree that was read has been run through; one that was put together may be too long somewhere.
                    if let Ok(result) = op.apply(message) {
                        below.collect(&result, found);
                    }
                }
            }
        }
    }
}

impl Op {
    fn tag(&self) -> u8 {
        match self {
            Op::Append(_) => 0xf0,
            Op::Prepend(_) => 0xf1,
            Op::Reverse => 0xf2,
            Op::Hexlify => 0xf3,
            Op::Sha1 => 0x02,
            Op::Ripemd160 => 0x03,
            Op::Sha256 => 0x08,
            Op::Keccak256 => 0x67,
        }
    }

    pub fn apply(&self, message: &[u8]) -> Result<Vec<u8>, ProofError> {
        let result = match self {
            Op::Append(with) => [message, with].concat(),
            Op::Prepend(with) => [with, message].concat(),
            Op::Reverse => message.iter().rev().copied().collect(),
            Op::Hexlify => hex::encode(message).into_bytes(),
            Op::Sha1 => Sha1::digest(message).to_vec(),
            Op::Ripemd160 => Ripemd160::digest(message).to_vec(),
            Op::Sha256 => Sha256::digest(message).to_vec(),
            Op::Keccak256 => keccak256(message).to_vec(),
        };
        if result.len() > MESSAGE_BYTES_MAX {
            return Err(ProofError("a message in the proof is too long"));
        }
        Ok(result)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.tag());
        if let Op::Append(with) | Op::Prepend(with) = self {
            write_number(out, with.len() as u64);
            out.extend_from_slice(with);
        }
    }
}

impl Attestation {
    fn write(&self, out: &mut Vec<u8>) {
        let (tag, payload) = match self {
            Attestation::Bitcoin { height } => {
                let mut payload = Vec::new();
                write_number(&mut payload, *height);
                (&BITCOIN, payload)
            }
            Attestation::Pending { uri } => {
                let mut payload = Vec::new();
                write_number(&mut payload, uri.len() as u64);
                payload.extend_from_slice(uri.as_bytes());
                (&PENDING, payload)
            }
            Attestation::Other { tag, payload } => (tag, payload.clone()),
        };
        out.extend_from_slice(tag);
        write_number(out, payload.len() as u64);
        out.extend_from_slice(&payload);
    }

    fn read(tag: [u8; 8], payload: &[u8]) -> Result<Attestation, ProofError> {
        let mut reader = Reader { rest: payload };
        let attestation = match tag {
            BITCOIN => Attestation::Bitcoin { height: reader.number()? },
            PENDING => {
                let uri = reader.counted(0, URI_BYTES_MAX)?;
                let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._/:".contains(byte);
                match std::str::from_utf8(uri) {
                    Ok(text) if uri.iter().all(plain) => Attestation::Pending { uri: text.to_owned() },
                    _ => return Err(ProofError("the address of a calendar has characters that it may not")),
                }
            }
            _ => return Ok(Attestation::Other { tag, payload: payload.to_vec() }),
        };
        if !reader.rest.is_empty() {
            return Err(ProofError("an attestation is longer than what it says"));
        }
        Ok(attestation)
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ProofError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(TRUNCATED)?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, ProofError> {
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ProofError> {
        self.take(N)?.try_into().map_err(|_| TRUNCATED)
    }

    /// Unsigned LEB128, in its shortest form.
    fn number(&mut self) -> Result<u64, ProofError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(ProofError("a number in the proof is not written as short as it goes"));
                }
                return Ok(value);
            }
        }
        Err(ProofError("a number in the proof is too large"))
    }

    /// Bytes behind their count.
    fn counted(&mut self, min: usize, max: usize) -> Result<&'a [u8], ProofError> {
        match usize::try_from(self.number()?) {
            Ok(count) if (min..=max).contains(&count) => self.take(count),
            _ => Err(ProofError("something in the proof is too long or too short")),
        }
    }

    fn tree(&mut self, message: &[u8], depth: usize) -> Result<Tree, ProofError> {
        if depth == 0 {
            return Err(ProofError("the proof has too many operations in a row"));
        }
        let mut branches = Vec::new();
        loop {
            let mut tag = self.byte()?;
            let is_last = tag != FORK;
            if !is_last {
                tag = self.byte()?;
            }
            let branch = if tag == ATTESTATION {
                let tag = self.array()?;
                let payload = self.counted(0, ATTESTATION_BYTES_MAX)?;
                Branch::Attestation(Attestation::read(tag, payload)?)
            } else {
                let op = self.op(tag)?;
                let result = op.apply(message)?;
                Branch::Op(op, self.tree(&result, depth - 1)?)
            };
            branches.push(branch);
            if is_last {
                return Ok(Tree(branches));
            }
        }
    }

    fn op(&mut self, tag: u8) -> Result<Op, ProofError> {
        Ok(match tag {
            0xf0 => Op::Append(self.counted(1, MESSAGE_BYTES_MAX)?.to_vec()),
            0xf1 => Op::Prepend(self.counted(1, MESSAGE_BYTES_MAX)?.to_vec()),
            0xf2 => Op::Reverse,
            0xf3 => Op::Hexlify,
            0x02 => Op::Sha1,
            0x03 => Op::Ripemd160,
            0x08 => Op::Sha256,
            0x67 => Op::Keccak256,
            _ => return Err(ProofError("the proof has an operation that this program does not know")),
        })
    }
}

fn write_number(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
