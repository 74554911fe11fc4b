//! What the handlers share, and all that they ask of the ledger.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, RwLockReadGuard};

use actix_web::web::{self, Bytes};
use serde_json::{Value, json};

use super::RETRY_SECS;
use super::account::Account;
use super::anchoring;
use super::api::alarms::AlarmBody;
use super::api::blobs::Named;
use super::api::statements::{ReceiptBody, Taken};
use super::outer::Guards;
use super::problem::{self, Problem};
use super::serve::ServeError;
use super::time;
use super::view::View;
use crate::anchor::{Publication, Told};
use crate::config::Config;
use crate::ledger::{Code, Entry, LogFact, Reader};
use crate::merkle::Hash;
use crate::note::policy::PolicyWitness;
use crate::private::openings::{self, Opening};
use crate::produce::{Ask, Dossier, Earliest, Overview, Story, earliest_harvest};
use crate::publish::Cosigned;
use crate::publish::anchors::AnchorBook;
use crate::sequencer::{LedgerHandle, Pending, ReadOnly, Refused, Status, Submission, SubmitError};
use crate::statement::context::Visibility;
use crate::statement::kinds::Kind;
use crate::statement::payload::Statement;
use crate::statement::schema::SchemaError;
use crate::statement::subject::Subject;
use crate::store::Snapshot;
use crate::text::{self, Lang};
use crate::verify::Trust;
use crate::verify::collect;
use crate::verify::trust::{Anchors, TrustError};

/// Where a payload's coordinates stand. Nobody is shown them here.
const GPS: &str = "/place/gps";

/// What every handler shares, as `web::Data<AppState>`. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    pub ledger: LedgerHandle,
    pub config: Config,
    /// Genesis calls the ledger a demonstration; every page says so.
    pub demonstration: bool,
    /// What witnesses have signed. None: there is no policy.
    pub cosigned: Option<Arc<Cosigned>>,
    /// What was anchored and is on its way.
    pub anchors: Arc<AnchorBook>,
    /// Roots of the time-stamping authority that the operator trusts, DER.
    tsa_roots: Arc<[Vec<u8>]>,
    pub(super) account: Arc<Account>,
    pub(super) guards: Arc<Guards>,
    /// The text of the witness policy.
    policy: Option<Arc<str>>,
}

impl AppState {
    pub fn new(config: Config, ledger: LedgerHandle) -> Result<AppState, ServeError> {
        let log = ledger.snapshot().log().map_err(|error| ServeError::Ledger(error.to_string()))?;
        let log = log.ok_or_else(|| ServeError::Ledger("there is no ledger".into()))?;
        if log.origin != config.origin {
            return Err(ServeError::OtherOrigin { said: config.origin, found: log.origin });
        }
        let demonstration = log.demonstration;
        let policy = policy_text(&config)?;
        let cosigned = match &policy {
            Some(_) => {
                let trust = trust_text(&log, policy.as_deref(), &Anchors::default());
                let path = policy_path(&config).unwrap_or_default();
                let trust = trust.map_err(|error| ServeError::Policy { path, problem: error.to_string() })?;
                Some(Arc::new(cosigned(&config, &ledger, &trust)?))
            }
            None => None,
        };
        let published = ledger.published();
        let anchors = AnchorBook::open(ledger.aside(), &published.reader(), published.size);
        let anchors = Arc::new(anchors.map_err(|error| ServeError::Ledger(format!("anchors: {error}")))?);
        let tsa_roots = match &config.anchors.tsa {
            Some(tsa) => anchoring::tsa_roots(&config, tsa).map_err(ServeError::Anchors)?.into(),
            None => Arc::default(),
        };
        let account = Account::new(&ledger).into();
        let guards = Guards::new(config.reads, config.writes, config.trusted_proxies.clone()).into();
        let policy = policy.map(Arc::from);
        Ok(AppState { ledger, config, demonstration, cosigned, anchors, tsa_roots, account, guards, policy })
    }

    /// The text of `/trust.json`: with every log key that signs now, and the witness policy as long as it fits them.
    pub fn trust(&self, log: &LogFact) -> String {
        let signing: Vec<String> = log.signing_vkeys(time::now_ms()).map(str::to_owned).collect();
        let anchors = Anchors { publication: publication(log), tsa_roots: self.tsa_roots.to_vec() };
        trust_text(log, self.policy.as_deref(), &anchors).unwrap_or_else(|error| {
            tracing::warn!(%error, "the witness policy does not fit the log's keys any more: {error}");
            Trust::to_text_with(&log.origin, &signing, log.ledger, None, &anchors)
        })
    }

