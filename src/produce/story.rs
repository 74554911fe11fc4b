//! The story of one batch.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::assessment::{Assessment, Wide};
use super::inspections::{Inspection, Sample, results};
use super::line::Line;
use super::people::{Organisation, People, Signed};
use super::product::{Origin, Product};
use super::times::{AHEAD_AFTER_SECONDS, LATE_AFTER_SECONDS, lag_seconds};
use super::versions::{Said, Version, corrections, difference};
use crate::ledger::{Entry, Record};
use crate::merkle::Hash;
use crate::statement::attachment::{Attachment, MediaType};
use crate::statement::context::{OnBehalfOf, Place, Visibility};
use crate::statement::kinds::Kind;
use crate::statement::payload::Statement;
use crate::statement::role::Role;
use crate::statement::schema::Shape;
use crate::statement::sealed;
use crate::statement::short_code;
use crate::statement::subject::Subject;
use crate::statement::time::{Instant, When};
use crate::text::{Condition, KeyStanding, Stage, Standing, Status, Words};

/// What is asked, and all that is known.
pub struct Ask<'a> {
    pub subject: &'a Subject,
    /// What the trace of the subject gathers as of `size` entries.
    pub records: &'a BTreeMap<u64, Entry>,
    /// Openings that are held, by the leaf of the record that they open.
    pub openings: &'a BTreeMap<Hash, Vec<Value>>,
    /// Entries under the checkpoint, and when the ledger made its last one, in milliseconds.
    pub size: u64,
    pub at: i64,
    /// The moment to which days are counted, in milliseconds.
    pub as_of: i64,
    /// The accounts of the whole ledger, where somebody keeps them.
    pub wide: Option<Wide<'a>>,
}

/// What the ledger holds on a batch and on what it came from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Story {
    #[serde(serialize_with = "as_text")]
    pub subject: Subject,
    pub short_code: String,
    #[serde(serialize_with = "as_key")]
    pub condition: Condition,
    /// What the rules of produce come to.
    pub assessment: Assessment,
    pub product: Product,
    pub origin: Origin,
    /// By id: all that signed, checked or are named in the story.
    pub organisations: BTreeMap<String, Organisation>,
    /// In the order of the log.
    pub events: Vec<Event>,
    pub inspections: Vec<Inspection>,
    /// Samples that no result has answered yet.
    pub waiting_samples: Vec<Sample>,
    /// Lots that the batch came from, directly or not.
    #[serde(serialize_with = "as_texts")]
    pub ancestors: Vec<Subject>,
    pub corrections: usize,
    pub size: u64,
    pub at: i64,
    pub as_of: i64,
}

/// One thing that happened, as its newest version says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    pub seq: u64,
    pub leaf: Hash,
    #[serde(serialize_with = "as_text")]
    pub kind: Kind,
    #[serde(serialize_with = "as_key")]
    pub stage: Stage,
    #[serde(serialize_with = "as_text")]
    pub subject: Subject,
    /// The subjects of the story's line that it concerns.
    #[serde(serialize_with = "as_texts")]
    pub about: Vec<Subject>,
    #[serde(serialize_with = "as_text")]
    pub occurred_at: When,
    #[serde(serialize_with = "as_text")]
    pub recorded_at: Instant,
    /// When the ledger had it, in milliseconds: proven by the checkpoint.
    pub at: i64,
    pub lag_seconds: i64,
    /// More than a day lies between happening and the ledger (补录).
    pub late: bool,
    /// It claims a time that the ledger's clock had not reached (时钟超前).
    pub ahead: bool,
    pub signers: Vec<Signed>,
    #[serde(serialize_with = "as_key")]
    pub standing: Standing,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip)]
    pub place: Option<Place>,
    /// Bare id of the organisation for which it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    pub data: Map<String, Value>,
    /// Opened sealed values that everybody may see, by pointer into the payload.
    pub opened: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Version>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<Photo>,
    /// Other attachments: reports, readings.
    pub files: usize,
}

/// A picture whose commitment is signed. Whether it is held is the store's to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Photo {
    pub commitment: Hash,
    pub media_type: MediaType,
    pub in_app: bool,
    pub ai_made: bool,
    /// Everybody may see it, if it is held.
    pub public: bool,
}

