//! RFC 3161: the signed word of a time-stamping authority that it saw the digest at a time.
//!
//! The evidence is the authority's answer as it came, a DER `TimeStampResp`, which `openssl ts -verify` takes. What it
//! proves hangs on one key: whoever holds it, or stole it, can stamp any time at which its certificate was valid. The
//! certificate is judged at the time of the stamp, so a stamp outlives it; no revocation list is asked.
//!
//! The certificate that the signature names (ESSCertIDv2, or ESSCertID with its SHA-1) must be the signer's. SHA-1
//! alone is taken, as many authorities send nothing else: to fool it takes a second certificate of a trusted root for
//! the same key with the same SHA-1, which no known attack on SHA-1 makes.

mod certificate;
mod forms;
mod signature;
#[cfg(test)]
mod tests;

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, UintRef, Utf8StringRef};
use der::{Decode, Encode, Tag, TagNumber, Tagged};
use sha1::{Digest as _, Sha1};
use x509_cert::ext::Extension;
use x509_cert::spki::AlgorithmIdentifierRef;

use self::certificate::Known;
use self::forms::{
    Attribute, CertificateId, CertificateIdV2, Imprint, IssuerAndSerial, Request, Response, SignedData,
    SignerInfo, SigningCertificate, TstInfo,
};
use self::signature::Hashing;
use super::{Claim, Finding, Level, Source, Told, Verdict, Why, digest};
use crate::merkle::Hash;

/// An answer is a few kilobytes; the certificates are most of it.
pub const RESPONSE_BYTES_MAX: usize = 65_536;
/// Above this the rest of the list is of no use to anybody.
const CERTIFICATES_MAX: usize = 32;
const GRANTED: u8 = 0;

/// What an authority says, before anybody has judged whether to believe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Unix seconds, a fraction rounded up.
    pub time: u64,
    /// How far off that may be by its own account, in seconds, rounded up.
    pub accuracy: u64,
    /// Big-endian, without zeros in front.
    pub nonce: Option<Vec<u8>>,
    /// The number of the stamp, hexadecimal: by it the authority finds it again.
    pub serial: String,
    pub policy: String,
}

/// Why an answer holds no stamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("the authority refused the request: {0}")]
    Rejected(String),
    #[error("the answer holds no stamp: {0}")]
    Malformed(String),
}

/// Why a stamp is not ok.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the authority refused: {0}")]
    Rejected(String),
    #[error("{0}")]
    Failed(String),
    #[error("{0} is not supported")]
    Unsupported(String),
    #[error("no root that the reader trusts has issued its certificate")]
    NoRoot,
}

impl Refusal {
    fn failed(problem: &str) -> Refusal {
        Refusal::Failed(problem.to_owned())
    }
}

/// A request for a stamp, DER, which asks for the certificate too. `nonce` is big-endian; `policy` is a dotted object
/// identifier. None: it is none.
pub fn request(digest: &Hash, nonce: &[u8; 8], policy: Option<&str>) -> Option<Vec<u8>> {
    let policy = policy.map(ObjectIdentifier::new).transpose().ok()?;
    let algorithm = AlgorithmIdentifierRef { oid: forms::SHA256, parameters: Some(AnyRef::NULL) };
    let hash = OctetStringRef::new(digest.as_bytes()).ok()?;
    let imprint = Imprint { algorithm, hash };
    let nonce = Some(UintRef::new(nonce).ok()?);
    Request { version: 1, imprint, policy, nonce, cert_req: true }.to_der().ok()
}

/// What an answer says. Nothing is believed and nothing checked but its form.
pub fn read(evidence: &[u8]) -> Result<Stamp, ReadError> {
    match Opened::of(evidence) {
        Ok(opened) => Ok(opened.stamp),
        Err(Refusal::Rejected(why)) => Err(ReadError::Rejected(why)),
        Err(problem) => Err(ReadError::Malformed(problem.to_string())),
    }
}

