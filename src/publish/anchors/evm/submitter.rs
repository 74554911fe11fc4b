//! The steps of one job.

use serde_json::{Value, json};

use super::contract::{List, Price, anchor_call, with_room};
use super::proving::{Claimed, Doubt, Proven};
use super::rpc::{Rpc, RpcError, array, bytes, hex0x, large_number, number, quantity};
use super::work::{Landed, Variant, Work};
use super::{EvmSettings, Finality, SettingsError};
use crate::anchor::AnchorKind;
use crate::anchor::evm::{Published, Signed, Transaction, calldata};
use crate::note::checkpoint::Checkpoint;
use crate::publish::anchors::{Job, State, Step, Submit};

/// Seconds between questions: a block of Ethereum.
const POLL: u64 = 12;
/// The longest time between tries, where something is wrong.
const POLL_MAX: u64 = 600;
/// An anchor takes some 22,000 in calldata and 73,000 in a contract. A node that asks for more than this lies.
const GAS_MAX: u64 = 500_000;

/// Brings checkpoints into one EVM chain.
pub struct EvmSubmitter {
    settings: EvmSettings,
    nodes: Vec<Rpc>,
}

/// The step cannot be done now.
struct Halt(String);

impl From<RpcError> for Halt {
    fn from(error: RpcError) -> Halt {
        Halt(error.to_string())
    }
}

impl EvmSubmitter {
    pub fn new(settings: EvmSettings) -> Result<EvmSubmitter, SettingsError> {
        let nodes = settings.nodes()?;
        Ok(EvmSubmitter { settings, nodes })
    }

    fn advance(&self, job: &Job, now: u64) -> Result<Step, Halt> {
        let work = Work::decode(&job.work)
            .ok_or_else(|| Halt("the notes on this anchor are of a newer program or damaged".to_owned()))?;
        let nodes = self.usable()?;
        let turn = Turn { submitter: self, rpc: nodes[0], nodes: &nodes, job, now };
        match job.state {
            State::Queued if work.variants.is_empty() => turn.prepare(),
            State::Queued | State::Submitted => turn.follow(work),
            State::Included => turn.settle(work),
            State::Final | State::Failed(_) => Ok(Step::wait(job, u64::MAX, job.said.clone())),
        }
    }

    /// Nodes that answer, all of the right chain.
    fn usable(&self) -> Result<Vec<&Rpc>, Halt> {
        let (mut usable, mut silent) = (Vec::new(), None);
        for rpc in &self.nodes {
            match rpc.number("eth_chainId", json!([])) {
                Ok(id) if id == self.settings.chain_id => usable.push(rpc),
                Ok(id) => {
                    let (name, wanted) = (rpc.name(), self.settings.chain_id);
                    return Err(Halt(format!(
                        "{name} is a node of chain {id}, the settings say {wanted}; nothing is sent"
                    )));
                }
                Err(error) => silent = Some(Halt(error.to_string())),
            }
        }
        match silent {
            Some(halt) if usable.is_empty() => Err(halt),
            _ => Ok(usable),
        }
    }
}

impl Submit for EvmSubmitter {
    fn kind(&self) -> AnchorKind {
        if self.settings.contract.is_some() { AnchorKind::EvmLog } else { AnchorKind::EvmCalldata }
    }

    fn one_at_a_time(&self) -> bool {
        true
    }

    fn step(&mut self, job: &Job, now: u64) -> Step {
        self.advance(job, now).unwrap_or_else(|Halt(said)| {
            let pause = POLL.saturating_mul(1 << job.waits.min(6)).min(POLL_MAX);
            Step::wait(job, now.saturating_add(pause), said)
        })
    }
}

/// One step of one job: what it looks at.
struct Turn<'a> {
    submitter: &'a EvmSubmitter,
    /// The one that is asked first.
    rpc: &'a Rpc,
    nodes: &'a [&'a Rpc],
    job: &'a Job,
    now: u64,
}