impl Story {
    /// None if no record touches the subject.
    pub fn tell(ask: &Ask<'_>) -> Option<Story> {
        let records: Vec<&Record> = ask.records.values().filter_map(Entry::as_record).collect();
        if !records.iter().any(|record| record.statement.subjects().any(|subject| subject == ask.subject)) {
            return None;
        }
        let line = Line::of(ask.subject, &records);
        let mut people = People::of(&records);
        let corrections = corrections(&records);
        let mut events = Vec::new();
        for record in &records {
            let Ok(kind) = Kind::try_from(&record.statement.kind) else { continue };
            let Some(stage) = stage_of(kind) else { continue };
            if line.tells(kind, record) {
                let corrected = corrections.get(&record.leaf()).map(Vec::as_slice).unwrap_or_default();
                events.push(event(ask, &line, &mut people, kind, stage, record, corrected));
            }
        }
        let (inspections, waiting_samples) = results(&events);
        let assessment = Assessment::of(ask);
        let condition = condition(&events, assessment.judgement.status);
        Some(Story {
            subject: ask.subject.clone(),
            short_code: short_code::of_subject(ask.subject),
            condition,
            assessment,
            product: Product::of(ask.subject, &events, ask.as_of),
            origin: Origin::of(&events),
            organisations: people.organisations,
            corrections: events.iter().map(|event| event.versions.len()).sum(),
            events,
            inspections,
            waiting_samples,
            ancestors: line.lots().filter(|lot| *lot != ask.subject).cloned().collect(),
            size: ask.size,
            at: ask.at,
            as_of: ask.as_of,
        })
    }

    /// Stages that have events, in the order of a batch's life, each with its events in the order of happening.
    pub fn stages(&self) -> Vec<(Stage, Vec<&Event>)> {
        let mut stages = Vec::new();
        for stage in Stage::ALL {
            let mut events: Vec<&Event> = self.events.iter().filter(|event| event.stage == *stage).collect();
            events.sort_by_key(|event| (event.occurred_at.date(), event.seq));
            if !events.is_empty() {
                stages.push((*stage, events));
            }
        }
        stages
    }

    /// Organisations that entries name without touching them, so that the trace does not hold their chains.
    pub fn named_only(&self) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        for event in &self.events {
            let shape = Shape::of(event.kind);
            for (name, value) in &event.data {
                let is_org = shape.member(name).and_then(Shape::shared_name) == Some("org_id");
                named.extend(value.as_str().filter(|_| is_org).map(str::to_owned));
            }
        }
        let checks = self.organisations.values().filter_map(|org| org.identity.as_ref());
        named.extend(checks.map(|check| check.checked_by.clone()));
        named.retain(|org| !self.organisations.contains_key(org));
        named
    }

    /// Gives such an organisation its name.
    pub fn introduce(&mut self, org: &str, name: &str) {
        let known = self.organisations.entry(org.to_owned()).or_insert_with(|| Organisation::unknown(org));
        known.name = name.to_owned();
    }
}

impl Event {
    /// A text of the newest version's data.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name).and_then(Value::as_str)
    }

    pub fn is_corrected(&self) -> bool {
        !self.versions.is_empty()
    }
}

/// None for kinds that are about organisations, keys and the ledger itself.
fn stage_of(kind: Kind) -> Option<Stage> {
    match kind {
        Kind::CropOpen | Kind::Irrigation | Kind::Observation | Kind::Planting | Kind::PlotRegister => {
            Some(Stage::Planting)
        }
        Kind::Grading | Kind::Packing => Some(Stage::Packing),
        Kind::Harvest => Some(Stage::Harvest),
        Kind::Input => Some(Stage::Input),
        Kind::Inspection | Kind::Sampling => Some(Stage::Inspection),
        Kind::Processing => Some(Stage::Processing),
        Kind::Receiving => Some(Stage::Arrival),
        Kind::Shipping => Some(Stage::Transport),
        Kind::Sale => Some(Stage::Sale),
        Kind::Enforcement | Kind::Guarantee | Kind::Hold | Kind::Release | Kind::SignOff => {
            Some(Stage::Oversight)
        }
        Kind::Storage => Some(Stage::Storage),
        Kind::Correction
        | Kind::Genesis
        | Kind::LedgerAnchor
        | Kind::LedgerKey
        | Kind::LedgerRules
        | Kind::OrgKeyAdd
        | Kind::OrgKeyRevoke
        | Kind::OrgRegister
        | Kind::OrgUpdate
        | Kind::RulesSet
        | Kind::Withdrawal => None,
    }
}

