//! One subject: what it is now, what the subject map says of it, and its chain.

use askama::Template;

use super::desk::{Desk, EntryLine, PAGE_LENGTH, Row, Tag, entry_href, subject_href};
use super::frame::Frame;
use super::rights;
use crate::http::problem::Problem;
use crate::ledger::{BatchFact, Detail, Entry, KeyFact, OrgFact, OrgStatus, SubjectFact};
use crate::merkle::map::map_key;
use crate::produce::wording::Wording;
use crate::statement::kinds::Kind;
use crate::statement::short_code;
use crate::statement::subject::{Subject, SubjectKind};
use crate::text::{Amount, Explore, labels, t};
use crate::verify::collect;

/// Keys of an organisation on its page, the newest first.
const KEYS_SHOWN: usize = 100;

/// Changes in rights on an organisation's page.
const RIGHTS_SHOWN: usize = 50;

/// Records of the ledger's own chain that are read for its newest tables.
const TABLE_RECORDS_MAX: u64 = 500;

#[derive(Template)]
#[template(path = "explore/subject.html")]
pub(super) struct SubjectView {
    frame: Frame,
    title: String,
    kind: &'static str,
    as_of: String,
    tags: Vec<Tag>,
    facts: Vec<Row>,
    links: Vec<(String, &'static str)>,
    keys: Vec<KeyLine>,
    rights: Vec<RightsLine>,
    /// Of the ledger itself alone.
    tables: Option<Vec<TableView>>,
    map: MapView,
    chain_title: String,
    chain: Vec<EntryLine>,
    older: Option<String>,
    newest: Option<String>,
}

struct KeyLine {
    href: String,
    key: String,
    scope: String,
    tag: Tag,
    added: (String, String),
}

struct RightsLine {
    href: String,
    place: String,
    taken: String,
    kind: String,
    says: Vec<String>,
}

struct TableView {
    name: String,
    href: String,
    set_by: String,
    rows: Vec<Row>,
}

struct MapView {
    say: String,
    key: String,
    root: String,
    proof: String,
}

impl SubjectView {
    /// `before` is the number in the chain that the list ends before.
    pub(super) fn new(
        desk: &Desk<'_>,
        frame: Frame,
        subject: &Subject,
        fact: &SubjectFact,
        before: Option<u64>,
    ) -> Result<SubjectView, Problem> {
        let kind = desk.subject_kind(subject.kind());
        let count = fact.count.to_string();
        let end = before.unwrap_or(fact.count).min(fact.count);
        let start = end.saturating_sub(PAGE_LENGTH as u64);
        let mut chain = Vec::new();
        for n in (start..end).rev() {
            let seq = desk.view.reader.chain_seq(subject, n)?;
            chain.push(desk.line(seq.ok_or_else(|| missing(subject, n))?)?);
        }
        let href = subject_href(subject.as_str());
        let mut view = SubjectView {
            title: subject.to_string(),
            frame: frame.titled(&format!("{kind} {subject}")),
            kind,
            as_of: desk.as_of()?,
            tags: Vec::new(),
            facts: Vec::new(),
            links: Vec::new(),
            keys: Vec::new(),
            rights: Vec::new(),
            tables: None,
            map: map_view(desk, subject)?,
            chain_title: desk.fill(Explore::ChainOf, &[("count", &count)]),
            chain,
            older: (start > 0).then(|| format!("{href}?before={start}#chain")),
            newest: (end < fact.count).then_some(href),
        };
        match &fact.detail {
            Detail::Batch(batch) => view.tell_batch(desk, subject, batch)?,
            Detail::Crop(crop) => {
                view.belongs_to(desk, &crop.org)?;
                let plot = format!("plot:{}", crop.plot);
                view.facts.push(Row::link(desk.w(Explore::Plot), subject_href(&plot), plot));
            }
            Detail::Key(key) => view.tell_key(desk, key)?,
            Detail::Ledger => view.tell_ledger(desk, subject, fact)?,
            Detail::Org(org) => view.tell_org(desk, subject, org)?,
            Detail::Plot(plot) => view.belongs_to(desk, &plot.org)?,
        }
        Ok(view)
    }

    fn belongs_to(&mut self, desk: &Desk<'_>, org: &str) -> Result<(), Problem> {
        let name = desk.org_name(org)?;
        let href = subject_href(&format!("org:{org}"));
        self.facts.push(Row::link(desk.w(Explore::BelongsTo), href, name));
        Ok(())
    }