/// Judges evidence of kind `rfc3161`, version 1.
pub(super) fn judge(evidence: &[u8], checkpoint_body: &str, told: &Told) -> Finding {
    let mut claim = None;
    let verdict = match weigh(evidence, checkpoint_body, told, &mut claim) {
        Ok(()) => Verdict::Ok,
        Err(problem @ (Refusal::Rejected(_) | Refusal::Failed(_))) => {
            return Finding::failed(problem.to_string());
        }
        Err(Refusal::Unsupported(what)) => Verdict::NotChecked(Why::Unsupported(what)),
        Err(Refusal::NoRoot) => Verdict::NotChecked(Why::NoTrustedRoot),
    };
    Finding { verdict, claim }
}

/// From the outside in: the answer, the digest, the signature, what the certificate may do, who issued it. The claim is
/// set as soon as the stamp holds together by itself.
fn weigh(
    evidence: &[u8],
    checkpoint_body: &str,
    told: &Told,
    claim: &mut Option<Claim>,
) -> Result<(), Refusal> {
    let opened = Opened::of(evidence)?;
    opened.is_for(&digest(checkpoint_body))?;
    let info = opened.signer_info()?;
    let (signer, others) = opened.certificates(&info)?;
    opened.check_signature(&info, &signer)?;
    signer.may_stamp(opened.stamp.time)?;
    *claim = Some(opened.stamp.claim(signer.name()));
    let roots: Vec<Known> = told.tsa_roots.iter().filter_map(|root| Known::parse(root)).collect();
    certificate::trace(&signer, &others, &roots, opened.stamp.time)
}

/// An answer taken apart.
struct Opened<'a> {
    signed: SignedData<'a>,
    imprint: Imprint<'a>,
    stamp: Stamp,
}

impl<'a> Opened<'a> {
    fn of(evidence: &'a [u8]) -> Result<Opened<'a>, Refusal> {
        if evidence.len() > RESPONSE_BYTES_MAX {
            return Err(Refusal::failed("the answer is too long"));
        }
        let response = Response::from_der(evidence).map_err(|_| no_form("RFC 3161 response"))?;
        let token = match (response.status.status, response.token) {
            (GRANTED, Some(token)) => token,
            (GRANTED, None) => return Err(no_form("response with a stamp")),
            (status, _) => {
                return Err(Refusal::Rejected(status_text(status, response.status.text.as_deref())));
            }
        };
        if token.content_type != forms::SIGNED_DATA {
            return Err(signature::unsupported(&token.content_type));
        }
        let signed: SignedData<'a> = token.content.decode_as().map_err(|_| no_form("signed CMS message"))?;
        // RFC 5652, 5.1: 3, as what is signed is not plain data.
        if signed.version != 3 || signed.encapsulated.content_type != forms::TST_INFO {
            return Err(no_form("time-stamp token"));
        }
        let info = TstInfo::from_der(signed.encapsulated.content.as_bytes())
            .map_err(|_| no_form("time-stamp token"))?;
        let stamp = Stamp::of(&info)?;
        Ok(Opened { signed, imprint: info.imprint, stamp })
    }

    fn is_for(&self, digest: &Hash) -> Result<(), Refusal> {
        if Hashing::of(&self.imprint.algorithm)? != Hashing::Sha256 {
            return Err(Refusal::Unsupported("a stamp on another hash than SHA-256".to_owned()));
        }
        match self.imprint.hash.as_bytes() == digest.as_bytes() {
            true => Ok(()),
            false => Err(Refusal::failed("it stamps something else than this checkpoint")),
        }
    }

    /// The one who signed; a stamp has exactly one (RFC 3161, 2.4.2).
    fn signer_info(&self) -> Result<SignerInfo<'a>, Refusal> {
        let unreadable = |_| no_form("signed CMS message");
        let algorithms: Vec<AlgorithmIdentifierRef<'_>> =
            forms::set(&self.signed.digest_algorithms).map_err(unreadable)?;
        let mut signers: Vec<SignerInfo<'_>> = forms::set(&self.signed.signers).map_err(unreadable)?;
        let (Some(info), true) = (signers.pop(), signers.is_empty()) else {
            return Err(Refusal::failed("it does not have exactly one signer"));
        };
        if !algorithms.contains(&info.digest_algorithm) {
            return Err(Refusal::failed("its signer uses a hash that the message does not name"));
        }
        Ok(info)
    }

