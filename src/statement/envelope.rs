//! The DSSE v1 envelope: the signed bytes as they came, and who signed them.
//!
//! A signature is over the payload's own bytes; nothing is serialised again to check one. The envelope knows nothing of
//! what the payload says, except to compare its signatures with the payload's signers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::merkle::Hash;

use super::ed25519::{KeyPair, PublicKey, SIGNATURE_BYTES, SignatureError, verify};
use super::json::Limits;
use super::members::{MemberError, Members};
use super::payload::Statement;

pub const PAYLOAD_TYPE: &str = "application/vnd.suyuan.statement.v1+json";
/// A correction's second signer, or a hand-over's two sides with a witness each.
pub const SIGNATURES_MAX: usize = 4;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub payload: Vec<u8>,
    pub signatures: Vec<EnvelopeSignature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// Says which key to look up; it proves nothing by itself.
    pub keyid: Hash,
    pub sig: [u8; SIGNATURE_BYTES],
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    #[error(
        "the key {keyid} of \"/signatures/{index}\" is not the payload's signer at that place; signatures stand in the order of the signers, one for each"
    )]
    KeyIsNotSigner { index: usize, keyid: Hash },
    #[error(transparent)]
    Member(#[from] MemberError),
    #[error("the payload's signer {keyid} gave no key to sign with")]
    NoKeyForSigner { keyid: Hash },
    #[error("the envelope has no signature")]
    NoSignature,
    #[error("the payload has more than {bytes_max} bytes")]
    PayloadTooLarge { bytes_max: usize },
    #[error("the envelope has {signatures} signatures and its payload {signers} signers")]
    SignatureCount { signatures: usize, signers: usize },
    #[error("\"/payloadType\" must be {PAYLOAD_TYPE}")]
    WrongPayloadType,
}

impl EnvelopeError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            EnvelopeError::KeyIsNotSigner { .. } => "key-is-not-signer",
            EnvelopeError::Member(error) => error.code(),
            EnvelopeError::NoKeyForSigner { .. } => "no-key-for-signer",
            EnvelopeError::NoSignature => "no-signature",
            EnvelopeError::PayloadTooLarge { .. } => "too-large",
            EnvelopeError::SignatureCount { .. } => "signature-count",
            EnvelopeError::WrongPayloadType => "wrong-payload-type",
        }
    }
}

impl Envelope {
    /// Signs a statement for all its signers, whose keys must all be in `keys`.
    pub fn sign(statement: &Statement, keys: &[&KeyPair]) -> Result<Envelope, EnvelopeError> {
        let message = pae(PAYLOAD_TYPE, &statement.payload);
        let signature_of = |keyid: Hash| {
            let key = keys.iter().find(|key| key.key_id() == keyid);
            let key = key.ok_or(EnvelopeError::NoKeyForSigner { keyid })?;
            Ok(EnvelopeSignature { keyid, sig: key.sign(&message) })
        };
        let signatures =
            statement.signers.iter().map(|s| signature_of(s.key)).collect::<Result<_, EnvelopeError>>()?;
        Ok(Envelope { payload: statement.payload.clone(), signatures })
    }

    /// Reads an envelope as others may send it: members that are not signed and not known are dropped.
    pub fn from_json(value: &Value) -> Result<Envelope, EnvelopeError> {
        read(value, Strictness::DropUnknown)
    }

    /// Reads an envelope as it stands in a record: exactly the members that [`Envelope::to_json`] writes.
    pub fn from_record_json(value: &Value) -> Result<Envelope, EnvelopeError> {
        read(value, Strictness::RefuseUnknown)
    }

