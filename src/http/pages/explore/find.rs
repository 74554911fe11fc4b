//! What the ledger has for what was typed.

use super::desk::{Desk, entry_href, subject_href};
use super::query::Meant;
use crate::http::problem::Problem;
use crate::ledger::index::{Clue, number_of};
use crate::ledger::{Detail, SubjectFact, keys};
use crate::merkle::Hash;
use crate::note::vkey::{KeyId, VerifierKey};
use crate::statement::ed25519::PublicKey;
use crate::statement::subject::{Subject, SubjectKind};
use crate::statement::time::Date;
use crate::store::{KeyRange, Read};
use crate::text::{Explore, Lang};

/// Things told of one search.
const HITS_MAX: usize = 50;

/// Organisations whose names are looked at for one search.
const NAMES_LOOKED_AT_MAX: usize = 5_000;

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) href: String,
    /// What it is: a leaf hash, an organisation.
    pub(super) what: String,
    pub(super) text: String,
}

/// What was found, and for what was not, why not.
#[derive(Default)]
pub(super) struct Found {
    pub(super) hits: Vec<Hit>,
    pub(super) misses: Vec<String>,
}

impl Found {
    fn hit(&mut self, href: String, what: String, text: String) {
        let is_new = self.hits.iter().all(|hit| hit.href != href || hit.what != what);
        if is_new && self.hits.len() < HITS_MAX {
            self.hits.push(Hit { href, what, text });
        }
    }
}

pub(super) fn find(desk: &Desk<'_>, meant: &[Meant]) -> Result<Found, Problem> {
    let mut found = Found::default();
    for one in meant {
        let before = found.hits.len();
        let miss = match one {
            Meant::Code(code) => by_code(desk, code, &mut found)?,
            Meant::Day(day) => by_day(desk, *day, &mut found),
            Meant::Hash(hash) => by_hash(desk, hash, &mut found)?,
            Meant::Local(ids) => by_local(desk, ids, &mut found)?,
            Meant::LogKey(vkey) => by_log_key(desk, &mut found, |key| key.to_string() == *vkey)?,
            Meant::LogKeyId(id) => by_log_key_id(desk, *id, &mut found)?,
            Meant::Organisation(part) => by_name(desk, part, &mut found)?,
            Meant::Picture(hash) => by_picture(desk, hash, &mut found)?,
            Meant::Sequence(seq) => by_sequence(desk, *seq, &mut found),
            Meant::StatementId(id) => by_statement_id(desk, id, &mut found)?,
            Meant::Subject(subject) => by_subject(desk, subject, &mut found)?,
        };
        if found.hits.len() == before {
            found.misses.push(miss);
        }
    }
    Ok(found)
}

// Each looks one thing up and returns what to say where nothing was found.

fn by_code(desk: &Desk<'_>, code: &str, found: &mut Found) -> Result<String, Problem> {
    for batch in desk.view.batches_of_code(code)? {
        subject_hit(desk, &batch, found);
    }
    Ok(desk.fill(Explore::NoCode, &[("code", code)]))
}

fn by_day(desk: &Desk<'_>, day: Date, found: &mut Found) -> String {
    let (text, what) = (desk.plain().date(day), desk.fill(Explore::Day, &[("date", &day.to_string())]));
    found.hit(format!("/explore/day/{day}"), what, text);
    String::new()
}

