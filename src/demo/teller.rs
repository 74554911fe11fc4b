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
use super::wrap::{SystemChance, Wrapping};
use crate::anchor::Publication;
use crate::keys::PrivateKey;
use crate::merkle::Hash;
use crate::statement::ed25519::KeyPair;
use crate::statement::envelope::Envelope;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::statement::subject::Subject;

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
    pub org: String,
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
        let registrar = Pen { org: "registrar".to_owned(), role: Role::Registrar, key: Rc::new(registrar) };
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
    pub(super) fn register(&mut self, org: &Org<'_>, at: DateTime) -> anyhow::Result<Pen> {
        let pen = self.new_pen(org.id, org.roles[0], "admin")?;
        self.say(registration(org, &self.registrar, &pen, at))?;
        Ok(pen)
    }

    /// The registrar puts a table of produce rules into the ledger.
    pub(super) fn set_rules(&mut self, data: Value, at: DateTime) -> anyhow::Result<Hash> {
        let draft = Draft::new(Kind::RulesSet, Subject::ledger().as_str(), &self.registrar, at, data);
        self.say(draft)
    }

    /// The registrar names the one list where checkpoints are published.
    pub(super) fn publish_at(&mut self, publication: &Publication, at: DateTime) -> anyhow::Result<Hash> {
        let [contract, sender] =
            [publication.contract, publication.sender].map(|account| format!("0x{}", hex::encode(account)));
        let data = json!({ "chain_id": publication.chain_id, "contract": contract, "sender": sender });
        let draft = Draft::new(Kind::LedgerAnchor, Subject::ledger().as_str(), &self.registrar, at, data);
        self.say(draft)
    }

    /// An organisation's admin key admits a key on a phone, which proves that it is there by signing too.
    pub(super) fn add_key(&mut self, admin: &Pen, phone: &Phone<'_>, at: DateTime) -> anyhow::Result<Pen> {
        let pen = self.new_pen(&admin.org, phone.role, phone.device)?;
        self.say(admission(admin, phone, &pen, at))?;
        Ok(pen)
    }

    fn new_pen(&mut self, org: &str, role: Role, device: &str) -> anyhow::Result<Pen> {
        let key = PrivateKey::generate()?;
        let pen = Pen { org: org.to_owned(), role, key: Rc::new(key.pair()) };
        self.keys.push(MadeKey { org: org.to_owned(), role, device: device.to_owned(), key });
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
        let made = Wrapping { home: self.home, chance: &mut SystemChance }.wrap(&draft)?;
        let leaf = self.ledger.submit(&made.envelope, &made.openings)?;
        for (commitment, file) in made.files.iter().zip(&draft.files) {
            self.ledger.upload(commitment, file.media_type, &file.bytes).context(file.name.clone())?;
        }
        self.told.statements += 1;
        self.told.files += draft.files.len() as u64;
        self.told.sealed_values += (made.openings.len() - draft.files.len()) as u64;
        Ok(leaf)
    }
}

/// A key to be admitted: whose, on what, for what.
pub(super) struct Phone<'a> {
    pub(super) role: Role,
    pub(super) kinds: &'a [Kind],
    pub(super) holder: &'a str,
    pub(super) device: &'a str,
}

/// The registrar and the organisation's own first key sign its registration.
pub(super) fn registration(org: &Org<'_>, registrar: &Pen, pen: &Pen, at: DateTime) -> Draft {
    let data = json!({
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
        "keys": [{ "public_key": public_key(pen) }],
        "contact": { "person": "示范联系人", "phone": "000-0000-0000", "address": org.village },
        "address_village": org.village,
    });
    let mut draft = Draft::new(Kind::OrgRegister, &format!("org:{}", org.id), registrar, at, data);
    draft.touches = vec![Subject::of_key(&pen.key.key_id()).to_string()];
    draft.also_signed_by(pen).for_partners()
}

/// An organisation's admin key admits a key on a phone, which proves that it is there by signing too.
pub(super) fn admission(admin: &Pen, phone: &Phone<'_>, pen: &Pen, at: DateTime) -> Draft {
    let mut kinds: Vec<&str> = phone.kinds.iter().map(|kind| kind.name()).collect();
    kinds.sort_unstable();
    let data = json!({
        "public_key": public_key(pen),
        "scope": { "kinds": kinds },
        "holder": phone.holder,
        "device": phone.device,
    });
    let subject = Subject::of_key(&pen.key.key_id()).to_string();
    Draft::new(Kind::OrgKeyAdd, &subject, admin, at, data).also_signed_by(pen).for_partners()
}

fn public_key(pen: &Pen) -> String {
    hex::encode(pen.key.public().as_bytes())
}