    pub fn to_json(&self) -> Value {
        let signature =
            |s: &EnvelopeSignature| json!({"keyid": s.keyid.to_string(), "sig": STANDARD.encode(s.sig)});
        json!({
            "payload": STANDARD.encode(&self.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": self.signatures.iter().map(signature).collect::<Vec<_>>(),
        })
    }

    /// The bytes that every signature is over.
    pub fn signed_bytes(&self) -> Vec<u8> {
        pae(PAYLOAD_TYPE, &self.payload)
    }

    /// The signatures must be those of the payload's signers, all of them, no others, in that order: else one could be
    /// stripped off or a stranger's added. `statement` must be this envelope's payload, parsed.
    pub fn check_signers(&self, statement: &Statement) -> Result<(), EnvelopeError> {
        let (signatures, signers) = (self.signatures.len(), statement.signers.len());
        if signatures != signers {
            return Err(EnvelopeError::SignatureCount { signatures, signers });
        }
        for (index, (signature, signer)) in self.signatures.iter().zip(&statement.signers).enumerate() {
            if signature.keyid != signer.key {
                return Err(EnvelopeError::KeyIsNotSigner { index, keyid: signature.keyid });
            }
        }
        Ok(())
    }

    /// Checks one of this envelope's signatures with the key that its `keyid` names.
    pub fn verify(&self, signature: &EnvelopeSignature, key: &PublicKey) -> Result<(), SignatureError> {
        if key.key_id() != signature.keyid {
            return Err(SignatureError);
        }
        verify(key, &self.signed_bytes(), &signature.sig)
    }
}

/// DSSE's pre-authentication encoding: lengths first, so that no two pairs of type and body give the same bytes.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let header = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [header.as_bytes(), payload].concat()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    DropUnknown,
    RefuseUnknown,
}

fn read(value: &Value, strictness: Strictness) -> Result<Envelope, EnvelopeError> {
    let envelope = Members::of(value, "")?;
    if strictness == Strictness::RefuseUnknown {
        envelope.closed(&["payload", "payloadType", "signatures"])?;
    }
    if envelope.text("payloadType")? != PAYLOAD_TYPE {
        return Err(EnvelopeError::WrongPayloadType);
    }
    let bytes_max = Limits::PAYLOAD.bytes_max;
    if envelope.text("payload")?.len() > bytes_max.div_ceil(3) * 4 {
        return Err(EnvelopeError::PayloadTooLarge { bytes_max });
    }
    let payload = base64(&envelope, "payload")?;
    let signatures = envelope
        .items("signatures", SIGNATURES_MAX)?
        .map(|(at, value)| read_signature(value, at, strictness))
        .collect::<Result<Vec<_>, _>>()?;
    if signatures.is_empty() {
        return Err(EnvelopeError::NoSignature);
    }
    Ok(Envelope { payload, signatures })
}

fn read_signature(
    value: &Value,
    at: String,
    strictness: Strictness,
) -> Result<EnvelopeSignature, EnvelopeError> {
    let signature = Members::of(value, at)?;
    if strictness == Strictness::RefuseUnknown {
        signature.closed(&["keyid", "sig"])?;
    }
    let sig = base64(&signature, "sig")?
        .try_into()
        .map_err(|_| signature.bad_value("sig", "an Ed25519 signature has 64 bytes"))?;
    Ok(EnvelopeSignature { keyid: signature.parsed("keyid")?, sig })
}