    fn tell_batch(&mut self, desk: &Desk<'_>, subject: &Subject, batch: &BatchFact) -> Result<(), Problem> {
        self.belongs_to(desk, &batch.org)?;
        let mut holders = Vec::new();
        for holder in &batch.holders {
            holders.push(desk.org_name(holder)?);
        }
        self.facts.push(Row::text(desk.w(Explore::Holders), holders.join(t(desk.lang, Amount::And))));
        self.facts.push(Row::text(desk.w(Explore::ShortCode), short_code::of_subject(subject)));
        if batch.growing {
            self.tags.push(Tag::new(desk.w(Explore::Growing), "good"));
        }
        let id = subject.id();
        self.links.push((format!("/b/{id}"), desk.w(Explore::BatchPage)));
        self.links.push((format!("/api/v1/batches/{id}/bundle"), desk.w(Explore::Bundle)));
        Ok(())
    }

    fn tell_key(&mut self, desk: &Desk<'_>, key: &KeyFact) -> Result<(), Problem> {
        self.belongs_to(desk, &key.org)?;
        self.tags.push(key_tag(desk, key));
        self.facts.push(Row::hash(desk.w(Explore::PublicKey), key.public_key));
        self.facts.push(Row::text(desk.w(Explore::MaySign), desk.scope(&key.scope)));
        if let Some(plots) = &key.plots {
            let plots = plots.iter().map(String::as_str).collect::<Vec<_>>();
            self.facts.push(Row::text(desk.w(Explore::OnlyPlots), plots.join(t(desk.lang, Amount::And))));
        }
        if let Some(until) = &key.valid_until {
            self.facts.push(Row::text(desk.w(Explore::ValidUntil), until.clone()));
        }
        let (href, text) = place(desk, key.added_seq);
        self.facts.push(Row::link(desk.w(Explore::KeyAdded), href, text));
        if let Some(revoked) = &key.revoked {
            let (href, text) = place(desk, revoked.seq);
            self.facts.push(Row::link(desk.w(Explore::KeyRevokedTag), href, text));
            let reason = labels::code(desk.lang, Kind::OrgKeyRevoke, "/reason", &revoked.reason);
            self.facts.push(Row::text(desk.w(Explore::KeyReason), reason.unwrap_or(&revoked.reason)));
            if let Some(since) = &revoked.since {
                self.facts.push(Row::text(
                    desk.w(Explore::Rights),
                    desk.fill(Explore::RightsSince, &[("since", since)]),
                ));
            }
        }
        Ok(())
    }

    fn tell_org(&mut self, desk: &Desk<'_>, subject: &Subject, org: &OrgFact) -> Result<(), Problem> {
        self.facts.push(Row::text(desk.w(Explore::Name), desk.org_name(subject.id())?));
        self.facts.push(Row::text(desk.w(Explore::Roles), desk.roles(&org.roles)));
        let (status, class) = match org.status {
            OrgStatus::Active => (Explore::Active, "good"),
            OrgStatus::Closed => (Explore::Closed, "bad"),
            OrgStatus::Suspended => (Explore::Suspended, "bad"),
        };
        self.tags.push(Tag::new(desk.w(status), class));
        for key in desk.view.reader.org_keys(subject.id())?.iter().rev().take(KEYS_SHOWN) {
            let Some(fact) = desk.key(key)? else { continue };
            self.keys.push(KeyLine {
                href: subject_href(Subject::of_key(key).as_str()),
                key: key.to_string(),
                scope: desk.scope(&fact.scope),
                tag: key_tag(desk, &fact),
                added: place(desk, fact.added_seq),
            });
        }
        for seq in rights::history(desk, subject, RIGHTS_SHOWN)? {
            self.rights.extend(rights_line(desk, seq)?);
        }
        Ok(())
    }

