//! The ASN.1 of RFC 3161, of CMS (RFC 5652) as far as tokens use it, and of RFC 5035's certificate hashes.
//!
//! What is signed is kept as it came and never encoded again. CMS sets are read in any order: OpenSSL and many
//! authorities write the certificates unsorted.

use der::asn1::{
    AnyRef, BitStringRef, Int, IntRef, ObjectIdentifier, OctetStringRef, UintRef, Utf8StringRef,
};
use der::{Decode, Encode, Reader, Sequence, SliceReader, Tag, Tagged};
use x509_cert::ext::Extension;
use x509_cert::spki::AlgorithmIdentifierRef;

pub(super) const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
pub(super) const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(super) const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
pub(super) const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
pub(super) const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
pub(super) const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
pub(super) const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// `TimeStampReq`, without extensions.
#[derive(Sequence)]
pub(super) struct Request<'a> {
    pub(super) version: u8,
    pub(super) imprint: Imprint<'a>,
    pub(super) policy: Option<ObjectIdentifier>,
    pub(super) nonce: Option<UintRef<'a>>,
    #[asn1(default = "Default::default")]
    pub(super) cert_req: bool,
}

/// `MessageImprint`.
#[derive(Sequence)]
pub(super) struct Imprint<'a> {
    pub(super) algorithm: AlgorithmIdentifierRef<'a>,
    pub(super) hash: &'a OctetStringRef,
}

/// `TimeStampResp`.
#[derive(Sequence)]
pub(super) struct Response<'a> {
    pub(super) status: Status<'a>,
    pub(super) token: Option<ContentInfo<'a>>,
}

/// `PKIStatusInfo`.
#[derive(Sequence)]
pub(super) struct Status<'a> {
    pub(super) status: u8,
    pub(super) text: Option<Vec<Utf8StringRef<'a>>>,
    pub(super) failure: Option<BitStringRef<'a>>,
}

#[derive(Sequence)]
pub(super) struct ContentInfo<'a> {
    pub(super) content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(super) content: AnyRef<'a>,
}

/// Its sets stand as they came, to be taken apart by [`set`]; behind an implicit tag a set looks like a sequence.
#[derive(Sequence)]
pub(super) struct SignedData<'a> {
    pub(super) version: u8,
    pub(super) digest_algorithms: AnyRef<'a>,
    pub(super) encapsulated: Encapsulated<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) certificates: Option<Vec<AnyRef<'a>>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) revocations: Option<Vec<AnyRef<'a>>>,
    pub(super) signers: AnyRef<'a>,
}

#[derive(Sequence)]
pub(super) struct Encapsulated<'a> {
    pub(super) content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(super) content: &'a OctetStringRef,
}

#[derive(Sequence)]
pub(super) struct SignerInfo<'a> {
    pub(super) version: u8,
    pub(super) signer: AnyRef<'a>,
    pub(super) digest_algorithm: AlgorithmIdentifierRef<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    pub(super) signed: Vec<AnyRef<'a>>,
    pub(super) algorithm: AlgorithmIdentifierRef<'a>,
    pub(super) signature: &'a OctetStringRef,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) unsigned: Option<Vec<AnyRef<'a>>>,
}

#[derive(Sequence)]
pub(super) struct IssuerAndSerial<'a> {
    pub(super) issuer: AnyRef<'a>,
    pub(super) serial: IntRef<'a>,
}

#[derive(Sequence)]
pub(super) struct Attribute<'a> {
    pub(super) kind: ObjectIdentifier,
    pub(super) values: AnyRef<'a>,
}

/// `SigningCertificate` of RFC 2634 and, with another hash, `SigningCertificateV2` of RFC 5035.
#[derive(Sequence)]
pub(super) struct SigningCertificate<'a> {
    pub(super) certificates: Vec<AnyRef<'a>>,
    pub(super) policies: Option<AnyRef<'a>>,
}

