//! `suyuan sign`: forms to signed envelopes with their openings, and further signatures to envelopes that lack some.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail, ensure};
use serde_json::{Map, Value, json};

use crate::keys::{KeyFile, PrivateKey};
use crate::merkle::Hash;
use crate::statement::attachment::{ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX};
use crate::statement::ed25519::{KeyPair, PublicKey};
use crate::statement::envelope::{Envelope, EnvelopeSignature};
use crate::statement::payload::Statement;
use crate::statement::role::Role;
use crate::statement::sealed;
use crate::verify::Trust;

use super::draft::{Attached, Draft, Form, Salts, SystemSalts, check_data, kind_of};
use super::passphrase::PassphraseArgs;
use super::{Answer, files, times};

/// The longest input that is read at once: a season of a large farm.
pub(super) const INPUT_BYTES_MAX: usize = 256 * 1024 * 1024;

const EXAMPLES: &str = "\
Examples:
  suyuan new harvest --batch green-farm.lot1 > harvest.json       then fill it in
  suyuan sign --key farm.pem=green-farm/farm --trust trust.json harvest.json > signed.ndjson
  suyuan submit --to https://trace.example.org signed.ndjson

  suyuan sign --key registrar.pem half-signed.json                adds a signature to what another key has signed

Each line of the answer is {\"envelope\", \"openings\", \"files\"}; \"missing\" lists keys that still have to sign.
A value that its schema seals may stand in clear and is sealed; {\"seal\": value} seals any other. Files are listed
under \"attach\": a path, or {\"file\", \"type\", \"at\", \"in_app\", \"ai_made\"}. What is left empty is left out.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A key to sign with, and for whom: FILE=ORG/ROLE, or FILE alone if the statement says it
    #[arg(long = "key", value_name = "FILE[=ORG/ROLE]", required = true)]
    keys: Vec<KeyArg>,
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Statements: JSON or NDJSON; nothing or - is stdin
    statements: Vec<PathBuf>,
}

/// Which ledger a statement is for.
#[derive(clap::Args)]
pub(super) struct HomeArgs {
    /// The ledger's trust file
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// The leaf hash of the ledger's genesis record
    #[arg(long, value_name = "HASH", conflicts_with = "trust")]
    ledger: Option<Hash>,
}

impl HomeArgs {
    pub(super) fn ledger(&self) -> anyhow::Result<Option<Hash>> {
        let Some(path) = &self.trust else { return Ok(self.ledger) };
        let text = files::read_text(path, super::verify::TRUST_BYTES_MAX)?;
        let trust = Trust::parse(&text).with_context(|| format!("cannot use {}", path.display()))?;
        Ok(Some(trust.genesis))
    }
}

/// `FILE` or `FILE=ORG/ROLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyArg {
    pub(super) path: PathBuf,
    pub(super) party: Option<Party>,
}

/// For whom, and in which capacity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Party {
    pub(super) org: String,
    pub(super) role: Role,
}

impl std::str::FromStr for Party {
    type Err = String;

    fn from_str(text: &str) -> Result<Party, String> {
        let (org, role) = text.split_once('/').ok_or("a party is ORG/ROLE, like green-farm/farm")?;
        let org = org.strip_prefix("org:").unwrap_or(org);
        if !crate::statement::names::is_organisation_id(org) {
            return Err(format!("{org} is not the id of an organisation"));
        }
        Ok(Party { org: org.to_owned(), role: parse_role(role)? })
    }
}

pub(super) fn parse_role(text: &str) -> Result<Role, String> {
    let roles = || Role::ALL.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
    text.parse().map_err(|_| format!("no role is called {text}; there are {}", roles()))
}

impl std::str::FromStr for KeyArg {
    type Err = String;

    fn from_str(text: &str) -> Result<KeyArg, String> {
        match text.rsplit_once('=') {
            Some((path, party)) => Ok(KeyArg { path: path.into(), party: Some(party.parse()?) }),
            None => Ok(KeyArg { path: text.into(), party: None }),
        }
    }
}

/// A key that is here, or only its public part: then somebody else signs with it later.
pub(super) struct Signer {
    public: PublicKey,
    pair: Option<KeyPair>,
    party: Option<Party>,
}

impl Signer {
    pub(super) fn new(key: &PrivateKey, party: Option<Party>) -> Signer {
        Signer { public: key.public(), pair: Some(key.pair()), party }
    }

