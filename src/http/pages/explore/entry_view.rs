//! One entry of the log: what it says in words and as it stands, its place in every chain, and its proof.

use std::collections::BTreeMap;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::desk::{Desk, Row, Said, Tag, entry_href, kind_of, subject_href};
use super::frame::Frame;
use super::proof::{ProofView, proof};
use super::rights;
use crate::http::problem::Problem;
use crate::ledger::{Entry, MapRecord, Record};
use crate::merkle::Hash;
use crate::private::openings;
use crate::produce::wording::Wording;
use crate::statement::attachment::Attachment;
use crate::statement::context::Visibility;
use crate::statement::kinds::Kind;
use crate::statement::schema::Shape;
use crate::statement::subject::Subject;
use crate::statement::time::{Instant, When};
use crate::text::{Explore, labels};

#[derive(Template)]
#[template(path = "explore/entry.html")]
pub(super) struct EntryView {
    frame: Frame,
    title: String,
    as_of: String,
    tags: Vec<Tag>,
    /// Map records alone: what one is.
    map_say: Option<String>,
    previous: Option<u64>,
    next: Option<u64>,
    facts: Vec<Row>,
    fields: Vec<Row>,
    erased: Option<String>,
    rights: Vec<String>,
    attachments: Vec<AttachmentView>,
    chains: Vec<ChainPlace>,
    signatures: Vec<SignatureView>,
    hashes: Vec<Row>,
    proof: ProofView,
    raw: Vec<(String, String)>,
    seq: u64,
}

struct AttachmentView {
    commitment: String,
    say: String,
    tags: Vec<&'static str>,
    href: Option<String>,
    picture: Option<String>,
}

/// The entry's place in a chain, and those beside it.
struct ChainPlace {
    href: String,
    subject: String,
    place: String,
    previous: Option<(String, String)>,
    next: Option<(String, String)>,
}

struct SignatureView {
    org_href: String,
    org: String,
    role: &'static str,
    key_href: String,
    key: String,
    tags: Vec<Tag>,
    value: String,
}

impl EntryView {
    pub(super) fn new(desk: &Desk<'_>, frame: Frame, seq: u64) -> Result<EntryView, Problem> {
        let entry = desk.view.reader.entry(seq)?;
        let place = desk.fill(Explore::Entry, &[("seq", &seq.to_string())]);
        let kind = match &entry {
            Entry::Map(_) => desk.w(Explore::MapRecord).to_owned(),
            Entry::Record(record) => desk.kind_word(&record.statement),
        };
        let title = format!("{place} · {kind}");
        let mut view = EntryView {
            frame: frame.titled(&title),
            title,
            as_of: desk.as_of()?,
            tags: Vec::new(),
            map_say: None,
            previous: seq.checked_sub(1),
            next: Some(seq + 1).filter(|next| *next < desk.size()),
            facts: Vec::new(),
            fields: Vec::new(),
            erased: None,
            rights: Vec::new(),
            attachments: Vec::new(),
            chains: Vec::new(),
            signatures: Vec::new(),
            hashes: vec![Row::hash(desk.w(Explore::LeafHash), entry.leaf())],
            proof: proof(desk, seq)?,
            raw: Vec::new(),
            seq,
        };
        match &entry {
            Entry::Map(map) => view.tell_map(desk, map),
            Entry::Record(record) => view.tell_record(desk, record, &entry)?,
        }
        view.raw.push((desk.w(Explore::RawEntry).to_owned(), pretty(&entry.to_json())));
        Ok(view)
    }

    fn tell_map(&mut self, desk: &Desk<'_>, map: &MapRecord) {
        let size = map.size.to_string();
        self.map_say = Some(desk.fill(Explore::MapRecordSay, &[("size", &size)]));
        self.facts.push(Row::text(desk.w(Explore::Taken), desk.plain().moment(map.at)));
        self.facts.push(Row::text(desk.w(Explore::Covers), size));
        self.hashes.push(Row::hash(desk.w(Explore::MapRoot), map.root));
    }

