//! A second look: a bundle checked by somebody who is not its operator, and against what the witness itself has seen.

use super::cosigner::Witness;
use crate::note::checkpoint::Checkpoint;
use crate::note::vkey::KeyName;
use crate::verify::bundle::Bundle;
use crate::verify::omission::{Evidence, Shown, is_evidence};
use crate::verify::{Layer, Options, Report, signed_checkpoint, verify_bundle};

/// What came of it.
pub enum Look {
    /// Not a bundle; why.
    NotABundle(String),
    /// Evidence that an operator left a record out, of this ledger: what it shows, or why it shows nothing.
    Omission {
        origin: String,
        shown: Result<Shown, String>,
    },
    /// The witness has no trust file for this ledger, so there is nothing to judge it by.
    UnknownLedger(String),
    Judged {
        bundle: Box<Bundle>,
        report: Box<Report>,
        own: OwnView,
    },
}

/// The bundle's checkpoint beside the one that this witness cosigned last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnView {
    /// The very checkpoint.
    Same {
        size: u64,
        time: u64,
    },
    /// The bundle's is of fewer entries than were cosigned. Whether one goes on from the other, the bundle does not say.
    Older {
        size: u64,
        time: u64,
    },
    Newer {
        size: u64,
        time: u64,
    },
    /// As many entries and another root, both signed by the log: two histories. The notes show it to anybody.
    Forked {
        ours: String,
        theirs: String,
    },
    /// Nothing of this log was cosigned here, or the bundle's checkpoint is not the log's.
    None,
}

impl Witness {
    /// Judges a bundle, or evidence of an omission, by the trust file that the witness has of its ledger. `now` in Unix seconds; `max_age`, in
    /// seconds, is how old the newest cosignature may be.
    pub fn look(&self, bytes: &[u8], now: i64, max_age: i64) -> Look {
        if is_evidence(bytes) {
            return self.look_at_evidence(bytes);
        }
        let bundle = match Bundle::parse(bytes) {
            Ok(bundle) => bundle,
            Err(error) => return Look::NotABundle(error.to_string()),
        };
        let logs = self.logs();
        let Some(trust) = logs.trust(&bundle.origin) else {
            return Look::UnknownLedger(bundle.origin);
        };
        let report = verify_bundle(bytes, trust, &Options { now, max_age });
        let first = bundle.checkpoints.first();
        let opened = first.and_then(|note| Some((note, signed_checkpoint::open(note, trust).ok()?)));
        let own = match opened {
            Some((note, opened)) if report.status(Layer::Log).is_ok() => {
                self.own_view(note, &opened.checkpoint)
            }
            _ => OwnView::None,
        };
        Look::Judged { bundle: Box::new(bundle), report: Box::new(report), own }
    }

    fn look_at_evidence(&self, bytes: &[u8]) -> Look {
        let evidence = match Evidence::parse(bytes) {
            Ok(evidence) => evidence,
            Err(problem) => return Look::NotABundle(problem),
        };
        let Some(origin) = evidence.origin() else {
            return Look::NotABundle("its receipt cannot be read".into());
        };
        match self.logs().trust(&origin) {
            Some(trust) => Look::Omission { shown: evidence.check(trust), origin },
            None => Look::UnknownLedger(origin),
        }
    }

    fn own_view(&self, note: &str, theirs: &Checkpoint) -> OwnView {
        let origin: &KeyName = &theirs.origin;
        let Ok(Some(seen)) = self.last(origin) else { return OwnView::None };
        let (size, time) = (seen.checkpoint.size, seen.time);
        if theirs.size < size {
            return OwnView::Older { size, time };
        }
        if theirs.size > size {
            return OwnView::Newer { size, time };
        }
        if theirs.root == seen.checkpoint.root {
            return OwnView::Same { size, time };
        }
        tracing::error!(log = %origin, size, "the log has signed two histories");
        OwnView::Forked { ours: seen.note.to_string(), theirs: note.to_owned() }
    }
}