/// `ESSCertID`, whose hash is SHA-1.
#[derive(Sequence)]
pub(super) struct CertificateId<'a> {
    pub(super) hash: &'a OctetStringRef,
    pub(super) issuer_and_serial: Option<AnyRef<'a>>,
}

/// `ESSCertIDv2`, whose hash is SHA-256 unless it says another.
#[derive(Sequence)]
pub(super) struct CertificateIdV2<'a> {
    pub(super) algorithm: Option<AlgorithmIdentifierRef<'a>>,
    pub(super) hash: &'a OctetStringRef,
    pub(super) issuer_and_serial: Option<AnyRef<'a>>,
}

/// `TSTInfo`. The time stands as it came, since it may have a fraction.
#[derive(Sequence)]
pub(super) struct TstInfo<'a> {
    pub(super) version: u8,
    pub(super) policy: ObjectIdentifier,
    pub(super) imprint: Imprint<'a>,
    pub(super) serial: Int,
    pub(super) time: AnyRef<'a>,
    pub(super) accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    pub(super) ordering: bool,
    pub(super) nonce: Option<IntRef<'a>>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) authority: Option<AnyRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) extensions: Option<Vec<Extension>>,
}

#[derive(Sequence)]
pub(super) struct Accuracy {
    pub(super) seconds: Option<u32>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) micros: Option<u16>,
}

/// A signed certificate as RFC 5280 has it, its signed part as it came.
#[derive(Sequence)]
pub(super) struct SignedPart<'a> {
    pub(super) part: AnyRef<'a>,
    pub(super) algorithm: AlgorithmIdentifierRef<'a>,
    pub(super) signature: BitStringRef<'a>,
}

/// The elements of a SET OF, in the order in which they came.
pub(super) fn set<'a, T: Decode<'a, Error = der::Error>>(set: &AnyRef<'a>) -> der::Result<Vec<T>> {
    if set.tag() != Tag::Set {
        return Err(set.tag().unexpected_error(Some(Tag::Set)).into());
    }
    let mut reader = SliceReader::new(set.value())?;
    let mut elements = Vec::new();
    while !reader.is_finished() {
        elements.push(T::decode(&mut reader)?);
    }
    Ok(elements)
}

/// The bytes that a signature over attributes is made of: their DER encoding as a SET OF, sorted.
pub(super) fn signed_bytes(attributes: &[AnyRef<'_>]) -> der::Result<Vec<u8>> {
    let mut encoded = attributes.iter().map(Encode::to_der).collect::<der::Result<Vec<_>>>()?;
    encoded.sort_unstable();
    AnyRef::new(Tag::Set, &encoded.concat())?.to_der()
}

/// Unix seconds of a GeneralizedTime in UTC, rounded up: whoever was before the fraction was before the next second.
pub(super) fn seconds_up(time: &AnyRef<'_>) -> Option<u64> {
    let text = std::str::from_utf8(time.value()).ok()?;
    let (whole, fraction) = match text.strip_suffix('Z')?.split_once('.') {
        None => (text.strip_suffix('Z')?, None),
        Some((whole, fraction)) => (whole, Some(fraction)),
    };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // RFC 3161: seconds are always there, and a fraction has no zeros at its end.
    let is_written_so =
        |fraction: &str| is_number(fraction) && !fraction.is_empty() && !fraction.ends_with('0');
    if time.tag() != Tag::GeneralizedTime
        || whole.len() != 14
        || !is_number(whole)
        || !fraction.is_none_or(is_written_so)
    {
        return None;
    }
    let part = |from: usize, to: usize| whole[from..to].parse::<u16>().ok();
    let [month, day, hour, minute, second] =
        [4, 6, 8, 10, 12].map(|from| part(from, from + 2).and_then(|number| u8::try_from(number).ok()));
    let moment = der::DateTime::new(part(0, 4)?, month?, day?, hour?, minute?, second?).ok()?;
    Some(moment.unix_duration().as_secs() + u64::from(fraction.is_some()))
}
