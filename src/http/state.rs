//! What the handlers share, and all that they ask of the ledger.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::web::{self, Bytes};
use serde_json::{Value, json};

use super::RETRY_SECS;
use super::api::blobs::Named;
use super::api::statements::{ReceiptBody, Taken};
use super::metrics::Metrics;
use super::problem::{self, Problem};
use super::rate::Limit;
use super::serve::ServeError;
use super::time;
use super::view::View;
use crate::config::Config;
use crate::ledger::{Code, Entry};
use crate::merkle::Hash;
use crate::private::openings::{self, Opening};
use crate::produce::{Ask, Story};
use crate::sequencer::{LedgerHandle, Pending, Refused, Status, Submission, SubmitError};
use crate::statement::context::Visibility;
use crate::statement::payload::Statement;
use crate::statement::schema::SchemaError;
use crate::statement::subject::Subject;
use crate::text::{self, Lang};
use crate::verify::Trust;
use crate::verify::collect;

/// Where a payload's coordinates stand. Nobody is shown them here.
const GPS: &str = "/place/gps";

/// What every handler shares, as `web::Data<AppState>`. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    pub ledger: LedgerHandle,
    pub config: Config,
    /// The text of `/trust.json`.
    pub trust: String,
    /// Genesis calls the ledger a demonstration; every page says so.
    pub demonstration: bool,
    pub(super) metrics: Arc<Metrics>,
    pub(super) reads: Arc<Limit>,
    pub(super) writes: Arc<Limit>,
}

impl AppState {
    pub fn new(config: Config, ledger: LedgerHandle) -> Result<AppState, ServeError> {
        let log = ledger.snapshot().log().map_err(|error| ServeError::Ledger(error.to_string()))?;
        let log = log.ok_or_else(|| ServeError::Ledger("there is no ledger".into()))?;
        if log.origin != config.origin {
            return Err(ServeError::OtherOrigin { said: config.origin, found: log.origin });
        }
        let demonstration = log.demonstration;
        let trust = Trust::to_text(&log.origin, &[log.log_vkey], log.ledger, None);
        let (reads, writes) = (Limit::new(config.reads).into(), Limit::new(config.writes).into());
        Ok(AppState {
            ledger,
            config,
            trust,
            demonstration,
            metrics: Metrics::default().into(),
            reads,
            writes,
        })
    }

    /// Why the ledger takes no statements just now.
    pub fn read_only(&self) -> Option<String> {
        match self.ledger.status() {
            Status::ReadOnly(why) => Some(why.to_string()),
            Status::Writable => None,
        }
    }

