//! What every page of the explorer asks of the ledger, in words of one language.

use std::collections::BTreeMap;

use askama::Template;

use crate::http::AppState;
use crate::http::problem::Problem;
use crate::http::view::View;
use crate::ledger::{Detail, Entry, KeyFact, Record, Scope};
use crate::merkle::Hash;
use crate::produce::wording::{Line, SaidText, Wording};
use crate::statement::kinds::Kind;
use crate::statement::payload::Statement;
use crate::statement::role::Role;
use crate::statement::subject::{Subject, SubjectKind};
use crate::text::{Amount, Explore, Lang, fill, labels, t};

/// Entries on one page of a list.
pub(super) const PAGE_LENGTH: usize = 50;

/// Names of organisations looked up for one entry.
const NAMES_MAX: usize = 64;

/// One request's view of the ledger.
pub(super) struct Desk<'a> {
    pub(super) state: &'a AppState,
    pub(super) view: &'a View,
    pub(super) lang: Lang,
}

/// A label and what stands behind it.
#[derive(Template)]
#[template(path = "explore/row.html")]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) said: Said,
}

pub(super) enum Said {
    Groups(Vec<Vec<Row>>),
    Hash(String),
    /// Address and text.
    Link(String, String),
    Muted(String),
    /// A hash that stands in the data, to look up.
    Search(String),
    Text(String),
}

/// A word that stands out, and its colour.
pub(super) struct Tag {
    pub(super) text: String,
    /// A class of the style sheet.
    pub(super) class: &'static str,
}

/// An entry in a list.
#[derive(Template)]
#[template(path = "explore/line.html")]
pub(super) struct EntryLine {
    pub(super) seq: u64,
    pub(super) kind: String,
    pub(super) subject: Option<(String, String)>,
    pub(super) taken: String,
    pub(super) who: String,
    pub(super) tags: Vec<Tag>,
    pub(super) is_map: bool,
}

impl Row {
    pub(super) fn text(label: &str, text: impl Into<String>) -> Row {
        Row { label: label.to_owned(), said: Said::Text(text.into()) }
    }

    pub(super) fn hash(label: &str, hash: impl ToString) -> Row {
        Row { label: label.to_owned(), said: Said::Hash(hash.to_string()) }
    }

    pub(super) fn link(label: &str, href: impl Into<String>, text: impl Into<String>) -> Row {
        Row { label: label.to_owned(), said: Said::Link(href.into(), text.into()) }
    }
}

impl Tag {
    pub(super) fn new(text: impl Into<String>, class: &'static str) -> Tag {
        Tag { text: text.into(), class }
    }
}

pub(super) fn subject_href(subject: &str) -> String {
    format!("/explore/subject/{subject}")
}

pub(super) fn entry_href(seq: u64) -> String {
    format!("/explore/entry/{seq}")
}

/// The kind of a record's data: a correction's is that of what it corrects.
pub(super) fn kind_of(statement: &Statement) -> Option<Kind> {
    statement.kind.to_string().parse().ok()
}

