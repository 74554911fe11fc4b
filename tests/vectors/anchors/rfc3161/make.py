#!/usr/bin/env python3
"""Made the vectors beside it, once: stamps by `openssl ts` and, where that refuses, by `openssl cms`.

    make.py            writes *.json here; keys and times are new each time

Needs OpenSSL 3.0 and the Python package `cryptography` (for certificates that openssl's own commands do not write).
What a vector must come to is said here and is worked out by nothing that is under test.
"""
import base64, calendar, datetime, hashlib, json, pathlib, re, subprocess, tempfile, time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

HERE = pathlib.Path(__file__).parent
BODY = "suyuan.example/test\n42\nMDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n"
POLICY = "1.2.3.4.1"
WORK = pathlib.Path(tempfile.mkdtemp())
STAMPED = "20260601120000Z"
STAMPED_AT = calendar.timegm((2026, 6, 1, 12, 0, 0))
EKU = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])


def day(text):
    return datetime.datetime.fromisoformat(text + "T00:00:00")


def run(*words, **more):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, **more).stdout


# --- certificates

class Cert:
    count = 100

    def __init__(self, name, issuer=None, key=None, ca=False, since="2026-01-01", until="2036-01-01", path=None,
                 eku=EKU, eku_critical=True, usage=None, more=(), serial=None, hash=hashes.SHA256(), pss=False):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "示范授时"),
                               x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.issuer = issuer or self
        Cert.count += 1
        self.serial = serial or Cert.count
        build = (x509.CertificateBuilder().subject_name(self.name).issuer_name(self.issuer.name)
                 .public_key(self.key.public_key()).serial_number(self.serial)
                 .not_valid_before(day(since)).not_valid_after(day(until))
                 .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False))
        if ca:
            build = build.add_extension(x509.BasicConstraints(True, path), True)
        elif eku:
            build = build.add_extension(eku, eku_critical)
        if usage:
            build = build.add_extension(usage, True)
        for extension in more:
            build = build.add_extension(extension, True)
        more = {}
        if pss:
            more["rsa_padding"] = padding.PSS(padding.MGF1(hash), hash.digest_size)
        self.cert = build.sign(self.issuer.key, hash, **more)
        self.der = self.cert.public_bytes(serialization.Encoding.DER)
        self.stem = WORK / f"c{Cert.count}"
        self.stem.with_suffix(".pem").write_bytes(self.cert.public_bytes(serialization.Encoding.PEM))
        self.stem.with_suffix(".key").write_bytes(self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))

    @property
    def pem(self):
        return self.stem.with_suffix(".pem")

    @property
    def rfc4514(self):
        return self.cert.subject.rfc4514_string()


def usages(**on):
    every = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{name: on.get(name, False) for name in every})


# --- DER by hand

def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    head = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + head + body


def oid(text):
    return x509.ObjectIdentifier(text) and tlv(6, _oid_body(text))


def _oid_body(text):
    numbers = [int(number) for number in text.split(".")]
    out = bytearray([numbers[0] * 40 + numbers[1]])
    for number in numbers[2:]:
        chunk = [number & 0x7F]
        while number := number >> 7:
            chunk.append(0x80 | number & 0x7F)
        out += bytes(reversed(chunk))
    return bytes(out)


def integer(number):
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def imprint(body=BODY, name="sha256"):
    ids = {"sha256": "2.16.840.1.101.3.4.2.1", "sha512": "2.16.840.1.101.3.4.2.3", "sm3": "1.2.156.10197.1.401"}
    return tlv(0x30, tlv(0x30, oid(ids[name]), b"\x05\x00"), tlv(4, hashlib.new(name, body.encode()).digest()))


def tst(version=1, body=BODY, hash="sha256", serial=7, at=STAMPED, accuracy=b"", nonce=0x6A0B, more=b""):
    return tlv(0x30, integer(version), oid(POLICY), imprint(body, hash), integer(serial), tlv(0x18, at.encode()),
               accuracy, integer(nonce), more)


def response(token, status=b"\x30\x03\x02\x01\x00"):
    return tlv(0x30, status, token)