impl Turn<'_> {
    fn settings(&self) -> &EvmSettings {
        &self.submitter.settings
    }

    fn step(&self, state: State, work: &Work, wait: u64, said: impl Into<String>) -> Step {
        let next_at = self.now.saturating_add(wait);
        Step { state, work: work.encode(), evidence: None, next_at, said: said.into() }
    }

    /// Signs, and sends nothing.
    fn prepare(&self) -> Result<Step, Halt> {
        let checkpoint: Checkpoint =
            self.job.body.parse().map_err(|_| Halt("the checkpoint's body is not one".to_owned()))?;
        if let Some(known) = self.already_there(&checkpoint)? {
            return Ok(known);
        }
        let account = hex0x(&self.settings().key.account());
        let (to, data) = match self.settings().contract {
            None => (self.settings().key.account(), calldata(&self.job.digest())),
            Some(contract) => {
                let call = anchor_call(checkpoint.origin.as_str(), checkpoint.size, &self.job.digest());
                (contract, call)
            }
        };
        let nonce = self.rpc.number("eth_getTransactionCount", json!([account, "pending"]))?;
        let call = json!([{ "from": account, "to": hex0x(&to), "data": hex0x(&data) }]);
        let gas = with_room(self.rpc.number("eth_estimateGas", call)?);
        if gas > GAS_MAX {
            return Err(Halt(format!("{} asks for {gas} gas, which is too much", self.rpc.name())));
        }
        let price = Price::now(self.rpc, self.settings().max_fee_gwei).map_err(Halt)?;
        self.check_balance(&account, u128::from(gas).saturating_mul(price.max))?;
        let transaction = Transaction {
            chain_id: self.settings().chain_id,
            nonce,
            max_priority_fee: price.tip,
            max_fee: price.max,
            gas,
            to: Some(to),
            data,
        };
        let variant = Variant::new(&self.settings().key.sign(transaction), self.now);
        let said = format!("transaction {} is signed, with nonce {nonce}", hex0x(&variant.hash));
        Ok(self.step(State::Queued, &Work { nonce, variants: vec![variant], landed: None }, 0, said))
    }

    /// Where the contract's list holds it or has gone past it: another run of ours, before the notes on it were lost.
    fn already_there(&self, checkpoint: &Checkpoint) -> Result<Option<Step>, Halt> {
        let Some(contract) = self.settings().contract else { return Ok(None) };
        let sender = self.settings().key.account();
        let code = bytes(&self.rpc.ask("eth_getCode", json!([hex0x(&contract), "latest"]))?);
        if code.is_none_or(|code| code.is_empty()) {
            return Err(Halt(format!("there is no contract at {}", hex0x(&contract))));
        }
        let list = List { rpc: self.rpc, contract, sender, origin: checkpoint.origin.as_str() };
        match list.last()? {
            Some(last) if last.size == checkpoint.size && last.digest == self.job.digest() => {
                self.adopt(&list, &last).map(Some)
            }
            Some(last) if last.size >= checkpoint.size => {
                let why = if last.size == checkpoint.size { ", with another digest" } else { "" };
                let why = format!("the contract's list already goes to size {}{why}", last.size);
                Ok(Some(self.step(State::Failed(why.clone()), &Work::default(), 0, why)))
            }
            _ => Ok(None),
        }
    }

    fn adopt(&self, list: &List<'_>, entry: &Published) -> Result<Step, Halt> {
        let transaction = list.transaction_of(entry)?.ok_or_else(|| {
            Halt(format!("the list holds it, and {} does not find the event", self.rpc.name()))
        })?;
        let receipt = self.receipt(&transaction)?;
        self.include(Work::default(), transaction, &receipt)
    }

    fn check_balance(&self, account: &str, needed: u128) -> Result<(), Halt> {
        let answer = self.rpc.ask("eth_getBalance", json!([account, "latest"]))?;
        let balance = large_number(&answer).ok_or_else(|| self.rpc.nonsense("it tells no balance"))?;
        if balance >= needed {
            return Ok(());
        }
        Err(Halt(format!("the account {account} has {balance} wei and needs {needed} for gas")))
    }

    /// Signed, and perhaps sent.
    fn follow(&self, mut work: Work) -> Result<Step, Halt> {
        if let Some(step) = self.look(&work)? {
            return Ok(step);
        }
        match work.variants.iter().position(|variant| !variant.is_sent) {
            Some(at) => {
                let said = self.send(&work, at)?;
                work.variants[at].is_sent = true;
                Ok(self.step(State::Submitted, &work, POLL, said))
            }
            None => self.wait_for_block(work),
        }
    }

    /// Whether one of ours is in a block.
    fn look(&self, work: &Work) -> Result<Option<Step>, Halt> {
        for variant in &work.variants {
            let receipt = self.receipt(&variant.hash)?;
            if !receipt.is_null() {
                return self.include(work.clone(), variant.hash, &receipt).map(Some);
            }
        }
        Ok(None)
    }

    fn receipt(&self, transaction: &[u8; 32]) -> Result<Value, Halt> {
        Ok(self.rpc.ask("eth_getTransactionReceipt", json!([hex0x(transaction)]))?)
    }

    /// To every node. What to say, once it is with one of them or need not be.
    fn send(&self, work: &Work, at: usize) -> Result<String, Halt> {
        let Variant { raw, hash, .. } = &work.variants[at];
        let name = hex0x(hash);
        let (mut is_taken, mut refusal) = (false, None);
        for rpc in self.nodes {
            match rpc.ask("eth_sendRawTransaction", json!([hex0x(raw)])) {
                Ok(_) => is_taken = true,
                Err(error) => refusal = Some(error),
            }
        }
        if is_taken {
            return Ok(format!("transaction {name} is sent"));
        }
        if !self.rpc.ask("eth_getTransactionByHash", json!([name]))?.is_null() {
            return Ok(format!("transaction {name} is with the node already"));
        }
        let said = refusal.map_or_else(String::new, |error| error.to_string());
        // The nonce is used, or an earlier one stands in its place: both are looked at where blocks are waited for.
        let is_over = self.transactions_at(self.rpc, "latest")? > work.nonce;
        if is_over || work.variants.len() > 1 { Ok(said) } else { Err(Halt(said)) }
    }

    fn transactions_at(&self, rpc: &Rpc, block: &str) -> Result<u64, Halt> {
        let account = hex0x(&self.settings().key.account());
        Ok(rpc.number("eth_getTransactionCount", json!([account, block]))?)
    }

    /// All sent, none in a block.
    fn wait_for_block(&self, mut work: Work) -> Result<Step, Halt> {
        if self.transactions_at(self.rpc, "latest")? > work.nonce {
            return self.nonce_is_used(&work);
        }
        let Some(last) = work.variants.last_mut() else {
            return Ok(self.step(State::Queued, &Work::default(), 0, "it is to be signed anew"));
        };
        if self.now.saturating_sub(last.signed_at) >= self.settings().replace_after {
            return self.replace(work);
        }
        let name = hex0x(&last.hash);
        if self.rpc.ask("eth_getTransactionByHash", json!([name]))?.is_null() {
            last.is_sent = false;
            let said = format!("{} has forgotten transaction {name}; it is sent again", self.rpc.name());
            return Ok(self.step(State::Submitted, &work, 0, said));
        }
        Ok(self.step(State::Submitted, &work, POLL, format!("transaction {name} waits for a block")))
    }

    /// By a transaction that is not ours. A new nonce is taken only once ours can never land: all nodes say so, of a
    /// block that is final.
    fn nonce_is_used(&self, work: &Work) -> Result<Step, Halt> {
        let nonce = work.nonce;
        let said = format!("nonce {nonce} went to a transaction that is not ours");
        if self.nodes.len() < self.submitter.nodes.len() {
            return Ok(self.step(
                State::Submitted,
                work,
                POLL,
                format!("{said}; waiting for every node to say so"),
            ));
        }
        for rpc in self.nodes {
            let is_final = match self.final_block(rpc)? {
                Some(block) => self.transactions_at(rpc, &quantity(block))? > nonce,
                None => false,
            };
            let mut is_ours = false;
            for variant in &work.variants {
                let receipt = rpc.ask("eth_getTransactionReceipt", json!([hex0x(&variant.hash)]))?;
                is_ours |= !receipt.is_null();
            }
            if !is_final || is_ours {
                return Ok(self.step(
                    State::Submitted,
                    work,
                    POLL,
                    format!("{said}; waiting for that to be final"),
                ));
            }
        }
        Ok(self.step(State::Queued, &Work::default(), 0, format!("{said}; it is signed anew")))
    }

    /// The same transaction under the same nonce, dearer.
    fn replace(&self, mut work: Work) -> Result<Step, Halt> {
        let stuck = work.variants.last().and_then(|last| Signed::decode(&last.raw).ok());
        let mut transaction =
            stuck.ok_or_else(|| Halt("the notes on this anchor are damaged".to_owned()))?.transaction;
        let before = Price { tip: transaction.max_priority_fee, max: transaction.max_fee };
        let price = Price::now(self.rpc, self.settings().max_fee_gwei).map_err(Halt)?.after(before);
        if price.max > u128::from(self.settings().max_fee_gwei) * super::contract::GWEI {
            return Err(Halt(format!(
                "the transaction is stuck, and replacing it would take more than the limit of {} gwei",
                self.settings().max_fee_gwei
            )));
        }
        (transaction.max_priority_fee, transaction.max_fee) = (price.tip, price.max);
        let variant = Variant::new(&self.settings().key.sign(transaction), self.now);
        let said = format!("stuck; {} is signed in its place, at a higher price", hex0x(&variant.hash));
        work.variants.push(variant);
        Ok(self.step(State::Submitted, &work, 0, said))
    }

    /// The node shows a receipt of ours.
    fn include(&self, mut work: Work, transaction: [u8; 32], receipt: &Value) -> Result<Step, Halt> {
        let raw = work.raw_of(&transaction).map(<[u8]>::to_vec);
        let claimed = Claimed {
            chain_id: self.settings().chain_id,
            contract: self.settings().contract,
            body: &self.job.body,
            transaction,
            raw: raw.as_deref(),
        };
        let Proven { bytes, block, weakness } = match claimed.prove(self.rpc, receipt) {
            Ok(proven) => proven,
            Err(Doubt::Lie(said) | Doubt::Silence(said)) => return Err(Halt(said)),
            Err(Doubt::Reverted) => {
                let why = "the contract has refused it: its list has gone past this size".to_owned();
                return Ok(self.step(State::Failed(why.clone()), &work, 0, why));
            }
        };
        work.landed = Some(Landed { transaction, block_hash: block.hash, block_number: block.number });
        let weakness = weakness.map_or_else(String::new, |why| format!("; RPC-attested: {why}"));
        let said = format!("in block {}, which may still be undone{weakness}", block.number);
        let evidence = Some(bytes);
        Ok(Step { evidence, ..self.step(State::Included, &work, POLL, said) })
    }

    /// In a block: final, undone, or neither yet.
    fn settle(&self, work: Work) -> Result<Step, Halt> {
        let Some(landed) = work.landed else {
            return Ok(self.step(State::Submitted, &work, 0, "its block is to be looked for"));
        };
        if self.hash_at(self.rpc, landed.block_number)? != Some(landed.block_hash) {
            return self.undone(work);
        }
        let waiting = |said: String| Step::wait(self.job, self.now.saturating_add(POLL), said);
        let number = landed.block_number;
        if self.nodes.len() < self.submitter.nodes.len() {
            return Ok(waiting(format!("in block {number}; waiting for every node to confirm it")));
        }
        for rpc in self.nodes {
            if self.hash_at(rpc, number)? != Some(landed.block_hash) {
                return Ok(waiting(format!("{} has another block {number}", rpc.name())));
            }
            if self.final_block(rpc)?.is_none_or(|last| last < number) {
                return Ok(waiting(format!("in block {number}, which may still be undone")));
            }
        }
        let said = format!("in block {number}, which is final");
        Ok(Step { evidence: self.job.evidence.clone(), ..self.step(State::Final, &work, 0, said) })
    }

    /// The chain has gone another way: the same bytes once more.
    fn undone(&self, mut work: Work) -> Result<Step, Halt> {
        work.landed = None;
        if let Some(step) = self.look(&work)? {
            return Ok(step);
        }
        let state = if work.variants.is_empty() { State::Queued } else { State::Submitted };
        work.variants.iter_mut().for_each(|variant| variant.is_sent = false);
        // Earlier, cheaper ones would only be refused beside the last.
        if let Some((_, earlier)) = work.variants.split_last_mut() {
            earlier.iter_mut().for_each(|variant| variant.is_sent = true);
        }
        Ok(self.step(state, &work, 0, "its block was undone; the same transaction is sent again"))
    }

    fn hash_at(&self, rpc: &Rpc, block: u64) -> Result<Option<[u8; 32]>, Halt> {
        let answer = rpc.ask("eth_getBlockByNumber", json!([quantity(block), false]))?;
        Ok(array(&answer["hash"]))
    }

    /// The newest block that counts as never to be undone; none: there is none yet.
    fn final_block(&self, rpc: &Rpc) -> Result<Option<u64>, Halt> {
        match self.settings().finality {
            Finality::Tag => {
                let answer = rpc.ask("eth_getBlockByNumber", json!(["finalized", false]))?;
                Ok(number(&answer["number"]))
            }
            Finality::Depth(depth) => Ok(rpc.number("eth_blockNumber", json!([]))?.checked_sub(depth)),
        }
    }
}
