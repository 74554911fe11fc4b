//! What a reader says that he knows from elsewhere: blocks that he has looked up, authorities that he trusts.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

use crate::anchor::{Told, roots_of_pem};

use super::files;

/// Room for a few dozen certificates.
const PEM_BYTES_MAX: usize = 256 * 1024;

#[derive(clap::Args, Debug, Default)]
pub(super) struct TellArgs {
    /// A block of an EVM chain that you have looked up elsewhere, as CHAIN:HASH (1:0x…); may be repeated
    #[arg(long = "block", value_name = "CHAIN:HASH", value_parser = block)]
    blocks: Vec<(u64, [u8; 32])>,
    /// A Bitcoin block header that you have looked up elsewhere, 160 hex digits; may be repeated
    #[arg(long = "bitcoin-header", value_name = "HEX", value_parser = header)]
    headers: Vec<[u8; 80]>,
    /// Root certificates (PEM) of time-stamping authorities that you trust; may be repeated
    #[arg(long = "tsa-root", value_name = "FILE")]
    tsa_roots: Vec<PathBuf>,
}

impl TellArgs {
    /// Adds it to what the trust file says.
    pub(super) fn add_to(&self, told: &mut Told) -> anyhow::Result<()> {
        told.evm_blocks.extend(&self.blocks);
        told.bitcoin_headers.extend(&self.headers);
        for path in &self.tsa_roots {
            let pem = files::read(path, PEM_BYTES_MAX)?;
            let roots = roots_of_pem(&pem).map_err(anyhow::Error::msg);
            let roots = roots.with_context(|| format!("cannot use {}", path.display()))?;
            if roots.is_empty() {
                bail!("{} holds no certificate", path.display());
            }
            told.tsa_roots.extend(roots);
        }
        Ok(())
    }
}

fn block(text: &str) -> Result<(u64, [u8; 32]), String> {
    let (chain, hash) = text.split_once(':').ok_or("it reads CHAIN:HASH, such as 1:0x…")?;
    let chain = chain.parse().map_err(|_| "the chain's id is a number")?;
    let hash = hex::decode(hash.strip_prefix("0x").unwrap_or(hash)).ok();
    let hash = hash.and_then(|bytes| bytes.try_into().ok()).ok_or("a block's hash has 64 hex digits")?;
    Ok((chain, hash))
}

fn header(text: &str) -> Result<[u8; 80], &'static str> {
    let bytes = hex::decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or("a Bitcoin block header has 160 hex digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_headers_are_read_in_their_one_form() {
        let hash = "ab".repeat(32);
        assert_eq!(block(&format!("1:0x{hash}")), Ok((1, [0xab; 32])));
        assert_eq!(block(&format!("1030:{hash}")), Ok((1030, [0xab; 32])));
        for bad in [&*hash, "1:0x", "x:00", ":", &format!("1:0x{hash}00")] {
            assert!(block(bad).is_err(), "{bad}");
        }
        assert_eq!(header(&"00".repeat(80)), Ok([0; 80]));
        assert!(header(&"00".repeat(79)).is_err());
    }
}
