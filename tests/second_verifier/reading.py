"""Reads what docs/format.md describes, written from that page alone: §§1–12 and 15. Anything else is refused."""

import base64
import binascii
import hashlib
import json
import re
import unicodedata

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PAYLOAD_TYPE = "application/vnd.suyuan.statement.v1+json"
ZERO = "0" * 64


class Refused(Exception):
    """What was read or judged is not right."""


def require(condition, why="malformed"):
    if not condition:
        raise Refused(why)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# -- §1.1 strict JSON ------------------------------------------------------------------------------------------------

INTEGER_MAX = 2**53 - 1


def depth_of(data):
    depth = deepest = 0
    in_string = escaped = False
    for byte in data:
        if escaped:
            escaped = False
        elif in_string:
            escaped, in_string = byte == 0x5C, byte != 0x22
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def unique_members(pairs):
    members = dict(pairs)
    require(len(members) == len(pairs), "a member twice")
    return members


def integer(text):
    number = int(text) if len(text) <= 17 else INTEGER_MAX + 1
    require(abs(number) <= INTEGER_MAX and text != "-0", "number")
    return number


def not_an_integer(_):
    raise Refused("number")


def parse_json(data):
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=unique_members, parse_int=integer,
                          parse_float=not_an_integer, parse_constant=not_an_integer)
    except (ValueError, RecursionError) as error:
        raise Refused(f"not JSON: {error}") from error


def canonical_text(text):
    return json.dumps(text, ensure_ascii=False)


