//! A node of one's own for a test.

use std::cell::Cell;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// The accounts that every such node begins with; their keys are known to all.
pub(crate) const ACCOUNT_0_KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

pub(crate) struct Anvil {
    child: Child,
    pub(crate) url: String,
    pub(crate) chain_id: u64,
    /// Of the next block.
    time: Cell<u64>,
}

impl Anvil {
    /// Blocks are made when a test says so, and have the times of their numbers: the same run gives the same hashes.
    pub(crate) fn start(chain_id: u64) -> Anvil {
        Anvil::with(chain_id, &["--slots-in-an-epoch", "1"])
    }

    pub(crate) fn with(chain_id: u64, more: &[&str]) -> Anvil {
        let program = std::env::var_os("SUYUAN_ANVIL").expect(
            "this test needs a local EVM node: `source scripts/env; need_anvil` (scripts/test does it), and run it again",
        );
        let mut child = Command::new(program)
            .args(["--port", "0", "--no-mining", "--timestamp", "1790000000", "--chain-id"])
            .arg(chain_id.to_string())
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("SUYUAN_ANVIL starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("Listening on ").map(str::to_owned))
            .expect("anvil says where it listens");
        // It goes on talking, and must not be stopped by a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Anvil { child, url: format!("http://{address}"), chain_id, time: Cell::new(1_790_000_000) }
    }

    pub(crate) fn try_ask(&self, method: &str, params: Value) -> Result<Value, Value> {
        let question = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut answer = ureq::post(&self.url).send_json(question).unwrap();
        let mut answer: Value = answer.body_mut().read_json().unwrap();
        if answer["error"].is_null() { Ok(answer["result"].take()) } else { Err(answer["error"].take()) }
    }

    pub(crate) fn ask(&self, method: &str, params: Value) -> Value {
        self.try_ask(method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    pub(crate) fn mine(&self, blocks: u64) {
        for _ in 0..blocks {
            self.time.set(self.time.get() + 12);
            self.ask("evm_setNextBlockTimestamp", json!([self.time.get()]));
            self.ask("evm_mine", json!([]));
        }
    }

    pub(crate) fn height(&self) -> u64 {
        self.number("eth_blockNumber", json!([]))
    }

    pub(crate) fn account(&self, index: usize) -> String {
        self.ask("eth_accounts", json!([]))[index].as_str().unwrap().to_owned()
    }

    /// Transactions that account 0 has in blocks.
    pub(crate) fn count(&self) -> u64 {
        self.number("eth_getTransactionCount", json!([self.account(0), "latest"]))
    }

    pub(crate) fn number(&self, method: &str, params: Value) -> u64 {
        let answer = self.ask(method, params);
        u64::from_str_radix(answer.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
    }

    pub(crate) fn block(&self, number: &str) -> Value {
        self.ask("eth_getBlockByNumber", json!([number, true]))
    }

    pub(crate) fn hash_of_newest(&self) -> [u8; 32] {
        bytes(&self.block("latest")["hash"]).try_into().unwrap()
    }

    /// Whatever waits is forgotten by the node.
    pub(crate) fn forget(&self) {
        self.ask("anvil_dropAllTransactions", json!([]));
    }

    /// So many transfers of all sorts between other accounts, waiting for the next block. Half of the accounts pay
    /// more than an anchor does, half less.
    pub(crate) fn crowd(&self, count: usize) {
        let accounts = self.ask("eth_accounts", json!([]));
        for at in 0..count {
            let (from, to) = (&accounts[1 + at % 9], &accounts[1 + (at + 1) % 9]);
            let tip = if at % 9 < 4 { 3_000_000_000u64 } else { 10_000_000 };
            let mut call =
                json!({ "from": from, "to": to, "value": format!("{:#x}", at + 1), "gas": "0x13880" });
            match at % 3 {
                0 => call["gasPrice"] = json!(format!("{:#x}", 2_000_000_000 + tip)),
                1 => {
                    call["gasPrice"] = json!(format!("{:#x}", 2_000_000_000 + tip));
                    call["accessList"] = json!([{ "address": to, "storageKeys": [format!("0x{at:064x}")] }]);
                }
                _ => {
                    call["maxFeePerGas"] = json!("0x2540be400");
                    call["maxPriorityFeePerGas"] = json!(format!("{tip:#x}"));
                    call["data"] = json!("0x00ff");
                }
            }
            self.ask("eth_sendTransaction", json!([call]));
        }
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().trim_start_matches("0x")).unwrap()
}
