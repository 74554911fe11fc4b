//! Has OpenTimestamps calendars put the digest into Bitcoin, and goes back for the proof: for hours, or days.
//!
//! Calendars see SHA-256 of the digest and a nonce, never the digest. They answer with a promise at once, which is the
//! evidence until one of them can show the way to a block. What they answer may be anything: it is read under limits, and
//! nobody is asked but who stands in the settings, whatever address an answer carries.

use std::time::Duration;

use super::bitcoin::{Asked, BitcoinNode, NodeSettings};
use super::exchange::{Answer, Exchange, patience, tame};
use super::{Job, State, Step, Submit};
use crate::anchor::AnchorKind;
use crate::anchor::opentimestamps::{self as ots, Attestation, Branch, Header, Op, Proof, Tree};

const ACCEPT: &str = "application/vnd.opentimestamps.v1";
/// As the reference client has it.
const ANSWER_BYTES_MAX: u64 = 10_000;
/// Six full answers twice over stay below the greatest length of a proof.
const CALENDARS_MAX: usize = 6;
/// Calendars send a transaction every few hours. What two weeks have not brought will not come.
const GIVE_UP: u64 = 14 * 86_400;
const WORK_VERSION: u8 = 1;
const NONCE_BYTES: usize = 16;

/// Which calendars, and who knows Bitcoin.
#[derive(Clone)]
pub struct CalendarSettings {
    /// Addresses; all are asked. Two to six.
    pub calendars: Vec<String>,
    /// Further addresses under which they may promise: those of the calendars behind a pool.
    pub also: Vec<String>,
    /// So many promises make a job submitted.
    pub minimum: usize,
    /// With a node the block is looked at before the proof counts as whole, and its header stands with it.
    pub node: Option<NodeSettings>,
    /// For one exchange.
    pub timeout: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarsError {
    #[error("name two to six different OpenTimestamps calendars, as one may lose what it promised")]
    Count,
    #[error("the number of promises to wait for is between one and the number of calendars")]
    Minimum,
    #[error("the address of an OpenTimestamps calendar begins with https:// or http://: {0}")]
    Address(String),
}

pub struct Calendars {
    settings: CalendarSettings,
    exchange: Exchange,
    node: Option<BitcoinNode>,
}

impl CalendarSettings {
    pub fn new(calendars: Vec<String>) -> CalendarSettings {
        CalendarSettings {
            calendars,
            also: Vec::new(),
            minimum: 2,
            node: None,
            timeout: Duration::from_secs(10),
        }
    }
}

/// The notes of a job: the nonce, and who has promised.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Notes {
    nonce: [u8; NONCE_BYTES],
    promised: Vec<String>,
}

/// What became of the asking in one step.
struct Round {
    notes: Notes,
    proof: Proof,
    header: Option<Header>,
    problems: Vec<String>,
}

impl Calendars {
    pub fn new(mut settings: CalendarSettings) -> Result<Calendars, CalendarsError> {
        for address in settings.calendars.iter_mut().chain(&mut settings.also) {
            if !address.starts_with("https://") && !address.starts_with("http://") {
                return Err(CalendarsError::Address(address.clone()));
            }
            *address = address.trim_end_matches('/').to_owned();
        }
        let mut different = settings.calendars.clone();
        different.sort_unstable();
        different.dedup();
        if different.len() != settings.calendars.len() || !(2..=CALENDARS_MAX).contains(&different.len()) {
            return Err(CalendarsError::Count);
        }
        if !(1..=different.len()).contains(&settings.minimum) {
            return Err(CalendarsError::Minimum);
        }
        let exchange = Exchange::new(settings.timeout);
        let node = settings.node.clone().map(|node| BitcoinNode::new(node, settings.timeout));
        Ok(Calendars { settings, exchange, node })
    }

    fn ask(&self, job: &Job, notes: Notes, now: u64) -> Step {
        let (proof, header) = match job.evidence.as_deref().map(ots::open) {
            None => (Proof { digest: job.digest(), tree: Tree::default() }, None),
            Some(Ok(opened)) => opened,
            Some(Err(problem)) => return fail(job, format!("its evidence is damaged: {problem}")),
        };
        let mut round = Round { notes, proof, header, problems: Vec::new() };
        if job.state != State::Queued {
            self.upgrade(&mut round);
        }
        self.submit(&mut round);
        let is_whole = self.confirm(&mut round);
        self.sum_up(job, round, is_whole, now)
    }