    /// From a file with the private key, or with the public one if somebody else will sign.
    pub(super) fn open(arg: &KeyArg, passphrase: &PassphraseArgs) -> anyhow::Result<Signer> {
        let party = arg.party.clone();
        match KeyFile::read(&arg.path)
            .with_context(|| format!("cannot use the key {}", arg.path.display()))?
        {
            KeyFile::Public(public) => Ok(Signer { public, pair: None, party }),
            _ => Ok(Signer::new(&passphrase.open_private(&arg.path)?, party)),
        }
    }

    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    fn key_id(&self) -> Hash {
        self.public.key_id()
    }
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let ledger = args.home.ledger()?;
    let open = |arg: &KeyArg| Signer::open(arg, &args.passphrase);
    let signers = args.keys.iter().map(open).collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(signers.iter().all(|signer| signer.pair.is_some()), "a public key cannot sign");
    let mut signed = Vec::new();
    for (place, value) in read_values(&args.statements)? {
        let base = place.folder.clone();
        let line = sign_value(value, &base, ledger, &signers, &mut SystemSalts);
        signed.push(line.with_context(|| place.to_string())?);
    }
    // Nothing is printed before everything is right.
    print(&signed)
}

pub(super) fn print(lines: &[Line]) -> anyhow::Result<Answer> {
    let mut out = std::io::stdout().lock();
    for line in lines {
        writeln!(out, "{}", line.to_json())?;
    }
    out.flush()?;
    let unsigned = lines.iter().filter(|line| !line.missing.is_empty()).count();
    if unsigned > 0 {
        eprintln_quietly(&format!("{unsigned} of {} still lack signatures: see \"missing\"", lines.len()));
    }
    Ok(Answer::Done)
}

fn eprintln_quietly(text: &str) {
    // Talk: if nobody listens, so be it.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A statement with its signatures, as `submit` takes it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) envelope: Envelope,
    pub(super) openings: Vec<Value>,
    /// Where the attachments' files lie: commitment, path, type.
    pub(super) files: Vec<Value>,
    /// Keys that have not signed yet.
    pub(super) missing: Vec<Hash>,
    /// Of the record that a correction corrects: whoever signs next checks by it.
    pub(super) original: Option<String>,
}

impl Line {
    pub(super) fn to_json(&self) -> Value {
        let mut line = json!({ "envelope": self.envelope.to_json(), "openings": self.openings });
        if !self.files.is_empty() {
            line["files"] = json!(self.files);
        }
        if !self.missing.is_empty() {
            line["missing"] = json!(self.missing);
            if let Some(original) = &self.original {
                line["corrects_kind"] = json!(original);
            }
        }
        line
    }
}

/// Where an input stands, for messages, and where its relative paths begin.
#[derive(Debug, Clone)]
pub(super) struct Place {
    path: PathBuf,
    line: usize,
    folder: PathBuf,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = if self.path == Path::new("-") { "stdin".into() } else { self.path.display().to_string() };
        write!(f, "{name}, statement {}", self.line)
    }
}

/// The JSON values of all inputs, one after another: NDJSON, or one value over many lines.
pub(super) fn read_values(paths: &[PathBuf]) -> anyhow::Result<Vec<(Place, Value)>> {
    let stdin = [PathBuf::from("-")];
    let mut values = Vec::new();
    for path in if paths.is_empty() { &stdin } else { paths } {
        let bytes = files::read(path, INPUT_BYTES_MAX)?;
        let stream = serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>();
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        for (index, value) in stream.enumerate() {
            let place = Place { path: path.clone(), line: index + 1, folder: folder.clone() };
            let value = value.map_err(|error| anyhow!("{place}: not JSON: {error}"))?;
            values.push((place, value));
        }
    }
    ensure!(!values.is_empty(), "there is no statement in the input");
    Ok(values)
}

/// Signs a form, or adds signatures to what others have begun.
pub(super) fn sign_value(
    value: Value,
    folder: &Path,
    ledger: Option<Hash>,
    signers: &[Signer],
    salts: &mut dyn Salts,
) -> anyhow::Result<Line> {
    if value.get("envelope").is_some() || value.get("payloadType").is_some() {
        return add_signatures(&value, ledger, signers);
    }
    let mut form = Form::read(value)?;
    let attachments = attached(&form.attach, folder)?;
    accept_invitation(&mut form.payload, signers);
    fill(&mut form.payload, ledger, signers)?;
    let original = form.original;
    let draft = Draft { payload: form.payload, attachments, original };
    let paths: Vec<(PathBuf, String)> = form
        .attach
        .iter()
        .zip(&draft.attachments)
        .map(|(f, a)| (path_of(f, folder), a.media_type.clone()))
        .collect();
    let sealed = draft.seal(salts)?;
    let files = sealed.commitments.iter().zip(paths).map(|(commitment, (path, media_type))| {
        let path = std::path::absolute(&path).unwrap_or(path);
        json!({ "commitment": commitment, "path": path, "type": media_type })
    });
    let files = files.collect();
    let envelope = Envelope { payload: sealed.statement.payload.clone(), signatures: Vec::new() };
    let original = original.map(|kind| kind.to_string());
    let line = Line { envelope, openings: sealed.openings, files, missing: Vec::new(), original };
    with_signatures(line, &sealed.statement, signers)
}

