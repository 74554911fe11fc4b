//! Rules version 1: may this record stand here, and what follows from it.
//!
//! One function, [`check`], for the sequencer, the auditor and the verifier of a bundle. It reads what came before
//! through [`View`]. An auditor's view knows everything; a bundle's view knows only the subjects whose chains it
//! carries whole, and [`Outcome::missing`] names what could not be looked at. The caller has checked form, links
//! and signatures; only rights and effects are decided here, and by position alone.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::entry::Record;
use super::facts::{
    BatchFact, CropFact, Detail, FactsError, KeyFact, LeafFact, OpenShipment, OrgFact, OrgStatus, PlotFact,
    Revocation, Scope,
};
use super::refusal::{Code, Refusal};
use super::rights::{Relation, right_of};
use crate::merkle::Hash;
use crate::note::vkey::VerifierKey;
use crate::statement::ed25519;
use crate::statement::kinds::Kind;
use crate::statement::payload::{Signer, Statement};
use crate::statement::role::Role;
use crate::statement::subject::{Subject, SubjectKind};

/// The rules versions that this program knows.
pub const RULES_KNOWN: &[u64] = &[1];

pub(super) const REGISTRAR: &str = "registrar";

/// The registrar must never be one lost key away from silence.
const REGISTRAR_ADMIN_KEYS_MIN: usize = 2;

/// What a view can say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    Known(T),
    /// There is no such thing, and the view knows that.
    Absent,
    /// The view does not carry what would answer.
    Unknown,
}

/// The ledger before the record in question.
pub trait View {
    fn subject(&self, subject: &Subject) -> Result<Lookup<Detail>, FactsError>;
    fn leaf(&self, leaf: &Hash) -> Result<Lookup<LeafFact>, FactsError>;
    /// Key ids that ever belonged to an organisation.
    fn org_keys(&self, org: &str) -> Result<Lookup<Vec<Hash>>, FactsError>;
    fn log_vkey(&self) -> Result<Lookup<String>, FactsError>;
    fn rules(&self) -> u64;
}

/// What follows from a record that may stand.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// New details of the subjects touched, where they change.
    pub details: BTreeMap<Subject, Detail>,
    /// The organisation whose right carried the statement.
    pub author: String,
    /// The leaf fact of this record.
    pub leaf: Option<LeafFact>,
    /// The leaf of the first version that this correction supersedes the current version of.
    pub corrects: Option<Hash>,
    /// (organisation, key id) newly tied together.
    pub new_keys: Vec<(String, Hash)>,
    pub rules: Option<u64>,
    pub log_vkey: Option<String>,
    /// Subjects that the view does not carry and that the decision would have looked at.
    pub missing: BTreeSet<Subject>,
}

/// Not a refusal alone: the view itself may fail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Facts(#[from] FactsError),
    #[error("{0}")]
    Refused(#[from] Refusal),
}

/// Decides on `record`. Form, links and signatures are the caller's.
pub fn check(view: &dyn View, record: &Record) -> Result<Outcome, CheckError> {
    let kind = kind_of(&record.statement)?;
    let mut judge = Judge { view, record, statement: &record.statement, kind, outcome: Outcome::default() };
    judge.about_its_own_sort()?;
    judge.expected_touches()?;
    judge.names_own_attachments()?;
    match kind {
        Kind::Genesis => judge.genesis()?,
        Kind::OrgRegister => judge.org_register()?,
        Kind::OrgUpdate => judge.org_update()?,
        Kind::OrgKeyAdd => judge.org_key_add()?,
        Kind::OrgKeyRevoke => judge.org_key_revoke()?,
        Kind::LedgerRules => judge.ledger_rules()?,
        Kind::LedgerKey => judge.ledger_key()?,
        Kind::Correction => judge.correction()?,
        _ => judge.by_table()?,
    }
    judge.finish_leaf();
    Ok(judge.outcome)
}

/// The pointers into `data` whose values a correction must keep: every subject named, and what custody hangs on.
pub fn references(kind: Kind, data: &serde_json::Map<String, Value>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (name, value) in data {
        collect_subjects(&format!("/{}", escape_pointer(name)), value, &mut found);
    }
    let fixed: &[&str] = match kind {
        Kind::Shipping => &["to", "to_consumers", "carrier"],
        Kind::Receiving => &["shipment", "accept"],
        _ => &[],
    };
    for name in fixed {
        if let Some(value) = data.get(*name) {
            found.insert(format!("/{name}"), value.to_string());
        }
    }
    found
}

/// Public keys that a statement brings into the ledger, so that its own signatures can be checked.
pub fn introduced_keys(statement: &Statement) -> Vec<Hash> {
    match kind_of(statement) {
        Ok(Kind::Genesis | Kind::OrgRegister) => public_keys(statement).unwrap_or_default(),
        Ok(Kind::OrgKeyAdd) => data_hash(statement, "public_key").into_iter().collect(),
        _ => Vec::new(),
    }
}

