//! C2SP tlog-policy: which logs to believe, and how many of which witnesses must have seen what they say.
//!
//! A policy never comes from the file that it judges. Names and comments are octets, compared as such.

use std::collections::{HashMap, HashSet};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::signed_note::{SignedNote, VerifyError};
use super::vkey::{KeyType, VerifierKey, VerifierKeyError};
use crate::merkle::decimal;

/// The longest policy that is read.
pub const POLICY_BYTES_MAX: usize = 64 * 1024;

/// The most logs, witnesses and groups of each that a policy may define; C2SP asks for 32 at least.
pub const POLICY_NAMES_MAX: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    quorum: Quorum,
    /// The group of those who replay what they cosign.
    replaying: Option<Quorum>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its name is the log's origin.
    pub key: VerifierKey,
    /// As written; octets that are not UTF-8 are replaced, since no request could be made of them.
    pub url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its name within the policy only.
    pub name: Vec<u8>,
    pub key: VerifierKey,
    pub url: Option<String>,
}

/// Name of the group whose witnesses run every record through the rules before they cosign.
const REPLAYING: &[u8] = b"replaying";

/// Who must have cosigned. Witnesses by their place in the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Quorum {
    Group { threshold: usize, members: Vec<Quorum> },
    Nobody,
    Witness(usize),
}

/// What a line of a policy has wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("line {line}: control characters")]
    Characters { line: usize },
    #[error("line {line}: this key is listed already")]
    DuplicateKey { line: usize },
    #[error("line {line}: this name is defined already")]
    DuplicateName { line: usize },
    #[error("line {line}: {error}")]
    Key { line: usize, error: VerifierKeyError },
    #[error("line {line}: this type of key cannot do that")]
    KeyType { line: usize },
    #[error("line {line}: not a line of a policy")]
    Malformed { line: usize },
    #[error("line {line}: already a member of a group")]
    MemberTwice { line: usize },
    #[error("a policy has exactly one quorum line")]
    Quorum,
    #[error("line {line}: the threshold is not between 1 and the number of members")]
    Threshold { line: usize },
    #[error(
        "a policy is at most {POLICY_BYTES_MAX} bytes and {POLICY_NAMES_MAX} logs, witnesses and groups long"
    )]
    TooLong,
    #[error("line {line}: this name is not defined above")]
    UnknownName { line: usize },
}

/// A checkpoint that a log of the policy has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedCheckpoint<'p> {
    pub checkpoint: Checkpoint,
    pub log_keys: Vec<&'p VerifierKey>,
    /// Each witness once, with the newest time it has signed for, in Unix seconds.
    pub cosigners: Vec<(&'p PolicyWitness, u64)>,
    /// Whether those are enough.
    pub has_quorum: bool,
}

/// A note is not a checkpoint that the policy believes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("the witnesses that have cosigned are not enough for the policy")]
    NoQuorum,
    #[error(transparent)]
    Note(#[from] VerifyError),
    #[error("no log of the policy with this origin has signed the checkpoint")]
    UnknownLog,
}

