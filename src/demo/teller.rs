//! Tells a story the way that farms and laboratories do: each statement is sealed, signed and submitted, one by one.
//!
//! The teller knows the ledger only as something that takes envelopes and files. The service behind it is the real one;
//! tests put the bare rules there.

use std::rc::Rc;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::{Value, json};

use super::cast::Org;
use super::draft::{Draft, Pen};
use super::season;
use crate::keys::PrivateKey;
use crate::merkle::Hash;
use crate::statement::ed25519::KeyPair;
use crate::statement::envelope::Envelope;
use crate::statement::json::walk;
use crate::statement::kinds::Kind;
use crate::statement::payload::{Statement, to_payload_bytes};
use crate::statement::role::Role;
use crate::statement::sealed::{self, BlobOpening, Opening, SALT_BYTES};
use crate::statement::subject::Subject;
use crate::statement::{names, schema};

/// Takes what stories say.
pub(super) trait Ledger {
    /// Appends a statement, durably, and names its record by leaf hash.
    fn submit(&mut self, envelope: &Envelope, openings: &[Value]) -> anyhow::Result<Hash>;

    /// Stores a file whose commitment an accepted statement holds.
    fn upload(&mut self, commitment: &Hash, media_type: &str, bytes: &[u8]) -> anyhow::Result<()>;
}

/// What the teller counts, for whoever watches.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    pub statements: u64,
    pub files: u64,
    pub sealed_values: u64,
}

pub(super) struct Teller<'a> {
    ledger: &'a mut dyn Ledger,
    /// Leaf hash of the genesis record.
    home: Hash,
    registrar: Pen,
    now: Timestamp,
    told: Told,
    keys: Vec<MadeKey>,
}

/// A key of the cast, so that whoever plays with the demonstration can sign as anybody in it.
pub struct MadeKey {
    pub org: &'static str,
    pub role: Role,
    /// `admin`, or the device that holds it.
    pub device: String,
    pub key: PrivateKey,
}