fn collect_subjects(pointer: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    match value {
        Value::String(text) if Subject::parse(text).is_ok() => {
            found.insert(pointer.to_owned(), text.clone());
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                collect_subjects(&format!("{pointer}/{i}"), item, found);
            }
        }
        Value::Object(members) => {
            for (name, item) in members {
                collect_subjects(&format!("{pointer}/{}", escape_pointer(name)), item, found);
            }
        }
        _ => {}
    }
}

fn escape_pointer(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

fn kind_of(statement: &Statement) -> Result<Kind, Refusal> {
    statement
        .kind
        .to_string()
        .parse::<Kind>()
        .map_err(|_| Refusal::new(Code::Form, format!("unknown kind {}", statement.kind)))
}

fn refuse<T>(code: Code, message: impl Into<String>) -> Result<T, CheckError> {
    Err(CheckError::Refused(Refusal::new(code, message)))
}

struct Judge<'a> {
    view: &'a dyn View,
    record: &'a Record,
    statement: &'a Statement,
    kind: Kind,
    outcome: Outcome,
}

/// How one signer stands.
enum Standing {
    /// A registered key that may sign this kind now.
    Valid,
    /// The key is introduced by this very statement: it proves possession, nothing more.
    Introduced,
    /// The view does not carry the chains that would tell.
    Unknown,
}