impl Policy {
    pub fn parse(bytes: &[u8]) -> Result<Policy, PolicyError> {
        if bytes.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::TooLong);
        }
        let mut parser = Parser::default();
        for (n, line) in bytes.split(|b| *b == b'\n').enumerate() {
            parser.line(line, n + 1)?;
        }
        let quorum = parser.quorum.ok_or(PolicyError::Quorum)?;
        let Parser { logs, witnesses, replaying, .. } = parser;
        Ok(Policy { logs, witnesses, quorum, replaying })
    }

    /// Any one of these log keys is believed, and no witness is asked for.
    pub fn without_witnesses(log_keys: impl IntoIterator<Item = VerifierKey>) -> Policy {
        let logs = log_keys.into_iter().map(|key| PolicyLog { key, url: None }).collect();
        Policy { logs, witnesses: Vec::new(), quorum: Quorum::Nobody, replaying: None }
    }

    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// Whether the policy asks for any witness at all.
    pub fn wants_witnesses(&self) -> bool {
        self.quorum != Quorum::Nobody
    }

    /// Whether these witnesses make the quorum.
    pub fn is_met_by(&self, has_cosigned: impl Fn(&PolicyWitness) -> bool) -> bool {
        self.quorum.is_met(&|witness| has_cosigned(&self.witnesses[witness]))
    }

    /// Those of the group `replaying` who have cosigned, by their place in the policy, if they are enough for the group.
    pub fn replayed_by(&self, has_cosigned: impl Fn(&PolicyWitness) -> bool) -> Vec<usize> {
        let has = |witness: usize| has_cosigned(&self.witnesses[witness]);
        let Some(group) = self.replaying.as_ref().filter(|group| group.is_met(&has)) else {
            return Vec::new();
        };
        let mut members = Vec::new();
        group.members(&mut members);
        members.retain(|witness| has(*witness));
        members
    }

    /// Reads a checkpoint that a log of the policy has signed, whoever else has. Asks for no quorum: see `verify`.
    pub fn open(&self, note: &SignedNote) -> Result<OpenedCheckpoint<'_>, OpenError> {
        let log_keys = self.logs.iter().map(|log| &log.key);
        let witness_keys = self.witnesses.iter().map(|witness| &witness.key);
        let verified = note.verify(log_keys.chain(witness_keys))?;
        let checkpoint: Checkpoint = note.text().parse()?;

        let is_own =
            |key: &VerifierKey| key.key_type() == KeyType::Ed25519 && *key.name() == checkpoint.origin;
        let log_keys: Vec<_> = verified.iter().map(|by| by.key).filter(|key| is_own(key)).collect();
        if log_keys.is_empty() {
            return Err(OpenError::UnknownLog);
        }
        let newest = |witness: &PolicyWitness| {
            verified.iter().filter(|by| *by.key == witness.key).filter_map(|by| by.time).max()
        };
        let cosigners: Vec<_> =
            self.witnesses.iter().filter_map(|witness| Some((witness, newest(witness)?))).collect();
        let has_quorum = self.is_met_by(|asked| cosigners.iter().any(|(witness, _)| *witness == asked));
        Ok(OpenedCheckpoint { checkpoint, log_keys, cosigners, has_quorum })
    }

    /// As `open`, and enough witnesses have cosigned: all that tlog-policy asks of a valid checkpoint.
    pub fn verify(&self, note: &SignedNote) -> Result<OpenedCheckpoint<'_>, OpenError> {
        let opened = self.open(note)?;
        if opened.has_quorum { Ok(opened) } else { Err(OpenError::NoQuorum) }
    }
}

impl Quorum {
    fn is_met(&self, has_cosigned: &dyn Fn(usize) -> bool) -> bool {
        match self {
            Quorum::Group { threshold, members } => {
                members.iter().filter(|member| member.is_met(has_cosigned)).count() >= *threshold
            }
            Quorum::Nobody => true,
            Quorum::Witness(witness) => has_cosigned(*witness),
        }
    }

    /// The witnesses in it, of inner groups too.
    fn members(&self, found: &mut Vec<usize>) {
        match self {
            Quorum::Group { members, .. } => members.iter().for_each(|member| member.members(found)),
            Quorum::Nobody => {}
            Quorum::Witness(witness) => found.push(*witness),
        }
    }
}

#[derive(Default)]
struct Parser {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: usize,
    /// Witnesses and groups, by the one name space they share.
    named: HashMap<Vec<u8>, Quorum>,
    members: HashSet<Vec<u8>>,
    quorum: Option<Quorum>,
    replaying: Option<Quorum>,
}

impl Parser {
    fn line(&mut self, bytes: &[u8], line: usize) -> Result<(), PolicyError> {
        let is_control = |b: &u8| (*b < b' ' && *b != b'\t') || *b == 0x7f;
        if bytes.iter().any(is_control) {
            return Err(PolicyError::Characters { line });
        }
        let mut words = bytes.split(|b| matches!(b, b' ' | b'\t')).filter(|word| !word.is_empty());
        let Some(first) = words.next().filter(|word| !word.starts_with(b"#")) else { return Ok(()) };
        let words: Vec<&[u8]> = words.collect();
        match (first, &words[..]) {
            (b"log", [key, url @ ..]) => self.log(key, url, line),
            (b"witness", [name, key, url @ ..]) => self.witness(name, key, url, line),
            (b"group", [name, threshold, members @ ..]) => self.group(name, threshold, members, line),
            (b"quorum", [name]) => self.quorum(name, line),
            _ => Err(PolicyError::Malformed { line }),
        }
    }