def cms(signer, info, *others, md="sha256", ess=True, words=()):
    """A token over any TSTInfo by any certificate."""
    (WORK / "tst").write_bytes(info)
    command = ["openssl", "cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-econtent_type", "1.2.840.113549.1.9.16.1.4",
               "-in", WORK / "tst", "-signer", signer.pem, "-inkey", signer.stem.with_suffix(".key"), "-md", md, "-outform", "DER"]
    if ess:
        command.append("-cades")
    for other in others:
        command += ["-certfile", other.pem]
    return run(*command, *words)


def ts(signer, *chain, digest="sha256", ess="sha256", extra=""):
    """A response by `openssl ts`."""
    (WORK / "serial").write_text("1F2E\n")
    (WORK / "ts.cnf").write_text(f"""[tsa]
default_tsa = t
[t]
serial = {WORK}/serial
signer_cert = {signer.pem}
signer_key = {signer.stem}.key
{f'certs = {WORK}/chain.pem' if chain else ''}
signer_digest = {digest}
default_policy = {POLICY}
digests = sha256, sha512
ess_cert_id_alg = {ess}
{extra}
""")
    (WORK / "chain.pem").write_bytes(b"".join(one.pem.read_bytes() for one in chain))
    (WORK / "body").write_bytes(BODY.encode())
    run("openssl", "ts", "-query", "-data", WORK / "body", "-sha256", "-cert", "-out", WORK / "q")
    run("openssl", "ts", "-reply", "-config", WORK / "ts.cnf", "-queryfile", WORK / "q", "-out", WORK / "r")
    text = run("openssl", "ts", "-reply", "-in", WORK / "r", "-text").decode()
    said = re.search(r"Time stamp: (.*) GMT", text)[1]
    at = calendar.timegm(time.strptime(said, "%b %d %H:%M:%S %Y"))
    return (WORK / "r").read_bytes(), at


# --- vectors

