//! The trust file: what a verifier must be told from outside, and never takes from a bundle.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::anchor::{Publication, Told};
use crate::merkle::Hash;
use crate::note::policy::Policy;
use crate::note::vkey::{KeyType, VerifierKey};

/// Origin, log keys and genesis of one ledger, and optionally the witnesses whose word counts.
#[derive(Debug, Clone)]
pub struct Trust {
    pub origin: String,
    /// Leaf hash of record 0.
    pub genesis: Hash,
    /// The log's keys and the witnesses asked for: C2SP tlog-policy.
    pub policy: Policy,
    /// The one list of checkpoints that counts, and whose time stamps do. No block is ever told of here: those a reader
    /// finds out for himself.
    pub anchors: Told,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("trust file: {0}")]
pub struct TrustError(String);

/// The file's JSON, docs/format.md "Trust file".
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    v: u64,
    origin: String,
    log: Vec<String>,
    genesis: Hash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    publication: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tsa_roots: Option<Vec<String>>,
}

/// Whose anchors count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anchors {
    pub publication: Option<Publication>,
    /// Root certificates of time-stamping authorities, DER.
    pub tsa_roots: Vec<Vec<u8>>,
}

impl File {
    fn told(&self) -> Result<Told, TrustError> {
        let publication = match &self.publication {
            Some(text) => Some(text.parse().map_err(|error| TrustError(format!("publication: {error}")))?),
            None => None,
        };
        let root = |text: &String| {
            STANDARD.decode(text).map_err(|_| TrustError("tsa_roots: a certificate is not base64".into()))
        };
        let tsa_roots = self.tsa_roots.iter().flatten().map(root).collect::<Result<_, _>>()?;
        Ok(Told { publication, tsa_roots, ..Told::default() })
    }
}

impl Trust {
    pub fn parse(text: &str) -> Result<Trust, TrustError> {
        let file: File = serde_json::from_str(text).map_err(|error| TrustError(error.to_string()))?;
        if file.v != 1 {
            return Err(TrustError(format!("version {} is not known", file.v)));
        }
        let keys: Vec<VerifierKey> =
            file.log.iter().map(|text| log_key(text, &file.origin)).collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(TrustError("it names no log key".into()));
        }
        let policy = match &file.policy {
            Some(text) => policy(text, &keys)?,
            None => Policy::without_witnesses(keys),
        };
        let anchors = file.told()?;
        Ok(Trust { origin: file.origin, genesis: file.genesis, policy, anchors })
    }

    /// The text of the file, indented for people.
    pub fn to_text(origin: &str, log: &[String], genesis: Hash, policy: Option<&str>) -> String {
        Trust::to_text_with(origin, log, genesis, policy, &Anchors::default())
    }

    /// The same with those whose anchors count.
    pub fn to_text_with(
        origin: &str,
        log: &[String],
        genesis: Hash,
        policy: Option<&str>,
        anchors: &Anchors,
    ) -> String {
        let file = File {
            publication: anchors.publication.as_ref().map(Publication::to_string),
            tsa_roots: (!anchors.tsa_roots.is_empty())
                .then(|| anchors.tsa_roots.iter().map(|root| STANDARD.encode(root)).collect()),
            v: 1,
            origin: origin.to_owned(),
            log: log.to_vec(),
            genesis,
            policy: policy.map(str::to_owned),
        };
        // A plain struct of texts and lists: serde_json has no way to fail.
        serde_json::to_string_pretty(&file).expect("a trust file serialises") + "\n"
    }

    /// The text of the policy in a trust file, if it has one.
    pub fn policy_text(text: &str) -> Result<Option<String>, TrustError> {
        let file: File = serde_json::from_str(text).map_err(|error| TrustError(error.to_string()))?;
        Ok(file.policy)
    }

    /// The same trust with another witness policy, which must be about the same log.
    pub fn with_policy(mut self, text: &str) -> Result<Trust, TrustError> {
        let keys: Vec<VerifierKey> = self.policy.logs().iter().map(|log| log.key.clone()).collect();
        self.policy = policy(text, &keys)?;
        Ok(self)
    }
}

fn log_key(text: &str, origin: &str) -> Result<VerifierKey, TrustError> {
    let key: VerifierKey = text.parse().map_err(|error| TrustError(format!("log key {text}: {error}")))?;
    if key.name().as_str() != origin || key.key_type() != KeyType::Ed25519 {
        return Err(TrustError(format!("{text} is not an Ed25519 key of {origin}")));
    }
    Ok(key)
}

/// A policy may not bring in log keys that the trust file does not name, or leave one out.
fn policy(text: &str, keys: &[VerifierKey]) -> Result<Policy, TrustError> {
    let policy = Policy::parse(text.as_bytes()).map_err(|error| TrustError(format!("policy: {error}")))?;
    let same = policy.logs().len() == keys.len() && policy.logs().iter().all(|log| keys.contains(&log.key));
    same.then_some(policy)
        .ok_or_else(|| TrustError("the policy names other log keys than the trust file".into()))
}