impl Desk<'_> {
    pub(super) fn w(&self, word: Explore) -> &'static str {
        t(self.lang, word)
    }

    pub(super) fn fill(&self, word: Explore, blanks: &[(&str, &str)]) -> String {
        fill(self.w(word), blanks)
    }

    /// Without names of organisations: for times and plain values.
    pub(super) fn plain(&self) -> Wording<'static> {
        Wording { lang: self.lang, names: BTreeMap::new() }
    }

    pub(super) fn size(&self) -> u64 {
        self.view.under.size
    }

    /// Time of the newest entry.
    pub(super) fn as_of(&self) -> Result<String, Problem> {
        let at = match self.size().checked_sub(1) {
            Some(last) => self.view.reader.entry(last)?.at(),
            None => 0,
        };
        let (size, at) = (self.size().to_string(), self.plain().moment(at));
        Ok(self.fill(Explore::AsOf, &[("size", &size), ("at", &at)]))
    }

    pub(super) fn key(&self, key: &Hash) -> Result<Option<KeyFact>, Problem> {
        Ok(match self.view.subject(&Subject::of_key(key))?.map(|fact| fact.detail) {
            Some(Detail::Key(key)) => Some(key),
            _ => None,
        })
    }

    /// The name as registered, in the page's language where it has one in it; else the id.
    pub(super) fn org_name(&self, id: &str) -> Result<String, Problem> {
        Ok(self.view.org_name(id, self.lang)?.unwrap_or_else(|| id.to_owned()))
    }

    /// Names of the organisations that a statement may mention, by id.
    pub(super) fn names(&self, statement: &Statement) -> Result<BTreeMap<String, String>, Problem> {
        let mut ids: Vec<String> = statement.signers.iter().map(|signer| signer.org.clone()).collect();
        ids.extend(statement.subjects().filter_map(|subject| subject.org().map(str::to_owned)));
        for value in statement.data.values() {
            bare_texts(value, &mut ids);
        }
        let mut names = BTreeMap::new();
        for id in ids {
            if names.len() == NAMES_MAX {
                break;
            }
            if !names.contains_key(&id)
                && let Some(name) = self.view.org_name(&id, self.lang)?
            {
                names.insert(id, name);
            }
        }
        Ok(names)
    }

    pub(super) fn kind_word(&self, statement: &Statement) -> String {
        match kind_of(statement) {
            Some(kind) => labels::kind(self.lang, kind).to_owned(),
            None => statement.kind.to_string(),
        }
    }

    pub(super) fn roles<'r>(&self, roles: impl IntoIterator<Item = &'r Role>) -> String {
        let roles: Vec<&str> = roles.into_iter().map(|role| labels::role(self.lang, *role)).collect();
        roles.join(t(self.lang, Amount::And))
    }

    pub(super) fn scope(&self, scope: &Scope) -> String {
        match scope {
            Scope::Admin => self.w(Explore::AdminKey).to_owned(),
            Scope::Kinds(kinds) => {
                let word = |name: &String| match format!("{name}/1").parse::<Kind>() {
                    Ok(kind) => labels::kind(self.lang, kind).to_owned(),
                    Err(_) => name.clone(),
                };
                kinds.iter().map(word).collect::<Vec<_>>().join(t(self.lang, Amount::And))
            }
        }
    }

    pub(super) fn subject_kind(&self, kind: SubjectKind) -> &'static str {
        self.w(match kind {
            SubjectKind::Batch => Explore::Batch,
            SubjectKind::Crop => Explore::Crop,
            SubjectKind::Key => Explore::Key,
            SubjectKind::Ledger => Explore::LedgerItself,
            SubjectKind::Org => Explore::Organisation,
            SubjectKind::Plot => Explore::Plot,
            SubjectKind::Show => Explore::Show,
        })
    }

    /// A line of words as a row of a page.
    pub(super) fn row(&self, line: Line) -> Row {
        let said = match line.said {
            SaidText::Text(text) if text.parse::<Hash>().is_ok() => Said::Search(text),
            SaidText::Text(text) => Said::Text(text),
            SaidText::Subject(subject) => Said::Link(subject_href(&subject), subject),
            SaidText::Sealed => Said::Muted(t(self.lang, Amount::Sealed).to_owned()),
            SaidText::Groups(groups) => Said::Groups(
                groups
                    .into_iter()
                    .map(|group| group.into_iter().map(|line| self.row(line)).collect())
                    .collect(),
            ),
        };
        Row { label: line.label, said }
    }

    /// The entry at `seq` as a line of a list.
    pub(super) fn line(&self, seq: u64) -> Result<EntryLine, Problem> {
        let entry = self.view.reader.entry(seq)?;
        let taken = self.plain().moment(entry.at());
        Ok(match &entry {
            Entry::Map(_) => EntryLine {
                seq,
                kind: self.w(Explore::MapRecord).to_owned(),
                subject: None,
                taken,
                who: String::new(),
                tags: Vec::new(),
                is_map: true,
            },
            Entry::Record(record) => self.record_line(record, taken)?,
        })
    }

    fn record_line(&self, record: &Record, taken: String) -> Result<EntryLine, Problem> {
        let statement = &record.statement;
        let mut who = Vec::new();
        for signer in &statement.signers {
            let name = self.org_name(&signer.org)?;
            if !who.contains(&name) {
                who.push(name);
            }
        }
        let mut tags = Vec::new();
        if let Some(fact) = self.view.reader.leaf(&record.leaf())? {
            if fact.withdrawn.is_some() {
                tags.push(Tag::new(self.w(Explore::WithdrawnBy), "bad"));
            } else if fact.original == record.leaf() && fact.current != fact.original {
                tags.push(Tag::new(self.w(Explore::CorrectedBy), "warn"));
            }
        }
        let subject = statement.subject.to_string();
        Ok(EntryLine {
            seq: record.seq,
            kind: self.kind_word(statement),
            subject: Some((subject_href(&subject), subject)),
            taken,
            who: who.join(t(self.lang, Amount::And)),
            tags,
            is_map: false,
        })
    }
}

fn bare_texts(value: &serde_json::Value, texts: &mut Vec<String>) {
    use serde_json::Value;
    match value {
        Value::String(text) if text.len() <= 32 => texts.push(text.clone()),
        Value::Array(elements) => elements.iter().for_each(|element| bare_texts(element, texts)),
        Value::Object(members) => members.values().for_each(|member| bare_texts(member, texts)),
        _ => {}
    }
}