    fn tell_record(&mut self, desk: &Desk<'_>, record: &Record, entry: &Entry) -> Result<(), Problem> {
        let statement = &record.statement;
        let names = desk.names(statement)?;
        let names = names.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
        let wording = Wording { lang: desk.lang, names };
        let leaf = record.leaf();
        let original = self.tell_versions(desk, record, &leaf)?;
        self.facts.extend(facts(desk, record, &wording));
        let opened = opened(desk, entry, &leaf)?;
        self.fields = fields(desk, record, &wording, original, &opened);
        let erased = openings::erased(&desk.view.reader.0, &leaf).map_err(Problem::internal)?;
        self.erased =
            (!erased.is_empty()).then(|| desk.fill(Explore::Erased, &[("fields", &erased.join(", "))]));
        self.rights = rights::changes(desk, record)?;
        let is_public = statement.visibility == Some(Visibility::Public);
        self.attachments =
            statement.attachments.iter().map(|file| attachment(desk, file, is_public)).collect();
        for subject in statement.subjects() {
            self.chains.extend(chain_place(desk, record, subject)?);
        }
        self.signatures = signatures(desk, record)?;
        self.hashes.push(Row::hash(desk.w(Explore::PayloadHash), statement.payload_hash));
        self.hashes.push(Row::hash(desk.w(Explore::StatementId), &statement.id));
        let payload = serde_json::from_slice(&statement.payload).unwrap_or(Value::Null);
        self.raw.push((desk.w(Explore::RawPayload).to_owned(), pretty(&payload)));
        self.raw.push((desk.w(Explore::RawEnvelope).to_owned(), pretty(&record.envelope.to_json())));
        Ok(())
    }

    /// What it corrects and what became of it. Returns the kind of what a correction corrects.
    fn tell_versions(
        &mut self,
        desk: &Desk<'_>,
        record: &Record,
        leaf: &Hash,
    ) -> Result<Option<Kind>, Problem> {
        let Some(fact) = desk.view.reader.leaf(leaf)? else { return Ok(None) };
        let mut tell = |word: Explore, to: &Hash| -> Result<(), Problem> {
            if let Some(other) = desk.view.reader.leaf(to)? {
                let text = desk.fill(Explore::Entry, &[("seq", &other.seq.to_string())]);
                self.facts.push(Row::link(desk.w(word), entry_href(other.seq), text));
            }
            Ok(())
        };
        if let Some(corrected) = &record.statement.corrects {
            tell(Explore::Corrects, corrected)?;
        }
        let mut original = fact.clone();
        if fact.original != *leaf {
            tell(Explore::Original, &fact.original)?;
            original = desk.view.reader.leaf(&fact.original)?.unwrap_or(fact.clone());
        }
        if original.current != *leaf {
            tell(Explore::CorrectedBy, &original.current)?;
            self.tags.push(Tag::new(desk.w(Explore::CorrectedBy), "warn"));
        }
        if let Some(withdrawal) = &original.withdrawn {
            tell(Explore::WithdrawnBy, withdrawal)?;
            self.tags.push(Tag::new(desk.w(Explore::WithdrawnBy), "bad"));
        }
        Ok(fact.kind.parse().ok())
    }
}

fn facts(desk: &Desk<'_>, record: &Record, wording: &Wording<'_>) -> Vec<Row> {
    let statement = &record.statement;
    let subject = statement.subject.to_string();
    let mut rows = vec![Row::link(desk.w(Explore::About), subject_href(&subject), subject)];
    let recorded = When::Instant(statement.recorded_at.clone());
    rows.push(Row::text(desk.w(Explore::Occurred), wording.when(&statement.occurred_at)));
    rows.push(Row::text(desk.w(Explore::Recorded), wording.when(&recorded)));
    rows.push(Row::text(desk.w(Explore::Taken), wording.moment(record.at)));
    if let Some(place) = &statement.place {
        let named: Vec<&str> =
            [&place.village, &place.site].into_iter().flatten().map(String::as_str).collect();
        if !named.is_empty() {
            rows.push(Row::text(desk.w(Explore::Place), named.join(" · ")));
        }
        if let Some(plot) = &place.plot {
            rows.push(Row::link(desk.w(Explore::Plot), subject_href(plot.as_str()), plot.to_string()));
        }
    }
    let payload = Shape::of_payload();
    let code = |member: &str, code: &str| {
        let label = payload.member(member).and_then(|shape| shape.label(desk.lang, code));
        label.unwrap_or(code).to_owned()
    };
    if let Some(source) = statement.source {
        rows.push(Row::text(desk.w(Explore::Source), code("source", source.as_str())));
    }
    if let Some(visibility) = statement.visibility {
        rows.push(Row::text(desk.w(Explore::Visibility), code("visibility", visibility.as_str())));
    }
    if let Some(device) = &statement.device {
        let label = desk.fill(Explore::Device, &[("n", &device.n.to_string())]);
        rows.push(Row { label, said: Said::Hash(device.prev.to_string()) });
    }
    rows
}