    /// The openings that everybody may see, by the leaf of their record.
    pub fn public_openings<'a>(
        &self,
        view: &View,
        records: impl IntoIterator<Item = &'a Entry>,
    ) -> Result<BTreeMap<Hash, Vec<Value>>, Problem> {
        let mut public = BTreeMap::new();
        let shown = records.into_iter().filter_map(Entry::as_record);
        for record in shown.filter(|record| record.statement.visibility == Some(Visibility::Public)) {
            let leaf = record.leaf();
            let found = openings::of(&view.reader.0, &leaf).map_err(Problem::internal)?;
            // Coordinates are finer than the village that pages tell.
            let shown = found.iter().filter(|opening| opening.pointer() != GPS).map(Opening::to_json);
            public.insert(leaf, shown.collect());
        }
        Ok(public)
    }

    /// What the ledger holds on a batch and on what it came from; none where it holds nothing.
    pub fn story(&self, view: &View, subject: &Subject) -> Result<Option<Story>, Problem> {
        let size = view.under.size;
        let gathered = collect::gather(&view.reader, subject, size).map_err(problem::not_collected)?;
        let openings = self.public_openings(view, gathered.records.values())?;
        let at = match size.checked_sub(1) {
            Some(last) => view.reader.entry(last)?.at(),
            None => 0,
        };
        let as_of = time::now_ms();
        Ok(Story::tell(&Ask { subject, records: &gathered.records, openings: &openings, size, at, as_of }))
    }

    /// An attachment by its commitment, if the ledger has a statement that names it and its opening was given.
    pub(super) fn attachment(&self, view: &View, commitment: &Hash) -> Result<Option<Named>, Problem> {
        let place = openings::place_of(&view.reader.0, commitment).map_err(Problem::internal)?;
        let Some((leaf, pointer)) = place else { return Ok(None) };
        let Some(fact) = view.reader.leaf(&leaf)? else { return Ok(None) };
        let Some(record) = view.record(fact.seq)? else { return Ok(None) };
        let attachment = openings::attachment(&record.statement, &pointer).cloned();
        Ok(attachment.map(|attachment| Named { attachment, visibility: record.statement.visibility }))
    }

    /// Reads one submission, checks it and puts it into the writer's queue.
    pub(super) async fn enqueue(&self, bytes: Bytes) -> Result<Queued, Problem> {
        let ledger = self.ledger.clone();
        let queued = web::block(move || {
            let submission = parse(&bytes)?;
            let identity = Identity::of(&submission);
            match ledger.enqueue(submission) {
                Ok(pending) => Ok(Queued { pending, identity }),
                Err(error) => Err(not_taken(&ledger, error, &identity)),
            }
        });
        queued.await?
    }

    /// Waits until what was queued is durable and proven.
    pub(super) async fn answer(&self, queued: Queued) -> Result<Taken, Problem> {
        match queued.pending.accepted().await {
            Ok(accepted) => {
                Ok(Taken { receipt: ReceiptBody::of(&accepted.receipt)?, is_repeated: !accepted.is_new })
            }
            Err(error) => Err(not_taken(&self.ledger, error, &queued.identity)),
        }
    }

    /// Counts what became of a submission.
    pub(super) fn count(&self, taken: &Result<Taken, Problem>) {
        match taken {
            Ok(Taken { is_repeated: false, .. }) => self.metrics.appended(),
            Ok(_) => self.metrics.repeated(),
            Err(problem) => self.metrics.refused(&problem.code()),
        }
    }
}

/// A statement on its way through the writer.
pub(super) struct Queued {
    pending: Pending,
    identity: Identity,
}

/// What a conflict is told by.
struct Identity {
    payload: Hash,
    /// First signer's organisation and the statement's own id.
    id: Option<(String, String)>,
}

impl Identity {
    fn of(submission: &Submission) -> Identity {
        let statement = Statement::parse(&submission.envelope.payload).ok();
        let id = statement.map(|statement| (statement.signers[0].org.clone(), statement.id));
        Identity { payload: submission.payload_hash(), id }
    }
}

fn parse(bytes: &[u8]) -> Result<Submission, Problem> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| Problem::bad_request(format!("the body is not JSON: {error}")))?;
    Submission::from_json(&value).map_err(|refused| refused_because(&refused))
}

fn not_taken(ledger: &LedgerHandle, error: SubmitError, identity: &Identity) -> Problem {
    match error {
        SubmitError::Busy => Problem::new(text::Problem::Busy, error.to_string()).retry_after(1),
        SubmitError::ReadOnly(why) => {
            Problem::new(text::Problem::ReadOnly, why.to_string()).retry_after(RETRY_SECS)
        }
        SubmitError::Refused(refused) => {
            let problem = refused_because(&refused);
            match (refused.refusal.code, &identity.id) {
                (Code::Conflict, Some((org, id))) => with_hashes(problem, ledger, org, id, &identity.payload),
                _ => problem,
            }
        }
        SubmitError::Uncertain(_) => {
            Problem::new(text::Problem::Uncertain, error.to_string()).retry_after(RETRY_SECS)
        }
    }
}

/// Every place where the form was not met, in both languages.
fn refused_because(refused: &Refused) -> Problem {
    let problem = Problem::from(&refused.refusal);
    let Some(faults) = &refused.faults else { return problem };
    let error = |error: &SchemaError| json!({"pointer": error.pointer, "zh": error.message(Lang::Zh), "en": error.message(Lang::En)});
    problem.with("errors", faults.iter().map(error).collect::<Vec<Value>>())
}

fn with_hashes(problem: Problem, ledger: &LedgerHandle, org: &str, id: &str, payload: &Hash) -> Problem {
    match ledger.snapshot().consumed_id(org, id) {
        Ok(Some(consumed)) => problem
            .with("accepted", consumed.payload.to_string())
            .with("accepted_leaf", consumed.leaf.to_string())
            .with("submitted", payload.to_string()),
        _ => problem,
    }
}
