//! What pages say of anchors. Nothing here is green that is not proven: a block that nobody has compared is an "if", what
//! is on its way is waiting, and a test chain is no evidence.

use askama::Template;

use crate::anchor::{AnchorKind, Claim, Finding, Level, Source, Verdict, Why};
use crate::http::anchored::JudgedJob;
use crate::produce::wording::Wording;
use crate::publish::anchors::State;
use crate::text::{Anchor, fill, t};

/// One anchor, in words.
#[derive(Template)]
#[template(path = "anchor.html")]
pub(super) struct AnchorRow {
    pub(super) kind: &'static str,
    /// What it comes to: one sentence.
    pub(super) says: String,
    pub(super) is_good: bool,
    pub(super) is_bad: bool,
    /// What it covers, whom one must trust, what it does not show.
    pub(super) notes: Vec<String>,
    /// What to compare where, and with which hash.
    pub(super) compare: Option<(String, String)>,
    /// Its native file.
    pub(super) file: Option<String>,
    file_word: &'static str,
}

/// What they come to, each. `covered`: the entries that the page tells of.
pub(super) fn rows(anchors: &[JudgedJob], covered: u64, wording: &Wording<'_>) -> Vec<AnchorRow> {
    let stamped = anchors.iter().find_map(|judged| match &judged.finding.as_ref()?.claim.as_ref()?.source {
        Source::Authority { name, .. } if judged.finding.as_ref().is_some_and(Finding::is_ok) => Some(name),
        _ => None,
    });
    let words = Words { wording, stamped: stamped.map(String::as_str) };
    anchors.iter().map(|judged| words.row(judged, covered)).collect()
}

struct Words<'a> {
    wording: &'a Wording<'a>,
    /// The authority that has stamped it, while Bitcoin is waited for.
    stamped: Option<&'a str>,
}