    fn tell_ledger(&mut self, desk: &Desk<'_>, subject: &Subject, fact: &SubjectFact) -> Result<(), Problem> {
        let Some(log) = desk.view.reader.log()? else { return Ok(()) };
        self.facts.push(Row::text(desk.w(Explore::Origin), log.origin.clone()));
        self.facts.push(Row::hash(desk.w(Explore::Genesis), log.ledger));
        self.facts.push(Row::text(desk.w(Explore::Rules), log.rules.to_string()));
        let label = format!("{} · {}", desk.w(Explore::LogKey), desk.w(Explore::LogKeyNow));
        self.facts.push(Row::hash(&label, &log.log_vkey));
        for key in &log.replaced_keys {
            let standing = match key.signs_at(crate::http::time::now_ms()) {
                true => desk.fill(Explore::LogKeyBoth, &[("until", &key.both_until)]),
                false => desk.w(Explore::LogKeyFormer).to_owned(),
            };
            let label = format!("{} · {standing}", desk.w(Explore::LogKey));
            self.facts.push(Row::hash(&label, &key.vkey));
        }
        self.tables = Some(tables(desk, subject, fact.count)?);
        Ok(())
    }
}

/// The newest version of each table of rules.
fn tables(desk: &Desk<'_>, ledger: &Subject, count: u64) -> Result<Vec<TableView>, Problem> {
    let mut tables: Vec<TableView> = Vec::new();
    for n in (count.saturating_sub(TABLE_RECORDS_MAX)..count).rev() {
        let Some(seq) = desk.view.reader.chain_seq(ledger, n)? else { continue };
        let Entry::Record(record) = desk.view.reader.entry(seq)? else { continue };
        if record.statement.kind.name != Kind::RulesSet.name() {
            continue;
        }
        let data = &record.statement.data;
        let code = data.get("table").and_then(serde_json::Value::as_str).unwrap_or_default();
        let name = labels::code(desk.lang, Kind::RulesSet, "/table", code).unwrap_or(code).to_owned();
        if tables.iter().any(|table| table.name == name) {
            continue;
        }
        let wording = Wording { lang: desk.lang, names: Default::default() };
        let lines = wording.lines(Kind::RulesSet, data, &Default::default());
        let (seq_text, at) = (seq.to_string(), wording.moment(record.at));
        tables.push(TableView {
            name,
            href: entry_href(seq),
            set_by: desk.fill(Explore::TableSetBy, &[("seq", &seq_text), ("at", &at)]),
            rows: lines
                .into_iter()
                .filter(|line| line.pointer != "/data/table")
                .map(|line| desk.row(line))
                .collect(),
        });
    }
    Ok(tables)
}

fn map_view(desk: &Desk<'_>, subject: &Subject) -> Result<MapView, Problem> {
    let last = desk.size().saturating_sub(1);
    let root = desk.view.reader.map_root(last)?;
    let root = root.ok_or_else(|| Problem::internal(format!("entry {last} is no map record")))?;
    let claim = collect::claim(&desk.view.reader, &root, subject)?;
    let size = last.to_string();
    let say = match claim.value {
        Some(value) => {
            let (count, last) = (value.count.to_string(), value.last.to_string());
            desk.fill(Explore::MapClaimSay, &[("size", &size), ("count", &count), ("last", &last)])
        }
        None => desk.fill(Explore::MapAbsentSay, &[("size", &size)]),
    };
    Ok(MapView {
        say,
        key: map_key(subject.as_str()).to_string(),
        root: root.to_string(),
        proof: serde_json::to_string_pretty(&claim.to_json()).map_err(Problem::internal)?,
    })
}

fn rights_line(desk: &Desk<'_>, seq: u64) -> Result<Option<RightsLine>, Problem> {
    let Entry::Record(record) = desk.view.reader.entry(seq)? else { return Ok(None) };
    let says = rights::changes(desk, &record)?;
    if says.is_empty() {
        return Ok(None);
    }
    let (href, place) = place(desk, seq);
    let (taken, kind) = (desk.plain().moment(record.at), desk.kind_word(&record.statement));
    Ok(Some(RightsLine { href, place, taken, kind, says }))
}

fn key_tag(desk: &Desk<'_>, key: &KeyFact) -> Tag {
    match &key.revoked {
        Some(revoked) => {
            Tag::new(desk.fill(Explore::KeyRevoked, &[("seq", &revoked.seq.to_string())]), "bad")
        }
        None => Tag::new(desk.w(Explore::KeyGood), "good"),
    }
}

fn place(desk: &Desk<'_>, seq: u64) -> (String, String) {
    (entry_href(seq), desk.fill(Explore::Entry, &[("seq", &seq.to_string())]))
}

fn missing(subject: &Subject, n: u64) -> Problem {
    Problem::internal(format!("record {n} of {subject} is missing"))
}

/// A subject that the ledger does not have, with the map's word for it.
#[derive(Template)]
#[template(path = "explore/absent.html")]
pub(super) struct AbsentView {
    frame: Frame,
    title: String,
    as_of: String,
    say: String,
    map: MapView,
    bundle: Option<String>,
}

impl AbsentView {
    pub(super) fn new(desk: &Desk<'_>, frame: Frame, subject: &Subject) -> Result<AbsentView, Problem> {
        let bundle = (subject.kind() == SubjectKind::Batch)
            .then(|| format!("/api/v1/batches/{}/bundle", subject.id()));
        Ok(AbsentView {
            title: desk.w(Explore::NotFound).to_owned(),
            frame: frame.titled(&format!("{} · {subject}", desk.w(Explore::NotFound))),
            as_of: desk.as_of()?,
            say: desk.fill(Explore::NoSubject, &[("subject", subject.as_str())]),
            map: map_view(desk, subject)?,
            bundle,
        })
    }
}
