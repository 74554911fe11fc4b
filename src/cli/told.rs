//! What a reader says that he knows from elsewhere: blocks that he has looked up, authorities that he trusts.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::anchor::{Told, roots_of_pem};

use super::files;

/// 160 digits and some space.
const HEADER_FILE_BYTES_MAX: usize = 256;
/// Room for a few dozen certificates.
const PEM_BYTES_MAX: usize = 256 * 1024;

#[derive(clap::Args, Debug, Default)]
pub(super) struct TellArgs {
    /// A block of an EVM chain that you have looked up elsewhere, as CHAIN:HASH (1:0x…); may be repeated
    #[arg(long = "block", value_name = "CHAIN:HASH", value_parser = block)]
    blocks: Vec<(u64, [u8; 32])>,
    /// A Bitcoin block header that you have looked up elsewhere, 160 hex digits or a file; may be repeated
    #[arg(long = "bitcoin-header", value_name = "HEX|FILE")]
    headers: Vec<String>,
    /// Root certificates (PEM) of time-stamping authorities that you trust; may be repeated
    #[arg(long = "tsa-root", value_name = "FILE")]
    tsa_roots: Vec<PathBuf>,
}

impl TellArgs {
    /// Adds it to what the trust file says.
    pub(super) fn add_to(&self, told: &mut Told) -> anyhow::Result<()> {
        told.evm_blocks.extend(&self.blocks);
        for text in &self.headers {
            told.bitcoin_headers.push(header(text)?);
        }
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

/// The digits themselves, or a file that holds them or the 80 bytes.
fn header(typed: &str) -> anyhow::Result<[u8; 80]> {
    let digits = |text: &str| hex::decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    if let Some(header) = digits(typed) {
        return Ok(header);
    }
    let bytes = files::read(Path::new(typed), HEADER_FILE_BYTES_MAX)
        .with_context(|| format!("{typed} is neither 160 hex digits nor a file"))?;
    let read = <[u8; 80]>::try_from(bytes.as_slice()).ok();
    let read = read.or_else(|| std::str::from_utf8(&bytes).ok().and_then(digits));
    read.with_context(|| format!("{typed} holds no Bitcoin block header: 80 bytes, or 160 hex digits"))
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
        assert_eq!(header(&"00".repeat(80)).unwrap(), [0; 80]);
        assert!(header(&"00".repeat(79)).is_err());
        let dir = tempfile::tempdir().unwrap();
        let file = |content: &[u8]| {
            let path = dir.path().join("header");
            std::fs::write(&path, content).unwrap();
            header(&path.display().to_string())
        };
        assert_eq!(file(&[7; 80]).unwrap(), [7; 80]);
        assert_eq!(file(format!("{}\n", "07".repeat(80)).as_bytes()).unwrap(), [7; 80]);
        assert!(file(&[7; 81]).is_err());
    }
}
