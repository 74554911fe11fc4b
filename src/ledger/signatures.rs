//! Whether a statement's signatures are good. Admission asks it of a snapshot, a replay of its own state: an id names one
//! key for ever, so what was once good stays good, and only who may sign what is decided by position.

use super::facts::{Detail, Facts, SubjectFact};
use super::reader::Reader;
use super::refusal::{Code, Refusal};
use super::rules;
use super::state::ApplyError;
use crate::merkle::Hash;
use crate::statement::ed25519::PublicKey;
use crate::statement::envelope::Envelope;
use crate::statement::payload::Statement;
use crate::statement::subject::Subject;

impl<F: Facts> Reader<F> {
    /// Checks each signature strictly, one by one. `statement` is the envelope's payload.
    pub fn verify_signatures(&self, envelope: &Envelope, statement: &Statement) -> Result<(), ApplyError> {
        for signature in &envelope.signatures {
            let key = self.public_key(statement, &signature.keyid)?;
            if envelope.verify(signature, &key).is_err() {
                let message = format!("the signature of key {} does not fit", signature.keyid);
                return Err(Refusal::new(Code::Signature, message).into());
            }
        }
        Ok(())
    }

    /// The key with this id: registered, or introduced by the statement itself.
    fn public_key(&self, statement: &Statement, id: &Hash) -> Result<PublicKey, ApplyError> {
        let bytes = match self.subject(&Subject::of_key(id))? {
            Some(SubjectFact { detail: Detail::Key(key), .. }) => Some(key.public_key),
            _ => rules::introduced_keys(statement).into_iter().find(|key| Hash::of(&key.0) == *id),
        };
        let Some(bytes) = bytes else {
            return Err(Refusal::new(Code::Unknown, format!("key {id} is not in the ledger")).into());
        };
        PublicKey::parse(&bytes.0)
            .map_err(|error| Refusal::new(Code::Signature, format!("key {id}: {error}")).into())
    }
}
