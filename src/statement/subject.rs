//! Subjects: what a statement is about, as text `kind:id`.

use std::fmt;
use std::str::FromStr;

use crate::merkle::Hash;

use super::names::{is_local_name, is_organisation_id};

/// A subject in its one spelling. Ordered by the bytes of its text, as `touches` must be.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    text: String,
    kind: SubjectKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKind {
    /// A lot.
    Batch,
    /// One plot's one season.
    Crop,
    /// A key's whole life.
    Key,
    /// The ledger itself; the one subject with an empty id.
    Ledger,
    Org,
    Plot,
    /// A broadcast.
    Show,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a subject is org:ORG, key:KEYID, plot:ORG.NAME, crop:ORG.NAME, batch:ORG.NAME, show:ORG.NAME or ledger:"
)]
pub struct ParseSubjectError;

impl Subject {
    pub fn parse(text: &str) -> Result<Subject, ParseSubjectError> {
        let (kind, id) = text.split_once(':').ok_or(ParseSubjectError)?;
        let kind = SubjectKind::ALL.into_iter().find(|k| k.prefix() == kind).ok_or(ParseSubjectError)?;
        let good = match kind {
            SubjectKind::Batch | SubjectKind::Crop | SubjectKind::Plot | SubjectKind::Show => {
                id.split_once('.').is_some_and(|(org, local)| is_organisation_id(org) && is_local_name(local))
            }
            SubjectKind::Key => id.parse::<Hash>().is_ok(),
            SubjectKind::Ledger => id.is_empty(),
            SubjectKind::Org => is_organisation_id(id),
        };
        if good { Ok(Subject { text: text.to_owned(), kind }) } else { Err(ParseSubjectError) }
    }

    /// `key:<keyid>`.
    pub fn of_key(key_id: &Hash) -> Subject {
        Subject { text: format!("key:{key_id}"), kind: SubjectKind::Key }
    }

    /// `org:<id>`.
    pub fn of_org(id: &str) -> Result<Subject, ParseSubjectError> {
        Subject::parse(&format!("org:{id}"))
    }

    /// `ledger:`.
    pub fn ledger() -> Subject {
        Subject { text: "ledger:".to_owned(), kind: SubjectKind::Ledger }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn kind(&self) -> SubjectKind {
        self.kind
    }

    /// What stands after the colon.
    pub fn id(&self) -> &str {
        &self.text[self.kind.prefix().len() + 1..]
    }

    /// The organisation whose id this subject carries: the owner of a lot, plot, crop or show, or the organisation itself.
    pub fn org(&self) -> Option<&str> {
        match self.kind {
            SubjectKind::Key | SubjectKind::Ledger => None,
            SubjectKind::Org => Some(self.id()),
            SubjectKind::Batch | SubjectKind::Crop | SubjectKind::Plot | SubjectKind::Show => {
                self.id().split_once('.').map(|(org, _)| org)
            }
        }
    }

    /// The name that the owner gave a lot, plot, crop or show.
    pub fn local(&self) -> Option<&str> {
        self.id().split_once('.').map(|(_, local)| local)
    }

    /// The key id of a `key:` subject.
    pub fn key_id(&self) -> Option<Hash> {
        match self.kind {
            SubjectKind::Key => self.id().parse().ok(),
            _ => None,
        }
    }
}

impl SubjectKind {
    pub const ALL: [SubjectKind; 7] = [
        SubjectKind::Batch,
        SubjectKind::Crop,
        SubjectKind::Key,
        SubjectKind::Ledger,
        SubjectKind::Org,
        SubjectKind::Plot,
        SubjectKind::Show,
    ];

    /// What stands before the colon.
    pub fn prefix(self) -> &'static str {
        match self {
            SubjectKind::Batch => "batch",
            SubjectKind::Crop => "crop",
            SubjectKind::Key => "key",
            SubjectKind::Ledger => "ledger",
            SubjectKind::Org => "org",
            SubjectKind::Plot => "plot",
            SubjectKind::Show => "show",
        }
    }
}

impl FromStr for Subject {
    type Err = ParseSubjectError;

    fn from_str(text: &str) -> Result<Subject, ParseSubjectError> {
        Subject::parse(text)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_form() {
        let key = "00".repeat(32);
        for (text, kind, org, local) in [
            ("batch:farm.lot1", SubjectKind::Batch, Some("farm"), Some("lot1")),
            ("crop:farm.a-2026", SubjectKind::Crop, Some("farm"), Some("a-2026")),
            ("org:farm", SubjectKind::Org, Some("farm"), None),
            ("plot:farm.1", SubjectKind::Plot, Some("farm"), Some("1")),
            ("show:host-9.evening", SubjectKind::Show, Some("host-9"), Some("evening")),
            ("ledger:", SubjectKind::Ledger, None, None),
            (&format!("key:{key}"), SubjectKind::Key, None, None),
        ] {
            let subject = Subject::parse(text).unwrap();
            assert_eq!(subject.to_string(), text);
            assert_eq!((subject.kind(), subject.org(), subject.local()), (kind, org, local), "{text}");
        }
        assert_eq!(Subject::of_key(&Hash::ZERO), Subject::parse(&format!("key:{key}")).unwrap());
        assert_eq!(Subject::of_key(&Hash::ZERO).key_id(), Some(Hash::ZERO));
        assert_eq!(Subject::of_org("farm"), Subject::parse("org:farm"));
        assert_eq!(Subject::ledger(), Subject::parse("ledger:").unwrap());
    }

    #[test]
    fn anything_else_is_no_subject() {
        for text in [
            "",
            ":",
            "farm",
            "Batch:farm.a",
            "batch:",
            "batch:farm",
            "batch:farm.",
            "batch:.a",
            "batch:farm.a.b",
            "batch:farm.A",
            "batch:farm.a ",
            " batch:farm.a",
            "batch:farm.a\n",
            "batch:farm.-a",
            "batch:farm.a--b",
            "org:",
            "org:a.b",
            "org:Farm",
            "key:",
            "key:00",
            "ledger:x",
            "ledger",
            "lot:farm.a",
            "batch::farm.a",
            "org:org:farm",
        ] {
            assert_eq!(Subject::parse(text), Err(ParseSubjectError), "{text:?}");
        }
        assert_eq!(Subject::parse(&format!("key:{}", "AB".repeat(32))), Err(ParseSubjectError));
        assert_eq!(Subject::parse(&format!("key:{}", "ab".repeat(33))), Err(ParseSubjectError));
    }

    #[test]
    fn order_is_that_of_the_text() {
        let texts =
            ["batch:a.z", "batch:a0.a", "crop:a.a", "ledger:", "org:a", "org:a-b", "org:ab", "plot:a.a"];
        let subjects: Vec<Subject> = texts.iter().map(|t| Subject::parse(t).unwrap()).collect();
        assert!(subjects.is_sorted());
        assert!(texts.is_sorted());
    }
}