def jcs(value):
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{canonical_text(name)}:{jcs(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(jcs, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def encode(value):
    try:
        return jcs(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise Refused("a lone surrogate") from error


def parse_canonical(data, bytes_max, depth_max):
    require(len(data) <= bytes_max, "too many bytes")
    require(not data.startswith(b"\xef\xbb\xbf"), "byte order mark")
    require(depth_of(data) <= depth_max, "too deep")
    value = parse_json(data)
    require(encode(value) == data, "not canonical")
    return value


# -- §1.2–1.6 texts, numbers, names ----------------------------------------------------------------------------------

INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
LABEL = r"(?!.*--)[a-z0-9](?:[a-z0-9-]{0,%d}[a-z0-9])?"
ORG, LOCAL = LABEL % 30, LABEL % 18
SUBJECT = re.compile(rf"ledger:|org:{ORG}|key:[0-9a-f]{{64}}|(?:plot|crop|batch|show):{ORG}\.{LOCAL}", re.ASCII)
HASH = re.compile("[0-9a-f]{64}")
STATEMENT_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
KIND_WORD = re.compile(r"(?!.*--)[a-z](?:[a-z0-9-]*[a-z0-9])?")
ROLES = set("carrier coop farm host lab packhouse platform processor registrar regulator warehouse".split())
MEDIA = set("application/json application/pdf audio/mpeg audio/ogg image/jpeg image/png image/webp text/csv video/mp4".split())


def is_good_text(text):
    return not INVISIBLE.search(text) and unicodedata.is_normalized("NFC", text)


def walk(value, pointer=""):
    yield pointer, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        yield from walk(item, f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}")


def check_texts(value, is_good_string=is_good_text):
    for pointer, node in walk(value):
        if isinstance(node, str):
            require(is_good_string(node), f"text at {pointer}")
        elif isinstance(node, dict):
            require(all(map(is_good_text, node)), f"member name at {pointer}")


def is_subject(value, *kinds):
    return isinstance(value, str) and bool(SUBJECT.fullmatch(value)) and (not kinds or kind_of(value) in kinds)


def kind_of(subject):
    return subject.split(":")[0]


def owner(subject):
    return subject.split(":")[1].split(".")[0] if "." in subject else None


def is_hash(value):
    return isinstance(value, str) and bool(HASH.fullmatch(value))


def is_natural(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_kind(text):
    name, slash, version = text.partition("/")
    words = all(KIND_WORD.fullmatch(word) for word in name.split("."))
    return bool(slash and words and len(name) <= 40 and re.fullmatch("[1-9][0-9]{0,4}", version) and int(version) <= 65535)


def is_date(text):
    match = re.fullmatch("([0-9]{4})-([0-9]{2})-([0-9]{2})", text)
    if not match:
        return False
    year, month, day = map(int, match.groups())
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return year >= 1970 and 1 <= month <= 12 and 1 <= day <= days[month - 1]


def is_instant(text):
    match = re.fullmatch("(.{10})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:Z|([+-])([0-9]{2}):([0-9]{2}))", text)
    if not match or not is_date(match[1]):
        return False
    clock = int(match[2]) <= 23 and int(match[3]) <= 59 and int(match[4]) <= 59
    offset = int(match[6] or 0) * 60 + int(match[7] or 0)
    return clock and int(match[7] or 0) <= 59 and offset <= 840 and not (match[5] == "-" and offset == 0)


def is_origin(text):
    return 1 <= len(text.encode()) <= 255 and not any(c in WHITE or c == "+" for c in text)


def from_base64(text):
    require(isinstance(text, str) and text.isascii(), "base64")
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Refused("base64") from error
    require(base64.b64encode(data).decode() == text, "base64")
    return data


def decimal(text):
    require(re.fullmatch("0|[1-9][0-9]*", text) and len(text) <= 20 and int(text) < 2**64, "number")
    return int(text)


def members(value, always, optional=()):
    require(isinstance(value, dict), "not an object")
    require(set(always) <= set(value) <= set(always) | set(optional), f"members {sorted(value)}")
    return value


def texts(value):
    require(isinstance(value, str), "not a string")
    return value


def items(value, least=0, most=None):
    require(isinstance(value, list) and len(value) >= least and (most is None or len(value) <= most), "array")
    return value


def rising(values):
    return all(a < b for a, b in zip(values, values[1:]))


def resolve(root, pointer):
    """RFC 6901 in its one spelling; None where it leads nowhere (or to null, which is nothing sealed)."""
    if pointer and not pointer.startswith("/") or re.search("~(?![01])", pointer):
        return None
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(root, dict) and token in root:
            root = root[token]
        elif isinstance(root, list) and re.fullmatch("0|[1-9][0-9]*", token) and len(token) < 9 and int(token) < len(root):
            root = root[int(token)]
        else:
            return None
    return root


# -- §2 Ed25519 ------------------------------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)


def decode_point(data):
    """Extended coordinates, or None."""
    number = int.from_bytes(data, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if v * x * x % P != u or (x == 0 and sign):
        return None
    x = x if x & 1 == sign else P - x
    return (x, y, 1, x * y % P)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number, point):
    result = IDENTITY
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def is_identity(point):
    return point[0] == 0 and point[1] == point[2]


GOOD_KEYS = {}


def is_good_key(data):
    if data not in GOOD_KEYS:
        point = decode_point(data) if len(data) == 32 else None
        GOOD_KEYS[data] = point is not None and not is_identity(point) and is_identity(times(L, point))
    return GOOD_KEYS[data]


GOOD_SIGNATURES = {}


def is_good_signature(key, message, signature):
    question = (key, message, signature)
    if question not in GOOD_SIGNATURES:
        GOOD_SIGNATURES[question] = checks_out(*question)
    return GOOD_SIGNATURES[question]


def checks_out(key, message, signature):
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= L:
        return False
    r = decode_point(signature[:32])
    if r is None or is_identity(times(8, r)):
        return False
    try:
        # OpenSSL compares the encoding of [S]B − [k]A with R byte for byte, as §2 asks.
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return True
    except InvalidSignature:
        return False


# -- §3 payload, §4 envelope -----------------------------------------------------------------------------------------

PAYLOAD_ALWAYS = "v id kind subject touches signers occurred_at recorded_at data".split()
PAYLOAD_OPTIONAL = "ledger origin place on_behalf_of source visibility device corrects attachments ext".split()


def is_sealed(value):
    return isinstance(value, dict) and list(value) == ["sealed"] and is_hash(value["sealed"])


def is_place_name(text):
    return isinstance(text, str) and 1 <= len(text) <= 100 and text.strip(WHITE) == text


def parse_payload(data):
    payload = parse_canonical(data, 61_440, 16)
    check_texts(payload)
    members(payload, PAYLOAD_ALWAYS, PAYLOAD_OPTIONAL)
    require(is_natural(payload["v"]) and payload["v"] == 1, "v")
    require(is_kind(texts(payload["kind"])), "kind")
    name = payload["kind"].partition("/")[0]
    require(("origin" in payload) == (name == "genesis") == ("ledger" not in payload), "ledger or origin")
    require(is_origin(texts(payload["origin"])) if "origin" in payload else is_hash(payload["ledger"]), "ledger or origin")
    require(("corrects" in payload) == (name == "correction") and is_hash(payload.get("corrects", ZERO)), "corrects")
    require(STATEMENT_ID.fullmatch(texts(payload["id"])), "id")
    subjects = subjects_of(payload)
    require(all(map(is_subject, items(payload["touches"], 0, 63))) and is_subject(payload["subject"]), "subjects")
    require(rising(payload["touches"]) and payload["subject"] not in payload["touches"], "touches")
    for signer in items(payload["signers"], 1, 4):
        members(signer, ["as", "key", "org"])
        require(is_subject(signer["org"], "org") and is_hash(signer["key"]) and texts(signer["as"]) in ROLES, "signer")
    signers = [(signer["org"], signer["key"]) for signer in payload["signers"]]
    require(rising(signers) and len({key for _, key in signers}) == len(signers), "signers")
    require(is_date(texts(payload["occurred_at"])) or is_instant(payload["occurred_at"]), "occurred_at")
    require(is_instant(texts(payload["recorded_at"])), "recorded_at")
    check_context(payload)
    require(isinstance(payload["data"], dict), "data")
    require(all(node in subjects for _, node in walk(payload["data"]) if is_subject(node)), "a subject that is not touched")
    return payload


def check_context(payload):
    if "place" in payload:
        place = members(payload["place"], [], ["gps", "plot", "site", "village"])
        require(place and is_place_name(place.get("site", "x")) and is_place_name(place.get("village", "x")), "place")
        require(is_subject(place.get("plot", "plot:a.b"), "plot") and is_sealed(place.get("gps", {"sealed": ZERO})), "place")
    whom = payload.get("on_behalf_of", "org:a")
    require(is_subject(whom, "org") or is_sealed(whom), "on_behalf_of")
    require(payload.get("source", "manual") in ["manual", "sensor", "third_party", "import"], "source")
    require(payload.get("visibility", "public") in ["public", "partners", "regulator"], "visibility")
    if "device" in payload:
        device = members(payload["device"], ["n", "prev"])
        require(is_natural(device["n"]) and is_hash(device["prev"]), "device")
        require((device["n"] == 0) == (device["prev"] == ZERO), "device")
    for file in items(payload.get("attachments", [None]), 1, 16) if "attachments" in payload else []:
        members(file, ["ai_made", "commitment", "in_app", "size", "type"], ["phash"])
        require(is_hash(file["commitment"]) and is_natural(file["size"]) and 1 <= file["size"] <= 20_971_520, "attachment")
        require(texts(file["type"]) in MEDIA and isinstance(file["in_app"], bool), "attachment")
        require(isinstance(file["ai_made"], bool) and re.fullmatch("[0-9a-f]{16}", texts(file.get("phash", ZERO[:16]))), "attachment")
    require("ext" not in payload or isinstance(payload["ext"], dict) and payload["ext"], "ext")


def subjects_of(payload):
    return [payload["subject"], *items(payload["touches"])]


def pae(payload):
    return b"DSSEv1 40 " + PAYLOAD_TYPE.encode() + b" %d " % len(payload) + payload


# -- §8 entries ------------------------------------------------------------------------------------------------------


ENTRY_BYTES_MAX = 65_535


class Entry:
    """A leaf; `payload` is None for a map record."""

    def __init__(self, value):
        self.kind = value.get("type") if isinstance(value, dict) else None
        require(self.kind in ["record", "genesis", "map"], "type")
        self.seq, self.at, self.payload, self.links = value.get("seq"), value.get("at"), None, []
        require(is_natural(self.seq) and is_natural(self.at), "seq or at")
        data = encode(value)
        require(len(data) <= ENTRY_BYTES_MAX, "an entry of too many bytes")
        self.leaf = sha256(b"\0", data).hex()
        if self.kind == "map":
            members(value, ["at", "root", "seq", "size", "type"])
            require(is_hash(value["root"]) and is_natural(value["size"]) and value["size"] == self.seq != 0, "map record")
            self.root, self.size = bytes.fromhex(value["root"]), value["size"]
            return
        members(value, ["at", "envelope", "links", "seq", "type"])
        require((self.kind == "genesis") == (self.seq == 0), "genesis")
        envelope = members(value["envelope"], ["payload", "payloadType", "signatures"])
        require(envelope["payloadType"] == PAYLOAD_TYPE and len(texts(envelope["payload"])) <= 81_920, "envelope")
        self.signed = from_base64(envelope["payload"])
        self.signatures = []
        for signature in items(envelope["signatures"], 1, 4):
            members(signature, ["keyid", "sig"])
            sig = from_base64(signature["sig"])
            require(is_hash(signature["keyid"]) and len(sig) == 64, "signature")
            self.signatures.append((signature["keyid"], sig))
        self.payload = parse_payload(self.signed)
        require(self.is_kind("genesis") == (self.kind == "genesis"), "genesis")
        require([key for key, _ in self.signatures] == [signer["key"] for signer in self.payload["signers"]], "signers")
        for link in items(value["links"]):
            members(link, ["n", "prev", "subject"])
            require(is_natural(link["n"]) and is_hash(link["prev"]) and (link["n"] == 0) == (link["prev"] == ZERO), "link")
        self.links = value["links"]
        require([link["subject"] for link in self.links] == subjects_of(self.payload), "links")

    def is_kind(self, *names):
        return self.payload["kind"].partition("/")[0] in names

    def link(self, subject):
        return next((link for link in self.links if link["subject"] == subject), None)

    def lots(self, side):
        listed = self.payload["data"].get(side)
        listed = listed if isinstance(listed, list) else []
        return {item["lot"] for item in listed if isinstance(item, dict) and isinstance(item.get("lot"), str)}


def parse_entry(data):
    return Entry(parse_canonical(data, ENTRY_BYTES_MAX, 8))


def introduced_keys(record):
    data = record.payload["data"]
    if record.payload["kind"] in ["genesis/1", "org.register/1"]:
        listed = data["keys"] if isinstance(data.get("keys"), list) else []
        keys = [item.get("public_key") if isinstance(item, dict) else None for item in listed]
    elif record.payload["kind"] == "org.key.add/1":
        keys = [data.get("public_key")]
    else:
        keys = []
    return [bytes.fromhex(key) for key in keys] if all(map(is_hash, keys)) else []


# -- §5 openings -----------------------------------------------------------------------------------------------------


def commitment(label, payload, pointer, salt, content):
    counted = [len(part).to_bytes(2, "big") + part for part in (payload["id"].encode(), pointer.encode())]
    return sha256(label, b"\0", bytes.fromhex(payload["ledger"]), *counted, bytes.fromhex(salt), content).hex()


def check_opening(payload, opening):
    require("ledger" in payload and isinstance(opening, dict), "opening")
    is_file = set(opening) == {"name", "pointer", "salt", "sha256"}
    members(opening, opening if is_file else ["pointer", "salt", "value"])
    pointer = texts(opening["pointer"])
    require(len(pointer.encode()) <= 65_535 and is_hash(opening["salt"]), "opening")
    if is_file:
        name = texts(opening["name"])
        require(1 <= len(name.encode()) <= 255 and not set(name) & set("/\\") and is_good_text(name), "file name")
        require(is_hash(opening["sha256"]), "opening")
        places = {f"/attachments/{i}": file["commitment"] for i, file in enumerate(payload.get("attachments", []))}
        content = bytes.fromhex(opening["sha256"])
        found = commitment(b"suyuan/blob/v1", payload, pointer, opening["salt"], content)
        require(places.get(pointer) == found, "opening")
        return
    place = resolve(payload, pointer)
    content = encode(opening["value"])
    require(is_sealed(place) and len(content) <= 16_384 and depth_of(content) <= 8, "opening")
    check_texts(opening["value"], lambda text: all(map(is_good_text, re.split("[\n\t]", text))))
    require(place["sealed"] == commitment(b"suyuan/sealed/v1", payload, pointer, opening["salt"], content), "opening")


# -- §9 log tree, §10 subject map ------------------------------------------------------------------------------------


def node_hash(left, right):
    return sha256(b"\1", left, right)


def subset_root(leaves, size, proof):
    require(rising([index for index, _ in leaves]) and (not leaves or leaves[-1][0] < size), "leaves")
    proof = iter(proof)

    def subtree(leaves, start, end):
        if not leaves:
            found = next(proof, None)
            require(found is not None, "the proof is too short")
            return found
        if end - start == 1:
            return leaves[0][1]
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        left = subtree([leaf for leaf in leaves if leaf[0] < middle], start, middle)
        return node_hash(left, subtree([leaf for leaf in leaves if leaf[0] >= middle], middle, end))

    root = subtree(leaves, 0, size) if size else sha256()
    require(next(proof, None) is None, "the proof is too long")
    return root


def climb(index, last, path, hashes):
    """RFC 9162 §2.1.3.2 and §2.1.4.2: hashes are [new] or [new, old]."""
    for brother in path:
        require(last != 0, "the proof is too long")
        if index & 1 or index == last:
            hashes = [node_hash(brother, each) for each in hashes]
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            hashes[0] = node_hash(hashes[0], brother)
        index, last = index >> 1, last >> 1
    require(last == 0, "the proof is too short")
    return hashes


def check_inclusion(leaf, index, size, path, root):
    require(index < size and climb(index, size - 1, path, [leaf]) == [root], "inclusion")


def check_consistency(old, new, old_root, new_root, path):
    if old in (0, new):
        require(not path and old_root == (sha256() if old == 0 else new_root), "consistency")
        return
    whole = old & (old - 1) == 0
    require(whole or path, "the proof is too short")
    first, rest = (old_root, path) if whole else (path[0], path[1:])
    shift = (old & -old).bit_length() - 1
    found = climb((old - 1) >> shift, (new - 1) >> shift, rest, [first, first])
    require(found == [new_root, old_root], "consistency")


def bit(key, depth):
    return key[depth // 8] >> (7 - depth % 8) & 1


def check_map(root, claim):
    def leaf(key, count, last):
        return sha256(b"suyuan/map-leaf/v1\0", key, count.to_bytes(8, "big"), bytes.fromhex(last))

    key, siblings = sha256(b"suyuan/subject/v1\0", claim["subject"].encode()), claim["siblings"]
    depth = len(siblings)
    require(depth <= 256, "siblings")
    found = bytes(32)
    if "count" in claim:
        found = leaf(key, claim["count"], claim["last"])
    elif "other" in claim:
        other = bytes.fromhex(claim["other"]["key"])
        require(other != key and all(bit(other, i) == bit(key, i) for i in range(depth)), "other")
        found = leaf(other, claim["other"]["count"], claim["other"]["last"])
    for i, sibling in enumerate(map(bytes.fromhex, siblings)):
        pair = (sibling, found) if bit(key, depth - 1 - i) else (found, sibling)
        found = sha256(b"suyuan/map-node/v1\0", *pair)
    require(found == root, "the map proof leads to another root")


# -- §11 notes, keys, checkpoints; §12 receipts; §15 trust file ------------------------------------------------------


def is_key_name(text):
    return bool(text) and not any(c in WHITE or c < " " or c == "+" for c in text)


def parse_vkey(text, kind):
    parts = text.split("+", 2)
    require(len(parts) == 3 and is_key_name(parts[0]) and re.fullmatch("[0-9a-f]{8}", parts[1]), "vkey")
    data = from_base64(parts[2])
    require(len(data) == 33 and data[0] == kind and is_good_key(data[1:]), "vkey")
    require(sha256(parts[0].encode(), b"\n", data)[:4].hex() == parts[1], "vkey")
    return parts[0], bytes.fromhex(parts[1]), kind, data[1:]


def parse_note(text):
    require(len(text.encode()) <= 65_536 and not any(c < " " and c != "\n" for c in text), "note")
    body, gap, lines = text.rpartition("\n\n")
    require(gap and lines.endswith("\n") and 1 <= lines.count("\n") <= 64, "note")
    signatures = []
    for line in lines[:-1].split("\n"):
        match = re.fullmatch("— ([^ ]+) ([^ ]+)", line)
        require(match and is_key_name(match[1]), "signature line")
        data = from_base64(match[2])
        require(len(data) > 4, "signature line")
        signatures.append((match[1], data[:4], data[4:]))
    return body + "\n", signatures


def signed_at(key, text, signature):
    """The time of a good cosignature, None for a good plain signature."""
    if key[2] == 1:
        require(is_good_signature(key[3], text.encode(), signature), "a known key's signature is bad")
        return None
    at = int.from_bytes(signature[:8], "big")
    message = f"cosignature/v1\ntime {at}\n{text}".encode()
    require(at < 2**63 and is_good_signature(key[3], message, signature[8:]), "a known key's signature is bad")
    return at


def open_checkpoint(note, trust):
    text, signatures = parse_note(note)
    by_log, times_of = [], {}
    for name, key_id, signature in signatures:
        known = {key for key in trust.log + [key for _, key in trust.witnesses] if key[:2] == (name, key_id)}
        require(len(known) <= 1, "two keys with one name and id")
        for key in known:
            at = signed_at(key, text, signature)
            if at is None:
                by_log.append(key)
            else:
                times_of[key] = max(at, times_of.get(key, 0))
    lines = text.split("\n")
    require(len(lines) == 4 and lines[3] == "" and is_key_name(lines[0]), "checkpoint")
    size, root = decimal(lines[1]), from_base64(lines[2])
    require(len(root) == 32 and lines[0] == trust.origin and any(key[0] == lines[0] for key in by_log), "checkpoint")
    cosigned = {witness: times_of[key] for witness, key in trust.witnesses if key in times_of}
    return size, root, cosigned


def open_receipt(text, trust):
    require(len(text.encode()) <= 262_144, "receipt")
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    require(gap and lines.pop(0) == "c2sp.org/tlog-proof@v1" and lines, "receipt")
    extra = b""
    if lines[0].startswith("extra"):
        require(len(lines[0]) > 6 and lines[0].startswith("extra "), "receipt")
        extra = from_base64(lines.pop(0)[6:])
    require(lines and lines[0].startswith("index "), "receipt")
    seq, path = decimal(lines[0][6:]), [from_base64(line) for line in lines[1:]]
    require(len(path) <= 64 and all(len(each) == 32 for each in path), "receipt")
    size, root, _ = open_checkpoint(note, trust)
    leaf = sha256(b"\0", extra)
    check_inclusion(leaf, seq, size, path, root)
    try:
        entry = parse_entry(extra)
    except Refused:
        entry = None
    return seq, leaf.hex(), entry


class Trust:
    def __init__(self, text):
        value = members(parse_json(text), ["genesis", "log", "origin", "v"], ["policy", "publication", "tsa_roots"])
        require(is_natural(value["v"]) and value["v"] == 1 and is_hash(value["genesis"]), "trust file")
        self.origin, self.genesis = texts(value["origin"]), value["genesis"]
        self.log = [parse_vkey(texts(key), 1) for key in items(value["log"], 1)]
        require(all(key[0] == self.origin for key in self.log), "trust file")
        if value.get("publication") is not None:
            account = "0x[0-9a-f]{40}"
            pattern = f"eip155:([1-9][0-9]{{0,19}}) {account} {account}"
            place = re.fullmatch(pattern, texts(value["publication"]), re.ASCII)
            require(place and int(place[1]) < 2**64, "trust file")
        for root in items(value["tsa_roots"], 0) if value.get("tsa_roots") is not None else []:
            from_base64(texts(root))
        self.witnesses, self.groups, self.quorum = [], {}, "none"
        if value.get("policy") is not None:
            self.read_policy(texts(value["policy"]))

    def read_policy(self, text):
        logs, quorums, members_of_groups = [], [], set()
        require(len(text.encode()) <= 65_536, "policy")
        for line in text.split("\n"):
            require(not re.search("[\x00-\x08\x0a-\x1f\x7f]", line), "policy")
            words = re.split("[ \t]+", line.strip(" \t"))
            if words[0] == "" or words[0].startswith("#"):
                continue
            names = {name for name, _ in self.witnesses} | set(self.groups)
            if words[0] == "log" and 2 <= len(words) <= 3:
                logs.append(parse_vkey(words[1], 1))
                require(len({key[3] for key in logs}) == len(logs), "policy")
            elif words[0] == "witness" and 3 <= len(words) <= 4:
                require(words[1] not in names | {"none"}, "policy")
                self.witnesses.append((words[1], parse_vkey(words[2], 4)))
                require(len({key[3] for _, key in self.witnesses}) == len(self.witnesses), "policy")
            elif words[0] == "group" and len(words) >= 3:
                inside = words[3:]
                threshold = {"all": len(inside), "any": 1}.get(words[2])
                threshold = decimal(words[2]) if threshold is None else threshold
                require(words[1] not in names | {"none"} and 1 <= threshold <= len(inside), "policy")
                require(set(inside) <= names and len(set(inside)) == len(inside) and not set(inside) & members_of_groups, "policy")
                members_of_groups |= set(inside)
                self.groups[words[1]] = (threshold, inside)
            else:
                require(words[0] == "quorum" and len(words) == 2 and words[1] in names | {"none"}, "policy")
                quorums.append(words[1])
        require(len(quorums) == 1 and set(logs) == set(self.log), "policy")
        require(max(len(logs), len(self.witnesses), len(self.groups)) <= 256, "policy")
        self.quorum = quorums[0]

    def is_met(self, cosigned, name):
        if name in self.groups:
            threshold, inside = self.groups[name]
            return sum(self.is_met(cosigned, each) for each in inside) >= threshold
        return name in cosigned
