//! Asks nodes for the blocks that anchors end in, for a reader who has none of his own: two of different operators must
//! say the same, and who runs them is believed that much.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use crate::anchor::{Finding, Source, Told, Verdict, Why};
use crate::publish::anchors::evm::Rpc;
use crate::publish::anchors::{NodeSettings, header_at};

const TIMEOUT: Duration = Duration::from_secs(15);

#[derive(clap::Args, Debug, Default)]
pub(super) struct AskArgs {
    /// A JSON-RPC node of the anchor's EVM chain; at least two, of different operators
    #[arg(long = "rpc", value_name = "URL")]
    rpc: Vec<String>,
    /// Your own Bitcoin node: http://user:password@127.0.0.1:8332
    #[arg(long = "bitcoin-rpc", value_name = "URL")]
    bitcoin_rpc: Option<String>,
}

impl AskArgs {
    pub(super) fn asks(&self) -> bool {
        !self.rpc.is_empty() || self.bitcoin_rpc.is_some()
    }

    /// Looks up the blocks that these findings end in, as far as somebody is named who may know them.
    pub(super) fn look_up<'a>(
        &self,
        findings: impl IntoIterator<Item = &'a Finding>,
        told: &mut Told,
    ) -> anyhow::Result<()> {
        for finding in findings {
            let unconfirmed = finding.verdict == Verdict::NotChecked(Why::BlockNotConfirmed);
            let Some(claim) = finding.claim.as_ref().filter(|_| unconfirmed) else { continue };
            match &claim.source {
                Source::Evm { chain_id, block_number, block_hash, .. } if !self.rpc.is_empty() => {
                    self.agreed(*chain_id, *block_number, block_hash)?;
                    told.evm_blocks.push((*chain_id, *block_hash));
                }
                Source::Bitcoin { height, .. } => {
                    let Some(address) = &self.bitcoin_rpc else { continue };
                    let header = header_at(&NodeSettings::of_address(address), *height, TIMEOUT);
                    told.bitcoin_headers
                        .push(header.map_err(anyhow::Error::msg).context("the Bitcoin node")?);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn agreed(&self, chain_id: u64, number: u64, hash: &[u8; 32]) -> anyhow::Result<()> {
        let mut hosts = Vec::new();
        for url in &self.rpc {
            let rpc = Rpc::new(url, TIMEOUT)?;
            ensure!(!hosts.contains(&rpc.name().to_owned()), "{} is named twice", rpc.name());
            hosts.push(rpc.name().to_owned());
            if !rpc.has_block(chain_id, number, hash)? {
                bail!("{} has another block {number} than the evidence", rpc.name());
            }
        }
        ensure!(hosts.len() >= 2, "one node's word is not enough: name two --rpc of different operators");
        Ok(())
    }
}