/// A registration that names no founding key yet is an invitation: whoever is not the registrar founds it by signing.
fn accept_invitation(payload: &mut Value, signers: &[Signer]) {
    let is_invitation =
        payload["kind"] == "org.register/1" && payload["data"]["keys"].as_array().is_some_and(Vec::is_empty);
    if !is_invitation {
        return;
    }
    let named: Vec<String> = payload["signers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|party| party["key"].as_str().map(str::to_owned))
        .collect();
    for signer in signers.iter().filter(|signer| !named.contains(&signer.key_id().to_string())) {
        super::org::introduce(payload, signer);
    }
}

/// What a program knows better than a person.
fn fill(payload: &mut Value, ledger: Option<Hash>, signers: &[Signer]) -> anyhow::Result<()> {
    let Some(members) = payload.as_object_mut() else { bail!("a statement is a JSON object") };
    let blank = |members: &Map<String, Value>, name: &str| members.get(name).is_none_or(|v| v == "");
    if blank(members, "v") {
        members.insert("v".into(), json!(1));
    }
    match (ledger, members.get("ledger").and_then(Value::as_str)) {
        (Some(ledger), Some(said)) if said != ledger.to_string() => {
            bail!("the statement is for the ledger {said}, not for {ledger}")
        }
        (Some(ledger), _) => {
            members.insert("ledger".into(), json!(ledger));
        }
        (None, _) => {}
    }
    if blank(members, "id") {
        members.insert("id".into(), json!(uuid::Uuid::now_v7().to_string()));
    }
    if blank(members, "recorded_at") {
        members.insert("recorded_at".into(), json!(times::now_text()));
    }
    if blank(members, "source") {
        members.insert("source".into(), json!("manual"));
    }
    let said = members.remove("signers");
    members.insert("signers".into(), json!(parties(said, signers)?));
    Ok(())
}

/// The statement's signers: those that it names, whose keys are filled in where they lack, and those of `--key`.
fn parties(said: Option<Value>, signers: &[Signer]) -> anyhow::Result<Vec<Value>> {
    let mut parties = match said {
        None => Vec::new(),
        Some(Value::Array(parties)) => parties,
        Some(_) => bail!("\"signers\" is a list"),
    };
    for signer in signers {
        let id = signer.key_id().to_string();
        if parties.iter().any(|party| party["key"] == *id) {
            continue;
        }
        let lacking = |party: &&mut Value| {
            let without_key = party.get("key").is_none_or(|key| key == "");
            let theirs = signer.party.as_ref().is_none_or(|own| party["org"] == format!("org:{}", own.org));
            without_key && theirs
        };
        if let Some(party) = parties.iter_mut().find(lacking) {
            party["key"] = json!(id);
        } else if let Some(Party { org, role }) = &signer.party {
            parties.push(json!({ "org": format!("org:{org}"), "key": id, "as": role.as_str() }));
        } else {
            bail!("for whom does the key {id} sign? Say --key FILE=ORG/ROLE");
        }
    }
    Ok(parties)
}

/// Whoever adds a signature has looked at what it says: form, data and openings must be right.
fn add_signatures(value: &Value, ledger: Option<Hash>, signers: &[Signer]) -> anyhow::Result<Line> {
    let envelope = value.get("envelope").unwrap_or(value);
    let mut envelope = unfinished(envelope)?;
    let statement = Statement::parse(&envelope.payload).context("the envelope's payload")?;
    if let (Some(ours), Some(theirs)) = (ledger, statement.ledger()) {
        ensure!(ours == *theirs, "the statement is for the ledger {theirs}, not for {ours}");
    }
    let original = value.get("corrects_kind").and_then(Value::as_str).map(str::to_owned);
    let kind = kind_of(&json!({ "kind": statement.kind.to_string() }))?;
    check_data(&statement, kind, original.as_deref().and_then(|kind| kind.parse().ok()))?;
    let openings = list(value, "openings")?;
    for opening in &openings {
        sealed::check_json(&statement, opening)?;
    }
    let known: Vec<EnvelopeSignature> = envelope
        .signatures
        .drain(..)
        .filter(|signature| statement.signers.iter().any(|signer| signer.key == signature.keyid))
        .collect();
    envelope.signatures = known;
    let own = |signer: &Signer| statement.signers.iter().any(|named| named.key == signer.key_id());
    ensure!(signers.iter().any(own), "none of the given keys is among the statement's signers");
    eprintln_quietly(&format!("adding a signature to {} about {}", statement.kind, statement.subject));
    let line = Line { envelope, openings, files: list(value, "files")?, missing: Vec::new(), original };
    with_signatures(line, &statement, signers)
}

/// An envelope that may have no signature yet, which `Envelope::from_json` rightly refuses.
fn unfinished(value: &Value) -> anyhow::Result<Envelope> {
    let has_none = value["signatures"].as_array().is_some_and(Vec::is_empty);
    if !has_none {
        return Ok(Envelope::from_json(value)?);
    }
    let mut padded = value.clone();
    padded["signatures"] = json!([{ "keyid": Hash::ZERO, "sig": base64_of(&[0; 64]) }]);
    let mut envelope = Envelope::from_json(&padded)?;
    envelope.signatures.clear();
    Ok(envelope)
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn list(value: &Value, name: &str) -> anyhow::Result<Vec<Value>> {
    match value.get(name) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items.clone()),
        Some(_) => bail!("\"{name}\" is a list"),
    }
}

