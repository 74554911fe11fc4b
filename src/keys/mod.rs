//! Floor 3: keys on disk. PKCS#8 for private ones, encrypted unless asked otherwise; SubjectPublicKeyInfo for public ones.
//!
//! A private key file is made once, in one step, readable by its owner alone, and never written over. Who is asked for
//! a passphrase, and how, is the caller's affair.

mod file;

use std::path::Path;

use ed25519_dalek::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, spki::der::pem::LineEnding,
};
use ed25519_dalek::{SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::statement::ed25519::{KeyPair, PublicKey, PublicKeyError};

pub use file::{Readers, write_new};

/// Far more than any key file has.
pub const KEY_FILE_BYTES_MAX: u64 = 16 * 1024;

/// What a key file holds.
pub enum KeyFile {
    Encrypted(EncryptedKey),
    Private(PrivateKey),
    Public(PublicKey),
}

/// A private key that still needs its passphrase.
pub struct EncryptedKey(Zeroizing<String>);

pub struct PrivateKey(SigningKey);

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    #[error(
        "it is not a key file (a private key in PKCS#8 PEM, or a public key in PEM or hexadecimal digits)"
    )]
    NotAKey,
    #[error(transparent)]
    Public(#[from] PublicKeyError),
    #[error("an empty passphrase protects nothing")]
    EmptyPassphrase,
    #[error("the system gave no randomness")]
    NoRandomness,
    #[error("the passphrase does not open it")]
    WrongPassphrase,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl KeyFile {
    pub fn read(path: &Path) -> Result<KeyFile, KeyError> {
        KeyFile::parse(file::read_text(path)?)
    }

    fn parse(text: Zeroizing<String>) -> Result<KeyFile, KeyError> {
        match text.trim() {
            pem if pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----") => {
                Ok(KeyFile::Encrypted(EncryptedKey(text)))
            }
            pem if pem.starts_with("-----BEGIN PRIVATE KEY-----") => {
                let key = SigningKey::from_pkcs8_pem(pem).map_err(|_| KeyError::NotAKey)?;
                Ok(KeyFile::Private(PrivateKey(key)))
            }
            pem if pem.starts_with("-----BEGIN PUBLIC KEY-----") => {
                let key = VerifyingKey::from_public_key_pem(pem).map_err(|_| KeyError::NotAKey)?;
                Ok(KeyFile::Public(PublicKey::parse(key.as_bytes())?))
            }
            digits => parse_public_hex(digits).map(KeyFile::Public),
        }
    }
}

impl EncryptedKey {
    pub fn unlock(&self, passphrase: &str) -> Result<PrivateKey, KeyError> {
        // A damaged file and a wrong passphrase cannot be told apart with certainty; the second is what happens.
        let key = SigningKey::from_pkcs8_encrypted_pem(self.0.trim(), passphrase);
        key.map(PrivateKey).map_err(|_| KeyError::WrongPassphrase)
    }
}

impl PrivateKey {
    pub fn generate() -> Result<PrivateKey, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(|_| KeyError::NoRandomness)?;
        Ok(PrivateKey(SigningKey::from_bytes(&seed)))
    }

    /// The key that follows from 32 bytes. Whoever knows them has the key: for demonstrations, and for nobody's secrets.
    pub fn from_seed(seed: &[u8; 32]) -> PrivateKey {
        PrivateKey(SigningKey::from_bytes(seed))
    }

    pub fn public(&self) -> PublicKey {
        self.pair().public()
    }

    /// The key as what signs statements and notes.
    pub fn pair(&self) -> KeyPair {
        KeyPair::from(self.0.clone())
    }

    /// Writes the file, encrypted if there is a passphrase; refuses where anything stands already.
    pub fn write_new(&self, path: &Path, passphrase: Option<&str>) -> Result<(), KeyError> {
        let pem = match passphrase {
            Some("") => return Err(KeyError::EmptyPassphrase),
            Some(passphrase) => self.0.to_pkcs8_encrypted_pem(passphrase, LineEnding::LF),
            None => self.0.to_pkcs8_pem(LineEnding::LF),
        };
        // An Ed25519 key always has this form; what can fail is the salt.
        let pem = pem.map_err(|_| KeyError::NoRandomness)?;
        Ok(write_new(path, pem.as_bytes(), file::Readers::Owner)?)
    }
}

/// Writes the public part beside a private key, in the form that `openssl pkey -pubin` reads.
pub fn write_new_public(path: &Path, key: &PublicKey) -> Result<(), KeyError> {
    let key = VerifyingKey::from_bytes(key.as_bytes()).map_err(|_| KeyError::NotAKey)?;
    let pem = key.to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::NotAKey)?;
    Ok(write_new(path, pem.as_bytes(), file::Readers::Everyone)?)
}

/// A public key as its 64 hexadecimal digits.
pub fn parse_public_hex(digits: &str) -> Result<PublicKey, KeyError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| KeyError::NotAKey)?;
    Ok(PublicKey::parse(&bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private(file: KeyFile) -> PrivateKey {
        match file {
            KeyFile::Private(key) => key,
            KeyFile::Encrypted(_) => panic!("encrypted"),
            KeyFile::Public(_) => panic!("public"),
        }
    }

    #[test]
    fn a_key_comes_back_from_its_file_with_its_passphrase_and_with_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("farm.pem");
        let key = PrivateKey::generate().unwrap();
        key.write_new(&path, Some("十二生肖 12")).unwrap();
        let KeyFile::Encrypted(encrypted) = KeyFile::read(&path).unwrap() else { panic!("in clear") };
        assert_eq!(encrypted.unlock("十二生肖 12").unwrap().public(), key.public());
        for wrong in ["", "十二生肖", "十二生肖 12 "] {
            assert!(matches!(encrypted.unlock(wrong), Err(KeyError::WrongPassphrase)), "{wrong:?}");
        }
    }

    #[test]
    fn a_key_in_clear_is_asked_for_and_no_passphrase_is_never_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("farm.pem");
        let key = PrivateKey::generate().unwrap();
        assert!(matches!(key.write_new(&path, Some("")), Err(KeyError::EmptyPassphrase)));
        assert!(!path.exists());
        key.write_new(&path, None).unwrap();
        assert_eq!(private(KeyFile::read(&path).unwrap()).public(), key.public());
    }

    #[test]
    fn a_public_key_is_read_as_pem_and_as_digits() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("farm.pub");
        let public = PrivateKey::generate().unwrap().public();
        write_new_public(&path, &public).unwrap();
        let digits = dir.path().join("digits");
        std::fs::write(&digits, format!("{}\n", hex::encode(public.as_bytes()))).unwrap();
        for path in [path, digits] {
            assert!(matches!(KeyFile::read(&path), Ok(KeyFile::Public(read)) if read == public));
        }
    }

    #[test]
    fn an_rfc_8410_key_of_another_tool_is_read() {
        // `openssl genpkey -algorithm ed25519` writes this form, without the public key: RFC 8410 section 10.3.
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let key = private(KeyFile::parse(Zeroizing::new(pem.to_owned())).unwrap());
        assert_eq!(
            hex::encode(key.public().as_bytes()),
            "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"
        );
    }

    #[test]
    fn anything_else_is_no_key() {
        let parse = |text: &str| KeyFile::parse(Zeroizing::new(text.to_owned()));
        for text in
            ["", "key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", &"0".repeat(63)]
        {
            assert!(matches!(parse(text), Err(KeyError::NotAKey)), "{text:?}");
        }
        assert!(matches!(parse(&format!("01{}", "00".repeat(31))), Err(KeyError::Public(_))), "the identity");
    }
}
