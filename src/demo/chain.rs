//! A local EVM chain beside the demonstration, so that anchoring is seen at work: the very code that anchors on a public
//! chain. Nobody else has this chain, so it proves nothing, and every page says so.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;

use crate::anchor::Publication;
use crate::publish::anchors::evm::{EvmSettings, EvmSubmitter, Finality, GasKey, deploy};
use crate::publish::anchors::{AnchorBook, Plan, State, Worker};
use crate::sequencer::LedgerHandle;
use crate::store::data_dir::DataDir;

/// As local nodes are numbered; on no list of public networks.
const CHAIN_ID: u64 = 31_337;
/// The first account of every such node: its key is known to all, and it holds play money.
const KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
/// Turns of the worker until an anchor on a node that makes a block for every transaction must be final.
const TURNS_MAX: u64 = 20;

/// A node of our own and the contract on it. Ends when it is dropped.
pub(super) struct Chain {
    node: Child,
    url: String,
    key_file: PathBuf,
    contract: [u8; 20],
}

impl Chain {
    /// Starts the node, `anvil` of Foundry, and puts the contract on it.
    pub(super) fn start(program: &Path, dir: &DataDir) -> anyhow::Result<Chain> {
        let node = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0", "--chain-id"])
            .arg(CHAIN_ID.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| program.display().to_string())?;
        std::fs::create_dir_all(dir.keys()).with_context(|| dir.keys().display().to_string())?;
        let key_file = dir.keys().join("chain.key");
        let mut chain = Chain { node, url: String::new(), key_file, contract: [0; 20] };
        chain.url = chain.address()?;
        write_key(&chain.key_file)?;
        // A node of our own makes a block at once.
        let mut asked = 0;
        let deployed = deploy(&chain.settings()?, || {
            asked += 1;
            asked < TURNS_MAX
        });
        chain.contract = deployed.context("the contract")?.contract;
        Ok(chain)
    }

    /// What it says that it listens on; the rest of its talk is read and dropped, or it would stop at a full pipe.
    fn address(&mut self) -> anyhow::Result<String> {
        let out = self.node.stdout.take().context("the node has no output")?;
        let mut lines = BufReader::new(out).lines();
        let said = lines.by_ref().map_while(Result::ok);
        let address = said.filter_map(|line| line.strip_prefix("Listening on ").map(str::to_owned)).next();
        let address = address.context("the node ended before it listened")?;
        std::thread::Builder::new().name("chain".to_owned()).spawn(move || lines.for_each(drop))?;
        Ok(format!("http://{address}"))
    }

    /// What the ledger names as its one list.
    pub(super) fn publication(&self) -> anyhow::Result<Publication> {
        let sender = GasKey::from_hex(KEY)?.account();
        Ok(Publication { chain_id: CHAIN_ID, contract: self.contract, sender })
    }

    /// What the service is told, so that it goes on anchoring there.
    pub(super) fn flags(&self) -> Vec<(&'static str, String)> {
        vec![
            ("anchor_evm_rpc", self.url.clone()),
            ("anchor_evm_chain", CHAIN_ID.to_string()),
            ("anchor_evm_key", self.key_file.display().to_string()),
            ("anchor_evm_contract", format!("0x{}", hex::encode(self.contract))),
            ("anchor_evm_finality", "0".to_owned()),
        ]
    }

    /// Anchors the newest checkpoint and waits until that is final.
    pub(super) fn anchor(&self, ledger: LedgerHandle) -> anyhow::Result<()> {
        let published = ledger.published();
        let book = Arc::new(AnchorBook::open(ledger.aside(), &published.reader(), published.size)?);
        let settings = EvmSettings { contract: Some(self.contract), ..self.settings()? };
        let plan = Plan { submit: Box::new(EvmSubmitter::new(settings)?), every: u64::MAX };
        let mut worker = Worker::new(ledger, book.clone(), vec![plan]);
        let mut now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
        for _ in 0..TURNS_MAX {
            // Told what time the next step is due, rather than waited for: the node is as quick as we are.
            now = worker.turn(now).max(now);
            let jobs = book.at(published.size)?;
            match jobs.last().map(|job| &job.state) {
                Some(State::Final) => return Ok(()),
                Some(State::Failed(why)) => bail!("{why}"),
                _ => {}
            }
        }
        let said = book.at(published.size)?.pop().map(|job| job.said).unwrap_or_default();
        bail!("not final after {TURNS_MAX} turns: {said}")
    }

    fn settings(&self) -> anyhow::Result<EvmSettings> {
        ensure!(!self.url.is_empty(), "the node has no address");
        Ok(EvmSettings {
            rpc: vec![self.url.clone()],
            chain_id: CHAIN_ID,
            key: GasKey::from_hex(KEY)?,
            contract: None,
            finality: Finality::Depth(0),
            replace_after: EvmSettings::REPLACE_AFTER,
            max_fee_gwei: EvmSettings::MAX_FEE_GWEI,
            timeout: EvmSettings::TIMEOUT,
        })
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

/// The service reads it from a file, as every operator's.
fn write_key(path: &Path) -> anyhow::Result<()> {
    let written = crate::keys::write_new(path, format!("{KEY}\n").as_bytes(), crate::keys::Readers::Owner);
    written.with_context(|| path.display().to_string())
}
