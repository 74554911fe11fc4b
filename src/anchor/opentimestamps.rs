//! OpenTimestamps: a path of hashes from the digest to the Merkle root of a Bitcoin block.
//!
//! The evidence is the native `.ots` file, which any OpenTimestamps client opens, and after it, if there is one, the
//! 80-byte header of the block. That header stands there for convenience: whoever made the evidence may have made it, so
//! it is a claim until the reader has the same one from elsewhere. A proof without a block yet is pending and proves
//! nothing: a calendar's promise is no time.

mod header;
mod proof;
#[cfg(test)]
mod tests;

pub use header::{Header, MAINNET_TARGET_MAX};
pub use proof::{Attestation, Branch, FILE_BYTES_MAX, Op, Proof, ProofError, Tree};

use super::{Claim, Finding, Level, Source, Told, Verdict, Why, digest};

/// Judges evidence of kind `ots`, version 1.
pub(super) fn judge(evidence: &[u8], checkpoint_body: &str, told: &Told) -> Finding {
    judge_with(evidence, checkpoint_body, told, &MAINNET_TARGET_MAX)
}

/// The same with another network's easiest target: for tests, which cannot make a block of the main network.
pub(super) fn judge_with(
    evidence: &[u8],
    checkpoint_body: &str,
    told: &Told,
    target_max: &[u8; 32],
) -> Finding {
    let (proof, claimed) = match open(evidence) {
        Ok(opened) => opened,
        Err(problem) => return Finding::failed(problem.to_string()),
    };
    if proof.digest != digest(checkpoint_body) {
        return Finding::failed("it stamps something else than this checkpoint");
    }
    let ends = ends(&proof);
    let its_end = |header: Header| ends.iter().find(|end| end.merkle_root == header.merkle_root()).copied();
    let beside = match claimed {
        None => None,
        Some(header) => match its_end(header) {
            Some(end) if header.meets_its_target() => Some((end, header)),
            _ => {
                return Finding::failed(
                    "the block header that stands with it is of no block that it ends in",
                );
            }
        },
    };
    match ends.first() {
        None => unconfirmed(&proof),
        Some(earliest) => weigh(&ends, *earliest, beside, told, target_max),
    }
}

/// The proof, and the header that stands behind it.
pub fn open(evidence: &[u8]) -> Result<(Proof, Option<Header>), ProofError> {
    let (proof, length) = Proof::read(evidence)?;
    match &evidence[length..] {
        [] => Ok((proof, None)),
        rest => match rest.try_into() {
            Ok(bytes) => Ok((proof, Some(Header(bytes)))),
            Err(_) => Err(proof::FOLLOWED),
        },
    }
}

/// What stock clients open: the `.ots` file within the evidence.
pub fn native(evidence: &[u8]) -> Result<&[u8], ProofError> {
    let (_, header) = open(evidence)?;
    Ok(&evidence[..evidence.len() - header.map_or(0, |_| Header::LENGTH)])
}

/// One Bitcoin attestation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    pub height: u64,
    pub merkle_root: [u8; 32],
}

/// The blocks that the proof ends in, the earliest first. A message that is no Merkle root ends in none.
pub fn ends(proof: &Proof) -> Vec<End> {
    let mut ends: Vec<End> = proof
        .attestations()
        .into_iter()
        .filter_map(|(message, attestation)| match attestation {
            Attestation::Bitcoin { height } => {
                Some(End { height: *height, merkle_root: message.try_into().ok()? })
            }
            _ => None,
        })
        .collect();
    ends.sort_unstable();
    ends.dedup();
    ends
}

/// In no block of Bitcoin yet.
fn unconfirmed(proof: &Proof) -> Finding {
    let calendars = calendars(proof);
    if calendars.is_empty() {
        return Finding::not_checked(Why::Unsupported("an OpenTimestamps proof without Bitcoin".to_owned()));
    }
    let source = Source::Calendars(calendars);
    let claim = Claim { level: Level::TrustedParty, not_after: None, source, is_publication: false };
    Finding { verdict: Verdict::NotChecked(Why::Pending), claim: Some(claim) }
}

/// Of the blocks that it ends in, the earliest of which the reader has the header counts; where he has none, the one
/// whose header stands beside it, or the earliest: what he has to look up.
fn weigh(
    ends: &[End],
    earliest: End,
    beside: Option<(End, Header)>,
    told: &Told,
    target_max: &[u8; 32],
) -> Finding {
    let told: Vec<Header> = told.bitcoin_headers.iter().map(|bytes| Header(*bytes)).collect();
    let known = ends.iter().flat_map(|end| {
        let of_end = move |header: &&Header| header.merkle_root() == end.merkle_root;
        told.iter().filter(of_end).filter(|header| header.meets_its_target()).map(|header| (*end, *header))
    });
    let (confirmed, easy): (Vec<_>, Vec<_>) = known.partition(|(_, header)| header.is_as_hard_as(target_max));
    let (verdict, end, header) = match (confirmed.first(), easy.first().or(beside.as_ref())) {
        (Some((end, header)), _) => (Verdict::Ok, *end, Some(*header)),
        (None, Some((end, header))) if header.is_as_hard_as(target_max) => {
            (Verdict::NotChecked(Why::BlockNotConfirmed), *end, Some(*header))
        }
        (None, Some((end, header))) => (Verdict::NotChecked(Why::TestChain), *end, Some(*header)),
        (None, None) => (Verdict::NotChecked(Why::BlockNotConfirmed), earliest, None),
    };
    Finding { verdict, claim: Some(in_block(end, header)) }
}

fn in_block(end: End, header: Option<Header>) -> Claim {
    let source = Source::Bitcoin {
        height: end.height,
        merkle_root: end.merkle_root,
        block_hash: header.map(|header| header.hash()),
    };
    let not_after = header.map(|header| header.time());
    Claim { level: Level::Consensus, not_after, source, is_publication: false }
}

/// Whose promises it holds, each once, in the order of the file.
fn calendars(proof: &Proof) -> Vec<String> {
    let mut uris: Vec<String> = Vec::new();
    for (_, attestation) in proof.attestations() {
        if let Attestation::Pending { uri } = attestation
            && !uris.contains(uri)
        {
            uris.push(uri.clone());
        }
    }
    uris
}
