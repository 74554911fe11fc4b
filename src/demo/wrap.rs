//! From a draft to what is sent: its sealed fields and files committed to, its subjects named, signed by its pens.
//!
//! Where chance comes from is the caller's: the system's for stories, a seed for seasons that must come out the same.

use anyhow::{Context as _, bail};
use jiff::civil::DateTime;
use serde_json::{Value, json};

use super::draft::Draft;
use super::season;
use crate::merkle::Hash;
use crate::statement::ed25519::KeyPair;
use crate::statement::envelope::Envelope;
use crate::statement::json::walk;
use crate::statement::payload::{Statement, to_payload_bytes};
use crate::statement::sealed::{self, BlobOpening, Opening, SALT_BYTES};
use crate::statement::subject::Subject;
use crate::statement::{names, schema};

/// Where salts and ids come from.
pub(super) trait Chance {
    fn fill(&mut self, bytes: &mut [u8]) -> anyhow::Result<()>;
}

/// The system's random bytes.
pub(super) struct SystemChance;

impl Chance for SystemChance {
    fn fill(&mut self, bytes: &mut [u8]) -> anyhow::Result<()> {
        getrandom::fill(bytes).map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))
    }
}

/// A ledger's leaf hash of genesis, and where chance comes from.
pub(super) struct Wrapping<'a> {
    pub(super) home: Hash,
    pub(super) chance: &'a mut dyn Chance,
}

/// What is sent.
pub(super) struct Wrapped {
    pub(super) envelope: Envelope,
    pub(super) openings: Vec<Value>,
    /// The commitments of the draft's files, in their order.
    pub(super) files: Vec<Hash>,
}

impl Wrapping<'_> {
    pub(super) fn wrap(&mut self, draft: &Draft) -> anyhow::Result<Wrapped> {
        let id = statement_id(draft.recorded, self.chance)?;
        let mut payload = self.outer_members(draft, &id);
        let mut openings = self.seal_fields(draft, &id, &mut payload)?;
        let files = self.commit_files(draft, &id, &mut payload, &mut openings)?;
        payload["touches"] = json!(touches_of(&payload, draft)?);
        let statement = Statement::parse(&to_payload_bytes(&payload)?)?;
        for opening in &openings {
            sealed::check_json(&statement, opening)?;
        }
        let keys: Vec<&KeyPair> = draft.pens.iter().map(|pen| pen.key.as_ref()).collect();
        let envelope = Envelope::sign(&statement, &keys)?;
        Ok(Wrapped { envelope, openings, files })
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
        if let Some((n, prev)) = &draft.device {
            payload["device"] = json!({ "n": n, "prev": prev });
        }
        payload
    }

    /// Replaces each field that its schema seals by a commitment under a fresh salt.
    fn seal_fields(&mut self, draft: &Draft, id: &str, payload: &mut Value) -> anyhow::Result<Vec<Value>> {
        let mut openings = Vec::new();
        for field in schema::sealed_fields(draft.kind, draft.corrects.map(|(_, kind)| kind), payload) {
            let pointer = field.pointer;
            let Some(place) = payload.pointer_mut(&pointer) else { bail!("nothing stands at {pointer}") };
            let (value, salt) = (place.take(), self.salt()?);
            let commitment = sealed::seal(&self.home, id, &pointer, &value, &salt)?;
            *place = json!({ "sealed": commitment });
            openings.push(Opening { pointer, salt, value }.to_json());
        }
        Ok(openings)
    }

    fn commit_files(
        &mut self,
        draft: &Draft,
        id: &str,
        payload: &mut Value,
        openings: &mut Vec<Value>,
    ) -> anyhow::Result<Vec<Hash>> {
        let mut commitments = Vec::new();
        let mut attachments = Vec::new();
        for (index, file) in draft.files.iter().enumerate() {
            let (pointer, salt) = (format!("/attachments/{index}"), self.salt()?);
            let sha256 = Hash::of(&file.bytes);
            let commitment = sealed::seal_blob(&self.home, id, &pointer, &sha256, &salt)?;
            let mut attachment = json!({
                "commitment": commitment,
                "size": file.bytes.len(),
                "type": file.media_type,
                "in_app": false,
                "ai_made": false,
            });
            let computed = || crate::picture::phash_of(file.media_type, &file.bytes);
            if let Some(phash) = file.phash.map(|bits| format!("{bits:016x}")).or_else(computed) {
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

    fn salt(&mut self) -> anyhow::Result<[u8; SALT_BYTES]> {
        let mut salt = [0; SALT_BYTES];
        self.chance.fill(&mut salt)?;
        Ok(salt)
    }
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

/// A UUIDv7 of the time of recording, as a phone makes it.
pub(super) fn statement_id(recorded: DateTime, chance: &mut dyn Chance) -> anyhow::Result<String> {
    let millis = u64::try_from(season::millis(recorded)).context("a time before 1970")?;
    let mut random = [0; 10];
    chance.fill(&mut random)?;
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string();
    debug_assert!(names::is_statement_id(&id));
    Ok(id)
}