fn by_hash(desk: &Desk<'_>, hash: &Hash, found: &mut Found) -> Result<String, Problem> {
    for clue in Clue::OF_A_HASH {
        indexed(desk, clue, hash.as_bytes(), found)?;
    }
    if let Some(seq) = desk.view.reader.payload_seq(hash)? {
        entry_hit(desk, seq, Explore::HitPayload, found);
    }
    let by_key = |key: &Hash, what: Explore, found: &mut Found| -> Result<(), Problem> {
        let subject = Subject::of_key(key);
        if desk.view.subject(&subject)?.is_some() {
            found.hit(subject_href(subject.as_str()), desk.w(what).to_owned(), subject.to_string());
        }
        Ok(())
    };
    by_key(hash, Explore::HitKey, found)?;
    if let Ok(public) = PublicKey::parse(hash.as_bytes()) {
        by_key(&public.key_id(), Explore::HitPublicKey, found)?;
    }
    let map_node = desk.view.reader.0.get(&keys::map_node(hash)).map_err(Problem::internal)?;
    if map_node.is_some() && found.hits.is_empty() {
        let (href, what) = (subject_href("ledger:"), desk.w(Explore::HitMapNode).to_owned());
        found.hit(href, what, hash.to_string());
    }
    Ok(desk.w(Explore::NoHash).to_owned())
}

fn by_local(desk: &Desk<'_>, ids: &[String], found: &mut Found) -> Result<String, Problem> {
    const KINDS: [SubjectKind; 4] =
        [SubjectKind::Batch, SubjectKind::Crop, SubjectKind::Plot, SubjectKind::Show];
    let typed = ids.first().map(String::as_str).unwrap_or_default();
    for id in ids {
        for kind in KINDS {
            let Ok(subject) = Subject::parse(&format!("{}:{id}", kind.prefix())) else { continue };
            if desk.view.subject(&subject)?.is_some() {
                subject_hit(desk, &subject, found);
            }
        }
        // Look-alikes only where what was typed is nothing.
        if !found.hits.is_empty() {
            break;
        }
    }
    Ok(desk.fill(Explore::NoSubject, &[("subject", &format!("batch:{typed}"))]))
}

fn by_log_key(
    desk: &Desk<'_>,
    found: &mut Found,
    is_meant: impl Fn(&VerifierKey) -> bool,
) -> Result<String, Problem> {
    let log = desk.view.reader.log()?;
    for vkey in log.iter().flat_map(|log| log.log_vkeys()) {
        if vkey.parse::<VerifierKey>().is_ok_and(|key| is_meant(&key)) {
            found.hit(subject_href("ledger:"), desk.w(Explore::HitLogKey).to_owned(), vkey.to_owned());
        }
    }
    Ok(desk.w(Explore::NoLogKey).to_owned())
}

fn by_log_key_id(desk: &Desk<'_>, id: KeyId, found: &mut Found) -> Result<String, Problem> {
    by_log_key(desk, found, |key| key.id() == id)
}

fn by_name(desk: &Desk<'_>, part: &str, found: &mut Found) -> Result<String, Problem> {
    if let Ok(subject) = Subject::of_org(part)
        && desk.view.subject(&subject)?.is_some()
    {
        subject_hit(desk, &subject, found);
        return Ok(String::new());
    }
    let prefix = keys::subject("org:");
    let mut looked_at = 0;
    for pair in desk.view.reader.0.scan(&KeyRange::prefix(prefix.clone())).take(NAMES_LOOKED_AT_MAX) {
        let (key, value) = pair.map_err(Problem::internal)?;
        looked_at += 1;
        let fact: SubjectFact = serde_json::from_slice(&value).map_err(Problem::internal)?;
        let id = String::from_utf8_lossy(&key[prefix.len()..]).into_owned();
        let Detail::Org(org) = fact.detail else { continue };
        if org.name.to_lowercase().contains(part) || id.contains(part) {
            let href = subject_href(&format!("org:{id}"));
            let text = format!("{} · {id}", desk.org_name(&id)?);
            found.hit(href, desk.w(Explore::Organisation).to_owned(), text);
        }
    }
    Ok(desk.fill(Explore::NoOrg, &[("n", &looked_at.to_string())]))
}

fn by_picture(desk: &Desk<'_>, hash: &[u8; 8], found: &mut Found) -> Result<String, Problem> {
    indexed(desk, Clue::Picture, hash, found)?;
    Ok(desk.w(Explore::NoPicture).to_owned())
}

