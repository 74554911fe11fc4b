//! From what a person wrote down to a payload that may be signed: values sealed, gaps filled, form checked.
//!
//! Pure but for the salts, which the caller brings. The form is that of `suyuan new`: a payload in clear, without the
//! members that only a program can fill. A value that the kind's schema seals may stand in clear; any other value is
//! sealed by writing `{"seal": value}`.

use anyhow::{Context as _, anyhow, bail, ensure};
use serde_json::{Map, Value, json};

use crate::merkle::Hash;
use crate::statement::json::{resolve, walk};
use crate::statement::kinds::Kind;
use crate::statement::payload::{Statement, to_payload_bytes};
use crate::statement::quantity::{Quantity, Unit};
use crate::statement::schema;
use crate::statement::sealed::{self, BlobOpening, Opening, SALT_BYTES};
use crate::statement::subject::Subject;

/// A form and what a program adds to it.
pub(super) struct Draft {
    /// The clear payload: members that people fill, and `ledger`, `id`, `signers`, `recorded_at`.
    pub(super) payload: Value,
    pub(super) attachments: Vec<Attached>,
    /// Of the record that a correction corrects.
    pub(super) original: Option<Kind>,
}

/// A file that goes with the statement.
pub(super) struct Attached {
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) size: u64,
    pub(super) sha256: Hash,
    pub(super) in_app: bool,
    pub(super) ai_made: bool,
    /// Of a picture that this program can read.
    pub(super) phash: Option<String>,
    /// A place in the payload that names this file too.
    pub(super) named_at: Option<String>,
}

/// A payload that may be signed, and what opens it.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) statement: Statement,
    pub(super) openings: Vec<Value>,
    /// Of the attachments, in their order.
    pub(super) commitments: Vec<Hash>,
}

pub(super) trait Salts {
    fn fresh(&mut self) -> anyhow::Result<[u8; SALT_BYTES]>;
}

/// The system's randomness.
pub(super) struct SystemSalts;

impl Salts for SystemSalts {
    fn fresh(&mut self) -> anyhow::Result<[u8; SALT_BYTES]> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|error| anyhow!("the system gave no randomness: {error}"))?;
        Ok(salt)
    }
}

impl Draft {
    /// Seals what is to be sealed and checks the form of everything.
    pub(super) fn seal(self, salts: &mut dyn Salts) -> anyhow::Result<Sealed> {
        let Draft { mut payload, attachments, original } = self;
        let kind = kind_of(&payload)?;
        drop_blanks(&mut payload);
        convert_quantities(&mut payload);
        let home = Home::of(&payload)?;
        let mut openings = Vec::new();
        let mut commitments = Vec::new();
        for (index, attached) in attachments.iter().enumerate() {
            let (opening, commitment) = home.seal_file(index, attached, &mut payload, salts.fresh()?)?;
            openings.push(opening);
            commitments.push(commitment);
        }
        openings.extend(home.seal_values(kind, original, &mut payload, salts)?);
        touch_what_is_named(&mut payload);
        let payload = to_payload_bytes(&payload)?;
        let statement = Statement::parse(&payload)?;
        check_data(&statement, kind, original)?;
        Ok(Sealed { statement, openings, commitments })
    }
}

/// The kind that a form or payload names.
pub(super) fn kind_of(payload: &Value) -> anyhow::Result<Kind> {
    let name = payload["kind"].as_str().context("the statement names no kind")?;
    name.parse().map_err(|_| anyhow!("there is no kind {name}; `suyuan new` lists them"))
}

/// That the data of a statement is what its kind asks for.
pub(super) fn check_data(statement: &Statement, kind: Kind, original: Option<Kind>) -> anyhow::Result<()> {
    let data = Value::Object(statement.data.clone());
    match (kind, original) {
        (Kind::Correction, Some(original)) => schema::validate_correction(original, &data),
        _ => schema::validate(kind, &data),
    }
    .map_err(|faults| anyhow!("the data of {kind}: {faults}"))
}

/// What every commitment is bound to.
struct Home {
    ledger: Hash,
    id: String,
}

impl Home {
    fn of(payload: &Value) -> anyhow::Result<Home> {
        let ledger = payload["ledger"].as_str().and_then(|text| text.parse().ok());
        let ledger = ledger.context("which ledger? Give --trust FILE or --ledger HASH")?;
        let id = payload["id"].as_str().context("the statement has no id")?.to_owned();
        Ok(Home { ledger, id })
    }

