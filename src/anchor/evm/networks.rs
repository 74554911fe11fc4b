//! Public networks. A chain id that is not here is a test chain, and no evidence.

/// A chain that the public knows by this id. Ids: the EIP-155 list at chainlist.org (github.com/ethereum-lists/chains).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    pub chain_id: u64,
    pub name: &'static str,
    /// Its blocks are in Ethereum's format, and proofs from them have been tried out. The others are RPC-attested.
    pub has_full_proofs: bool,
}

pub const NETWORKS: [Network; 12] = [
    Network { chain_id: 1, name: "Ethereum", has_full_proofs: true },
    attested(10, "OP Mainnet"),
    attested(56, "BNB Smart Chain"),
    attested(100, "Gnosis"),
    attested(137, "Polygon PoS"),
    attested(324, "ZKsync Era"),
    attested(1030, "Conflux eSpace"),
    attested(8453, "Base"),
    attested(42161, "Arbitrum One"),
    attested(43114, "Avalanche C-Chain"),
    attested(59144, "Linea"),
    attested(534_352, "Scroll"),
];

const fn attested(chain_id: u64, name: &'static str) -> Network {
    Network { chain_id, name, has_full_proofs: false }
}

impl Network {
    pub fn of(chain_id: u64) -> Option<&'static Network> {
        NETWORKS.iter().find(|network| network.chain_id == chain_id)
    }
}