fn by_sequence(desk: &Desk<'_>, seq: u64, found: &mut Found) -> String {
    if seq < desk.size() {
        let text = desk.fill(Explore::Entry, &[("seq", &seq.to_string())]);
        found.hit(entry_href(seq), text.clone(), text);
    }
    no_sequence(desk)
}

fn by_statement_id(desk: &Desk<'_>, id: &str, found: &mut Found) -> Result<String, Problem> {
    indexed(desk, Clue::StatementId, id.as_bytes(), found)?;
    Ok(desk.w(Explore::NoStatement).to_owned())
}

fn by_subject(desk: &Desk<'_>, subject: &Subject, found: &mut Found) -> Result<String, Problem> {
    if desk.view.subject(subject)?.is_some() {
        subject_hit(desk, subject, found);
    }
    Ok(desk.fill(Explore::NoSubject, &[("subject", subject.as_str())]))
}

pub(super) fn no_sequence(desk: &Desk<'_>) -> String {
    let (size, last) = (desk.size().to_string(), desk.size().saturating_sub(1).to_string());
    desk.fill(Explore::NoSequence, &[("size", &size), ("last", &last)])
}

// -- helpers -----------------------------------------------------------------------------------------------------

fn subject_hit(desk: &Desk<'_>, subject: &Subject, found: &mut Found) {
    let what = desk.subject_kind(subject.kind()).to_owned();
    found.hit(subject_href(subject.as_str()), what, subject.to_string());
}

fn entry_hit(desk: &Desk<'_>, seq: u64, what: Explore, found: &mut Found) {
    let text = desk.fill(Explore::Entry, &[("seq", &seq.to_string())]);
    found.hit(entry_href(seq), desk.w(what).to_owned(), text);
}

/// Everything that the index has under this clue.
fn indexed(desk: &Desk<'_>, clue: Clue, what: &[u8], found: &mut Found) -> Result<(), Problem> {
    let range = KeyRange::prefix(clue.prefix(what));
    for pair in desk.view.reader.0.scan(&range).take(HITS_MAX) {
        let (key, value) = pair.map_err(Problem::internal)?;
        let Some(number) = number_of(&key) else { continue };
        match clue {
            Clue::Commitment => entry_hit(desk, number, Explore::HitCommitment, found),
            Clue::Leaf => entry_hit(desk, number, Explore::HitLeaf, found),
            Clue::MapKey => {
                let subject = String::from_utf8_lossy(&value).into_owned();
                found.hit(subject_href(&subject), desk.w(Explore::HitMapKey).to_owned(), subject);
            }
            Clue::MapRoot => entry_hit(desk, number, Explore::HitMapRoot, found),
            Clue::Node => {
                let width = value.first().and_then(|level| 1_u64.checked_shl(u32::from(*level))).unwrap_or(1);
                let (first, last) = (number.to_string(), (number + (width - 1)).to_string());
                let what = desk.fill(Explore::HitNode, &[("first", &first), ("last", &last)]);
                let text = desk.fill(Explore::Entry, &[("seq", &first)]);
                found.hit(format!("{}#proof", entry_href(number)), what, text);
            }
            Clue::Picture => entry_hit(desk, number, Explore::HitPicture, found),
            Clue::Root => {
                let text = desk.fill(Explore::Checkpoint, &[("size", &number.to_string())]);
                let href = format!("/explore/checkpoint/{number}");
                found.hit(href, desk.w(Explore::HitRoot).to_owned(), text);
            }
            Clue::StatementId => entry_hit(desk, number, Explore::HitStatement, found),
        }
    }
    Ok(())
}

/// Of a list of things with one name, in the reader's language.
pub(super) fn several(lang: Lang, typed: &str, n: usize) -> String {
    crate::text::fill(crate::text::t(lang, Explore::Several), &[("typed", typed), ("n", &n.to_string())])
}