impl Judge<'_> {
    // -- lookups ---------------------------------------------------------------------------------------------

    fn detail(&mut self, subject: &Subject) -> Result<Option<Detail>, CheckError> {
        match self.view.subject(subject)? {
            Lookup::Known(detail) => Ok(Some(detail)),
            Lookup::Absent => refuse(Code::Unknown, format!("{subject} is not in the ledger")),
            Lookup::Unknown => {
                self.outcome.missing.insert(subject.clone());
                Ok(None)
            }
        }
    }

    fn org(&mut self, org: &str) -> Result<Option<OrgFact>, CheckError> {
        match self.detail(&org_subject(org)?)? {
            Some(Detail::Org(fact)) => Ok(Some(fact)),
            Some(_) => refuse(Code::Form, format!("org:{org} is not an organisation")),
            None => Ok(None),
        }
    }

    fn key(&mut self, key: &Hash) -> Result<Option<KeyFact>, CheckError> {
        match self.detail(&Subject::of_key(key))? {
            Some(Detail::Key(fact)) => Ok(Some(fact)),
            Some(_) => refuse(Code::Form, format!("key:{key} is not a key")),
            None => Ok(None),
        }
    }

    fn batch(&mut self, subject: &Subject) -> Result<Option<BatchFact>, CheckError> {
        // A lot touched twice in one statement shows what this statement has already done to it.
        if let Some(Detail::Batch(fact)) = self.outcome.details.get(subject) {
            return Ok(Some(fact.clone()));
        }
        match self.detail(subject)? {
            Some(Detail::Batch(fact)) => Ok(Some(fact)),
            Some(_) => refuse(Code::Form, format!("{subject} is not a batch")),
            None => Ok(None),
        }
    }

    fn is_new(&self, subject: &Subject) -> bool {
        self.record.link(subject).is_some_and(|link| link.n == 0)
    }

    fn must_be_new(&self, subject: &Subject) -> Result<(), CheckError> {
        if self.is_new(subject) {
            return Ok(());
        }
        refuse(Code::Right, format!("{subject} already exists"))
    }

    fn subjects(&self) -> Vec<Subject> {
        self.statement.subjects().cloned().collect()
    }

    // -- what the statement touches --------------------------------------------------------------------------

    fn about_its_own_sort(&self) -> Result<(), CheckError> {
        if self.kind.subject_kinds().contains(&self.statement.subject.kind()) {
            return Ok(());
        }
        refuse(Code::Form, format!("{} cannot be about {}", self.statement.kind, self.statement.subject))
    }

    /// A report, photo or series that `data` points at is one of the statement's own attachments. A correction may
    /// go on pointing at those of what it corrects.
    fn names_own_attachments(&self) -> Result<(), CheckError> {
        let data = &self.statement.data;
        let chunk = data.get("readings").and_then(|readings| readings.get("chunk"));
        for named in [data.get("report_file"), data.get("seal_photo"), chunk].into_iter().flatten() {
            let commitments =
                self.statement.attachments.iter().map(|attachment| attachment.commitment.to_string());
            if !commitments.into_iter().any(|commitment| named == &Value::String(commitment)) {
                return refuse(Code::Form, format!("{named} is not one of the statement's attachments"));
            }
        }
        Ok(())
    }

    /// Nobody may put records on the chains of subjects that the statement does not speak about.
    fn expected_touches(&self) -> Result<(), CheckError> {
        if matches!(self.kind, Kind::Genesis | Kind::OrgRegister | Kind::Correction) {
            return Ok(());
        }
        let named: BTreeSet<String> = references(self.kind, &self.statement.data).into_values().collect();
        if let Some(subject) =
            self.statement.touches.iter().find(|subject| !named.contains(&subject.to_string()))
        {
            return refuse(Code::Form, format!("touches names {subject}, which data does not"));
        }
        let moves = matches!(self.kind, Kind::Shipping | Kind::Receiving);
        if moves && !lots_of(self.statement, "lots").contains(&self.statement.subject.to_string()) {
            return refuse(Code::Form, "the main subject must be one of the lots");
        }
        Ok(())
    }

    // -- signers ---------------------------------------------------------------------------------------------

    fn standing(&mut self, signer: &Signer, introduced: &[Hash]) -> Result<Standing, CheckError> {
        if introduced.contains(&signer.key) {
            return Ok(Standing::Introduced);
        }
        let org = self.org(&signer.org)?;
        let key = self.key(&signer.key)?;
        let (Some(org), Some(key)) = (org, key) else { return Ok(Standing::Unknown) };
        if key.org != signer.org {
            return refuse(Code::Right, format!("key {} does not belong to org:{}", signer.key, signer.org));
        }
        if key.revoked.is_some() {
            return refuse(Code::Right, format!("key {} is revoked", signer.key));
        }
        if self.record.at < key.effective_at {
            return refuse(Code::Right, format!("key {} was added by recovery and waits", signer.key));
        }
        if org.status != OrgStatus::Active && signer.org != REGISTRAR {
            return refuse(Code::Right, format!("org:{} is not active", signer.org));
        }
        if !org.roles.contains(&signer.role) {
            return refuse(Code::Right, format!("org:{} does not have the role {}", signer.org, signer.role));
        }
        self.scope_covers(&signer.key, &key)?;
        Ok(Standing::Valid)
    }

    fn scope_covers(&mut self, id: &Hash, key: &KeyFact) -> Result<(), CheckError> {
        if let Scope::Kinds(kinds) = &key.scope {
            // A key may take itself out of use whatever its scope.
            let own_revocation =
                self.kind == Kind::OrgKeyRevoke && self.statement.subject == Subject::of_key(id);
            let kind = match self.kind {
                Kind::Correction => match self.corrected()? {
                    Some(fact) => fact.kind.split('/').next().unwrap_or_default().to_owned(),
                    None => return Ok(()),
                },
                _ => self.kind.name().to_owned(),
            };
            if !own_revocation && !kinds.contains(&kind) {
                return refuse(Code::Right, format!("key {id} may not sign {kind}"));
            }
        }
        let Some(plots) = &key.plots else { return Ok(()) };
        let mut on_plots = BTreeSet::new();
        for subject in self.subjects() {
            match subject.kind() {
                SubjectKind::Plot => {
                    on_plots.insert(subject.id().to_owned());
                }
                SubjectKind::Crop => match self.crop_plot(&subject)? {
                    Some(plot) => {
                        on_plots.insert(plot);
                    }
                    None => return Ok(()),
                },
                _ => {}
            }
        }
        if on_plots.is_empty() || !on_plots.is_subset(plots) {
            return refuse(Code::Right, format!("key {id} is confined to other plots"));
        }
        Ok(())
    }

    fn crop_plot(&mut self, crop: &Subject) -> Result<Option<String>, CheckError> {
        if self.kind == Kind::CropOpen && crop == &self.statement.subject {
            return Ok(data_text(self.statement, "plot")
                .and_then(|plot| plot.strip_prefix("plot:"))
                .map(str::to_owned));
        }
        match self.detail(crop)? {
            Some(Detail::Crop(fact)) => Ok(Some(fact.plot)),
            Some(_) => refuse(Code::Form, format!("{crop} is not a season")),
            None => Ok(None),
        }
    }

    /// Every signer stands, and the first for whom `carries` holds is the author. A signer that the view cannot
    /// judge is given the benefit: `missing` names what was not looked at.
    fn author(
        &mut self,
        introduced: &[Hash],
        mut carries: impl FnMut(&mut Self, &Signer) -> Result<(), CheckError>,
    ) -> Result<(), CheckError> {
        let mut why_not = None;
        let mut author = None;
        let mut unjudged = None;
        for signer in &self.statement.signers {
            match self.standing(signer, introduced)? {
                Standing::Introduced => continue,
                Standing::Unknown => {
                    unjudged.get_or_insert_with(|| signer.org.clone());
                    continue;
                }
                Standing::Valid if author.is_some() => continue,
                Standing::Valid => {}
            }
            match carries(self, signer) {
                Ok(()) => author = Some(signer.org.clone()),
                Err(CheckError::Refused(refusal)) => {
                    why_not.get_or_insert(refusal);
                }
                Err(other) => return Err(other),
            }
        }
        match (author.or(unjudged), why_not) {
            (Some(org), _) => {
                self.outcome.author = org;
                Ok(())
            }
            (None, Some(refusal)) => Err(CheckError::Refused(refusal)),
            (None, None) => refuse(Code::Right, "no signer may make this statement"),
        }
    }

    fn is_registrar_admin(&mut self, signer: &Signer) -> Result<(), CheckError> {
        if signer.org != REGISTRAR || signer.role != Role::Registrar {
            return refuse(Code::Right, format!("only the registrar may sign {}", self.statement.kind));
        }
        self.is_admin(signer)
    }

    fn is_admin(&mut self, signer: &Signer) -> Result<(), CheckError> {
        match self.key(&signer.key)? {
            Some(KeyFact { scope: Scope::Kinds(_), .. }) => {
                refuse(Code::Right, format!("key {} is not an admin key", signer.key))
            }
            _ => Ok(()),
        }
    }

    // -- kinds decided by the table --------------------------------------------------------------------------

    fn by_table(&mut self) -> Result<(), CheckError> {
        let subjects = self.subjects();
        self.author(&[], |judge, signer| {
            for subject in &subjects {
                let right = right_of(judge.kind, signer.role, subject.kind()).ok_or_else(|| {
                    Refusal::new(
                        Code::Right,
                        format!("{} may not sign {} about {subject}", signer.role, judge.statement.kind),
                    )
                })?;
                judge.stands_to(&signer.org, subject, right.relation)?;
            }
            Ok(())
        })?;
        if self.outcome.author.is_empty() {
            return Ok(());
        }
        self.effects()
    }

    fn stands_to(&mut self, org: &str, subject: &Subject, relation: Relation) -> Result<(), CheckError> {
        match relation {
            Relation::Any => self.detail(subject).map(drop),
            Relation::Own => {
                self.detail(subject)?;
                owned_by(subject, org)
            }
            Relation::New => {
                self.must_be_new(subject)?;
                owned_by(subject, org)
            }
            Relation::NewOrPlanted => {
                owned_by(subject, org)?;
                if self.is_new(subject) {
                    return Ok(());
                }
                match self.batch(subject)? {
                    Some(batch) if !batch.growing => {
                        refuse(Code::Right, format!("{subject} already exists and is no longer growing"))
                    }
                    _ => Ok(()),
                }
            }
            Relation::Held => self.held(org, subject, false),
            Relation::HeldOrCarried => self.held(org, subject, true),
            Relation::Receiver => self.receiver(org, subject),
            Relation::Transformed => self.transformed(org, subject),
            Relation::Registrar | Relation::Special => {
                refuse(Code::Right, format!("{} is not decided by the table", self.statement.kind))
            }
        }
    }

    fn held(&mut self, org: &str, subject: &Subject, or_carried: bool) -> Result<(), CheckError> {
        let Some(batch) = self.batch(subject)? else { return Ok(()) };
        let carried = || batch.open_shipments.iter().any(|open| open.carrier.as_deref() == Some(org));
        if batch.holders.contains(org) || (or_carried && carried()) {
            return Ok(());
        }
        refuse(Code::Right, format!("org:{org} does not hold {subject}"))
    }

    fn receiver(&mut self, org: &str, subject: &Subject) -> Result<(), CheckError> {
        let Some(batch) = self.batch(subject)? else { return Ok(()) };
        let Some(shipment) = data_hash(self.statement, "shipment") else {
            return refuse(Code::Form, "receiving names no shipment");
        };
        match batch.open_shipments.iter().find(|open| open.leaf == shipment) {
            Some(open) if open.to.as_deref() == Some(org) => Ok(()),
            Some(_) => refuse(Code::Right, format!("the shipment of {subject} does not name org:{org}")),
            None => refuse(Code::Unknown, format!("{subject} has no such open shipment")),
        }
    }

    fn transformed(&mut self, org: &str, subject: &Subject) -> Result<(), CheckError> {
        let text = subject.to_string();
        if lots_of(self.statement, "outputs").contains(&text) {
            self.must_be_new(subject)?;
            return owned_by(subject, org);
        }
        if subject == &self.statement.subject {
            return refuse(Code::Form, "the main subject must be one of the outputs");
        }
        self.held(org, subject, false)
    }

    /// What a record of these kinds changes, once its author is known.
    fn effects(&mut self) -> Result<(), CheckError> {
        let author = self.outcome.author.clone();
        for subject in self.subjects() {
            match subject.kind() {
                SubjectKind::Plot if self.is_new(&subject) => {
                    let fact = PlotFact { org: author.clone() };
                    self.outcome.details.insert(subject, Detail::Plot(fact));
                }
                SubjectKind::Crop if self.is_new(&subject) => {
                    let plot = self.crop_plot(&subject)?.unwrap_or_default();
                    let fact = CropFact { org: author.clone(), plot };
                    self.outcome.details.insert(subject, Detail::Crop(fact));
                }
                SubjectKind::Batch => self.batch_effects(subject, &author)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn batch_effects(&mut self, subject: Subject, author: &str) -> Result<(), CheckError> {
        let mut batch = if self.is_new(&subject) {
            BatchFact {
                org: author.to_owned(),
                growing: self.kind == Kind::Planting,
                holders: BTreeSet::from([author.to_owned()]),
                open_shipments: Vec::new(),
            }
        } else {
            match self.batch(&subject)? {
                Some(batch) => batch,
                None => return Ok(()),
            }
        };
        match self.kind {
            Kind::Harvest => batch.growing = false,
            Kind::Shipping => batch.open_shipments.push(OpenShipment {
                leaf: self.record.leaf(),
                to: data_text(self.statement, "to").map(str::to_owned),
                carrier: data_text(self.statement, "carrier").map(str::to_owned),
            }),
            Kind::Receiving => {
                let shipment = data_hash(self.statement, "shipment");
                batch.open_shipments.retain(|open| Some(open.leaf) != shipment);
                if data_text(self.statement, "accept") != Some("rejected") {
                    batch.holders.insert(author.to_owned());
                }
            }
            _ => {}
        }
        self.outcome.details.insert(subject, Detail::Batch(batch));
        Ok(())
    }

    // -- the ledger's own kinds ------------------------------------------------------------------------------

    fn genesis(&mut self) -> Result<(), CheckError> {
        if !self.record.is_genesis() {
            return refuse(Code::Form, "genesis is record 0 and only record 0");
        }
        let keys = public_keys(self.statement)?;
        if keys.len() != REGISTRAR_ADMIN_KEYS_MIN {
            return refuse(Code::Form, "genesis names two registrar keys");
        }
        let mut touched: Vec<Subject> = keys.iter().map(|key| Subject::of_key(&key_id(key))).collect();
        touched.push(Subject::ledger());
        touched.sort();
        if self.statement.subject != org_subject(REGISTRAR)? || self.statement.touches != touched {
            return refuse(Code::Form, "genesis is about org:registrar, its two keys and ledger:");
        }
        for signer in &self.statement.signers {
            if signer.org != REGISTRAR || signer.role != Role::Registrar {
                return refuse(Code::Right, "genesis is signed by the registrar's keys alone");
            }
        }
        self.possession(&keys)?;
        let name = self.statement.data.get("registrar").and_then(|r| r.get("name")).and_then(Value::as_str);
        self.found_org(REGISTRAR, name.unwrap_or_default(), BTreeSet::from([Role::Registrar]), &keys)?;
        self.outcome.details.insert(Subject::ledger(), Detail::Ledger);
        self.outcome.rules = self.statement.data.get("rules").and_then(Value::as_u64);
        self.outcome.log_vkey = data_text(self.statement, "log_vkey").map(str::to_owned);
        self.outcome.author = REGISTRAR.to_owned();
        match self.outcome.rules {
            Some(rules) if RULES_KNOWN.contains(&rules) => Ok(()),
            _ => refuse(Code::Form, "genesis names rules that this program does not know"),
        }
    }

    fn org_register(&mut self) -> Result<(), CheckError> {
        let subject = &self.statement.subject;
        if subject.kind() != SubjectKind::Org {
            return refuse(Code::Form, "org.register is about an organisation");
        }
        self.must_be_new(subject)?;
        let org = subject.id().to_owned();
        let keys = public_keys(self.statement)?;
        let ids: Vec<Hash> = keys.iter().map(key_id).collect();
        let mut touched: Vec<Subject> = ids.iter().map(Subject::of_key).collect();
        touched.sort();
        if self.statement.touches != touched {
            return refuse(Code::Form, "org.register touches exactly the founding keys");
        }
        let roles = roles_of(self.statement)?;
        for signer in self.statement.signers.iter().filter(|signer| ids.contains(&signer.key)) {
            if signer.org != org || !roles.contains(&signer.role) {
                return refuse(Code::Right, "a founding key signs for its organisation in one of its roles");
            }
        }
        self.possession(&keys)?;
        self.author(&ids, Judge::is_registrar_admin)?;
        let name = data_text(self.statement, "name").unwrap_or_default().to_owned();
        self.found_org(&org, &name, roles, &keys)
    }

    fn found_org(
        &mut self,
        org: &str,
        name: &str,
        roles: BTreeSet<Role>,
        keys: &[Hash],
    ) -> Result<(), CheckError> {
        let fact = OrgFact { name: name.to_owned(), roles, status: OrgStatus::Active };
        self.outcome.details.insert(org_subject(org)?, Detail::Org(fact));
        for key in keys {
            self.tie_key(org, key, Scope::Admin, None);
        }
        Ok(())
    }

    fn tie_key(&mut self, org: &str, public_key: &Hash, scope: Scope, recovery_until: Option<i64>) {
        let id = key_id(public_key);
        let fact = KeyFact {
            org: org.to_owned(),
            public_key: *public_key,
            scope,
            plots: None,
            valid_until: data_text(self.statement, "valid_until").map(str::to_owned),
            added_seq: self.record.seq,
            effective_at: recovery_until.unwrap_or(0),
            recovery: recovery_until.is_some(),
            revoked: None,
        };
        self.outcome.details.insert(Subject::of_key(&id), Detail::Key(fact));
        self.outcome.new_keys.push((org.to_owned(), id));
    }

    /// Each key introduced is new and signs itself: nobody registers a key that they do not hold.
    fn possession(&self, keys: &[Hash]) -> Result<(), CheckError> {
        for key in keys {
            let id = key_id(key);
            self.must_be_new(&Subject::of_key(&id))?;
            if !self.statement.signers.iter().any(|signer| signer.key == id) {
                return refuse(Code::Right, format!("the new key {id} must sign too"));
            }
        }
        Ok(())
    }

    fn org_update(&mut self) -> Result<(), CheckError> {
        let subject = self.statement.subject.clone();
        if subject.kind() != SubjectKind::Org {
            return refuse(Code::Form, "org.update is about an organisation");
        }
        const OWN: &[&str] = &["contact", "intro", "name_en", "website"];
        let own_fields = self.statement.data.keys().all(|name| OWN.contains(&name.as_str()));
        self.author(&[], |judge, signer| {
            if own_fields && signer.org == subject.id() {
                return judge.is_admin(signer);
            }
            judge.is_registrar_admin(signer)
        })?;
        let Some(mut org) = self.org(subject.id())? else { return Ok(()) };
        if subject.id() == REGISTRAR && !own_fields {
            return refuse(Code::Right, "the registrar's own name, roles and status do not change");
        }
        if self.statement.data.contains_key("roles") {
            org.roles = roles_of(self.statement)?;
        }
        if let Some(name) = data_text(self.statement, "name") {
            org.name = name.to_owned();
        }
        match data_text(self.statement, "status") {
            Some("active") => org.status = OrgStatus::Active,
            Some("closed") => org.status = OrgStatus::Closed,
            Some("suspended") => org.status = OrgStatus::Suspended,
            _ => {}
        }
        self.outcome.details.insert(subject, Detail::Org(org));
        Ok(())
    }

    fn org_key_add(&mut self) -> Result<(), CheckError> {
        let Some(public_key) = data_hash(self.statement, "public_key") else {
            return refuse(Code::Form, "org.key.add names no public key");
        };
        let id = key_id(&public_key);
        if self.statement.subject != Subject::of_key(&id) {
            return refuse(Code::Form, "org.key.add is about the key that it adds");
        }
        self.possession(&[public_key])?;
        let new_signer = self.statement.signers.iter().find(|signer| signer.key == id);
        let org = new_signer.map(|signer| signer.org.clone()).unwrap_or_default();
        if let (Some(fact), Some(signer)) = (self.org(&org)?, new_signer)
            && !fact.roles.contains(&signer.role)
        {
            return refuse(Code::Right, format!("org:{org} does not have the role {}", signer.role));
        }
        let recovery_until = match self.statement.data.get("recovery") {
            None => {
                let same_org = org.clone();
                self.author(&[id], move |judge, signer| {
                    if signer.org != same_org {
                        return refuse(Code::Right, "a key is added by its own organisation");
                    }
                    judge.is_admin(signer)
                })?;
                None
            }
            Some(recovery) => Some(self.recovery(recovery, &org, &id)?),
        };
        let scope = match self.statement.data.get("scope") {
            Some(scope) if scope.get("admin") == Some(&Value::Bool(true)) => Scope::Admin,
            Some(scope) => Scope::Kinds(scope.get("kinds").map(text_set).unwrap_or_default()),
            None => return refuse(Code::Form, "org.key.add names no scope"),
        };
        self.tie_key(&org, &public_key, scope, recovery_until);
        let plots = self.statement.data.get("plots").map(text_set);
        if let Some(Detail::Key(fact)) = self.outcome.details.get_mut(&self.statement.subject) {
            fact.plots = plots;
        }
        Ok(())
    }

    /// The registrar gives an organisation that lost its keys a new one: in public, and late, unless a key that
    /// the organisation still has signs too. Returns the ledger time from which the key may sign.
    fn recovery(&mut self, recovery: &Value, org: &str, new_key: &Hash) -> Result<i64, CheckError> {
        if recovery.get("org").and_then(Value::as_str) != Some(&format!("org:{org}")) {
            return refuse(Code::Form, "the recovery names another organisation than the new key");
        }
        self.author(&[*new_key], |judge, signer| {
            if signer.org == org && org != REGISTRAR {
                return refuse(Code::Right, "a recovery is the registrar's act");
            }
            judge.is_registrar_admin(signer)
        })?;
        let agreed = self.statement.signers.iter().any(|s| s.org == org && s.key != *new_key);
        let hours = recovery.get("delay_hours").and_then(Value::as_i64).unwrap_or(0);
        Ok(if agreed { 0 } else { self.record.at.saturating_add(hours.saturating_mul(3_600_000)) })
    }

    fn org_key_revoke(&mut self) -> Result<(), CheckError> {
        let subject = self.statement.subject.clone();
        if subject.kind() != SubjectKind::Key {
            return refuse(Code::Form, "org.key.revoke is about a key");
        }
        let Some(Detail::Key(mut key)) = self.detail(&subject)? else {
            return self.author(&[], |_, _| Ok(()));
        };
        if key.revoked.is_some() {
            return refuse(Code::Right, format!("{subject} is already revoked"));
        }
        let org = key.org.clone();
        self.author(&[], |judge, signer| {
            if signer.org != org {
                return refuse(Code::Right, "a key is revoked by its own organisation");
            }
            if Subject::of_key(&signer.key) == subject {
                return Ok(());
            }
            judge.is_admin(signer)
        })?;
        if key.scope == Scope::Admin {
            let least = if org == REGISTRAR { REGISTRAR_ADMIN_KEYS_MIN } else { 1 };
            if self.other_admin_keys(&org, &subject)?.is_some_and(|others| others < least) {
                return refuse(
                    Code::Right,
                    format!("org:{org} would be left with too few admin keys: add another one first"),
                );
            }
        }
        key.revoked = Some(Revocation {
            seq: self.record.seq,
            reason: data_text(self.statement, "reason").unwrap_or_default().to_owned(),
            since: data_text(self.statement, "since").map(str::to_owned),
        });
        self.outcome.details.insert(subject, Detail::Key(key));
        Ok(())
    }

    fn other_admin_keys(&mut self, org: &str, except: &Subject) -> Result<Option<usize>, CheckError> {
        let Lookup::Known(ids) = self.view.org_keys(org)? else { return Ok(None) };
        let mut count = 0;
        for id in ids.iter().map(Subject::of_key).filter(|id| id != except) {
            if let Lookup::Known(Detail::Key(key)) = self.view.subject(&id)? {
                let usable = key.revoked.is_none() && self.record.at >= key.effective_at;
                count += usize::from(usable && key.scope == Scope::Admin);
            }
        }
        Ok(Some(count))
    }

    fn ledger_rules(&mut self) -> Result<(), CheckError> {
        self.about_the_ledger()?;
        let rules = self.statement.data.get("rules").and_then(Value::as_u64).unwrap_or(0);
        if rules <= self.view.rules() {
            return refuse(Code::Right, "rules only move forward");
        }
        if !RULES_KNOWN.contains(&rules) {
            return refuse(Code::Form, format!("this program does not know rules {rules}: update it first"));
        }
        self.outcome.rules = Some(rules);
        Ok(())
    }

    fn ledger_key(&mut self) -> Result<(), CheckError> {
        self.about_the_ledger()?;
        let (Some(old), Some(new), Some(until)) = (
            data_text(self.statement, "old_vkey"),
            data_text(self.statement, "new_vkey"),
            data_text(self.statement, "both_until"),
        ) else {
            return refuse(Code::Form, "ledger.key names the old key, the new key and until when both sign");
        };
        if let Lookup::Known(current) = self.view.log_vkey()?
            && (current != old || old == new)
        {
            return refuse(Code::Right, "ledger.key must replace the current log key by another");
        }
        let message = format!("suyuan/log-key/v1\n{old}\n{new}\n{until}\n");
        for (vkey, signature) in [(old, "signature_old"), (new, "signature_new")] {
            if !signed_by(vkey, &message, data_text(self.statement, signature).unwrap_or_default()) {
                return refuse(Code::Signature, "ledger.key must carry good signatures of both log keys");
            }
        }
        self.outcome.log_vkey = Some(new.to_owned());
        Ok(())
    }

    fn about_the_ledger(&mut self) -> Result<(), CheckError> {
        if self.statement.subject != Subject::ledger() || !self.statement.touches.is_empty() {
            return refuse(Code::Form, format!("{} is about ledger: alone", self.statement.kind));
        }
        self.author(&[], Judge::is_registrar_admin)
    }

    // -- corrections -----------------------------------------------------------------------------------------

    /// The first version of what this correction corrects.
    fn corrected(&mut self) -> Result<Option<LeafFact>, CheckError> {
        let Some(leaf) = self.statement.corrects else {
            return refuse(Code::Form, "a correction names the record it corrects");
        };
        let version = match self.view.leaf(&leaf)? {
            Lookup::Known(fact) => fact,
            Lookup::Absent => return refuse(Code::Unknown, format!("record {leaf} is not in the ledger")),
            Lookup::Unknown => return self.unjudged_correction(),
        };
        if version.original == leaf {
            return self.current_or_stale(leaf, version);
        }
        match self.view.leaf(&version.original)? {
            Lookup::Known(original) => self.current_or_stale(leaf, original),
            _ => self.unjudged_correction(),
        }
    }

    fn unjudged_correction(&mut self) -> Result<Option<LeafFact>, CheckError> {
        self.outcome.missing.insert(self.statement.subject.clone());
        Ok(None)
    }

    fn current_or_stale(&self, leaf: Hash, original: LeafFact) -> Result<Option<LeafFact>, CheckError> {
        if original.current != leaf {
            return refuse(
                Code::StaleCorrection,
                format!("record {leaf} was already corrected; the current version is {}", original.current),
            );
        }
        Ok(Some(original))
    }

    fn correction(&mut self) -> Result<(), CheckError> {
        let Some(original) = self.corrected()? else {
            return self.author(&[], |_, _| Ok(()));
        };
        let touches: Vec<String> = self.statement.touches.iter().map(Subject::to_string).collect();
        if self.statement.subject.to_string() != original.subject || touches != original.touches {
            return refuse(Code::Form, "a correction keeps the subject and what is touched");
        }
        let kind: Kind = match original.kind.parse() {
            Ok(kind) if Kind::is_correctable(kind) => kind,
            _ => return refuse(Code::Right, format!("{} cannot be corrected", original.kind)),
        };
        let Some(Value::Object(data)) = self.statement.data.get("data") else {
            return refuse(Code::Form, "a correction carries the whole corrected data");
        };
        if references(kind, data) != original.fixed {
            return refuse(
                Code::Form,
                "a correction keeps every lot, plot and party: withdraw the statement and make a new one",
            );
        }
        let author = original.author.clone();
        self.author(&[], |_, signer| {
            if signer.org == author {
                return Ok(());
            }
            refuse(Code::Right, format!("only org:{author} may correct this record"))
        })?;
        self.outcome.corrects = Some(original.original);
        self.outcome.leaf = Some(LeafFact { seq: self.record.seq, ..original });
        Ok(())
    }

    fn finish_leaf(&mut self) {
        if self.outcome.leaf.is_some() {
            return;
        }
        let leaf = self.record.leaf();
        self.outcome.leaf = Some(LeafFact {
            seq: self.record.seq,
            kind: self.statement.kind.to_string(),
            subject: self.statement.subject.to_string(),
            touches: self.statement.touches.iter().map(Subject::to_string).collect(),
            author: self.outcome.author.clone(),
            original: leaf,
            current: leaf,
            fixed: references(self.kind, &self.statement.data),
        });
    }
}

/// The subject of a bare organisation id.
fn org_subject(org: &str) -> Result<Subject, Refusal> {
    Subject::of_org(org).map_err(|_| Refusal::new(Code::Form, format!("{org} is no organisation id")))
}

/// Whether `signature` (base64) is that of the log key `vkey` over `message`.
fn signed_by(vkey: &str, message: &str, signature: &str) -> bool {
    let key = vkey.parse::<VerifierKey>();
    let signature = STANDARD.decode(signature).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    matches!((key, signature), (Ok(key), Some(signature))
        if ed25519::verify(key.public(), message.as_bytes(), &signature).is_ok())
}

/// A key id is the SHA-256 of the public key.
fn key_id(public_key: &Hash) -> Hash {
    Hash::of(public_key.as_bytes())
}

fn owned_by(subject: &Subject, org: &str) -> Result<(), CheckError> {
    if subject.org() == Some(org) {
        return Ok(());
    }
    refuse(Code::Right, format!("{subject} does not belong to org:{org}"))
}

fn data_text<'a>(statement: &'a Statement, name: &str) -> Option<&'a str> {
    statement.data.get(name).and_then(Value::as_str)
}