/// What its data says, in the order of the schemas. A correction holds the data that it puts in place, whose kind is
/// `original`.
fn fields(
    desk: &Desk<'_>,
    record: &Record,
    wording: &Wording<'_>,
    original: Option<Kind>,
    opened: &BTreeMap<String, Value>,
) -> Vec<Row> {
    let Some(kind) = kind_of(&record.statement) else { return Vec::new() };
    let mut own = record.statement.data.clone();
    let mut lines = Vec::new();
    if let (Kind::Correction, Some(original)) = (kind, original)
        && let Some(Value::Object(corrected)) = own.remove("data")
    {
        let inner = opened.iter().filter_map(|(pointer, value)| {
            Some((
                pointer.strip_prefix("/data").filter(|rest| rest.starts_with("/data/"))?.to_owned(),
                value.clone(),
            ))
        });
        lines = wording.lines(original, &corrected, &inner.collect());
    }
    let own = wording.lines(kind, &own, opened);
    own.into_iter().chain(lines).map(|line| desk.row(line)).collect()
}

/// What is opened for everybody, by pointer.
fn opened(desk: &Desk<'_>, entry: &Entry, leaf: &Hash) -> Result<BTreeMap<String, Value>, Problem> {
    let mut public = desk.state.public_openings(desk.view, [entry])?;
    let openings = public.remove(leaf).unwrap_or_default();
    let values = openings.into_iter().filter_map(|mut opening| {
        let pointer = opening.get("pointer")?.as_str()?.to_owned();
        Some((pointer, opening.get_mut("value")?.take()))
    });
    Ok(values.collect())
}

fn attachment(desk: &Desk<'_>, file: &Attachment, is_public: bool) -> AttachmentView {
    let (media_type, size) = (file.media_type.as_str(), file.size.to_string());
    let mut tags = Vec::new();
    if file.in_app {
        tags.push(desk.w(Explore::InApp));
    }
    if file.ai_made {
        tags.push(desk.w(Explore::AiMade));
    }
    AttachmentView {
        commitment: file.commitment.to_string(),
        say: desk.fill(Explore::AttachmentSay, &[("type", media_type), ("size", &size)]),
        tags,
        href: is_public.then(|| format!("/api/v1/blobs/{}", file.commitment)),
        picture: file.phash.clone(),
    }
}

fn chain_place(desk: &Desk<'_>, record: &Record, subject: &Subject) -> Result<Option<ChainPlace>, Problem> {
    let (Some(link), Some(fact)) = (record.link(subject), desk.view.subject(subject)?) else {
        return Ok(None);
    };
    let beside = |n: Option<u64>| -> Result<Option<(String, String)>, Problem> {
        let Some(n) = n.filter(|n| *n < fact.count) else { return Ok(None) };
        let seq = desk.view.reader.chain_seq(subject, n)?;
        Ok(seq.map(|seq| (entry_href(seq), desk.fill(Explore::Entry, &[("seq", &seq.to_string())]))))
    };
    let (n, count) = ((link.n + 1).to_string(), fact.count.to_string());
    Ok(Some(ChainPlace {
        href: subject_href(subject.as_str()),
        subject: subject.to_string(),
        place: desk.fill(Explore::NthOf, &[("n", &n), ("count", &count)]),
        previous: beside(link.n.checked_sub(1))?,
        next: beside(link.n.checked_add(1))?,
    }))
}

fn signatures(desk: &Desk<'_>, record: &Record) -> Result<Vec<SignatureView>, Problem> {
    let mut views = Vec::new();
    for signer in &record.statement.signers {
        let signatures = record.envelope.signatures.iter();
        let value =
            signatures.filter(|signature| signature.keyid == signer.key).map(|s| STANDARD.encode(s.sig));
        let subject = Subject::of_key(&signer.key).to_string();
        views.push(SignatureView {
            org_href: subject_href(&format!("org:{}", signer.org)),
            org: desk.org_name(&signer.org)?,
            role: labels::role(desk.lang, signer.role),
            key_href: subject_href(&subject),
            key: signer.key.to_string(),
            tags: standing(desk, record, &signer.key)?,
            value: value.collect::<Vec<_>>().join(" "),
        });
    }
    Ok(views)
}

/// What became known of a key after it signed.
fn standing(desk: &Desk<'_>, record: &Record, key: &Hash) -> Result<Vec<Tag>, Problem> {
    let Some(revoked) = desk.key(key)?.and_then(|key| key.revoked) else { return Ok(Vec::new()) };
    let since = revoked.since.as_deref().and_then(|since| since.parse::<Instant>().ok());
    let suspect =
        since.is_some_and(|since| since.unix_seconds() <= record.statement.recorded_at.unix_seconds());
    let word = if suspect { Explore::KeySuspect } else { Explore::KeyRevokedLater };
    Ok(vec![Tag::new(desk.w(word), if suspect { "bad" } else { "warn" })])
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
