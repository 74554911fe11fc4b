//! `suyuan org`: the registrar's and an organisation's own acts, as statements to submit.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::merkle::Hash;
use crate::statement::role::Role;
use crate::statement::subject::Subject;

use super::draft::SystemSalts;
use super::passphrase::PassphraseArgs;
use super::sign::{HomeArgs, KeyArg, Party, Signer, parse_role, print, sign_value};
use super::{Answer, times};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Register an organisation with its founding key
    #[command(after_help = REGISTER_EXAMPLES)]
    Register(RegisterArgs),
    /// Write an invitation that the new organisation's key signs first, and the registrar's last
    #[command(after_help = INVITE_EXAMPLES)]
    Invite(InviteArgs),
    /// Add a key to an organisation
    #[command(after_help = ADD_KEY_EXAMPLES)]
    AddKey(AddKeyArgs),
    /// Revoke a key
    #[command(after_help = REVOKE_EXAMPLES)]
    RevokeKey(RevokeArgs),
}

const REGISTER_EXAMPLES: &str = "\
Examples:
  suyuan org register green-farm --name 青禾农场 --roles farm --method in_person \\
    --key registrar-1.pem --new-key farm.pem --trust trust.json > signed.ndjson

If farm.pem is not here, give its public part (farm.pub): the answer then lacks that signature, which
`suyuan sign --key farm.pem` adds where the key is.";

const INVITE_EXAMPLES: &str = "\
Examples:
  suyuan org invite green-farm --name 青禾农场 --roles farm --method in_person \\
    --key registrar-1.pub --trust trust.json > invite.json
  suyuan sign --key farm.pem invite.json > half-signed.json            at the farm
  suyuan sign --key registrar-1.pem half-signed.json > signed.ndjson   at the registrar";

const ADD_KEY_EXAMPLES: &str = "\
Examples:
  suyuan org add-key --key farm.pem=green-farm/farm --new-key phone.pem --kinds harvest,input --trust trust.json
  suyuan org add-key --key farm.pem=green-farm/farm --new-key spare.pub --admin --trust trust.json";

const REVOKE_EXAMPLES: &str = "\
Examples:
  suyuan org revoke-key 3b4f… --reason lost --key farm.pem=green-farm/farm --trust trust.json";

/// What is said of an organisation when it is registered.
#[derive(clap::Args)]
struct OrgArgs {
    /// The organisation's id: lower-case letters, digits, hyphens
    id: String,
    /// The name that people read
    #[arg(long)]
    name: String,
    /// The name in English
    #[arg(long)]
    name_en: Option<String>,
    /// farm, coop, packhouse, warehouse, processor, carrier, lab, host, platform, regulator
    #[arg(long, value_delimiter = ',', required = true, value_parser = parse_role)]
    roles: Vec<Role>,
    /// Who checked the identity, as an organisation's id
    #[arg(long, default_value = "registrar")]
    checked_by: String,
    /// How: in_person, document, video, government_registry, other_ledger
    #[arg(long)]
    method: String,
    /// When (default: today)
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
    /// business_licence, coop_licence, resident_id, cma_certificate, land_contract …
    #[arg(long)]
    document_type: Option<String>,
    /// Sealed: only its commitment enters the ledger
    #[arg(long)]
    document_no: Option<String>,
    /// Village of the address
    #[arg(long)]
    village: Option<String>,
    /// Contact person: sealed
    #[arg(long)]
    contact: Option<String>,
    /// Telephone: sealed
    #[arg(long)]
    phone: Option<String>,
}

impl OrgArgs {
    fn subject(&self) -> anyhow::Result<Subject> {
        Subject::of_org(&self.id).with_context(|| format!("{} is not an id for an organisation", self.id))
    }

    fn form(&self) -> anyhow::Result<Value> {
        let mut roles: Vec<&str> = self.roles.iter().map(|role| role.as_str()).collect();
        roles.sort_unstable();
        roles.dedup();
        let today = times::today_text();
        Ok(json!({
            "kind": "org.register/1",
            "subject": self.subject()?.as_str(),
            "touches": [],
            "occurred_at": self.date.as_ref().unwrap_or(&today),
            "visibility": "partners",
            "data": {
                "name": self.name,
                "name_en": self.name_en,
                "roles": roles,
                "identity": {
                    "checked_by": self.checked_by,
                    "method": self.method,
                    "date": self.date.as_ref().unwrap_or(&today),
                    "document_type": self.document_type,
                    "document_no": self.document_no,
                },
                "keys": [],
                "address_village": self.village,
                "contact": self.contact(),
            },
        }))
    }

    fn contact(&self) -> Value {
        let members = [("person", &self.contact), ("phone", &self.phone)];
        let said =
            members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))));
        Value::Object(said.collect())
    }

    /// The new organisation signs in its first role.
    fn party(&self) -> Party {
        Party { org: self.id.clone(), role: self.roles[0] }
    }
}