fn event(
    ask: &Ask<'_>,
    line: &Line,
    people: &mut People,
    kind: Kind,
    stage: Stage,
    record: &Record,
    corrections: &[&Record],
) -> Event {
    let statement = &record.statement;
    let signers = people.signed(record);
    let mut said = Said {
        occurred_at: statement.occurred_at.to_string(),
        data: Value::Object(statement.data.clone()),
        opened: opened(ask, record),
    };
    let mut versions = Vec::new();
    for correction in corrections {
        let now = corrected(ask, correction, &said);
        let difference = difference(&said, &now);
        versions.push(Version {
            seq: correction.seq,
            leaf: correction.leaf(),
            at: correction.at,
            recorded_at: correction.statement.recorded_at.clone(),
            reason: text_of(&correction.statement.data, "reason"),
            signers: people.signed(correction),
            changes: difference.changes,
            not_comparable: difference.not_comparable,
        });
        said = now;
    }
    let occurred_at = said.occurred_at.parse().unwrap_or_else(|_| statement.occurred_at.clone());
    let lag_seconds = lag_seconds(&occurred_at, record.at);
    Event {
        seq: record.seq,
        leaf: record.leaf(),
        kind,
        stage,
        subject: statement.subject.clone(),
        about: statement.subjects().filter(|subject| line.has(subject)).cloned().collect(),
        recorded_at: statement.recorded_at.clone(),
        at: record.at,
        lag_seconds,
        late: lag_seconds > LATE_AFTER_SECONDS,
        ahead: lag_seconds < -AHEAD_AFTER_SECONDS,
        standing: standing(kind, &statement.subject, &signers),
        occurred_at,
        signers,
        source: statement.source.map(|source| source.to_string()),
        place: statement.place.clone(),
        on_behalf_of: match &statement.on_behalf_of {
            Some(OnBehalfOf::Org(org)) => Some(org.clone()),
            _ => None,
        },
        data: match said.data {
            Value::Object(data) => data,
            _ => Map::new(),
        },
        opened: said.opened,
        versions,
        photos: statement.attachments.iter().filter(is_image).map(|image| photo(statement, image)).collect(),
        files: statement.attachments.iter().filter(|attachment| !is_image(attachment)).count(),
    }
}

/// What a correction says in place of `before`.
fn corrected(ask: &Ask<'_>, correction: &Record, before: &Said) -> Said {
    let data = &correction.statement.data;
    let moved = opened(ask, correction).into_iter().filter_map(|(pointer, value)| {
        let inner = pointer.strip_prefix("/data/data/")?;
        Some((format!("/data/{inner}"), value))
    });
    Said {
        occurred_at: match data.get("occurred_at").and_then(Value::as_str) {
            Some(corrected) => corrected.to_owned(),
            None => before.occurred_at.clone(),
        },
        data: data.get("data").cloned().unwrap_or_default(),
        opened: moved.collect(),
    }
}

/// Sealed values that everybody may see. Coordinates are finer than the village that the page tells, so never those.
fn opened(ask: &Ask<'_>, record: &Record) -> BTreeMap<String, Value> {
    if record.statement.visibility != Some(Visibility::Public) {
        return BTreeMap::new();
    }
    let held = ask.openings.get(&record.leaf()).map(Vec::as_slice).unwrap_or_default();
    let openings = held.iter().filter_map(|opening| sealed::Opening::from_json(opening).ok());
    openings
        .filter(|opening| opening.pointer != "/place/gps")
        .filter(|opening| sealed::check(&record.statement, opening).is_ok())
        .map(|opening| (opening.pointer, opening.value))
        .collect()
}

fn is_image(attachment: &&Attachment) -> bool {
    matches!(attachment.media_type, MediaType::Jpeg | MediaType::Png | MediaType::Webp)
}

fn photo(statement: &Statement, image: &Attachment) -> Photo {
    Photo {
        commitment: image.commitment,
        media_type: image.media_type,
        in_app: image.in_app,
        ai_made: image.ai_made,
        public: statement.visibility == Some(Visibility::Public),
    }
}

/// A laboratory, platform or authority that signs about somebody else's produce is a third party.
fn standing(kind: Kind, subject: &Subject, signers: &[Signed]) -> Standing {
    let outside = signers.iter().any(|signer| {
        matches!(signer.role, Role::Lab | Role::Platform | Role::Regulator)
            && subject.org() != Some(signer.org.as_str())
    });
    match kind {
        Kind::Inspection | Kind::Sampling if outside => Standing::ThirdParty,
        _ => Standing::Recorded,
    }
}

/// The gravest thing that the records say.
fn condition(events: &[Event], status: Status) -> Condition {
    let signatures = || {
        events.iter().flat_map(|event| {
            event.signers.iter().chain(event.versions.iter().flat_map(|version| &version.signers))
        })
    };
    let is_doubtful =
        || signatures().any(|signed| matches!(signed.standing, KeyStanding::Revoked | KeyStanding::Suspect));
    if status == Status::Withdrawn {
        Condition::Withdrawn
    } else if status == Status::OnHold {
        Condition::Hold
    } else if is_doubtful() {
        Condition::SignerRevoked
    } else if status == Status::Incomplete {
        Condition::Incomplete
    } else if events.iter().any(Event::is_corrected) {
        Condition::Corrected
    } else {
        Condition::Normal
    }
}

fn text_of(data: &Map<String, Value>, name: &str) -> String {
    data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

// -- JSON --------------------------------------------------------------------------------------------------------

pub(super) fn as_text<T: ToString, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

fn as_texts<T: ToString, S: Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(T::to_string))
}

/// A word by its own name, without that of its table.
pub(super) fn as_key<W: Words, S: Serializer>(word: &W, serializer: S) -> Result<S::Ok, S::Error> {
    let key = word.entry().key;
    serializer.serialize_str(key.rsplit_once('.').map_or(key, |(_, name)| name))
}
