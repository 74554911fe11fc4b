//! What gas costs, and what it may cost.

use serde_json::json;

use super::rpc::{Rpc, RpcError, large_number};

pub(super) const GWEI: u128 = 1_000_000_000;

/// What gas may cost, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Price {
    pub(super) tip: u128,
    pub(super) max: u128,
}

impl Price {
    /// By the newest block: twice its base fee lasts for six full blocks.
    pub(super) fn now(rpc: &Rpc, max_fee_gwei: u64) -> Result<Price, String> {
        let said = |error: RpcError| error.to_string();
        let block = rpc.ask("eth_getBlockByNumber", json!(["latest", false])).map_err(said)?;
        let base = large_number(&block["baseFeePerGas"])
            .ok_or_else(|| format!("{} tells no base fee; the chain must know EIP-1559", rpc.name()))?;
        let tip = match rpc.ask("eth_maxPriorityFeePerGas", json!([])) {
            Ok(answer) => large_number(&answer).ok_or_else(|| format!("{} tells no tip", rpc.name()))?,
            Err(RpcError::Refused { .. }) => GWEI,
            Err(error) => return Err(said(error)),
        };
        let cap = u128::from(max_fee_gwei) * GWEI;
        let needed = base.saturating_add(tip);
        if needed > cap {
            return Err(format!(
                "gas costs {} gwei by {}, more than the limit of {max_fee_gwei}",
                needed.div_ceil(GWEI),
                rpc.name()
            ));
        }
        Ok(Price { tip, max: needed.saturating_add(base).min(cap) })
    }

    /// What nodes take in place of a transaction at this price: an eighth more, of both.
    pub(super) fn after(self, before: Price) -> Price {
        let more = |old: u128| old.saturating_add(old.div_ceil(8)).saturating_add(1);
        let tip = self.tip.max(more(before.tip));
        Price { tip, max: self.max.max(more(before.max)).max(tip) }
    }
}

/// A fifth over what was estimated: the block is another one by then.
pub(super) fn with_room(gas: u64) -> u64 {
    gas.saturating_add(gas / 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_is_an_eighth_dearer_or_more() {
        let old = Price { tip: 8, max: 80 };
        assert_eq!(Price { tip: 1, max: 10 }.after(old), Price { tip: 10, max: 91 });
        assert_eq!(Price { tip: 100, max: 1000 }.after(old), Price { tip: 100, max: 1000 });
    }
}