def write(name, about, evidence, roots, verdict, why=None, problem=None, signer=None, at=STAMPED_AT, serial="07"):
    vector = {"about": about, "kind": "rfc3161", "version": 1, "body": BODY, "evidence": base64.b64encode(evidence).decode(),
              "told": {"tsa_roots": [base64.b64encode(root.der).decode() for root in roots]}, "verdict": verdict}
    if why:
        vector["why"] = why
    if problem:
        vector["problem"] = problem
    if signer:
        vector["claim"] = {"level": "trusted-party", "not_after": at, "authority": signer.rfc4514, "serial": serial, "policy": POLICY}
    (HERE / f"{name}.json").write_text(json.dumps(vector, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def good():
    root = Cert("根", ca=True, usage=usages(key_cert_sign=True, crl_sign=True))
    tsa = Cert("时间戳", root, usage=usages(digital_signature=True))
    evidence, at = ts(tsa)
    write("ecdsa-p256", "by openssl ts, ECDSA P-256", evidence, [root], "ok", signer=tsa, at=at, serial="1f2f")
    write("no-root", "the same for a reader who trusts no authority", evidence, [], "not checked", "no-trusted-root", signer=tsa, at=at, serial="1f2f")
    other, again = Cert("别的根", ca=True), Cert("根", ca=True)
    write("other-root", "the same for a reader who trusts another root", evidence, [other], "not checked", "no-trusted-root", signer=tsa, at=at, serial="1f2f")
    write("same-name-other-key", "a root of the same name with another key is somebody else", evidence, [again], "not checked", "no-trusted-root", signer=tsa, at=at, serial="1f2f")
    write("two-roots", "both roots of one name", evidence, [again, root], "ok", signer=tsa, at=at, serial="1f2f")
    write("pinned", "the authority's own certificate is what the reader trusts", evidence, [tsa], "ok", signer=tsa, at=at, serial="1f2f")

    big = Cert("RSA根", ca=True, key=rsa.generate_private_key(65537, 3072), hash=hashes.SHA384())
    by_rsa = Cert("RSA时间戳", big, key=rsa.generate_private_key(65537, 2048), hash=hashes.SHA384())
    evidence, at = ts(by_rsa, digest="sha512")
    write("rsa-2048-sha512", "by openssl ts, RSA, SHA-512", evidence, [big], "ok", signer=by_rsa, at=at, serial="1f2f")
    evidence, at = ts(by_rsa, ess="sha1", extra="accuracy = secs:1, millisecs:500, microsecs:100")
    write("ess-sha1", "the certificate is named by SHA-1 only; the authority is off by 1.5001 s at most", evidence, [big], "ok", signer=by_rsa, at=at + 2, serial="1f2f")
    curve = Cert("P384根", ca=True, key=ec.generate_private_key(ec.SECP384R1()), hash=hashes.SHA384())
    by_curve = Cert("P384时间戳", curve, key=ec.generate_private_key(ec.SECP384R1()), hash=hashes.SHA512())
    evidence, at = ts(by_curve, digest="sha384")
    write("ecdsa-p384", "by openssl ts, ECDSA P-384", evidence, [curve], "ok", signer=by_curve, at=at, serial="1f2f")
    pss_root = Cert("PSS根", ca=True, key=rsa.generate_private_key(65537, 2048), pss=True)
    by_pss = Cert("PSS时间戳", pss_root, key=rsa.generate_private_key(65537, 2048), pss=True)
    token = cms(by_pss, tst(), words=["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:32"])
    write("rsa-pss", "RSA-PSS, in the certificates too", response(token), [pss_root], "ok", signer=by_pss)

    top = Cert("顶", ca=True, path=1)
    middle = Cert("中", top, ca=True, path=0, eku=None)
    low = Cert("下", middle)
    # Long names first: OpenSSL writes the set as the file has it.
    evidence, at = ts(low, middle, top)
    write("intermediate-unsorted", "through a certificate in between; the set is in no order", evidence, [top], "ok", signer=low, at=at, serial="1f2f")
    write("intermediate-is-root", "the certificate in between is what the reader trusts", evidence, [middle], "ok", signer=low, at=at, serial="1f2f")
    write("by-key-identifier", "the signer is named by a key identifier", response(cms(tsa, tst(), words=["-keyid"])), [root], "ok", signer=tsa)
    short = Cert("短", root, since="2026-05-01", until="2026-07-01")
    write("expired-since", "the certificate has expired since the stamp", response(cms(short, tst())), [root], "ok", signer=short)
    write("fraction", "a time with a fraction is rounded up", response(cms(tsa, tst(at="20260601120000.25Z"))), [root], "ok", signer=tsa, at=STAMPED_AT + 1)
    write("status-text", "granted, with words", response(cms(tsa, tst()), tlv(0x30, b"\x02\x01\x00", tlv(0x30, tlv(12, b"Operation Okay")))), [root], "ok", signer=tsa)
    write("sha512-imprint", "a stamp on SHA-512 of the body", response(cms(tsa, tst(hash="sha512"))), [root], "not checked", "unsupported")


def chinese(root):
    write("sm3-imprint", "a stamp on SM3 of the body", response(cms(Cert("国密", root), tst(hash="sm3"))), [root], "not checked", "unsupported")
    # SM2 with SM3 as GM/T 0010 has it: the CMS type is China's own.
    token = tlv(0x30, oid("1.2.156.10197.6.1.4.2.2"), tlv(0xA0, tlv(0x30, integer(1))))
    write("sm2-content", "a token of GM/T 0010", response(token), [root], "not checked", "unsupported")
    # OpenSSL 3.0 makes no CMS signature by SM2, so an ECDSA one is relabelled; nothing looks at it before its name.
    tsa = Cert("国密", root)
    token = cms(tsa, tst())
    relabelled = token.replace(oid("1.2.840.10045.4.3.2") + tlv(4)[:1], tlv(6, _oid_body("1.2.156.10197.1.501")) + tlv(4)[:1])
    assert relabelled != token and len(relabelled) == len(token)
    write("sm2-signature", "signed by SM2 with SM3, as its label says", response(relabelled), [root], "not checked", "unsupported")


def bad():
    root = Cert("根", ca=True, usage=usages(key_cert_sign=True))
    tsa = Cert("时间戳", root)
    chinese(root)

    def fails(name, about, evidence, problem, roots=(root,)):
        write(name, about, evidence, list(roots), "failed", problem=problem)

    def by(signer, *others, **info):
        return response(cms(signer, tst(**info), *others))

    fails("other-checkpoint", "a stamp on another body", by(tsa, body="x\n1\ny\n"), "it stamps something else")
    fails("wrong-eku", "a certificate for code signing", by(Cert("a", root, eku=x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]))), "not for time-stamping alone")
    two = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING])
    fails("two-ekus", "for time-stamping and more", by(Cert("b", root, eku=two)), "not for time-stamping alone")
    fails("no-eku", "a certificate for anything", by(Cert("c", root, eku=None)), "not for time-stamping alone")
    fails("non-critical-eku", "time-stamping, not critical", by(Cert("d", root, eku_critical=False)), "does not call its use")
    fails("key-usage", "a key that is not for signing", by(Cert("e", root, usage=usages(key_encipherment=True))), "not for signing")
    fails("expired", "expired when it stamped", by(Cert("f", root, until="2026-05-31")), "not valid at the time")
    fails("not-yet-valid", "stamped before the certificate began", by(Cert("g", root, since="2026-06-02")), "not valid at the time")
    odd = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
    fails("critical-extension", "a critical extension that nobody knows", by(Cert("h", root, more=[odd])), "critical extension")
    old = Cert("旧根", ca=True, until="2026-05-31")
    fails("root-expired", "the root had expired", by(Cert("i", old)), "not valid at the time", [old])
    middle = Cert("j", root)
    fails("issuer-not-ca", "issued by a certificate that may not issue", by(Cert("k", middle), middle), "not of one who issues")
    path = Cert("路", ca=True, path=0)
    between = Cert("l", path, ca=True)
    fails("path-too-long", "the root allows no certificate in between", by(Cert("m", between), between), "so high", [path])
    no_sign = Cert("n", root, ca=True, usage=usages(crl_sign=True))
    fails("issuer-key-usage", "the one in between may not sign certificates", by(Cert("o", no_sign), no_sign), "not for signing certificates")
    fails("no-ess", "what is signed does not name the certificate", response(cms(tsa, tst(), ess=False)), "does not name the certificate")
    twin = Cert("时间戳", root, key=tsa.key, serial=tsa.serial, until="2035-01-01")
    fails("ess-of-another", "another certificate of the same key, name and number", response(cms(tsa, tst(), twin, words=["-nocerts"])), "names another certificate")
    fails("no-certificate", "the certificate is not there", response(cms(tsa, tst(), words=["-nocerts"])), "is not with it")
    second = Cert("p", root)
    fails("two-signers", "two signers", response(cms(tsa, tst(), words=["-signer", second.pem, "-inkey", str(second.stem) + ".key"])), "exactly one signer")
    fails("tst-version", "version 2 of TSTInfo", by(tsa, version=2), "does not know")
    unknown = tlv(0xA1, tlv(0x30, oid("1.2.3.4.5"), b"\x01\x01\xff", tlv(4, b"\x05\x00")))
    fails("tst-extension", "a critical extension of the stamp", by(tsa, more=unknown), "does not know")
    fails("local-time", "a time that is not in UTC", by(tsa, at="20260601120000"), "no time in UTC")
    fails("no-seconds", "a time without seconds", by(tsa, at="202606011200Z"), "no time in UTC")
    fails("rejected", "the authority said no", tlv(0x30, tlv(0x30, b"\x02\x01\x02", tlv(0x30, tlv(12, "没有额度".encode())))), "status 2, 没有额度")
    fails("granted-nothing", "granted, without a stamp", tlv(0x30, b"\x30\x03\x02\x01\x00"), "no response with a stamp")
    fails("followed", "a byte behind the answer", by(tsa) + b"\x00", "no RFC 3161 response")
    fails("empty", "nothing", b"", "no RFC 3161 response")
    forged = Cert("时间戳", root, serial=tsa.serial)
    fails("other-key", "signed by another key than the certificate's", response(cms(forged, tst(), tsa, words=["-nocerts"])), "names another certificate")
    weak = Cert("弱", root, key=rsa.generate_private_key(65537, 1024))
    write("rsa-1024", "an RSA key of 1,024 bits", by(weak), [root], "not checked", "unsupported")


good()
bad()