    fn seal_file(
        &self,
        index: usize,
        attached: &Attached,
        payload: &mut Value,
        salt: [u8; SALT_BYTES],
    ) -> anyhow::Result<(Value, Hash)> {
        let pointer = format!("/attachments/{index}");
        let commitment = sealed::seal_blob(&self.ledger, &self.id, &pointer, &attached.sha256, &salt)?;
        let mut member = json!({
            "commitment": commitment,
            "size": attached.size,
            "type": attached.media_type,
            "in_app": attached.in_app,
            "ai_made": attached.ai_made,
        });
        if let Some(phash) = &attached.phash {
            member["phash"] = json!(phash);
        }
        match payload.as_object_mut().map(|payload| payload.entry("attachments").or_insert_with(|| json!([])))
        {
            Some(Value::Array(list)) if list.len() == index => list.push(member),
            _ => bail!("files are given under \"attach\", not under \"attachments\""),
        }
        if let Some(place) = &attached.named_at {
            let value = payload.pointer_mut(place);
            *value.with_context(|| format!("the statement has nothing at {place}"))? = json!(commitment);
        }
        let opening = BlobOpening { pointer, salt, name: attached.name.clone(), sha256: attached.sha256 };
        let opening = opening.to_json();
        BlobOpening::from_json(&opening)?;
        Ok((opening, commitment))
    }

    fn seal_values(
        &self,
        kind: Kind,
        original: Option<Kind>,
        payload: &mut Value,
        salts: &mut dyn Salts,
    ) -> anyhow::Result<Vec<Value>> {
        let by_schema: Vec<String> =
            schema::sealed_fields(kind, original, payload).into_iter().map(|field| field.pointer).collect();
        let mut pointers = by_schema.clone();
        walk(payload, &mut |at, node| {
            if asked_for(node).is_some() && !pointers.iter().any(|known| known == at) {
                pointers.push(at.to_owned());
            }
            Ok::<(), ()>(())
        })
        .map_err(|()| anyhow!("the statement cannot be read"))?;
        let mut openings = Vec::new();
        for pointer in pointers {
            let Some(standing) = resolve(payload, &pointer) else { continue };
            let value = match asked_for(standing) {
                Some(value) => value.clone(),
                None if is_commitment(standing) || is_public_party(&pointer, standing) => continue,
                None => standing.clone(),
            };
            if by_schema.contains(&pointer) {
                schema::check_opened(kind, original, &pointer, &value)
                    .map_err(|faults| anyhow!("{faults}"))?;
            }
            let salt = salts.fresh()?;
            let commitment = sealed::seal(&self.ledger, &self.id, &pointer, &value, &salt)
                .with_context(|| format!("cannot seal {pointer}"))?;
            // Resolved a moment ago.
            if let Some(place) = payload.pointer_mut(&pointer) {
                *place = json!({ "sealed": commitment });
            }
            openings.push(Opening { pointer, salt, value }.to_json());
        }
        Ok(openings)
    }
}

/// `{"seal": value}`: the writer asks for it.
fn asked_for(value: &Value) -> Option<&Value> {
    let members = value.as_object()?;
    (members.len() == 1).then(|| members.get("seal")).flatten()
}

/// Sealed already, elsewhere.
fn is_commitment(value: &Value) -> bool {
    let hash =
        value.as_object().filter(|members| members.len() == 1).and_then(|members| members.get("sealed"));
    hash.and_then(Value::as_str).is_some_and(|text| text.parse::<Hash>().is_ok())
}

/// An organisation stands in clear where a person would be sealed.
fn is_public_party(pointer: &str, value: &Value) -> bool {
    let is_org = |text: &str| text.starts_with("org:") && Subject::parse(text).is_ok();
    pointer == "/on_behalf_of" && value.as_str().is_some_and(is_org)
}

/// What a form left empty is left out: in a payload nothing is null or empty, but for `touches` and `data`.
fn drop_blanks(payload: &mut Value) {
    fn is_blank(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        }
    }
    fn within(value: &mut Value) {
        match value {
            Value::Array(items) => {
                items.iter_mut().for_each(within);
                items.retain(|item| !is_blank(item));
            }
            // What is to be sealed may be any value.
            Value::Object(members) if members.len() == 1 && members.contains_key("seal") => {}
            Value::Object(members) => clean(members),
            _ => {}
        }
    }
    fn clean(members: &mut Map<String, Value>) {
        members.values_mut().for_each(within);
        members.retain(|_, member| !is_blank(member));
    }
    let Some(members) = payload.as_object_mut() else { return };
    for member in members.values_mut() {
        within(member);
    }
    members.retain(|name, member| matches!(name.as_str(), "touches" | "data") || !is_blank(member));
    members.entry("touches").or_insert_with(|| json!([]));
    members.entry("data").or_insert_with(|| json!({}));
}