    /// Sends the digest to every calendar that has not promised yet.
    fn submit(&self, round: &mut Round) {
        let commitment = Op::Sha256.apply(&[round.proof.digest.as_bytes(), &round.notes.nonce[..]].concat());
        let Ok(commitment) = commitment else { return };
        for calendar in &self.settings.calendars {
            if round.notes.promised.contains(calendar) || !ots::ends(&round.proof).is_empty() {
                continue;
            }
            let headers = [("accept", ACCEPT), ("content-type", "application/octet-stream")];
            let url = format!("{calendar}/digest");
            let answer = self.exchange.post(&url, &headers, &commitment, ANSWER_BYTES_MAX);
            let taken = self.tree(answer, &commitment).and_then(|tree| {
                let end = Tree(vec![Branch::Op(Op::Sha256, tree)]);
                let added = Tree(vec![Branch::Op(Op::Append(round.notes.nonce.to_vec()), end)]);
                self.changed(&round.proof, |proof| proof.tree.merge(added))
            });
            match taken {
                Ok(proof) => {
                    round.proof = proof;
                    round.notes.promised.push(calendar.clone());
                }
                Err(problem) => round.problems.push(format!("{calendar}: {problem}")),
            }
        }
    }

    /// Asks what has become of the promises, each calendar of its first.
    fn upgrade(&self, round: &mut Round) {
        for (message, calendar) in self.promises(&round.proof) {
            let url = format!("{calendar}/timestamp/{}", hex::encode(&message));
            let taken = match self.exchange.get(&url, ACCEPT, ANSWER_BYTES_MAX) {
                // Not in a block yet.
                Answer::Status(404) => continue,
                answer => self.tree(answer, &message).and_then(|tree| {
                    let digest = *round.proof.digest.as_bytes();
                    self.changed(&round.proof, |proof| proof.tree.graft(&digest, &[(message, tree)]))
                }),
            };
            match taken {
                Ok(proof) => round.proof = proof,
                Err(problem) => round.problems.push(format!("{calendar}: {problem}")),
            }
        }
    }

    /// The messages of promises and whom to ask.
    fn promises(&self, proof: &Proof) -> Vec<(Vec<u8>, String)> {
        let mut promises: Vec<(Vec<u8>, String)> = Vec::new();
        for (message, attestation) in proof.attestations() {
            if let Attestation::Pending { uri } = attestation
                && let Some(calendar) = self.known(uri)
                && !promises.iter().any(|(_, asked)| *asked == calendar)
                && promises.len() < CALENDARS_MAX
            {
                promises.push((message, calendar));
            }
        }
        promises
    }

    /// The proof after a change, if everybody can read it, and if our node does not know the block that it now ends in
    /// as another one.
    fn changed(&self, proof: &Proof, change: impl FnOnce(&mut Proof)) -> Result<Proof, String> {
        let mut changed = proof.clone();
        change(&mut changed);
        Proof::read(&changed.to_bytes()).map_err(|problem| problem.to_string())?;
        let known = ots::ends(proof);
        for end in ots::ends(&changed).iter().filter(|end| !known.contains(end)) {
            if let Some(node) = &self.node
                && matches!(node.header(end.height), Asked::Header(header) if header.merkle_root() != end.merkle_root)
            {
                return Err(format!("its proof does not end in our node's block {}", end.height));
            }
        }
        Ok(changed)
    }

    /// An answer as a tree for what was asked, that promises something or ends in a block.
    fn tree(&self, answer: Answer, message: &[u8]) -> Result<Tree, String> {
        let body = match answer {
            Answer::Body(body) => body,
            Answer::Status(status) => return Err(format!("status {status}")),
            Answer::Nothing(problem) => return Err(problem),
        };
        let tree = Tree::read(&body, message).map_err(|problem| problem.to_string())?;
        let is_of_use = tree.attestations(message).iter().any(|(_, attestation)| match attestation {
            Attestation::Bitcoin { .. } => true,
            Attestation::Pending { uri } => self.known(uri).is_some(),
            Attestation::Other { .. } => false,
        });
        match is_of_use {
            true => Ok(tree),
            false => Err("it names no calendar of the settings and no block".to_owned()),
        }
    }

