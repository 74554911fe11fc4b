//! Certificates of authorities, and the way from one to a root (RFC 5280, as far as time-stamping needs it).

use der::asn1::{Int, ObjectIdentifier, OctetString};
use der::{Decode, Encode};
use x509_cert::Certificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use super::Refusal;
use super::forms::{IssuerAndSerial, SignedPart};
use super::signature;

const KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const ANY_USE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

/// Extensions that may be critical: those that are judged here, names, identifiers, and policies, of which none is asked.
const UNDERSTOOD: [ObjectIdentifier; 8] = [
    KEY_IDENTIFIER,
    KEY_USAGE,
    ObjectIdentifier::new_unwrap("2.5.29.17"),
    ObjectIdentifier::new_unwrap("2.5.29.18"),
    BASIC_CONSTRAINTS,
    ObjectIdentifier::new_unwrap("2.5.29.32"),
    ObjectIdentifier::new_unwrap("2.5.29.35"),
    EXTENDED_KEY_USAGE,
];

/// Certificates above the signer's.
const CHAIN_MAX: u8 = 8;
/// Signatures that are checked for one chain; a token may bring as many certificates of one name as it likes.
const CHECKS_MAX: u32 = 64;

pub(super) struct Known {
    bytes: Vec<u8>,
    pub(super) parsed: Certificate,
}

impl Known {
    pub(super) fn parse(bytes: &[u8]) -> Option<Known> {
        Some(Known { bytes: bytes.to_vec(), parsed: Certificate::from_der(bytes).ok()? })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its subject, in the form of RFC 4514.
    pub(super) fn name(&self) -> String {
        self.parsed.tbs_certificate().subject().to_string()
    }

    pub(super) fn is_of(&self, named: &IssuerAndSerial<'_>) -> bool {
        let certificate = self.parsed.tbs_certificate();
        let same = certificate.issuer().to_der().ok().zip(named.issuer.to_der().ok());
        let serial = Int::from(&named.serial);
        same.is_some_and(|(ours, theirs)| ours == theirs)
            && certificate.serial_number().as_bytes() == serial.as_bytes()
    }

    pub(super) fn has_key_identifier(&self, wanted: &[u8]) -> bool {
        let found = self.extensions().iter().find(|extension| extension.extn_id == KEY_IDENTIFIER);
        let bytes = found.and_then(|extension| OctetString::from_der(extension.extn_value.as_bytes()).ok());
        bytes.is_some_and(|bytes| bytes.as_bytes() == wanted)
    }

    /// Whether its key may stamp at this time: valid then, for time-stamping and nothing else, and critically so.
    pub(super) fn may_stamp(&self, at: u64) -> Result<(), Refusal> {
        self.holds_at(at)?;
        let usage = self.extension::<ExtendedKeyUsage>(EXTENDED_KEY_USAGE)?;
        match usage {
            Some((true, usage)) if usage.0 == [TIME_STAMPING] => {}
            Some((false, usage)) if usage.0 == [TIME_STAMPING] => {
                return Err(Refusal::failed(
                    "the certificate does not call its use for time-stamping critical",
                ));
            }
            _ => return Err(Refusal::failed("the certificate is not for time-stamping alone")),
        }
        let may_sign = |usage: KeyUsage| usage.digital_signature() || usage.non_repudiation();
        match self.extension::<KeyUsage>(KEY_USAGE)? {
            Some((_, usage)) if !may_sign(usage) => {
                Err(Refusal::failed("the certificate's key is not for signing"))
            }
            _ => Ok(()),
        }
    }

    /// Whether it may have issued a certificate of an authority, with so many others in between.
    fn may_issue(&self, between: u8, at: u64) -> Result<(), Refusal> {
        self.holds_at(at)?;
        match self.extension::<BasicConstraints>(BASIC_CONSTRAINTS)? {
            Some((_, BasicConstraints { ca: true, path_len_constraint })) => {
                if path_len_constraint.is_some_and(|most| between > most) {
                    return Err(self.refused("may not stand so high above the authority"));
                }
            }
            _ => return Err(self.refused("is not of one who issues certificates")),
        }
        match self.extension::<KeyUsage>(KEY_USAGE)? {
            Some((_, usage)) if !usage.key_cert_sign() => {
                return Err(self.refused("is not for signing certificates"));
            }
            _ => {}
        }
        match self.extension::<ExtendedKeyUsage>(EXTENDED_KEY_USAGE)? {
            Some((_, usage)) if !usage.0.contains(&TIME_STAMPING) && !usage.0.contains(&ANY_USE) => {
                Err(self.refused("is not for time-stamping"))
            }
            _ => Ok(()),
        }
    }

    fn holds_at(&self, at: u64) -> Result<(), Refusal> {
        let validity = self.parsed.tbs_certificate().validity();
        let (from, to) = (validity.not_before.to_unix_duration(), validity.not_after.to_unix_duration());
        if !(from.as_secs()..=to.as_secs()).contains(&at) {
            return Err(self.refused("was not valid at the time of the stamp"));
        }
        let extensions = self.extensions();
        for (at, extension) in extensions.iter().enumerate() {
            if extensions[..at].iter().any(|before| before.extn_id == extension.extn_id) {
                return Err(self.refused("has an extension twice"));
            }
            if extension.critical && !UNDERSTOOD.contains(&extension.extn_id) {
                return Err(self.refused("has a critical extension that this program does not know"));
            }
        }
        Ok(())
    }

    fn is_signed_by(&self, issuer: &Known) -> Result<(), Refusal> {
        let unreadable = |_| Refusal::failed("a certificate cannot be read");
        let signed = SignedPart::from_der(&self.bytes).map_err(unreadable)?;
        let inner = self.parsed.tbs_certificate().signature().to_der().map_err(unreadable)?;
        if signed.algorithm.to_der().map_err(unreadable)? != inner {
            return Err(self.refused("names two signature algorithms"));
        }
        let bytes = signed.part.to_der().map_err(unreadable)?;
        let signature = signed.signature.as_bytes().unwrap_or_default();
        let key = issuer.parsed.tbs_certificate().subject_public_key_info();
        signature::check(key, &signed.algorithm, None, &bytes, signature)
    }

    /// Whether it is critical, and what it says.
    fn extension<T: for<'a> Decode<'a, Error = der::Error>>(
        &self,
        id: ObjectIdentifier,
    ) -> Result<Option<(bool, T)>, Refusal> {
        let found = self.extensions().iter().find(|extension| extension.extn_id == id);
        let Some(extension) = found else { return Ok(None) };
        let value = T::from_der(extension.extn_value.as_bytes())
            .map_err(|_| self.refused("has an extension that cannot be read"))?;
        Ok(Some((extension.critical, value)))
    }

    fn extensions(&self) -> &[Extension] {
        self.parsed.tbs_certificate().extensions().map_or(&[], Vec::as_slice)
    }

    fn refused(&self, problem: &str) -> Refusal {
        Refusal::Failed(format!("the certificate of {} {problem}", self.name()))
    }
}

/// Whether one of `roots` issued the signer's certificate, itself or through certificates of `others`, all of them good
/// at that time. A root may be the signer's certificate itself.
///
/// Names are compared byte for byte. Who carries a root's name and another key is somebody else.
pub(super) fn trace(signer: &Known, others: &[Known], roots: &[Known], at: u64) -> Result<(), Refusal> {
    if roots.is_empty() {
        return Err(Refusal::NoRoot);
    }
    let mut search = Search { others, roots, at, checks: CHECKS_MAX, problem: None };
    if search.climb(signer, 0) {
        return Ok(());
    }
    Err(search.problem.unwrap_or(Refusal::NoRoot))
}

struct Search<'a> {
    others: &'a [Known],
    roots: &'a [Known],
    at: u64,
    checks: u32,
    /// What keeps a way that leads to a root from being good.
    problem: Option<Refusal>,
}