/// What was entered says what it comes to: `value` may be left out, or 0. What cannot be converted stays, and is
/// refused with its reason when the data is checked.
fn convert_quantities(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(convert_quantities),
        Value::Object(members) => {
            members.values_mut().for_each(convert_quantities);
            if let Some(converted) = converted(members) {
                members.insert("value".into(), json!(converted));
            }
        }
        _ => {}
    }
}

fn converted(members: &Map<String, Value>) -> Option<u64> {
    let is_open = members.get("value").is_none_or(|value| *value == 0);
    let unit = Unit::of(members.get("unit")?.as_str()?).filter(|_| is_open)?;
    let entered = members.get("entered")?.as_str()?.parse().ok()?;
    let per = match members.get("per") {
        None => None,
        Some(per) => Some(Quantity::parse(per, "").ok()?),
    };
    Quantity::new(entered, unit, per).ok().map(|quantity| quantity.value)
}

/// Every subject that the data names is touched; the writer need not say it twice.
fn touch_what_is_named(payload: &mut Value) {
    let Some(subject) = payload["subject"].as_str().map(str::to_owned) else { return };
    let mut named: Vec<String> = Vec::new();
    let _ = walk(&payload["data"], &mut |_, node| {
        if let Some(text) = node.as_str().filter(|text| **text != *subject && Subject::parse(text).is_ok()) {
            named.push(text.to_owned());
        }
        Ok::<(), ()>(())
    });
    let Some(touches) = payload["touches"].as_array_mut() else { return };
    for name in named {
        if !touches.iter().any(|touched| *touched == name) {
            touches.push(json!(name));
        }
    }
}

/// Splits the members that only `sign` understands off a form.
pub(super) struct Form {
    pub(super) payload: Value,
    /// Paths of files, or objects with `file` and what is known of it.
    pub(super) attach: Vec<Value>,
    pub(super) original: Option<Kind>,
}

