//! The key that pays for gas.

use std::fmt;
use std::io::{self, Read as _};
use std::path::Path;

use k256::ecdsa::SigningKey;
use zeroize::Zeroizing;

use crate::anchor::evm::{Address, Signed, Transaction, address_of};
use crate::keys::{Readers, write_new};

/// A secp256k1 key. Shown by its account only.
#[derive(Clone)]
pub struct GasKey {
    key: SigningKey,
}

#[derive(Debug, thiserror::Error)]
pub enum GasKeyError {
    #[error("the gas key cannot be read or written: {0}")]
    Io(#[from] io::Error),
    #[error("a gas key is a file with 64 hexadecimal digits, 0x before them or not")]
    NotAKey,
    #[error("others than the owner may read the gas key; run chmod 600 on it")]
    OpenToOthers,
    #[error("this machine gives no random bytes: {0}")]
    NoRandomness(getrandom::Error),
}

/// 0x, 64 digits, a newline, and some spaces that an editor left.
const FILE_BYTES_MAX: u64 = 128;

impl GasKey {
    pub fn read(path: &Path) -> Result<GasKey, GasKeyError> {
        let file = std::fs::File::open(path)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            if file.metadata()?.permissions().mode() & 0o077 != 0 {
                return Err(GasKeyError::OpenToOthers);
            }
        }
        let mut text = Zeroizing::new(Vec::new());
        file.take(FILE_BYTES_MAX).read_to_end(&mut text)?;
        GasKey::from_hex(std::str::from_utf8(&text).map_err(|_| GasKeyError::NotAKey)?)
    }

    pub fn from_hex(text: &str) -> Result<GasKey, GasKeyError> {
        let digits = text.trim();
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits.strip_prefix("0x").unwrap_or(digits), &mut bytes[..])
            .map_err(|_| GasKeyError::NotAKey)?;
        let key = SigningKey::from_slice(&bytes[..]).map_err(|_| GasKeyError::NotAKey)?;
        Ok(GasKey { key })
    }

    /// A new key in a new file that only its owner reads.
    pub fn create(path: &Path) -> Result<GasKey, GasKeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut bytes[..]).map_err(GasKeyError::NoRandomness)?;
        let text = Zeroizing::new(format!("{}\n", hex::encode(&bytes[..])));
        let key = GasKey::from_hex(&text)?;
        write_new(path, text.as_bytes(), Readers::Owner)?;
        Ok(key)
    }

    pub fn sign(&self, transaction: Transaction) -> Signed {
        transaction.sign(&self.key)
    }

    pub fn account(&self) -> Address {
        address_of(self.key.verifying_key())
    }
}

impl fmt::Debug for GasKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GasKey(0x{})", hex::encode(self.account()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_the_owners_alone_and_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gas.key");
        let made = GasKey::create(&path).unwrap();
        assert_eq!(GasKey::read(&path).unwrap().account(), made.account());
        assert!(matches!(GasKey::create(&path), Err(GasKeyError::Io(_))));
        let secret = std::fs::read_to_string(&path).unwrap();
        assert!(!format!("{made:?}").contains(secret.trim()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            assert!(matches!(GasKey::read(&path), Err(GasKeyError::OpenToOthers)));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for bad in ["", "0x", &"0".repeat(64), &"f".repeat(64), &"1".repeat(63), &"g".repeat(64)] {
            assert!(matches!(GasKey::from_hex(bad), Err(GasKeyError::NotAKey)), "{bad}");
        }
        assert!(GasKey::from_hex(&format!("0x{}\n", "1".repeat(64))).is_ok());
    }
}