impl<'a> Teller<'a> {
    /// `registrar` is one of the registrar's admin keys.
    pub(super) fn new(
        ledger: &'a mut dyn Ledger,
        home: Hash,
        registrar: KeyPair,
        now: Timestamp,
    ) -> Teller<'a> {
        let registrar = Pen { org: "registrar", role: Role::Registrar, key: Rc::new(registrar) };
        Teller { ledger, home, registrar, now, told: Told::default(), keys: Vec::new() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn told(&self) -> Told {
        self.told
    }

    pub(super) fn into_keys(self) -> Vec<MadeKey> {
        self.keys
    }

    /// The registrar and the organisation's own first key sign its registration.
    pub(super) fn register(&mut self, org: &Org, at: DateTime) -> anyhow::Result<Pen> {
        let pen = self.new_pen(org.id, org.roles[0], "admin")?;
        let mut data = json!({
            "name": org.name,
            "name_en": org.name_en,
            "roles": org.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>(),
            "identity": {
                "checked_by": "registrar",
                "method": org.identity_method,
                "date": season::day(at.date()),
                "document_type": org.document_type,
                "document_no": format!("示范证件-{}", org.id),
            },
            "keys": [{ "public_key": public_key(&pen) }],
            "contact": { "person": "示范联系人", "phone": "000-0000-0000", "address": org.village },
        });
        data["address_village"] = json!(org.village);
        let mut draft = Draft::new(Kind::OrgRegister, &format!("org:{}", org.id), &self.registrar, at, data);
        draft.touches = vec![Subject::of_key(&pen.key.key_id()).to_string()];
        self.say(draft.also_signed_by(&pen).for_partners())?;
        Ok(pen)
    }

    /// The registrar puts a table of produce rules into the ledger.
    pub(super) fn set_rules(&mut self, data: Value, at: DateTime) -> anyhow::Result<Hash> {
        let draft = Draft::new(Kind::RulesSet, Subject::ledger().as_str(), &self.registrar, at, data);
        self.say(draft)
    }

    /// An organisation's admin key admits a key on a phone, which proves that it is there by signing too.
    pub(super) fn add_key(&mut self, admin: &Pen, phone: &Phone<'_>, at: DateTime) -> anyhow::Result<Pen> {
        let pen = self.new_pen(admin.org, phone.role, phone.device)?;
        let mut kinds: Vec<&str> = phone.kinds.iter().map(|kind| kind.name()).collect();
        kinds.sort_unstable();
        let data = json!({
            "public_key": public_key(&pen),
            "scope": { "kinds": kinds },
            "holder": phone.holder,
            "device": phone.device,
        });
        let subject = Subject::of_key(&pen.key.key_id()).to_string();
        let draft = Draft::new(Kind::OrgKeyAdd, &subject, admin, at, data);
        self.say(draft.also_signed_by(&pen).for_partners())?;
        Ok(pen)
    }

    fn new_pen(&mut self, org: &'static str, role: Role, device: &str) -> anyhow::Result<Pen> {
        let key = PrivateKey::generate()?;
        let pen = Pen { org, role, key: Rc::new(key.pair()) };
        self.keys.push(MadeKey { org, role, device: device.to_owned(), key });
        Ok(pen)
    }

    /// Seals, signs and submits a statement and its files.
    pub(super) fn say(&mut self, draft: Draft) -> anyhow::Result<Hash> {
        let what = format!("{} about {}", draft.kind, draft.subject);
        self.try_say(draft).with_context(|| what)
    }

    fn try_say(&mut self, draft: Draft) -> anyhow::Result<Hash> {
        if season::millis(draft.recorded) > self.now.as_millisecond() {
            bail!("the story runs ahead of the clock: {}", draft.recorded);
        }
        let id = statement_id(draft.recorded)?;
        let mut payload = self.outer_members(&draft, &id);
        let mut openings = self.seal_fields(&draft, &id, &mut payload)?;
        let commitments = self.commit_files(&draft, &id, &mut payload, &mut openings)?;
        let touches = touches_of(&payload, &draft)?;
        payload["touches"] = json!(touches);

        let statement = Statement::parse(&to_payload_bytes(&payload)?)?;
        for opening in &openings {
            sealed::check_json(&statement, opening)?;
        }
        let keys: Vec<&KeyPair> = draft.pens.iter().map(|pen| pen.key.as_ref()).collect();
        let envelope = Envelope::sign(&statement, &keys)?;
        let leaf = self.ledger.submit(&envelope, &openings)?;
        for (commitment, file) in commitments.iter().zip(&draft.files) {
            self.ledger.upload(commitment, file.media_type, &file.bytes).context(file.name.clone())?;
        }
        self.told.statements += 1;
        self.told.files += draft.files.len() as u64;
        self.told.sealed_values += (openings.len() - draft.files.len()) as u64;
        Ok(leaf)
    }

    fn outer_members(&self, draft: &Draft, id: &str) -> Value {
        let signers: Vec<Value> = draft
            .pens
            .iter()
            .map(|pen| {
                json!({ "org": format!("org:{}", pen.org), "key": pen.key.key_id(), "as": pen.role.as_str() })
            })
            .collect();
        let mut payload = json!({
            "v": 1,
            "ledger": self.home,
            "id": id,
            "kind": draft.kind.to_string(),
            "subject": draft.subject,
            "signers": signers,
            "occurred_at": draft.occurred_at,
            "recorded_at": season::instant(draft.recorded),
            "source": draft.source,
            "visibility": draft.visibility,
            "data": draft.data,
        });
        if let Some(place) = &draft.place {
            payload["place"] = place.clone();
        }
        if let Some((leaf, _)) = &draft.corrects {
            payload["corrects"] = json!(leaf);
        }
        payload
    }

    /// Replaces each field that its schema seals by a commitment under a fresh salt.
    fn seal_fields(&self, draft: &Draft, id: &str, payload: &mut Value) -> anyhow::Result<Vec<Value>> {
        let mut openings = Vec::new();
        for field in schema::sealed_fields(draft.kind, draft.corrects.map(|(_, kind)| kind), payload) {
            let pointer = field.pointer;
            let Some(place) = payload.pointer_mut(&pointer) else { bail!("nothing stands at {pointer}") };
            let (value, salt) = (place.take(), fresh_salt()?);
            let commitment = sealed::seal(&self.home, id, &pointer, &value, &salt)?;
            *place = json!({ "sealed": commitment });
            openings.push(Opening { pointer, salt, value }.to_json());
        }
        Ok(openings)
    }

    fn commit_files(
        &self,
        draft: &Draft,
        id: &str,
        payload: &mut Value,
        openings: &mut Vec<Value>,
    ) -> anyhow::Result<Vec<Hash>> {
        let mut commitments = Vec::new();
        let mut attachments = Vec::new();
        for (index, file) in draft.files.iter().enumerate() {
            let (pointer, salt) = (format!("/attachments/{index}"), fresh_salt()?);
            let sha256 = Hash::of(&file.bytes);
            let commitment = sealed::seal_blob(&self.home, id, &pointer, &sha256, &salt)?;
            let mut attachment = json!({
                "commitment": commitment,
                "size": file.bytes.len(),
                "type": file.media_type,
                "in_app": false,
                "ai_made": false,
            });
            if let Some(phash) = crate::picture::phash_of(file.media_type, &file.bytes) {
                attachment["phash"] = json!(phash);
            }
            attachments.push(attachment);
            if let Some(named_at) = file.named_at {
                let Some(place) = payload["data"].pointer_mut(named_at) else {
                    bail!("data has no {named_at} to name {} in", file.name)
                };
                *place = json!(commitment);
            }
            openings.push(BlobOpening { pointer, salt, name: file.name.clone(), sha256 }.to_json());
            commitments.push(commitment);
        }
        if !attachments.is_empty() {
            payload["attachments"] = json!(attachments);
        }
        Ok(commitments)
    }
}

/// A key to be admitted: whose, on what, for what.
pub(super) struct Phone<'a> {
    pub(super) role: Role,
    pub(super) kinds: &'a [Kind],
    pub(super) holder: &'a str,
    pub(super) device: &'a str,
}

/// Every subject that the data names, and those that the kind touches without naming them.
fn touches_of(payload: &Value, draft: &Draft) -> anyhow::Result<Vec<String>> {
    let mut touches = draft.touches.clone();
    walk(&payload["data"], &mut |_, node| {
        if let Some(subject) = node.as_str().and_then(|text| Subject::parse(text).ok()) {
            touches.push(subject.to_string());
        }
        anyhow::Ok(())
    })?;
    touches.retain(|subject| *subject != draft.subject);
    touches.sort_unstable();
    touches.dedup();
    Ok(touches)
}

fn public_key(pen: &Pen) -> String {
    hex::encode(pen.key.public().as_bytes())
}

fn fresh_salt() -> anyhow::Result<[u8; SALT_BYTES]> {
    fresh()
}

fn fresh<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
    Ok(bytes)
}

/// A UUIDv7 of the time of recording, as a phone makes it.
pub(super) fn statement_id(recorded: DateTime) -> anyhow::Result<String> {
    let millis = u64::try_from(season::millis(recorded)).context("a time before 1970")?;
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &fresh()?).into_uuid().to_string();
    debug_assert!(names::is_statement_id(&id));
    Ok(id)
}
