//! What is wrong with a log, or with whoever serves it.

use crate::verify::SplitView;

/// A sort of wrong; its name is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum WrongKind {
    /// No key that is believed has signed the checkpoint, or it is none of this log.
    BadSignature,
    /// What was served as entries is not what was signed.
    EntriesDiffer,
    /// The checkpoint does not end with a map record.
    NoMapRecord,
    /// The first entry is not the genesis of the trust file.
    OtherLedger,
    /// The log holds an entry that its rules refuse.
    RefusedRecord,
    /// The log has signed two histories.
    SplitView,
    /// The tiles that are served do not show that the checkpoint goes on from the one before.
    Unproven,
    /// A map record says something else than the records before it: something is left out.
    WrongMap,
}

/// One thing that is wrong, with what shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub kind: WrongKind,
    pub why: String,
    /// The checkpoint in question, a note, as it was served.
    pub note: String,
    /// That the log has signed both.
    pub split: Option<Box<SplitView>>,
    /// That the log has signed the entry: a C2SP tlog-proof.
    pub receipt: Option<String>,
}

impl WrongKind {
    pub fn name(self) -> &'static str {
        match self {
            WrongKind::BadSignature => "bad-signature",
            WrongKind::EntriesDiffer => "entries-differ",
            WrongKind::NoMapRecord => "no-map-record",
            WrongKind::OtherLedger => "other-ledger",
            WrongKind::RefusedRecord => "refused-record",
            WrongKind::SplitView => "split-view",
            WrongKind::Unproven => "unproven",
            WrongKind::WrongMap => "wrong-map",
        }
    }

    /// Whether the log itself has signed it. Otherwise it may be the doing of whoever serves or stands in between, and
    /// pass.
    pub fn is_signed(self) -> bool {
        !matches!(self, WrongKind::BadSignature | WrongKind::EntriesDiffer | WrongKind::Unproven)
    }
}

impl Wrong {
    pub(super) fn new(kind: WrongKind, why: impl Into<String>, note: &str) -> Wrong {
        Wrong { kind, why: why.into(), note: note.to_owned(), split: None, receipt: None }
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)
    }
}
