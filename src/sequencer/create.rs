//! A new ledger: genesis, its map record and the first checkpoint.

use std::sync::Arc;

use super::clock::Clock;
use super::commit::{Target, commit};
use super::signer::LogSigner;
use crate::ledger::{ApplyError, Entry, State};
use crate::merkle::Hash;
use crate::merkle::tree::Frontier;
use crate::statement::envelope::Envelope;
use crate::statement::payload::{Home, Statement};
use crate::store::data_dir::{DataDir, DataDirError};
use crate::store::signed_head::SignedHead;
use crate::store::{self, Batch, Live, Store, StoreError};

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error("{0}")]
    Failed(String),
    #[error("the genesis statement: {0}")]
    Genesis(String),
    #[error("genesis names the log key {named}; the key given is {given}")]
    OtherKey { named: String, given: String },
    #[error("genesis is for the origin {named}; the log key is for {given}")]
    OtherOrigin { named: String, given: String },
    #[error("{0} is there already: it says what another ledger has signed")]
    SignedHeadExists(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a ledger in a directory that has none, and returns the leaf hash of its genesis. If it fails half-way, what
/// is there is no ledger: remove it and begin again.
pub fn create(
    dir: &DataDir,
    signed_head: &SignedHead,
    signer: &LogSigner,
    genesis: Envelope,
    clock: &dyn Clock,
) -> Result<Hash, CreateError> {
    // Before the first file is made.
    let statement = check(signer, &genesis)?;
    if signed_head.path().exists() {
        return Err(CreateError::SignedHeadExists(signed_head.path().display().to_string()));
    }
    dir.prepare()?;
    let store = store::create(&dir.db())?;
    let leaf = write(store, signed_head, signer, genesis, statement, clock.now_ms())?;
    dir.finish()?;
    Ok(leaf)
}

/// As [`create`], in an empty store.
pub fn create_in(
    store: Arc<dyn Store>,
    signed_head: &SignedHead,
    signer: &LogSigner,
    genesis: Envelope,
    at: i64,
) -> Result<Hash, CreateError> {
    let statement = check(signer, &genesis)?;
    write(store, signed_head, signer, genesis, statement, at)
}

fn check(signer: &LogSigner, genesis: &Envelope) -> Result<Statement, CreateError> {
    let invalid = |problem: &dyn ToString| CreateError::Genesis(problem.to_string());
    let statement = Statement::parse(&genesis.payload).map_err(|error| invalid(&error))?;
    genesis.check_signers(&statement).map_err(|error| invalid(&error))?;
    let given = signer.origin().to_string();
    match &statement.home {
        Home::Origin(named) if *named == given => {}
        Home::Origin(named) => return Err(CreateError::OtherOrigin { named: named.clone(), given }),
        Home::Ledger(_) => return Err(invalid(&"it is a statement for a ledger that exists already")),
    }
    let named = statement.data.get("log_vkey").and_then(serde_json::Value::as_str).unwrap_or_default();
    let keys: Vec<String> = signer.verifier_keys().iter().map(ToString::to_string).collect();
    if !keys.iter().any(|key| key == named) {
        return Err(CreateError::OtherKey { named: named.to_owned(), given: keys.join(", ") });
    }
    Ok(statement)
}

fn write(
    store: Arc<dyn Store>,
    signed_head: &SignedHead,
    signer: &LogSigner,
    genesis: Envelope,
    statement: Statement,
    at: i64,
) -> Result<Hash, CreateError> {
    let failed = |problem: &dyn ToString| CreateError::Failed(problem.to_string());
    let mut state = State::load(Live(store.clone())).map_err(|error| failed(&error))?;
    let record = state.draft(genesis, statement, at).map_err(|error| failed(&error))?;
    let applied = state.apply(&Entry::Record(Box::new(record))).map_err(|error| match error {
        ApplyError::Refused(refusal) => CreateError::Genesis(refusal.to_string()),
        ApplyError::Facts(error) => failed(&error),
    })?;
    let target = Target { store: &*store, signed_head, signer };
    commit(&target, &mut state, &mut Frontier::new(), at, Batch::default())
        .map_err(|error| failed(&error))?;
    Ok(applied.leaf)
}
