//! Anchors in an EVM chain: a real node on this machine (anvil), and proxies before it that lie.

pub(crate) mod anvil;
mod contract;
mod flow;
mod lies;
mod maker;
mod trouble;
mod vectors;

use std::time::Duration;

use suyuan::anchor::AnchorKind;
use suyuan::merkle::Hash;
use suyuan::note::checkpoint::Checkpoint;
use suyuan::publish::anchors::evm::{EvmSettings, EvmSubmitter, Finality, GasKey};
use suyuan::publish::anchors::{Job, State, Submit as _};

use anvil::ACCOUNT_0_KEY;

pub(crate) const ORIGIN: &str = "ledger.example/produce";
pub(crate) const NOW: u64 = 1_790_000_000;

/// A checkpoint's body.
pub(crate) fn body(size: u64) -> String {
    let root = Hash::of(&size.to_be_bytes());
    Checkpoint { origin: ORIGIN.parse().unwrap(), size, root }.to_string()
}

pub(crate) fn settings(rpc: &[&str], chain_id: u64) -> EvmSettings {
    EvmSettings {
        rpc: rpc.iter().map(|url| (*url).to_owned()).collect(),
        chain_id,
        key: GasKey::from_hex(ACCOUNT_0_KEY).unwrap(),
        contract: None,
        finality: Finality::Depth(3),
        replace_after: 300,
        max_fee_gwei: 50,
        timeout: Duration::from_secs(10),
    }
}

/// One job and who moves it on, as the worker does: what a step returns is the job that the next step sees.
pub(crate) struct Run {
    pub(crate) submitter: EvmSubmitter,
    pub(crate) job: Job,
    pub(crate) now: u64,
}

impl Run {
    pub(crate) fn new(settings: EvmSettings, size: u64) -> Run {
        let submitter = EvmSubmitter::new(settings).unwrap();
        let job = Job::new(submitter.kind(), size, 0, body(size), NOW);
        Run { submitter, job, now: NOW }
    }

    /// When it is due, and not before.
    pub(crate) fn step(&mut self) -> &str {
        self.now = self.now.max(self.job.next_at);
        let step = self.submitter.step(&self.job, self.now);
        let moved = step.state != self.job.state;
        self.job.waits = if moved { 0 } else { self.job.waits + 1 };
        (self.job.state, self.job.work, self.job.evidence) = (step.state, step.work, step.evidence);
        (self.job.next_at, self.job.said) = (step.next_at, step.said);
        &self.job.said
    }

    #[track_caller]
    pub(crate) fn steps_to(&mut self, state: State) {
        self.step();
        assert_eq!(self.job.state, state, "{}", self.job.said);
    }

    /// Signed and sent.
    #[track_caller]
    pub(crate) fn submit(&mut self) {
        self.steps_to(State::Queued);
        self.steps_to(State::Submitted);
    }

    #[track_caller]
    pub(crate) fn says(&mut self, what: &str) {
        let said = self.step().to_owned();
        assert!(said.contains(what), "it says: {said}");
    }

    pub(crate) fn evidence(&self) -> &[u8] {
        self.job.evidence.as_deref().unwrap()
    }

    pub(crate) fn kind(&self) -> AnchorKind {
        self.job.kind
    }
}
