//! What a monitor tells, and how grave it is.

use serde_json::{Value, json};

use crate::follow::WrongKind;

/// How grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; as it should be.
    Notice,
    /// May be nothing, and may pass.
    Warning,
    /// Somebody has to look.
    Alarm,
}

/// What happened; its name is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Wrong(WrongKind),
    LogKeyChanged,
    NotCosigned,
    NotGrown,
    OlderCheckpoint,
    OrgChanged,
    OrgKeyAdded,
    OrgKeyRevoked,
    OrgRecovery,
    OrgRegistered,
    PeerUnreachable,
    PeerUnresolved,
    /// In the list that the ledger names stands a checkpoint before which the log was not shown.
    PublicationAhead,
    PublicationChanged,
    /// In that list stands what is not this log's.
    PublicationOther,
    PublicationUnreadable,
    RulesChanged,
    /// Like the name of an organisation that is watched.
    SimilarToWatched,
    /// Like the name of another organisation.
    SimilarName,
    Unreachable,
}

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    pub kind: Kind,
    /// Of the log.
    pub origin: String,
    /// When it was found, in milliseconds since 1970.
    pub found_at: i64,
    pub text: String,
    /// Place of the record that tells it.
    pub seq: Option<u64>,
    /// What it is about.
    pub subject: Option<String>,
    /// A file that shows it, and what is in it.
    pub evidence: Option<(String, String)>,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Wrong(kind) => kind.name(),
            Kind::LogKeyChanged => "log-key-changed",
            Kind::NotCosigned => "not-cosigned",
            Kind::NotGrown => "not-grown",
            Kind::OlderCheckpoint => "older-checkpoint",
            Kind::OrgChanged => "org-changed",
            Kind::OrgKeyAdded => "org-key-added",
            Kind::OrgKeyRevoked => "org-key-revoked",
            Kind::OrgRecovery => "org-recovery",
            Kind::OrgRegistered => "org-registered",
            Kind::PeerUnreachable => "peer-unreachable",
            Kind::PeerUnresolved => "peer-unresolved",
            Kind::PublicationAhead => "publication-ahead",
            Kind::PublicationChanged => "publication-changed",
            Kind::PublicationOther => "publication-other",
            Kind::PublicationUnreadable => "publication-unreadable",
            Kind::RulesChanged => "rules-changed",
            Kind::SimilarName | Kind::SimilarToWatched => "similar-name",
            Kind::Unreachable => "unreachable",
        }
    }

    pub fn severity(self) -> Severity {
        match self {
            Kind::Wrong(_)
            | Kind::OrgChanged
            | Kind::OrgKeyAdded
            | Kind::OrgKeyRevoked
            | Kind::OrgRecovery
            | Kind::PublicationOther
            | Kind::SimilarToWatched => Severity::Alarm,
            Kind::NotCosigned
            | Kind::NotGrown
            | Kind::OlderCheckpoint
            | Kind::PeerUnreachable
            | Kind::PeerUnresolved
            | Kind::PublicationAhead
            | Kind::PublicationUnreadable
            | Kind::SimilarName
            | Kind::Unreachable => Severity::Warning,
            Kind::LogKeyChanged | Kind::OrgRegistered | Kind::PublicationChanged | Kind::RulesChanged => {
                Severity::Notice
            }
        }
    }
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Severity::Alarm => "alarm",
            Severity::Warning => "warning",
            Severity::Notice => "notice",
        }
    }
}

impl Alarm {
    pub fn new(kind: Kind, origin: &str, found_at: i64, text: impl Into<String>) -> Alarm {
        let (origin, text) = (origin.to_owned(), text.into());
        Alarm { kind, origin, found_at, text, seq: None, subject: None, evidence: None }
    }

    pub fn at(self, seq: u64) -> Alarm {
        Alarm { seq: Some(seq), ..self }
    }

    pub fn about(self, subject: impl Into<String>) -> Alarm {
        Alarm { subject: Some(subject.into()), ..self }
    }

    /// What webhooks are sent and `--json` prints: docs/operations.md, "Alarms". `n` counts the alarms of one log.
    pub fn to_json(&self, n: u64) -> Value {
        let evidence = self.evidence.as_ref();
        json!({
            "v": 1,
            "n": n,
            "alarm": self.kind.name(),
            "severity": self.kind.severity().name(),
            "log": self.origin,
            "found_at": rfc3339(self.found_at),
            "text": self.text,
            "seq": self.seq,
            "subject": self.subject,
            "evidence": evidence.map(|(file, content)| json!({ "file": file, "content": content })),
        })
    }

    /// One line with stable fields.
    pub(super) fn log(&self, n: u64) {
        let Alarm { origin, text, .. } = self;
        let (alarm, seq, subject) = (self.kind.name(), self.seq, self.subject.as_deref());
        let evidence = self.evidence.as_ref().map(|(file, _)| file.as_str());
        match self.kind.severity() {
            Severity::Alarm => {
                tracing::error!(n, alarm, log = %origin, seq, subject, evidence, "ALARM {alarm}: {text}");
            }
            Severity::Warning => {
                tracing::warn!(n, alarm, log = %origin, seq, subject, evidence, "warning {alarm}: {text}");
            }
            Severity::Notice => {
                tracing::info!(n, alarm, log = %origin, seq, subject, evidence, "notice {alarm}: {text}");
            }
        }
    }
}

fn rfc3339(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| at.to_string())
}