    /// What anchors are judged by here: the list that the ledger names, and the operator's choice of authorities.
    pub(super) fn told(&self, reader: &Reader<Snapshot>) -> Result<Told, Problem> {
        let publication = reader.log()?.as_ref().and_then(publication);
        Ok(Told { publication, tsa_roots: self.tsa_roots.to_vec(), ..Told::default() })
    }

    /// Why the ledger takes no statements just now.
    pub fn read_only(&self) -> Option<String> {
        match self.ledger.status() {
            Status::ReadOnly(why) => Some(why.to_string()),
            Status::Writable => None,
        }
    }

    /// Where the ledger is that this is a copy of, and why the copy stands still, if it does.
    pub fn mirror_of(&self) -> Option<(String, Option<String>)> {
        match self.ledger.status() {
            Status::ReadOnly(ReadOnly::Mirror { of }) => Some((of.into(), None)),
            Status::ReadOnly(ReadOnly::MirrorStopped { of, why }) => Some((of.into(), Some(why.into()))),
            _ => None,
        }
    }

    /// Entries of the newest checkpoint that meets the witness policy, 0 if none has yet; None: it asks for nobody.
    pub(super) fn witnessed_size(&self) -> Option<u64> {
        let cosigned = self.cosigned.as_ref().filter(|cosigned| cosigned.policy().wants_witnesses())?;
        Some(cosigned.witnessed().map_or(0, |witnessed| witnessed.size))
    }

    /// Each witness's key, and entries of the checkpoint that it cosigned last.
    pub(super) fn cosigned_sizes(&self) -> Vec<(String, u64)> {
        let Some(cosigned) = &self.cosigned else { return Vec::new() };
        let each = cosigned.policy().witnesses().iter().zip(cosigned.standings());
        each.map(|(witness, standing)| {
            (witness.key.to_string(), standing.cosigned.map_or(0, |(size, _)| size))
        })
        .collect()
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
        let gathered = collect::gather(&view.reader, subject, view.under.size);
        self.tell(view, subject, &gathered.map_err(problem::not_collected)?.records, time::now_ms())
    }

    /// The same from gathered records, days counted to `as_of` (milliseconds). While the accounts of the whole ledger
    /// are still being read, it is judged by its trace alone, and says so.
    pub(super) fn tell(
        &self,
        view: &View,
        subject: &Subject,
        records: &BTreeMap<u64, Entry>,
        as_of: i64,
    ) -> Result<Option<Story>, Problem> {
        let size = view.under.size;
        let openings = self.public_openings(view, records.values())?;
        let at = match size.checked_sub(1) {
            Some(last) => view.reader.entry(last)?.at(),
            None => 0,
        };
        let overview = self.overview(view).ok();
        let wide = overview.as_ref().map(|overview| overview.wide());
        let story = Story::tell(&Ask { subject, records, openings: &openings, size, at, as_of, wide });
        drop(overview);
        let Some(mut story) = story else { return Ok(None) };
        for org in story.named_only() {
            if let Some(fact) = view.org(&org)? {
                story.introduce(&org, &fact.name);
            }
        }
        Ok(Some(story))
    }

    /// From when on a season or growing lot may be picked, as its inputs say; none where no pesticide is on record.
    pub(super) fn earliest_harvest(
        &self,
        view: &View,
        season: &Subject,
    ) -> Result<Option<Earliest>, Problem> {
        let size = view.under.size;
        let gathered = collect::gather(&view.reader, season, size).map_err(problem::not_collected)?;
        let none = BTreeMap::new();
        let (records, as_of) = (&gathered.records, time::now_ms());
        let ask = Ask { subject: season, records, openings: &none, size, at: 0, as_of, wide: None };
        Ok(earliest_harvest(&Dossier::of(&ask), season))
    }