/// Standard alphabet, padded, no spare bits: the one spelling of these bytes.
fn base64(members: &Members<'_>, name: &str) -> Result<Vec<u8>, MemberError> {
    STANDARD.decode(members.text(name)?).map_err(|_| {
        members.bad_value(
            name,
            "it is base64 in the standard alphabet, padded, without line breaks or spare bits",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::payload::to_payload_bytes;

    fn pairs() -> [KeyPair; 2] {
        [KeyPair::from_seed(&[1; 32]), KeyPair::from_seed(&[2; 32])]
    }

    fn statement(keys: &[&KeyPair]) -> Statement {
        let signer =
            |key: &&KeyPair| json!({"org": "org:farm", "key": key.key_id().to_string(), "as": "farm"});
        let payload = to_payload_bytes(&json!({
            "v": 1,
            "ledger": "ab".repeat(32),
            "id": "01936f5e-7c3a-7b2f-8d1e-0123456789ab",
            "kind": "harvest/1",
            "subject": "batch:farm.lot1",
            "touches": [],
            "signers": keys.iter().map(signer).collect::<Vec<_>>(),
            "occurred_at": "2026-11-22",
            "recorded_at": "2026-11-22T09:30:00+08:00",
            "data": {},
        }));
        Statement::parse(&payload.unwrap()).unwrap()
    }

    #[test]
    fn pae_is_that_of_the_dsse_specification() {
        // The example of DSSE v1's protocol.md.
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn what_is_signed_is_read_back_and_verifies() {
        let [a, b] = pairs();
        let statement = statement(&[&a, &b]);
        let envelope = Envelope::sign(&statement, &[&b, &a]).unwrap();
        let json = envelope.to_json();
        assert_eq!(Envelope::from_json(&json), Ok(envelope.clone()));
        assert_eq!(Envelope::from_record_json(&json), Ok(envelope.clone()));
        assert_eq!(envelope.check_signers(&statement), Ok(()));
        for signature in &envelope.signatures {
            let key = [&a, &b].into_iter().find(|k| k.key_id() == signature.keyid).unwrap().public();
            let other = [&a, &b].into_iter().find(|k| k.key_id() != signature.keyid).unwrap().public();
            assert_eq!(envelope.verify(signature, &key), Ok(()));
            assert_eq!(envelope.verify(signature, &other), Err(SignatureError));
        }
        let error = Envelope::sign(&statement, &[&a]).unwrap_err();
        assert_eq!(error, EnvelopeError::NoKeyForSigner { keyid: b.key_id() });
    }

    #[test]
    fn signatures_are_exactly_the_signers_in_their_order() {
        let [a, b] = pairs();
        let statement = statement(&[&a, &b]);
        let whole = Envelope::sign(&statement, &[&a, &b]).unwrap();
        let check = |change: &dyn Fn(&mut Vec<EnvelopeSignature>)| {
            let mut envelope = whole.clone();
            change(&mut envelope.signatures);
            envelope.check_signers(&statement).unwrap_err().code()
        };
        assert_eq!(check(&|s| s.truncate(1)), "signature-count");
        assert_eq!(check(&|s| s.push(s[0].clone())), "signature-count");
        assert_eq!(check(&|s| s.reverse()), "key-is-not-signer");
        assert_eq!(check(&|s| s[1] = s[0].clone()), "key-is-not-signer");
    }

    #[test]
    fn members_without_a_signature_are_dropped_on_submission_and_refused_in_a_record() {
        let [a, _] = pairs();
        let envelope = Envelope::sign(&statement(&[&a]), &[&a]).unwrap();
        for place in ["", "/signatures/0"] {
            let mut json = envelope.to_json();
            json.pointer_mut(place).unwrap()["note"] = "unsigned".into();
            assert_eq!(Envelope::from_json(&json), Ok(envelope.clone()));
            assert_eq!(Envelope::from_record_json(&json).unwrap_err().code(), "unknown-member");
        }
    }

    #[test]
    fn limits_hold_at_and_past_the_edge() {
        let [a, _] = pairs();
        let signature = Envelope::sign(&statement(&[&a]), &[&a]).unwrap().signatures.remove(0);
        let with = |payload_bytes: usize, signatures: usize| {
            let payload = vec![b' '; payload_bytes];
            let envelope = Envelope { payload, signatures: vec![signature.clone(); signatures] };
            Envelope::from_json(&envelope.to_json()).map(|_| ()).map_err(|e| e.code())
        };
        assert_eq!(with(61_440, 1), Ok(()));
        assert_eq!(with(61_441, 1), Err("too-large"));
        assert_eq!(with(1, SIGNATURES_MAX), Ok(()));
        assert_eq!(with(1, SIGNATURES_MAX + 1), Err("too-many"));
        assert_eq!(with(1, 0), Err("no-signature"));
    }
}