    /// The signer's certificate and the others that came with it.
    fn certificates(&self, info: &SignerInfo<'_>) -> Result<(Known, Vec<Known>), Refusal> {
        let came = self.signed.certificates.as_deref().unwrap_or_default();
        if came.len() > CERTIFICATES_MAX {
            return Err(Refusal::failed("it brings too many certificates"));
        }
        // One that cannot be read may be of a sort that is none of ours.
        let mut known: Vec<Known> = came.iter().filter_map(|one| Known::parse(&one.to_der().ok()?)).collect();
        let at = match (info.version, info.signer.tag()) {
            (1, Tag::Sequence) => {
                let named: IssuerAndSerial<'_> =
                    info.signer.decode_as().map_err(|_| no_form("name of a signer"))?;
                known.iter().position(|one| one.is_of(&named))
            }
            (3, Tag::ContextSpecific { constructed: false, number: TagNumber(0) }) => {
                known.iter().position(|one| one.has_key_identifier(info.signer.value()))
            }
            _ => return Err(no_form("name of a signer")),
        };
        let at = at.ok_or_else(|| Refusal::failed("the certificate of its signer is not with it"))?;
        Ok((known.swap_remove(at), known))
    }

    /// The signed attributes are of this stamp and of this certificate, and the signature is over them.
    fn check_signature(&self, info: &SignerInfo<'_>, signer: &Known) -> Result<(), Refusal> {
        let hashing = Hashing::of(&info.digest_algorithm)?;
        let content = self.signed.encapsulated.content.as_bytes();
        let attributes = attributes(&info.signed)?;
        let one = |kind| only(&attributes, kind);
        let kind = one(forms::CONTENT_TYPE)?.and_then(|value| value.decode_as::<ObjectIdentifier>().ok());
        if kind != Some(forms::TST_INFO) {
            return Err(Refusal::failed("what is signed does not call itself a stamp"));
        }
        let said = one(forms::MESSAGE_DIGEST)?.and_then(|value| value.decode_as::<&OctetStringRef>().ok());
        if said.map(OctetStringRef::as_bytes) != Some(&hashing.digest(content)[..]) {
            return Err(Refusal::failed("what is signed is not the digest of the stamp"));
        }
        names_its_certificate(
            one(forms::SIGNING_CERTIFICATE)?,
            one(forms::SIGNING_CERTIFICATE_V2)?,
            signer.bytes(),
        )?;
        let signed = forms::signed_bytes(&info.signed).map_err(|_| no_form("signed CMS message"))?;
        let key = signer.parsed.tbs_certificate().subject_public_key_info();
        signature::check(key, &info.algorithm, Some(hashing), &signed, info.signature.as_bytes())
    }
}

impl Stamp {
    fn of(info: &TstInfo<'_>) -> Result<Stamp, Refusal> {
        let knows = |extensions: &Vec<Extension>| extensions.iter().all(|extension| !extension.critical);
        if info.version != 1 || !info.extensions.as_ref().is_none_or(knows) {
            return Err(Refusal::failed("it is of a sort of stamp that this program does not know"));
        }
        let time = forms::seconds_up(&info.time).ok_or_else(|| no_form("time in UTC"))?;
        let accuracy = info.accuracy.as_ref().map_or(0, |accuracy| {
            let parts = accuracy.millis.unwrap_or(0) > 0 || accuracy.micros.unwrap_or(0) > 0;
            u64::from(accuracy.seconds.unwrap_or(0)) + u64::from(parts)
        });
        Ok(Stamp {
            time,
            accuracy,
            nonce: info.nonce.map(|nonce| number(nonce.as_bytes())),
            serial: hex::encode(number(info.serial.as_bytes())),
            policy: info.policy.to_string(),
        })
    }