#[derive(clap::Args)]
pub(super) struct RegisterArgs {
    #[command(flatten)]
    org: OrgArgs,
    /// The registrar's key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The organisation's founding key, or its public part; up to three
    #[arg(long = "new-key", value_name = "FILE", required = true)]
    new_keys: Vec<PathBuf>,
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(clap::Args)]
pub(super) struct InviteArgs {
    #[command(flatten)]
    org: OrgArgs,
    /// The registrar's key; its public part is enough
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(clap::Args)]
pub(super) struct AddKeyArgs {
    /// An admin key of the organisation
    #[arg(long, value_name = "FILE=ORG/ROLE")]
    key: KeyArg,
    /// The key to add, or its public part
    #[arg(long, value_name = "FILE")]
    new_key: PathBuf,
    /// The role that the new key signs this in (default: that of --key)
    #[arg(long = "as", value_name = "ROLE", value_parser = parse_role)]
    role: Option<Role>,
    /// Kinds that it may sign
    #[arg(long, value_delimiter = ',', required_unless_present = "admin", conflicts_with = "admin")]
    kinds: Vec<String>,
    /// It may sign everything, keys included
    #[arg(long)]
    admin: bool,
    /// Plots that it is confined to: ORG.PLOT
    #[arg(long, value_delimiter = ',')]
    plots: Vec<String>,
    /// Its last day
    #[arg(long, value_name = "DATE")]
    valid_until: Option<String>,
    /// Who holds it: sealed
    #[arg(long)]
    holder: Option<String>,
    /// What it lies on
    #[arg(long)]
    device: Option<String>,
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(clap::Args)]
pub(super) struct RevokeArgs {
    /// The key's id: 64 hexadecimal digits
    key_id: Hash,
    /// lost, stolen, left, replaced, retired
    #[arg(long)]
    reason: String,
    /// For a stolen key: from when it may have been in other hands
    #[arg(long, value_name = "INSTANT")]
    since: Option<String>,
    /// Sealed
    #[arg(long)]
    note: Option<String>,
    /// The key itself, or an admin key of the organisation
    #[arg(long, value_name = "FILE=ORG/ROLE")]
    key: KeyArg,
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

pub(super) fn run(command: &Command) -> anyhow::Result<Answer> {
    match command {
        Command::Register(args) => register(args),
        Command::Invite(args) => invite(args),
        Command::AddKey(args) => add_key(args),
        Command::RevokeKey(args) => revoke_key(args),
    }
}

fn registrar() -> Party {
    Party { org: "registrar".into(), role: Role::Registrar }
}

fn register(args: &RegisterArgs) -> anyhow::Result<Answer> {
    let mut form = args.org.form()?;
    let open = |path: &Path, party: Party| {
        Signer::open(&KeyArg { path: path.to_owned(), party: Some(party) }, &args.passphrase)
    };
    let mut signers = vec![open(&args.key, registrar())?];
    for path in &args.new_keys {
        signers.push(open(path, args.org.party())?);
    }
    for signer in &signers[1..] {
        introduce(&mut form, signer);
    }
    finish(form, &args.home, &signers)
}

fn invite(args: &InviteArgs) -> anyhow::Result<Answer> {
    let mut form = args.org.form()?;
    let key = Signer::open(&KeyArg { path: args.key.clone(), party: None }, &args.passphrase)?;
    let ledger = args.home.ledger()?.context("which ledger? Give --trust FILE or --ledger HASH")?;
    let Party { org, role } = args.org.party();
    form["ledger"] = json!(ledger);
    form["signers"] = json!([
        { "org": "org:registrar", "key": key.public().key_id(), "as": Role::Registrar.as_str() },
        { "org": format!("org:{org}"), "as": role.as_str() },
    ]);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string_pretty(&form)?)?;
    Ok(Answer::Done)
}

fn add_key(args: &AddKeyArgs) -> anyhow::Result<Answer> {
    let admin = Signer::open(&args.key, &args.passphrase)?;
    let party = args.key.party.clone().context("for whom? Say --key FILE=ORG/ROLE")?;
    let role = args.role.unwrap_or(party.role);
    let new = KeyArg { path: args.new_key.clone(), party: Some(Party { role, ..party }) };
    let new = Signer::open(&new, &args.passphrase)?;
    let id = new.public().key_id();
    ensure!(id != admin.public().key_id(), "the two keys are the same");
    let sorted = |words: &[String]| {
        let mut words = words.to_vec();
        words.sort();
        words.dedup();
        words
    };
    let scope = match args.admin {
        true => json!({ "admin": true }),
        false => json!({ "kinds": sorted(&args.kinds) }),
    };
    let form = json!({
        "kind": "org.key.add/1",
        "subject": Subject::of_key(&id).as_str(),
        "occurred_at": times::today_text(),
        "visibility": "partners",
        "data": {
            "public_key": hex::encode(new.public().as_bytes()),
            "scope": scope,
            "plots": sorted(&args.plots),
            "valid_until": args.valid_until,
            "holder": args.holder,
            "device": args.device,
        },
    });
    finish(form, &args.home, &[admin, new])
}

fn revoke_key(args: &RevokeArgs) -> anyhow::Result<Answer> {
    let signer = Signer::open(&args.key, &args.passphrase)?;
    let form = json!({
        "kind": "org.key.revoke/1",
        "subject": Subject::of_key(&args.key_id).as_str(),
        "occurred_at": times::today_text(),
        "visibility": "public",
        "data": { "reason": args.reason, "since": args.since, "note": args.note },
    });
    finish(form, &args.home, &[signer])
}

/// Names a founding key in a registration: in the data, and as a subject that the record touches.
pub(super) fn introduce(form: &mut Value, signer: &Signer) {
    let id = Subject::of_key(&signer.public().key_id());
    if let Some(keys) = form["data"]["keys"].as_array_mut() {
        keys.push(json!({ "public_key": hex::encode(signer.public().as_bytes()) }));
    }
    if let Some(touches) = form["touches"].as_array_mut() {
        touches.push(json!(id.as_str()));
    }
}

fn finish(form: Value, home: &HomeArgs, signers: &[Signer]) -> anyhow::Result<Answer> {
    let line = sign_value(form, Path::new(""), home.ledger()?, signers, &mut SystemSalts)?;
    print(&[line])
}
