//! Everything about a statement that can be decided without being the one writer: form, schema, signatures, openings.
//!
//! Runs on the caller's thread against a snapshot and holds no lock, so it is as parallel as its callers are. What it
//! decides cannot be changed by a later record: an id names one key for ever. Rights and order are the writer's.

use serde_json::Value;

use crate::ledger::{ApplyError, Code, Facts, FactsError, Reader, Refusal};
use crate::merkle::Hash;
use crate::private::openings::{self, Opening, OpeningError};
use crate::statement::envelope::Envelope;
use crate::statement::kinds::Kind;
use crate::statement::payload::Statement;
use crate::statement::schema::{self, SchemaErrors};

/// What a client sends: a signed statement, and what opens its sealed values.
#[derive(Debug, Clone)]
pub struct Submission {
    pub envelope: Envelope,
    pub openings: Vec<Opening>,
}

/// A statement that the writer may take without looking at its form or signatures again. Only [`admit`] makes one.
pub struct Admitted {
    pub(super) envelope: Envelope,
    pub(super) statement: Statement,
    pub(super) openings: Vec<Opening>,
}

/// Why a statement was not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    #[error(transparent)]
    Facts(#[from] FactsError),
    #[error("{0}")]
    Refused(#[from] Refused),
}

/// A refusal, and where a schema was not met, every place of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{refusal}")]
pub struct Refused {
    pub refusal: Refusal,
    /// Pointers are into the payload's `data`, or into an opening's value.
    pub faults: Option<SchemaErrors>,
}

impl Submission {
    pub fn new(envelope: Envelope) -> Submission {
        Submission { envelope, openings: Vec::new() }
    }

    /// Reads `{"envelope": …, "openings": […]}`; without openings, the envelope alone is taken too.
    pub fn from_json(value: &Value) -> Result<Submission, Refused> {
        let Some(envelope) = value.get("envelope") else {
            return Ok(Submission::new(Envelope::from_json(value).map_err(form)?));
        };
        let openings = match value.get("openings") {
            None => &[],
            Some(Value::Array(openings)) => openings.as_slice(),
            Some(_) => return Err(form("openings is not a list")),
        };
        if openings.len() > openings::OPENINGS_MAX {
            return Err(form(OpeningError::TooMany));
        }
        Ok(Submission {
            envelope: Envelope::from_json(envelope).map_err(form)?,
            openings: openings.iter().map(Opening::from_json).collect::<Result<_, _>>().map_err(form)?,
        })
    }

    /// Names the statement: what it is found by when it is sent again.
    pub fn payload_hash(&self) -> Hash {
        Hash::of(&self.envelope.payload)
    }
}

/// Checks all that can be checked against what is committed. A key or record that only waits in the queue is not
/// known here; the refusal then says that it may be known later.
pub fn admit<F: Facts>(reader: &Reader<F>, submission: Submission) -> Result<Admitted, AdmissionError> {
    let Submission { envelope, openings } = submission;
    let statement = Statement::parse(&envelope.payload).map_err(form)?;
    envelope.check_signers(&statement).map_err(form)?;
    is_for_this_ledger(reader, &statement)?;
    let kind: Kind = statement.kind.to_string().parse().map_err(form)?;
    let original = original(reader, &statement)?;
    let data = Value::Object(statement.data.clone());
    match original {
        Some(original) => schema::validate_correction(original, &data),
        None => schema::validate(kind, &data),
    }
    .map_err(misfit)?;
    reader.verify_signatures(&envelope, &statement).map_err(|error| match error {
        ApplyError::Facts(error) => AdmissionError::Facts(error),
        ApplyError::Refused(refusal) => refused(refusal).into(),
    })?;
    openings::check(&statement, kind, original, &openings).map_err(|error| match error {
        OpeningError::Schema(faults) => misfit(faults),
        other => form(other),
    })?;
    Ok(Admitted { envelope, statement, openings })
}

fn is_for_this_ledger<F: Facts>(reader: &Reader<F>, statement: &Statement) -> Result<(), AdmissionError> {
    let ours = reader.log()?.map(|log| log.ledger);
    if ours.is_some() && statement.ledger() == ours.as_ref() {
        return Ok(());
    }
    Err(refused(Refusal::new(Code::WrongLedger, "the statement is for another ledger")).into())
}

/// The kind of the record that a correction corrects.
fn original<F: Facts>(reader: &Reader<F>, statement: &Statement) -> Result<Option<Kind>, AdmissionError> {
    let Some(leaf) = &statement.corrects else { return Ok(None) };
    let Some(fact) = reader.leaf(leaf)? else {
        let message = format!("record {leaf} is not in the ledger");
        return Err(refused(Refusal::new(Code::Unknown, message)).into());
    };
    Ok(Some(fact.kind.parse().map_err(form)?))
}

fn form(problem: impl ToString) -> Refused {
    refused(Refusal::new(Code::Form, problem.to_string()))
}

fn misfit(faults: SchemaErrors) -> Refused {
    Refused { refusal: Refusal::new(Code::Form, faults.to_string()), faults: Some(faults) }
}

fn refused(refusal: Refusal) -> Refused {
    Refused { refusal, faults: None }
}