    fn claim(&self, name: String) -> Claim {
        Claim {
            level: Level::TrustedParty,
            not_after: Some(self.time.saturating_add(self.accuracy)),
            source: Source::Authority { name, serial: self.serial.clone(), policy: self.policy.clone() },
            is_publication: false,
        }
    }
}

/// The certificate's hash is in the first identifier of each attribute that there is, and there is one.
fn names_its_certificate(
    old: Option<AnyRef<'_>>,
    new: Option<AnyRef<'_>>,
    certificate: &[u8],
) -> Result<(), Refusal> {
    let unreadable = |_| Refusal::failed("it names its certificate in no known form");
    if old.is_none() && new.is_none() {
        return Err(Refusal::failed("what is signed does not name the certificate"));
    }
    let mut said = Vec::new();
    if let Some(id) = first_id(old)? {
        let id: CertificateId<'_> = id.decode_as().map_err(unreadable)?;
        said.push((id.hash.as_bytes().to_vec(), Sha1::digest(certificate).to_vec()));
    }
    if let Some(id) = first_id(new)? {
        let id: CertificateIdV2<'_> = id.decode_as().map_err(unreadable)?;
        let hashing = id.algorithm.as_ref().map_or(Ok(Hashing::Sha256), Hashing::of)?;
        said.push((id.hash.as_bytes().to_vec(), hashing.digest(certificate)));
    }
    match said.iter().all(|(said, is)| said == is) {
        true => Ok(()),
        false => Err(Refusal::failed("what is signed names another certificate")),
    }
}

fn first_id(attribute: Option<AnyRef<'_>>) -> Result<Option<AnyRef<'_>>, Refusal> {
    let Some(attribute) = attribute else { return Ok(None) };
    let list: Option<SigningCertificate<'_>> = attribute.decode_as().ok();
    match list.and_then(|list| list.certificates.first().copied()) {
        Some(first) => Ok(Some(first)),
        None => Err(Refusal::failed("it names its certificate in no known form")),
    }
}

fn attributes<'a>(signed: &[AnyRef<'a>]) -> Result<Vec<Attribute<'a>>, Refusal> {
    let read = signed.iter().map(|attribute| attribute.decode_as::<Attribute<'a>>());
    read.collect::<der::Result<Vec<_>>>().map_err(|_| no_form("signed CMS message"))
}

/// The one value of the one attribute of this sort.
fn only<'a>(attributes: &[Attribute<'a>], kind: ObjectIdentifier) -> Result<Option<AnyRef<'a>>, Refusal> {
    let mut found = attributes.iter().filter(|attribute| attribute.kind == kind);
    let Some(attribute) = found.next() else { return Ok(None) };
    let values: Vec<AnyRef<'a>> = forms::set(&attribute.values).map_err(|_| no_form("signed CMS message"))?;
    match (values.as_slice(), found.next()) {
        ([value], None) => Ok(Some(*value)),
        _ => Err(Refusal::failed("a signed attribute stands there more than once")),
    }
}

/// Without zeros in front.
fn number(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().skip_while(|byte| *byte == 0).collect()
}

/// `PKIStatus` by number and, as it stands there, what the authority adds, for people.
fn status_text(status: u8, text: Option<&[Utf8StringRef<'_>]>) -> String {
    let added: Vec<&str> = text.unwrap_or_default().iter().map(|text| text.as_str()).collect();
    let added: String = added.join("; ").chars().filter(|char| !char.is_control()).take(200).collect();
    match added.is_empty() {
        true => format!("status {status}"),
        false => format!("status {status}, {added}"),
    }
}

fn no_form(what: &str) -> Refusal {
    Refusal::Failed(format!("it is no {what}"))
}