    /// The accounts of the ledger with everything that the view covers, perhaps more: ask them as of the view's size.
    pub(super) fn overview(&self, view: &View) -> Result<RwLockReadGuard<'_, Overview>, Problem> {
        self.account.at(view.published(), &self.guards.metrics)
    }

    /// What the entry `seq` raised, and from when on may be picked what it was used on. Nothing while the accounts are
    /// too far behind: the list of alarms will have it.
    fn found_by(&self, seq: u64) -> Result<(Vec<AlarmBody>, Option<Earliest>), Problem> {
        let view = View::of(self)?;
        let raised = self.overview(&view)?.watch().raised_by(seq).to_vec();
        let alarms = raised.iter().map(|alarm| AlarmBody::of(&view, alarm)).collect::<Result<_, _>>()?;
        let Some(record) = view.record(seq)? else { return Ok((alarms, None)) };
        let statement = &record.statement;
        let earliest = match Kind::try_from(&statement.kind) {
            Ok(Kind::Input) => self.earliest_harvest(&view, &statement.subject)?,
            _ => None,
        };
        Ok((alarms, earliest))
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
                let mut receipt = ReceiptBody::of(&accepted.receipt)?;
                let (state, seq) = (self.clone(), receipt.seq);
                // It is in the ledger, whatever can be said of it just now.
                if let Ok(Ok(found)) = web::block(move || state.found_by(seq)).await {
                    (receipt.alarms, receipt.earliest_harvest) = found;
                }
                Ok(Taken { receipt, is_repeated: !accepted.is_new })
            }
            Err(error) => Err(not_taken(&self.ledger, error, &queued.identity)),
        }
    }

    /// Counts what became of a submission.
    pub(super) fn count(&self, taken: &Result<Taken, Problem>) {
        match taken {
            Ok(Taken { is_repeated: false, .. }) => self.guards.metrics.appended(),
            Ok(_) => self.guards.metrics.repeated(),
            Err(problem) => self.guards.metrics.refused(&problem.code()),
        }
    }
}

/// The trust file under a policy, which may name fewer log keys than sign at the moment: it follows a change of keys
/// when its writer has time.
fn trust_text(log: &LogFact, policy: Option<&str>, anchors: &Anchors) -> Result<String, TrustError> {
    let signing: Vec<String> = log.signing_vkeys(time::now_ms()).map(str::to_owned).collect();
    let text = |keys: &[String]| Trust::to_text_with(&log.origin, keys, log.ledger, policy, anchors);
    let whole = text(&signing);
    let fits = Trust::parse(&whole);
    let Err(error) = fits else { return Ok(whole) };
    let one = |key: &String| text(std::slice::from_ref(key));
    signing.iter().map(one).find(|text| Trust::parse(text).is_ok()).ok_or(error)
}

fn publication(log: &LogFact) -> Option<Publication> {
    log.publication.as_ref()?.parse().ok()
}

/// Where the policy lies, if there is one.
fn policy_path(config: &Config) -> Option<PathBuf> {
    config.policy.as_ref().map(|path| config.dir.join(path))
}

fn policy_text(config: &Config) -> Result<Option<String>, ServeError> {
    let Some(path) = policy_path(config) else { return Ok(None) };
    let text = std::fs::read_to_string(&path);
    text.map(Some).map_err(|error| ServeError::Policy { path, problem: error.to_string() })
}

/// Takes up what the policy's witnesses have signed. A policy is about this very log, as whoever has it as part of the
/// trust file will ask.
fn cosigned(config: &Config, ledger: &LedgerHandle, trust: &str) -> Result<Cosigned, ServeError> {
    let path = policy_path(config).unwrap_or_default();
    let wrong = |problem: String| ServeError::Policy { path: path.clone(), problem };
    let policy = Trust::parse(trust).map_err(|error| wrong(error.to_string()))?.policy;
    let no_address = |witness: &&PolicyWitness| {
        let url = witness.url.as_deref();
        url.is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://"))
    };
    if let Some(witness) = policy.witnesses().iter().find(no_address) {
        return Err(wrong(format!(
            "the address of {} begins with neither https:// nor http://",
            witness.key.name()
        )));
    }
    let published = ledger.published();
    Cosigned::open(policy, ledger.aside(), &published.reader(), published.size)
        .map_err(|error| wrong(error.to_string()))
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
        SubmitError::ReadOnly(ReadOnly::Mirror { of } | ReadOnly::MirrorStopped { of, .. }) => {
            let why = format!("this is a copy of the ledger at {of}: send the statement there");
            Problem::new(text::Problem::Mirror, why).with("source", of.into_string())
        }
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