fn data_hash(statement: &Statement, name: &str) -> Option<Hash> {
    data_text(statement, name)?.parse().ok()
}

fn text_set(value: &Value) -> BTreeSet<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The lots that `data` lists on one side (`inputs`, `outputs`, `lots`).
pub fn lots_of(statement: &Statement, side: &str) -> BTreeSet<String> {
    let items = statement.data.get(side).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.get("lot")).filter_map(Value::as_str).map(str::to_owned).collect()
}

fn public_keys(statement: &Statement) -> Result<Vec<Hash>, CheckError> {
    let items = statement.data.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let keys: Option<Vec<Hash>> =
        items.iter().map(|item| item.get("public_key")?.as_str()?.parse().ok()).collect();
    match keys {
        Some(keys) if !keys.is_empty() => Ok(keys),
        _ => refuse(Code::Form, format!("{} names no keys", statement.kind)),
    }
}

fn roles_of(statement: &Statement) -> Result<BTreeSet<Role>, CheckError> {
    let items = statement.data.get("roles").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let roles: Option<BTreeSet<Role>> = items.iter().map(|item| item.as_str()?.parse().ok()).collect();
    match roles {
        Some(roles) if !roles.is_empty() && !roles.contains(&Role::Registrar) => Ok(roles),
        _ => refuse(Code::Form, "roles must name one or more, and never registrar"),
    }
}