impl<'a> Search<'a> {
    fn climb(&mut self, from: &Known, between: u8) -> bool {
        if self.roots.iter().any(|root| root.bytes == from.bytes) {
            return true;
        }
        if between > CHAIN_MAX {
            return false;
        }
        let candidates: Vec<(&'a Known, bool)> = self
            .roots
            .iter()
            .map(|root| (root, true))
            .chain(self.others.iter().map(|other| (other, false)))
            .filter(|(issuer, _)| is_named_by(issuer, from))
            .collect();
        for (issuer, is_root) in candidates {
            if self.checks == 0 {
                return false;
            }
            self.checks -= 1;
            match from.is_signed_by(issuer) {
                Ok(()) => {}
                Err(problem @ Refusal::Unsupported(_)) => {
                    self.problem.get_or_insert(problem);
                    continue;
                }
                Err(_) => continue,
            }
            if !is_root && !self.climb(issuer, between + 1) {
                continue;
            }
            match issuer.may_issue(between, self.at) {
                Ok(()) => return true,
                Err(problem) => {
                    self.problem.get_or_insert(problem);
                }
            }
        }
        false
    }
}

fn is_named_by(issuer: &Known, of: &Known) -> bool {
    issuer.bytes != of.bytes
        && issuer.parsed.tbs_certificate().subject() == of.parsed.tbs_certificate().issuer()
}
