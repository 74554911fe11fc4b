//! Signatures of authorities and of certificates: RSA (PKCS#1 v1.5 and PSS) and ECDSA.

use der::asn1::{Any, ObjectIdentifier};
use der::referenced::OwnedToRef;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs1::{DecodeRsaPublicKey, RsaPssParams};
use rsa::traits::PublicKeyParts;
use rsa::{PublicKey, pkcs1v15, pss};
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoOwned};

use super::Refusal;
use super::forms::SHA256;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
const RSA_WITH: [(ObjectIdentifier, Hashing); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"), Hashing::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12"), Hashing::Sha384),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13"), Hashing::Sha512),
];
const ECDSA_WITH: [(ObjectIdentifier, Hashing); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"), Hashing::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"), Hashing::Sha384),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"), Hashing::Sha512),
];
const EC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// The arc of China's commercial cryptography: SM2, SM3 and what is built on them (GM/T 0006).
const CHINESE: &str = "1.2.156.10197.";

const RSA_BITS_MIN: u32 = 2048;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hashing {
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Pkcs1,
    Pss { salt: usize },
    Ecdsa,
}

impl Hashing {
    pub(super) fn of(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<Hashing, Refusal> {
        let known = [
            (SHA256, Hashing::Sha256),
            (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"), Hashing::Sha384),
            (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"), Hashing::Sha512),
        ];
        let found = known.into_iter().find(|(oid, _)| *oid == algorithm.oid);
        let (_, hashing) = found.ok_or_else(|| unsupported(&algorithm.oid))?;
        is_bare(algorithm)?;
        Ok(hashing)
    }

    pub(super) fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Hashing::Sha256 => Sha256::digest(bytes).to_vec(),
            Hashing::Sha384 => Sha384::digest(bytes).to_vec(),
            Hashing::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

/// An algorithm that this program does not check; China's are named as people know them.
pub(super) fn unsupported(oid: &ObjectIdentifier) -> Refusal {
    let oid = oid.to_string();
    Refusal::Unsupported(match oid.starts_with(CHINESE) {
        true => "SM2/SM3".to_owned(),
        false => format!("the algorithm {oid}"),
    })
}

/// Checks a signature. `hashing` is what stands beside the algorithm in a CMS signer; certificates have none.
pub(super) fn check(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierRef<'_>,
    hashing: Option<Hashing>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Refusal> {
    let (scheme, said) = scheme(algorithm, hashing)?;
    if hashing.is_some_and(|hashing| hashing != said) {
        return Err(Refusal::failed("its signature uses another hash than it says"));
    }
    let key_bytes = key.subject_public_key.as_bytes().ok_or_else(bad_key)?;
    let hash = said.digest(message);
    let is_good = match scheme {
        Scheme::Ecdsa if key.algorithm.oid == EC_KEY => {
            ecdsa(key.algorithm.parameters.as_ref(), key_bytes, &hash, signature)?
        }
        Scheme::Pkcs1 if key.algorithm.oid == RSA => {
            let key = rsa_key(key_bytes)?;
            let signature = pkcs1v15::Signature::try_from(signature).map_err(|_| bad_signature())?;
            match said {
                Hashing::Sha256 => {
                    pkcs1v15::VerifyingKey::<Sha256>::new(key).verify_prehash(&hash, &signature)
                }
                Hashing::Sha384 => {
                    pkcs1v15::VerifyingKey::<Sha384>::new(key).verify_prehash(&hash, &signature)
                }
                Hashing::Sha512 => {
                    pkcs1v15::VerifyingKey::<Sha512>::new(key).verify_prehash(&hash, &signature)
                }
            }
            .is_ok()
        }
        Scheme::Pss { salt } if key.algorithm.oid == RSA => {
            let key = rsa_key(key_bytes)?;
            let signature = pss::Signature::try_from(signature).map_err(|_| bad_signature())?;
            match said {
                Hashing::Sha256 => pss::VerifyingKey::<Sha256>::new_with_salt_len(key, salt)
                    .verify_prehash(&hash, &signature),
                Hashing::Sha384 => pss::VerifyingKey::<Sha384>::new_with_salt_len(key, salt)
                    .verify_prehash(&hash, &signature),
                Hashing::Sha512 => pss::VerifyingKey::<Sha512>::new_with_salt_len(key, salt)
                    .verify_prehash(&hash, &signature),
            }
            .is_ok()
        }
        // A key of the other sort has not made it.
        _ if [RSA, EC_KEY].contains(&key.algorithm.oid) => false,
        _ => return Err(unsupported(&key.algorithm.oid)),
    };
    if is_good { Ok(()) } else { Err(bad_signature()) }
}

fn scheme(
    algorithm: &AlgorithmIdentifierRef<'_>,
    hashing: Option<Hashing>,
) -> Result<(Scheme, Hashing), Refusal> {
    let of = |table: &[(ObjectIdentifier, Hashing)]| {
        table.iter().find(|(oid, _)| *oid == algorithm.oid).map(|(_, hashing)| *hashing)
    };
    if algorithm.oid == RSA_PSS {
        return pss_scheme(algorithm);
    }
    is_bare(algorithm)?;
    // In CMS the plain RSA key algorithm names the signature too, and the hash stands beside it (RFC 3370, 3.2).
    match (of(&RSA_WITH), of(&ECDSA_WITH), hashing) {
        (Some(said), _, _) => Ok((Scheme::Pkcs1, said)),
        (_, Some(said), _) => Ok((Scheme::Ecdsa, said)),
        (_, _, Some(hashing)) if algorithm.oid == RSA => Ok((Scheme::Pkcs1, hashing)),
        _ => Err(unsupported(&algorithm.oid)),
    }
}

fn pss_scheme(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<(Scheme, Hashing), Refusal> {
    let read = algorithm.parameters.and_then(|parameters| parameters.decode_as::<RsaPssParams<Any>>().ok());
    let parameters = read.ok_or_else(|| unsupported(&algorithm.oid))?;
    let said = Hashing::of(&parameters.hash.owned_to_ref())?;
    let mask = match (&parameters.mask_gen.oid, &parameters.mask_gen.parameters) {
        (&MGF1, Some(mask)) => Hashing::of(&mask.owned_to_ref())?,
        (oid, _) => return Err(unsupported(oid)),
    };
    if mask != said {
        return Err(Refusal::Unsupported("RSA-PSS with two different hashes".to_owned()));
    }
    Ok((Scheme::Pss { salt: parameters.salt_len.into() }, said))
}

/// Nothing behind the name of an algorithm but NULL.
fn is_bare(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<(), Refusal> {
    match algorithm.parameters {
        None => Ok(()),
        Some(parameters) if parameters.is_null() => Ok(()),
        Some(_) => Err(unsupported(&algorithm.oid)),
    }
}

fn rsa_key(bytes: &[u8]) -> Result<PublicKey, Refusal> {
    let key = PublicKey::from_pkcs1_der(bytes).map_err(|_| bad_key())?;
    match key.n().bit_width() {
        RSA_BITS_MIN.. => Ok(key),
        bits => Err(Refusal::Unsupported(format!("an RSA key of {bits} bits"))),
    }
}

fn ecdsa(curve: Option<&Any>, key: &[u8], hash: &[u8], signature: &[u8]) -> Result<bool, Refusal> {
    let curve = curve.and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok()).ok_or_else(bad_key)?;
    match curve {
        P256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(|_| bad_key())?;
            let signature = p256::ecdsa::DerSignature::try_from(signature).map_err(|_| bad_signature())?;
            Ok(key.verify_prehash(hash, &signature).is_ok())
        }
        P384 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(|_| bad_key())?;
            let signature = p384::ecdsa::DerSignature::try_from(signature).map_err(|_| bad_signature())?;
            Ok(key.verify_prehash(hash, &signature).is_ok())
        }
        other => Err(unsupported(&other)),
    }
}

fn bad_key() -> Refusal {
    Refusal::failed("a key in its certificates is none")
}

fn bad_signature() -> Refusal {
    Refusal::failed("its signature is bad")
}