impl Form {
    pub(super) fn read(value: Value) -> anyhow::Result<Form> {
        let Value::Object(mut members) = value else { bail!("a statement is a JSON object") };
        let attach = match members.remove("attach") {
            None => Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => bail!("\"attach\" is a list of files"),
        };
        let original = match members.remove("corrects_kind") {
            None => None,
            Some(Value::String(kind)) => {
                Some(kind.parse().map_err(|_| anyhow!("\"corrects_kind\": there is no kind {kind}"))?)
            }
            Some(_) => bail!("\"corrects_kind\" is the kind of the record corrected"),
        };
        let payload = Value::Object(members);
        let kind = kind_of(&payload)?;
        ensure!(
            kind != Kind::Correction || original.is_some(),
            "a correction says \"corrects_kind\", the kind of the record that it corrects"
        );
        Ok(Form { payload, attach, original })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::sealed::check_json;

    /// Salts that a test can foresee.
    struct Counting(u8);

    impl Salts for Counting {
        fn fresh(&mut self) -> anyhow::Result<[u8; SALT_BYTES]> {
            self.0 += 1;
            Ok([self.0; SALT_BYTES])
        }
    }

    fn revocation(change: impl Fn(&mut Value)) -> anyhow::Result<Sealed> {
        let key = "cd".repeat(32);
        let mut payload = json!({
            "v": 1,
            "ledger": "ab".repeat(32),
            "id": "01936f5e-7c3a-7b2f-8d1e-0123456789ab",
            "kind": "org.key.revoke/1",
            "subject": format!("key:{key}"),
            "signers": [{"org": "org:farm", "key": key, "as": "farm"}],
            "occurred_at": "2026-11-22",
            "recorded_at": "2026-11-22T09:30:00+08:00",
            "data": {"reason": "lost", "since": "", "note": "掉进水渠\n找不到了"},
        });
        change(&mut payload);
        Draft { payload, attachments: Vec::new(), original: None }.seal(&mut Counting(0))
    }

    #[test]
    fn what_the_schema_seals_is_sealed_and_opens() {
        let sealed = revocation(|_| {}).unwrap();
        assert_eq!(
            sealed.statement.data.keys().collect::<Vec<_>>(),
            ["note", "reason"],
            "blanks are left out"
        );
        assert_eq!(sealed.openings.len(), 1);
        assert_eq!(sealed.openings[0]["value"], "掉进水渠\n找不到了");
        check_json(&sealed.statement, &sealed.openings[0]).unwrap();
        assert!(!String::from_utf8(sealed.statement.payload).unwrap().contains("水渠"));
    }

    #[test]
    fn each_value_has_its_own_salt_and_any_may_be_sealed_on_request() {
        let sealed = revocation(|p| {
            p["ext"] = json!({"driver": {"seal": {"name": "张三"}}, "open": {"seal": 1, "x": 2}});
            p["on_behalf_of"] = json!("李四");
            p["data"]["note"] = json!({"seal": "x"});
        })
        .unwrap();
        let mut opened: Vec<&str> = sealed.openings.iter().filter_map(|o| o["pointer"].as_str()).collect();
        opened.sort_unstable();
        assert_eq!(opened, ["/data/note", "/ext/driver", "/on_behalf_of"]);
        for opening in &sealed.openings {
            check_json(&sealed.statement, opening).unwrap();
        }
        let salts: std::collections::BTreeSet<&str> =
            sealed.openings.iter().filter_map(|o| o["salt"].as_str()).collect();
        assert_eq!(salts.len(), 3);
    }

    #[test]
    fn an_organisation_and_a_commitment_stay_as_they_stand() {
        let sealed = revocation(|p| {
            p["on_behalf_of"] = json!("org:farm");
            p["data"]["note"] = json!({"sealed": "00".repeat(32)});
        })
        .unwrap();
        assert_eq!(sealed.openings, Vec::<Value>::new());
    }

    #[test]
    fn what_has_not_the_form_is_refused_with_the_reason() {
        let problem = |change: &dyn Fn(&mut Value)| format!("{:#}", revocation(change).unwrap_err());
        assert!(problem(&|p| p["data"]["reason"] = json!("bored")).contains("org.key.revoke/1"));
        assert!(problem(&|p| p["data"]["reason"] = json!("")).contains("reason"));
        assert!(problem(&|p| p["occurred_at"] = json!("yesterday")).contains("/occurred_at"));
        assert!(problem(&|p| p["kind"] = json!("holiday/1")).contains("no kind holiday/1"));
        assert!(problem(&|p| p["data"]["note"] = json!("x".repeat(20_000))).contains("note"));
        let no_ledger = |p: &mut Value| p["ledger"] = json!("");
        assert!(problem(&no_ledger).contains("--trust"));
    }

    #[test]
    fn what_was_entered_says_what_it_comes_to() {
        let mut value = json!({
            "a": {"entered": "10", "unit": "mu"},
            "b": [{"entered": "2", "unit": "box", "value": 0, "per": {"entered": "2.5", "unit": "kg"}}],
            "kept": {"entered": "1", "unit": "kg", "value": 7},
            "unknown": {"entered": "1", "unit": "stone"},
        });
        convert_quantities(&mut value);
        assert_eq!(value["a"]["value"], 66_666_667);
        assert_eq!((&value["b"][0]["value"], &value["b"][0]["per"]["value"]), (&json!(5000), &json!(2500)));
        assert_eq!(value["kept"]["value"], 7, "what somebody said is for the check to refuse");
        assert_eq!(value["unknown"]["value"], Value::Null);
    }

    #[test]
    fn a_file_is_committed_to_and_named_where_asked() {
        let sha256 = Hash::of(b"picture");
        let attached = Attached {
            name: "田边.png".into(),
            media_type: "image/png".into(),
            size: 7,
            sha256,
            in_app: false,
            ai_made: false,
            phash: Some("0123456789abcdef".into()),
            named_at: Some("/ext/picture".into()),
        };
        let key = "cd".repeat(32);
        let payload = json!({
            "v": 1,
            "ledger": "ab".repeat(32),
            "id": "01936f5e-7c3a-7b2f-8d1e-0123456789ab",
            "kind": "org.key.revoke/1",
            "subject": format!("key:{key}"),
            "signers": [{"org": "org:farm", "key": key, "as": "farm"}],
            "occurred_at": "2026-11-22",
            "recorded_at": "2026-11-22T09:30:00+08:00",
            "data": {"reason": "lost"},
            "ext": {"picture": "?"},
        });
        let sealed =
            Draft { payload, attachments: vec![attached], original: None }.seal(&mut Counting(0)).unwrap();
        check_json(&sealed.statement, &sealed.openings[0]).unwrap();
        let named = &sealed.statement.ext.as_ref().unwrap()["picture"];
        assert_eq!(*named, json!(sealed.commitments[0]));
        assert_eq!(sealed.statement.attachments[0].phash.as_deref(), Some("0123456789abcdef"));
    }
}
