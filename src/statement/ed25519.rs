//! Ed25519 with one meaning.
//!
//! RFC 8032 leaves corners in which verifiers disagree (small-order points, cofactors, encodings past the field's
//! order). In an append-only ledger such a signature is poison: valid for one reader, forged for the next. So: the key
//! is canonical, without torsion and not the identity; s < L; R is canonical and not of small order; and
//! R == encode([s]B − [k]A) byte for byte. What passes here passes in every verifier (WebCrypto, OpenSSL, ZIP 215).

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::merkle::Hash;

pub const PUBLIC_KEY_BYTES: usize = 32;
pub const SIGNATURE_BYTES: usize = 64;

/// A public key that has passed every check there is on keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicKey(VerifyingKey);

/// A private key, in memory only: keeping it on disk is `keys`' work.
pub struct KeyPair(SigningKey);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    #[error("the public key is not the one canonical encoding of its point")]
    NotCanonical,
    #[error("the public key is the identity point, for which anybody can sign")]
    Identity,
    #[error("the public key is no point of the curve")]
    NotAPoint,
    #[error("the public key has a torsion component, so that verifiers disagree about its signatures")]
    Torsion,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not fit the key and the message")]
pub struct SignatureError;

impl PublicKey {
    pub fn parse(bytes: &[u8; PUBLIC_KEY_BYTES]) -> Result<PublicKey, PublicKeyError> {
        let point = CompressedEdwardsY(*bytes).decompress().ok_or(PublicKeyError::NotAPoint)?;
        if point.compress().as_bytes() != bytes {
            return Err(PublicKeyError::NotCanonical);
        }
        if point.is_identity() {
            return Err(PublicKeyError::Identity);
        }
        if !point.is_torsion_free() {
            return Err(PublicKeyError::Torsion);
        }
        VerifyingKey::from_bytes(bytes).map(PublicKey).map_err(|_| PublicKeyError::NotAPoint)
    }

    pub fn as_bytes(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        self.0.as_bytes()
    }

    /// How payloads and envelopes name this key: SHA-256 of its bytes.
    pub fn key_id(&self) -> Hash {
        Hash::of(self.as_bytes())
    }
}

/// Whether `signature` is this key's over `message`, by the one meaning above.
pub fn verify(
    key: &PublicKey,
    message: &[u8],
    signature: &[u8; SIGNATURE_BYTES],
) -> Result<(), SignatureError> {
    // verify_strict refuses a small-order R and recomputes R's bytes, so a non-canonical R never compares equal. It
    // refuses s ≥ L too, unless any crate in the build turns dalek's `legacy_compatibility` on: hence our own check.
    let s: [u8; 32] = signature[32..].try_into().map_err(|_| SignatureError)?;
    if !bool::from(Scalar::from_canonical_bytes(s).is_some()) {
        return Err(SignatureError);
    }
    key.0.verify_strict(message, &Signature::from_bytes(signature)).map_err(|_| SignatureError)
}

impl KeyPair {
    /// The key pair of an RFC 8032 private key.
    pub fn from_seed(seed: &[u8; 32]) -> KeyPair {
        KeyPair(SigningKey::from_bytes(seed))
    }

    pub fn public(&self) -> PublicKey {
        // Made from a clamped scalar and the base point, so it has no torsion and is not the identity.
        PublicKey(self.0.verifying_key())
    }

    pub fn key_id(&self) -> Hash {
        self.public().key_id()
    }

    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message).to_bytes()
    }
}

impl From<SigningKey> for KeyPair {
    fn from(key: SigningKey) -> KeyPair {
        KeyPair(key)
    }
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    use serde_json::Value;

    use super::*;
    use crate::vectors;

    fn cases(file: &str) -> Vec<Value> {
        serde_json::from_value(vectors::json(&format!("ed25519/{file}"))).unwrap()
    }

    fn field(case: &Value, name: &str) -> Vec<u8> {
        hex::decode(case[name].as_str().unwrap()).unwrap()
    }

    /// What both a registration and a verifier do: the key first, then the signature.
    fn check(case: &Value) -> Result<(), String> {
        let key = PublicKey::parse(&field(case, "pub_key").try_into().unwrap()).map_err(|e| e.to_string())?;
        let signature = field(case, "signature").try_into().unwrap();
        verify(&key, &field(case, "message"), &signature).map_err(|e| e.to_string())
    }

    #[test]
    fn every_speccheck_case_is_refused() {
        let cases = cases("speccheck-cases.json");
        assert_eq!(cases.len(), 12);
        for (number, case) in cases.iter().enumerate() {
            assert!(check(case).is_err(), "case {number}");
        }
    }

    #[test]
    fn our_own_cases_have_the_stated_outcome() {
        for case in cases("cases.json") {
            assert_eq!(
                check(&case).is_ok(),
                case["ok"].as_bool().unwrap(),
                "{}: {:?}",
                case["name"],
                check(&case)
            );
        }
    }

    #[test]
    fn keys_are_refused_for_the_right_reason() {
        let order_8 = EIGHT_TORSION[1];
        let good = PublicKey::parse(ED25519_BASEPOINT_POINT.compress().as_bytes());
        assert!(good.is_ok(), "the base point itself is a key, of private scalar 1");
        let parse = |bytes: [u8; 32]| PublicKey::parse(&bytes).unwrap_err();
        assert_eq!(parse((ED25519_BASEPOINT_POINT + order_8).compress().to_bytes()), PublicKeyError::Torsion);
        assert_eq!(parse(order_8.compress().to_bytes()), PublicKeyError::Torsion);
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(parse(identity), PublicKeyError::Identity);
        // The identity again, with the sign bit of its x = 0 set, and with y = 1 + p.
        identity[31] = 0x80;
        assert_eq!(parse(identity), PublicKeyError::NotCanonical);
        let mut past_the_field = [0xFF; 32];
        (past_the_field[0], past_the_field[31]) = (0xEE, 0x7F);
        assert_eq!(parse(past_the_field), PublicKeyError::NotCanonical);
        let mut two = [0; 32];
        two[0] = 2;
        assert_eq!(parse(two), PublicKeyError::NotAPoint);
    }

    #[test]
    fn any_changed_bit_of_a_signature_is_noticed() {
        let pair = KeyPair::from_seed(&[7; 32]);
        let signature = pair.sign(b"message");
        assert_eq!(verify(&pair.public(), b"message", &signature), Ok(()));
        assert_eq!(verify(&pair.public(), b"messagf", &signature), Err(SignatureError));
        for bit in 0..SIGNATURE_BYTES * 8 {
            let mut changed = signature;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verify(&pair.public(), b"message", &changed), Err(SignatureError), "bit {bit}");
        }
    }

    #[test]
    fn a_key_id_is_the_hash_of_the_key() {
        let key = KeyPair::from_seed(&[7; 32]).public();
        assert_eq!(key.key_id(), Hash::of(key.as_bytes()));
        assert_eq!(PublicKey::parse(key.as_bytes()), Ok(key));
    }
}