impl Words<'_> {
    fn w(&self, word: Anchor) -> &'static str {
        t(self.wording.lang, word)
    }

    fn fill(&self, word: Anchor, blanks: &[(&str, &str)]) -> String {
        fill(self.w(word), blanks)
    }

    fn row(&self, judged: &JudgedJob, covered: u64) -> AnchorRow {
        let JudgedJob { job, finding } = judged;
        let kind = self.w(match job.kind {
            AnchorKind::EvmCalldata => Anchor::KindEvmCalldata,
            AnchorKind::EvmLog => Anchor::KindEvmLog,
            AnchorKind::OpenTimestamps => Anchor::KindOts,
            AnchorKind::Rfc3161 => Anchor::KindRfc3161,
        });
        let mut notes = Vec::new();
        let size = job.size.to_string();
        let is_test = finding.as_ref().is_some_and(|f| f.verdict == Verdict::NotChecked(Why::TestChain));
        if finding.is_some() && !is_test {
            notes.push(self.fill(Anchor::Covers, &[("size", &size)]));
            if job.size < covered {
                notes.push(self.w(Anchor::CoversOlder).to_owned());
            }
        }
        let says = match finding {
            Some(finding) => self.says(finding, &job.state),
            None => self.state(&job.state),
        };
        let claim = finding.as_ref().and_then(|finding| finding.claim.as_ref());
        notes.extend(finding.as_ref().and_then(|finding| self.trust(finding)));
        if let Some(claim) = claim.filter(|claim| claim.not_after.is_some() && !is_test) {
            let word = if claim.is_publication { Anchor::Publication } else { Anchor::AgeOnly };
            notes.push(self.w(word).to_owned());
        }
        let file = job.evidence.as_ref();
        AnchorRow {
            kind,
            says,
            is_good: finding.as_ref().is_some_and(Finding::is_ok),
            is_bad: finding.as_ref().is_some_and(|finding| matches!(finding.verdict, Verdict::Failed(_))),
            notes,
            compare: finding.as_ref().and_then(|finding| self.compare(finding)),
            file_word: self.w(Anchor::NativeFile),
            file: file.map(|_| format!("/api/v1/checkpoints/{size}/anchors/{}", job.kind.as_str())),
        }
    }

    fn state(&self, state: &State) -> String {
        match state {
            State::Queued => self.w(Anchor::StateQueued).to_owned(),
            State::Submitted => self.w(Anchor::StateSubmitted).to_owned(),
            State::Included => self.w(Anchor::StateIncluded).to_owned(),
            State::Final => self.w(Anchor::StateFinal).to_owned(),
            State::Failed(reason) => self.fill(Anchor::StateFailed, &[("reason", reason)]),
        }
    }

    fn says(&self, finding: &Finding, state: &State) -> String {
        let claim = finding.claim.as_ref();
        let timed = |word: Anchor| match claim.and_then(|claim| Some((claim, claim.not_after?))) {
            Some((claim, seconds)) => {
                let ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000);
                let blanks = [("at", self.wording.moment(ms)), ("source", self.source(&claim.source))];
                self.fill(word, &blanks.each_ref().map(|(name, value)| (*name, value.as_str())))
            }
            None => claim.map_or_else(String::new, |claim| {
                self.fill(Anchor::NoLaterUnknown, &[("source", &self.source(&claim.source))])
            }),
        };
        match &finding.verdict {
            Verdict::Ok => timed(Anchor::NoLater),
            Verdict::Failed(_) => self.w(Anchor::Failed).to_owned(),
            // Not final yet is said before the block's time is: the block may still be undone.
            Verdict::NotChecked(Why::BlockNotConfirmed) if *state != State::Final => self.state(state),
            Verdict::NotChecked(Why::BlockNotConfirmed) => timed(Anchor::NoLaterIf),
            Verdict::NotChecked(Why::Pending) => match self.stamped {
                Some(name) => self.fill(Anchor::WaitingForBitcoin, &[("name", name)]),
                None => self.w(Anchor::Pending).to_owned(),
            },
            Verdict::NotChecked(Why::RpcAttested) => {
                format!("{} {}", self.w(Anchor::RpcAttested), timed(Anchor::NoLaterRpc))
            }
            Verdict::NotChecked(Why::TestChain) => self.w(Anchor::TestChain).to_owned(),
            Verdict::NotChecked(Why::NoTrustedRoot) => self.w(Anchor::NoTrustedRoot).to_owned(),
            Verdict::NotChecked(Why::Unsupported(what)) => self.fill(Anchor::Unsupported, &[("what", what)]),
            Verdict::NotChecked(Why::UnknownKind(_)) => self.w(Anchor::UnknownKind).to_owned(),
            Verdict::NotChecked(Why::UnknownVersion(_)) => self.w(Anchor::UnknownVersion).to_owned(),
        }
    }

    fn source(&self, source: &Source) -> String {
        match source {
            Source::Evm { chain_id, block_number, .. } => {
                let (id, number) = (chain_id.to_string(), block_number.to_string());
                let chain = match chain_id {
                    1 => self.w(Anchor::ChainEthereum).to_owned(),
                    _ => self.fill(Anchor::ChainOther, &[("id", &id)]),
                };
                self.fill(Anchor::SourceEvm, &[("chain", &chain), ("number", &number)])
            }
            Source::Bitcoin { height, .. } => {
                self.fill(Anchor::SourceBitcoin, &[("height", &height.to_string())])
            }
            Source::Calendars(names) => self.fill(Anchor::SourceCalendars, &[("names", &names.join(", "))]),
            Source::Authority { name, serial, .. } => {
                self.fill(Anchor::SourceAuthority, &[("name", name), ("serial", serial)])
            }
        }
    }

    /// Whom one must trust for it.
    fn trust(&self, finding: &Finding) -> Option<String> {
        let Claim { level, source, .. } = finding.claim.as_ref()?;
        if let Verdict::NotChecked(Why::TestChain) = finding.verdict {
            return Some(self.w(Anchor::TrustNobody).to_owned());
        }
        Some(match (source, level) {
            (Source::Calendars(_), _) => self.w(Anchor::TrustCalendars).to_owned(),
            (Source::Authority { name, .. }, _) => self.fill(Anchor::TrustParty, &[("name", name)]),
            (_, Level::Consensus) => self.w(Anchor::TrustConsensus).to_owned(),
            (_, Level::Consortium) => self.w(Anchor::TrustConsortium).to_owned(),
            (_, Level::RpcAttested) => self.w(Anchor::TrustRpc).to_owned(),
            (_, Level::TrustedParty) => self.w(Anchor::TrustSomeParty).to_owned(),
        })
    }

    fn compare(&self, finding: &Finding) -> Option<(String, String)> {
        let claim = finding.claim.as_ref()?;
        if finding.verdict != Verdict::NotChecked(Why::BlockNotConfirmed) {
            return None;
        }
        let source = self.source(&claim.source);
        let (word, hash) = match &claim.source {
            Source::Evm { block_hash, .. } => (Anchor::CompareHash, format!("0x{}", hex::encode(block_hash))),
            Source::Bitcoin { block_hash: Some(hash), .. } => {
                (Anchor::CompareHash, crate::anchor::reversed(hash))
            }
            Source::Bitcoin { merkle_root, .. } => {
                (Anchor::CompareRoot, crate::anchor::reversed(merkle_root))
            }
            Source::Calendars(_) | Source::Authority { .. } => return None,
        };
        Some((self.fill(word, &[("source", &source)]), hash))
    }
}
