//! Verifier keys of C2SP signed-note: who may sign a note, under what name and how.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::cosignature;
use crate::merkle::Hash;
use crate::statement::ed25519::{self, PublicKey, PublicKeyError};

/// Name of a note key, and origin of a log, which for every log that we accept is the name of its key: not empty, and
/// without spaces, control characters and `+`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key name is not empty and has no space, control character or +")]
pub struct ParseKeyNameError;

/// First bytes of a hash over name and key: finds a key among those configured, proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

/// What the key signs, by the type bytes that C2SP assigns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// 0x04: a time, and the text under it.
    Cosignature,
    /// 0x01: the text.
    Ed25519,
}

/// Written `name+hex id+base64(type ‖ key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    id: KeyId,
    key_type: KeyType,
    public: PublicKey,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifierKeyError {
    #[error("a verifier key is name+id+key, id in 8 lower-case hexadecimal digits, key in base64")]
    Malformed,
    #[error(transparent)]
    Name(#[from] ParseKeyNameError),
    #[error(transparent)]
    PublicKey(#[from] PublicKeyError),
    #[error("signature type {0:#04x} is not supported")]
    UnsupportedType(u8),
    #[error("the key id does not belong to this name and key")]
    WrongId,
}

impl KeyName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeyType {
    fn byte(self) -> u8 {
        match self {
            KeyType::Cosignature => 0x04,
            KeyType::Ed25519 => 0x01,
        }
    }
}

impl VerifierKey {
    pub fn new(name: KeyName, key_type: KeyType, public: PublicKey) -> VerifierKey {
        let id = key_id(&name, key_type, &public);
        VerifierKey { name, id, key_type, public }
    }

    pub fn name(&self) -> &KeyName {
        &self.name
    }

    pub fn id(&self) -> KeyId {
        self.id
    }

    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Checks the bytes behind the key id in a signature line. The answer is a cosignature's time in Unix seconds,
    /// nothing for a plain signature; no answer means that the signature is bad.
    pub(super) fn check(&self, text: &str, signature: &[u8]) -> Option<Option<u64>> {
        match self.key_type {
            KeyType::Cosignature => cosignature::check(&self.public, text, signature).map(Some),
            KeyType::Ed25519 => {
                let signature = signature.try_into().ok()?;
                ed25519::verify(&self.public, text.as_bytes(), signature).ok().map(|()| None)
            }
        }
    }
}

/// `SHA-256(name ‖ 0A ‖ type ‖ key)`, the first four bytes.
pub(super) fn key_id(name: &KeyName, key_type: KeyType, public: &PublicKey) -> KeyId {
    let hash = Hash::of_parts(&[name.0.as_bytes(), b"\n", &[key_type.byte()], public.as_bytes()]);
    KeyId([hash.0[0], hash.0[1], hash.0[2], hash.0[3]])
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyName {
    type Err = ParseKeyNameError;

    fn from_str(text: &str) -> Result<KeyName, ParseKeyNameError> {
        let forbidden = |c: char| c.is_whitespace() || c < ' ' || c == '+';
        if text.is_empty() || text.contains(forbidden) {
            return Err(ParseKeyNameError);
        }
        Ok(KeyName(text.to_owned()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[self.key_type.byte()], &self.public.as_bytes()[..]].concat());
        write!(f, "{}+{}+{key}", self.name, self.id)
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<VerifierKey, VerifierKeyError> {
        // Base64 may hold a `+` of its own, so only the first two divide.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VerifierKeyError::Malformed);
        };
        let key = STANDARD.decode(key).map_err(|_| VerifierKeyError::Malformed)?;
        let (type_byte, public) = key.split_first().ok_or(VerifierKeyError::Malformed)?;
        let types = [KeyType::Cosignature, KeyType::Ed25519];
        let key_type = types.into_iter().find(|known| known.byte() == *type_byte);
        let key_type = key_type.ok_or(VerifierKeyError::UnsupportedType(*type_byte))?;
        let public = public.try_into().map_err(|_| VerifierKeyError::Malformed)?;
        let made = VerifierKey::new(name.parse()?, key_type, PublicKey::parse(public)?);
        let mut stated = [0; 4];
        hex::decode_to_slice(id, &mut stated).map_err(|_| VerifierKeyError::Malformed)?;
        if id.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(VerifierKeyError::Malformed);
        }
        if made.id.0 == stated { Ok(made) } else { Err(VerifierKeyError::WrongId) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    /// The example of C2SP signed-note.
    const EXAMPLE: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn keys_of_the_texts_are_read_and_written_back() {
        let file = vectors::json("c2sp/c2sp_vectors.json");
        let log = file["log"]["vkey"].as_str().unwrap();
        let witness = file["witness"]["vkey"].as_str().unwrap();
        for (text, key_type) in
            [(EXAMPLE, KeyType::Ed25519), (log, KeyType::Ed25519), (witness, KeyType::Cosignature)]
        {
            let key: VerifierKey = text.parse().unwrap();
            assert_eq!(key.key_type(), key_type);
            assert_eq!(key.to_string(), text);
        }
        // A plus in the Base64 is not a third divider.
        assert!(log.matches('+').count() > 2);
    }

    #[test]
    fn every_other_spelling_is_refused() {
        use VerifierKeyError::*;
        let key = "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        let mut identity = [0; 33];
        (identity[0], identity[1]) = (1, 1);
        for (text, error) in [
            (String::new(), Malformed),
            ("example.com/foo".into(), Malformed),
            ("example.com/foo+530d903a".into(), Malformed),
            (format!("+530d903a+{key}"), Name(ParseKeyNameError)),
            (format!("example.com/f oo+530d903a+{key}"), Name(ParseKeyNameError)),
            (format!("example.com/foo+530D903A+{key}"), Malformed),
            (format!("example.com/foo+530d903+{key}"), Malformed),
            (format!("example.com/foo+530d903b+{key}"), WrongId),
            (format!("example.com/fop+530d903a+{key}"), WrongId),
            (format!("example.com/foo+530d903a+{key}="), Malformed),
            (format!("example.com/foo+530d903a+{key} "), Malformed),
            (format!("example.com/foo+530d903a+{}", &key[..40]), Malformed),
            (format!("example.com/foo+530d903a+{}", key.replacen('A', "B", 1)), UnsupportedType(0x05)),
            (
                format!("example.com/foo+530d903a+{}", STANDARD.encode(identity)),
                PublicKey(PublicKeyError::Identity),
            ),
        ] {
            assert_eq!(text.parse::<VerifierKey>(), Err(error), "{text}");
        }
    }

    #[test]
    fn names_keep_out_what_would_break_a_line() {
        for good in ["a", "example.com/log42", "溯源.example/日志", "oid/1.2.3", "a=b", "—"] {
            assert_eq!(good.parse::<KeyName>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            " ",
            "a b",
            "a+b",
            "a\n",
            "a\tb",
            "a\u{a0}b",
            "a\u{2028}b",
            "a\u{3000}b",
            "a\u{85}",
            "\0",
            "\u{1f}",
        ] {
            assert_eq!(bad.parse::<KeyName>(), Err(ParseKeyNameError), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_that_parses_is_canonical(text in "\\PC{0,8}\\+?[0-9a-f]{0,8}\\+?\\PC{0,50}") {
            if let Ok(key) = text.parse::<VerifierKey>() {
                prop_assert_eq!(key.to_string(), text);
            }
        }
    }
}
