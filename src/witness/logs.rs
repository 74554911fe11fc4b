//! Which logs a witness knows, and of which ledgers it can judge bundles.

use std::collections::BTreeMap;

use crate::note::vkey::{KeyName, KeyType, VerifierKey, VerifierKeyError};
use crate::verify::Trust;
use crate::verify::trust::TrustError;

/// Keys of logs by their origin, and the trust files among them.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    keys: BTreeMap<KeyName, Vec<VerifierKey>>,
    trusts: BTreeMap<KeyName, Trust>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogsError {
    #[error("{text}: {error}")]
    Key { text: String, error: VerifierKeyError },
    #[error("{0}: not the key of a log (Ed25519, type 01)")]
    KeyType(String),
    #[error("line {line}: {error}")]
    Line { line: usize, error: Box<LogsError> },
    #[error("two trust files are for {0}")]
    TrustTwice(KeyName),
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl Logs {
    /// A verifier key whose name is the log's origin. A log may have several, while it changes its key.
    pub fn add_key(&mut self, text: &str) -> Result<(), LogsError> {
        let key = text.parse().map_err(|error| LogsError::Key { text: text.to_owned(), error })?;
        self.add(key)
    }

    /// One verifier key a line; empty lines and those that begin with `#` say nothing.
    pub fn add_lines(&mut self, text: &str) -> Result<(), LogsError> {
        for (line, key) in (1..).zip(text.lines().map(str::trim)) {
            if !key.is_empty() && !key.starts_with('#') {
                self.add_key(key).map_err(|error| LogsError::Line { line, error: error.into() })?;
            }
        }
        Ok(())
    }

    /// A ledger's trust file: its log keys, and what it takes to judge its bundles.
    pub fn add_trust(&mut self, text: &str) -> Result<(), LogsError> {
        let trust = Trust::parse(text)?;
        for log in trust.policy.logs() {
            self.add(log.key.clone())?;
        }
        let Some(origin) = trust.policy.logs().first().map(|log| log.key.name().clone()) else {
            return Ok(());
        };
        match self.trusts.insert(origin.clone(), trust) {
            Some(_) => Err(LogsError::TrustTwice(origin)),
            None => Ok(()),
        }
    }

    fn add(&mut self, key: VerifierKey) -> Result<(), LogsError> {
        if key.key_type() != KeyType::Ed25519 {
            return Err(LogsError::KeyType(key.to_string()));
        }
        let keys = self.keys.entry(key.name().clone()).or_default();
        if !keys.contains(&key) {
            keys.push(key);
        }
        Ok(())
    }

    pub fn origins(&self) -> impl Iterator<Item = &KeyName> {
        self.keys.keys()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys that may sign for this origin; none: the log is not known.
    pub fn keys(&self, origin: &KeyName) -> Option<&[VerifierKey]> {
        self.keys.get(origin).map(Vec::as_slice)
    }

    pub fn trust(&self, origin: &str) -> Option<&Trust> {
        self.trusts.get(&origin.parse::<KeyName>().ok()?)
    }
}