/// Signs with the keys that are here, in the order of the statement's signers; says which are missing.
fn with_signatures(mut line: Line, statement: &Statement, signers: &[Signer]) -> anyhow::Result<Line> {
    let mut signatures: BTreeMap<Hash, EnvelopeSignature> =
        line.envelope.signatures.drain(..).map(|signature| (signature.keyid, signature)).collect();
    let message = line.envelope.signed_bytes();
    for signer in signers {
        let (keyid, Some(pair)) = (signer.key_id(), &signer.pair) else { continue };
        signatures.insert(keyid, EnvelopeSignature { keyid, sig: pair.sign(&message) });
    }
    for signer in &statement.signers {
        match signatures.remove(&signer.key) {
            Some(signature) => line.envelope.signatures.push(signature),
            None => line.missing.push(signer.key),
        }
    }
    Ok(line)
}

// -- attachments -----------------------------------------------------------------------------------------------------

fn attached(attach: &[Value], folder: &Path) -> anyhow::Result<Vec<Attached>> {
    ensure!(attach.len() <= ATTACHMENTS_MAX, "a statement has at most {ATTACHMENTS_MAX} attachments");
    attach.iter().map(|item| read_attached(item, folder)).collect()
}

fn path_of(item: &Value, folder: &Path) -> PathBuf {
    folder.join(item.as_str().or_else(|| item["file"].as_str()).unwrap_or_default())
}

fn read_attached(item: &Value, folder: &Path) -> anyhow::Result<Attached> {
    ensure!(
        item.is_string() || item["file"].is_string(),
        "an attachment is a path, or an object with the path under \"file\""
    );
    let path = path_of(item, folder);
    let limit = usize::try_from(ATTACHMENT_BYTES_MAX).unwrap_or(usize::MAX);
    let bytes = files::read(&path, limit)?;
    ensure!(!bytes.is_empty(), "{} is empty", path.display());
    let name = path.file_name().and_then(|name| name.to_str()).context("a file's name is UTF-8")?;
    let media_type = match item["type"].as_str() {
        Some(said) => said.to_owned(),
        None => media_type_of(&path)
            .with_context(|| format!("{}: say its \"type\", like image/jpeg", path.display()))?
            .to_owned(),
    };
    let flag = |name: &str| item[name].as_bool().unwrap_or(false);
    Ok(Attached {
        name: name.to_owned(),
        phash: crate::picture::phash_of(&media_type, &bytes),
        media_type,
        size: bytes.len() as u64,
        sha256: Hash::of(&bytes),
        in_app: flag("in_app"),
        ai_made: flag("ai_made"),
        named_at: item["at"].as_str().map(str::to_owned),
    })
}

fn media_type_of(path: &Path) -> Option<&'static str> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    Some(match ending.as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "pdf" => "application/pdf",
        "csv" => "text/csv",
        "json" => "application/json",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "mp4" => "video/mp4",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_for_whom_it_signs() {
        let arg: KeyArg = "my=keys/farm.pem=org:green-farm/farm".parse().unwrap();
        assert_eq!(arg.path, Path::new("my=keys/farm.pem"));
        assert_eq!(arg.party, Some(Party { org: "green-farm".into(), role: Role::Farm }));
        assert_eq!("farm.pem".parse(), Ok(KeyArg { path: "farm.pem".into(), party: None }));
        for bad in ["farm.pem=", "farm.pem=green-farm", "farm.pem=Green/farm", "farm.pem=green/king"] {
            assert!(bad.parse::<KeyArg>().is_err(), "{bad}");
        }
    }
}