    fn log(&mut self, key: &[u8], url: &[&[u8]], line: usize) -> Result<(), PolicyError> {
        let key = parse_key(key, KeyType::Ed25519, line)?;
        if self.logs.iter().any(|log| log.key.public() == key.public()) {
            return Err(PolicyError::DuplicateKey { line });
        }
        self.logs.push(PolicyLog { key, url: parse_url(url, line)? });
        at_most(self.logs.len())
    }

    fn witness(&mut self, name: &[u8], key: &[u8], url: &[&[u8]], line: usize) -> Result<(), PolicyError> {
        let key = parse_key(key, KeyType::Cosignature, line)?;
        if self.witnesses.iter().any(|witness| witness.key.public() == key.public()) {
            return Err(PolicyError::DuplicateKey { line });
        }
        self.define(name, Quorum::Witness(self.witnesses.len()), line)?;
        self.witnesses.push(PolicyWitness { name: name.to_vec(), key, url: parse_url(url, line)? });
        at_most(self.witnesses.len())
    }

    fn group(
        &mut self,
        name: &[u8],
        threshold: &[u8],
        members: &[&[u8]],
        line: usize,
    ) -> Result<(), PolicyError> {
        let number = || std::str::from_utf8(threshold).ok().and_then(decimal::parse);
        let threshold = match threshold {
            b"all" => members.len(),
            b"any" => 1,
            _ => number().and_then(|k| usize::try_from(k).ok()).ok_or(PolicyError::Malformed { line })?,
        };
        if threshold < 1 || threshold > members.len() {
            return Err(PolicyError::Threshold { line });
        }
        let mut found = Vec::new();
        for member in members {
            found.push(self.named.get(*member).cloned().ok_or(PolicyError::UnknownName { line })?);
            if !self.members.insert(member.to_vec()) {
                return Err(PolicyError::MemberTwice { line });
            }
        }
        let group = Quorum::Group { threshold, members: found };
        if name == REPLAYING {
            self.replaying = Some(group.clone());
        }
        self.define(name, group, line)?;
        self.groups += 1;
        at_most(self.groups)
    }

    fn quorum(&mut self, name: &[u8], line: usize) -> Result<(), PolicyError> {
        let quorum = match name {
            b"none" => Quorum::Nobody,
            _ => self.named.get(name).cloned().ok_or(PolicyError::UnknownName { line })?,
        };
        if self.quorum.replace(quorum).is_some() { Err(PolicyError::Quorum) } else { Ok(()) }
    }

    fn define(&mut self, name: &[u8], quorum: Quorum, line: usize) -> Result<(), PolicyError> {
        if name == b"none" || self.named.insert(name.to_vec(), quorum).is_some() {
            return Err(PolicyError::DuplicateName { line });
        }
        Ok(())
    }
}

fn parse_key(text: &[u8], wanted: KeyType, line: usize) -> Result<VerifierKey, PolicyError> {
    let text = std::str::from_utf8(text).map_err(|_| PolicyError::Malformed { line })?;
    let key: VerifierKey = text.parse().map_err(|error| PolicyError::Key { line, error })?;
    if key.key_type() == wanted { Ok(key) } else { Err(PolicyError::KeyType { line }) }
}

fn parse_url(words: &[&[u8]], line: usize) -> Result<Option<String>, PolicyError> {
    match words {
        [] => Ok(None),
        [url] => Ok(Some(String::from_utf8_lossy(url).into_owned())),
        _ => Err(PolicyError::Malformed { line }),
    }
}

fn at_most(count: usize) -> Result<(), PolicyError> {
    if count <= POLICY_NAMES_MAX { Ok(()) } else { Err(PolicyError::TooLong) }
}

#[cfg(test)]
mod tests;