    /// The address in the settings that is this one.
    fn known(&self, uri: &str) -> Option<String> {
        let uri = uri.trim_end_matches('/');
        self.settings.calendars.iter().chain(&self.settings.also).find(|known| *known == uri).cloned()
    }

    /// Whether the proof ends in a block, and, if there is a node, in one of its blocks, whose header it then takes.
    fn confirm(&self, round: &mut Round) -> bool {
        let ends = ots::ends(&round.proof);
        let Some(node) = &self.node else { return !ends.is_empty() };
        for end in ends {
            match node.header(end.height) {
                Asked::Header(header) if header.merkle_root() == end.merkle_root => {
                    round.header = Some(header);
                    return true;
                }
                Asked::Header(_) => {
                    round.problems.push(format!("our node's block {} is another", end.height))
                }
                Asked::Nothing(problem) => round.problems.push(format!("our node: {problem}")),
            }
        }
        false
    }

    fn sum_up(&self, job: &Job, round: Round, is_whole: bool, now: u64) -> Step {
        let promised = round.notes.promised.len();
        let ends = ots::ends(&round.proof);
        let is_over = now.saturating_sub(job.made_at) > GIVE_UP;
        let problems = tame(&round.problems.join("; "));
        let because = if problems.is_empty() { String::new() } else { format!(" ({problems})") };
        let (state, said) = match ends.first() {
            Some(end) if is_whole => (State::Final, format!("in Bitcoin block {}", end.height)),
            // The proof is whole; only our own look at the block is missing.
            Some(end) if is_over => {
                (State::Final, format!("in Bitcoin block {}, as a calendar says{because}", end.height))
            }
            Some(end) => {
                (State::Submitted, format!("Bitcoin block {} is not confirmed{because}", end.height))
            }
            None if is_over => {
                (State::Failed(format!("in no block after fourteen days{because}")), String::new())
            }
            None if promised >= self.settings.minimum => {
                (State::Submitted, format!("promised by {promised} calendars{because}"))
            }
            None => (
                job.state.clone(),
                format!("promised by {promised} of {} calendars{because}", self.settings.minimum),
            ),
        };
        let waits = if state == job.state { job.waits } else { 0 };
        let evidence = (!round.proof.tree.0.is_empty()).then(|| {
            let header = round.header.map(|header| header.0.to_vec()).unwrap_or_default();
            [round.proof.to_bytes(), header].concat()
        });
        Step {
            state,
            work: round.notes.to_bytes(),
            evidence,
            next_at: now.saturating_add(patience(waits.saturating_sub(1))),
            said,
        }
    }
}

impl Submit for Calendars {
    fn kind(&self) -> AnchorKind {
        AnchorKind::OpenTimestamps
    }

    fn one_at_a_time(&self) -> bool {
        false
    }

    fn step(&mut self, job: &Job, now: u64) -> Step {
        if !job.work.is_empty() {
            return match Notes::from_bytes(&job.work) {
                Some(notes) => self.ask(job, notes, now),
                None => fail(job, "its notes are damaged, or of a newer version of this program"),
            };
        }
        let mut nonce = [0; NONCE_BYTES];
        match getrandom::fill(&mut nonce) {
            Ok(()) => {
                Step { work: Notes { nonce, promised: Vec::new() }.to_bytes(), ..Step::wait(job, now, "") }
            }
            Err(error) => Step::wait(
                job,
                now.saturating_add(60),
                format!("the system gives no random numbers: {error}"),
            ),
        }
    }
}

impl Notes {
    /// `01`, the nonce, then each address that has promised, ended by a newline.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![WORK_VERSION];
        out.extend_from_slice(&self.nonce);
        for address in &self.promised {
            out.extend_from_slice(address.as_bytes());
            out.push(b'\n');
        }
        out
    }

    fn from_bytes(bytes: &[u8]) -> Option<Notes> {
        let (version, rest) = bytes.split_first()?;
        let (nonce, rest) = rest.split_at_checked(NONCE_BYTES)?;
        let text = std::str::from_utf8(rest).ok()?;
        let promised = text.lines().map(str::to_owned).collect();
        (*version == WORK_VERSION).then_some(Notes { nonce: nonce.try_into().ok()?, promised })
    }
}

fn fail(job: &Job, why: impl Into<String>) -> Step {
    Step { state: State::Failed(tame(&why.into())), ..Step::wait(job, 0, "") }
}
