"""Makes Suyuan bytes from docs/format.md alone, sharing no code with the Rust program.

    make.py examples        the worked examples of docs/format.md
    make.py check FILE      whether FILE holds each of them, word for word
    make.py bundles DIR     trust files, and bundles of a small ledger; evidence of omissions

Everything is deterministic: fixed seeds, salts, ids and times.
"""

import base64
import copy
import hashlib
import json
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PAYLOAD_TYPE = "application/vnd.suyuan.statement.v1+json"
ZERO = bytes(32)


# -- the conventions -------------------------------------------------------------------------------------------------


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def jcs(value):
    """RFC 8785 for what we write: integers only, and member names within the basic plane."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def b64(data):
    return base64.b64encode(data).decode()


class Key:
    def __init__(self, byte):
        self.private = Ed25519PrivateKey.from_private_bytes(bytes([byte]) * 32)
        self.public = self.private.public_key().public_bytes_raw()
        self.id = sha256(self.public).hex()

    def sign(self, message):
        return self.private.sign(message)

    @staticmethod
    def by_id(keyid):
        return KEYS[keyid]


KEYS = {key.id: key for key in map(Key, range(1, 16))}


# -- statements ------------------------------------------------------------------------------------------------------


def pae(payload):
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def envelope(payload, keys):
    signatures = [{"keyid": key.id, "sig": b64(key.sign(pae(payload)))} for key in keys]
    return {"payload": b64(payload), "payloadType": PAYLOAD_TYPE, "signatures": signatures}


def commitment(label, ledger, statement_id, pointer, salt, content):
    def counted(text):
        return len(text.encode()).to_bytes(2, "big") + text.encode()

    return sha256(label, b"\0", ledger, counted(statement_id), counted(pointer), salt, content)


# -- the log and the subject map -------------------------------------------------------------------------------------


def leaf_hash(data):
    return sha256(b"\0", data)


def node_hash(left, right):
    return sha256(b"\1", left, right)


def split(n):
    """The largest power of two below n."""
    return 1 << (n - 1).bit_length() - 1


def tree_root(leaves):
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha256()
    k = split(len(leaves))
    return node_hash(tree_root(leaves[:k]), tree_root(leaves[k:]))


def subset_proof(leaves, asked, start=0, end=None):
    end = len(leaves) if end is None else end
    if not any(start <= i < end for i in asked):
        return [tree_root(leaves[start:end])]
    if end - start == 1:
        return []
    middle = start + split(end - start)
    return subset_proof(leaves, asked, start, middle) + subset_proof(leaves, asked, middle, end)


def map_key(subject):
    return sha256(b"suyuan/subject/v1\0", subject.encode())


def map_leaf(key, count, last):
    return sha256(b"suyuan/map-leaf/v1\0", key, count.to_bytes(8, "big"), last)


def map_node(left, right):
    return sha256(b"suyuan/map-node/v1\0", left, right)


def bit(key, depth):
    return key[depth // 8] >> (7 - depth % 8) & 1


def map_root(chains, depth=0):
    """`chains` is {key: (count, last leaf hash)}."""
    if not chains:
        return ZERO
    if len(chains) == 1:
        ((key, (count, last)),) = chains.items()
        return map_leaf(key, count, last)
    sides = [{key: value for key, value in chains.items() if bit(key, depth) == side} for side in (0, 1)]
    return map_node(map_root(sides[0], depth + 1), map_root(sides[1], depth + 1))


def map_proof(chains, key):
    """The siblings from the leaf's end up, and the other leaf in the way, if any, as (key, count, last)."""
    siblings, depth = [], 0
    while len(chains) > 1:
        sides = [{k: v for k, v in chains.items() if bit(k, depth) == side} for side in (0, 1)]
        siblings.append(map_root(sides[1 - bit(key, depth)], depth + 1))
        chains, depth = sides[bit(key, depth)], depth + 1
    other = next(((k, *value) for k, value in chains.items() if k != key), None)
    return siblings[::-1], other


# -- notes -----------------------------------------------------------------------------------------------------------


def note_key_id(name, kind, public):
    return sha256(name.encode(), b"\n", bytes([kind]), public)[:4]


def vkey(name, kind, public):
    return f"{name}+{note_key_id(name, kind, public).hex()}+{b64(bytes([kind]) + public)}"


def checkpoint_text(origin, size, root):
    return f"{origin}\n{size}\n{b64(root)}\n"


def note_line(name, key, text):
    return f"— {name} {b64(note_key_id(name, 1, key.public) + key.sign(text.encode()))}\n"


def cosignature_line(name, key, text, time):
    signature = key.sign(f"cosignature/v1\ntime {time}\n{text}".encode())
    return f"— {name} {b64(note_key_id(name, 4, key.public) + time.to_bytes(8, 'big') + signature)}\n"


# -- short codes -----------------------------------------------------------------------------------------------------


def gf32_times(a, b):
    product = 0
    for i in range(5):
        product ^= (a << i) * (b >> i & 1)
    for i in range(9, 4, -1):
        product ^= (0b100101 << i - 5) * (product >> i & 1)
    return product


def short_code(subject):
    bits = int.from_bytes(sha256(subject.encode())[:5], "big")
    values = [bits >> 5 * i & 31 for i in range(7, -1, -1)]
    weight, check = 1, 0
    for value in values:
        weight = gf32_times(weight, 2)
        check ^= gf32_times(weight, value)
    return "B" + "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[value] for value in [*values, check])


# -- a ledger --------------------------------------------------------------------------------------------------------

ORIGIN = "example.com/suyuan"
REGISTRAR = [Key(1), Key(2)]
FARM = Key(3)
LOG = Key(9)
WITNESS = Key(10)
AHEAD = Key(12)
AT = 1_795_311_000_000


class Ledger:
    """Writes whatever it is told to: whether a record is allowed is for its readers to say."""

    def __init__(self, change=None):
        """`change`, if any, is called with seq, statement and ledger before each signature, and may alter the statement."""
        self.entries, self.chains, self.payloads, self.change = [], {}, [], change

    @property
    def leaves(self):
        return [leaf_hash(jcs(entry)) for entry in self.entries]

    @property
    def genesis(self):
        return self.leaves[0]

    def add(self, kind, subject, touches, signers, data, **more):
        """`signers` are (organisation, key, role)."""
        seq = len(self.entries)
        signers = sorted(signers, key=lambda signer: (signer[0], signer[1].id))
        home = {"origin": ORIGIN} if seq == 0 else {"ledger": self.genesis.hex()}
        statement = {
            "v": 1, **home, "id": f"01936f5e-7c3a-7b2f-8d1e-{seq:012x}", "kind": kind, "subject": subject,
            "touches": sorted(touches),
            "signers": [{"org": f"org:{org}", "key": key.id, "as": role} for org, key, role in signers],
            "occurred_at": "2026-11-22", "recorded_at": "2026-11-22T09:30:00+08:00", "data": data, **more,
        }
        if self.change:
            self.change(seq, statement, self)
        payload = jcs(statement)
        links = []
        for touched in [statement["subject"], *statement["touches"]]:
            count, last = self.chains.get(touched, (0, ZERO))
            links.append({"subject": touched, "n": count, "prev": last.hex()})
        self.payloads.append(payload)
        self.entries.append({
            "type": "record" if seq else "genesis", "seq": seq, "at": AT + 1000 * seq, "links": links,
            "envelope": envelope(payload, [Key.by_id(signer["key"]) for signer in statement["signers"]]),
        })
        for link in links:
            self.chains[link["subject"]] = (link["n"] + 1, self.leaves[-1])
        return self.leaves[-1]

    def map_by_key(self):
        return {map_key(subject): value for subject, value in self.chains.items()}

    def seal(self):
        seq = len(self.entries)
        self.entries.append({
            "type": "map", "seq": seq, "at": AT + 1000 * seq, "root": map_root(self.map_by_key()).hex(), "size": seq,
        })

    def note(self):
        text = checkpoint_text(ORIGIN, len(self.entries), tree_root(self.leaves))
        return text + "\n" + note_line(ORIGIN, LOG, text)


def founded(change=None):
    ledger = Ledger(change)
    ledger.add(
        "genesis/1", "org:registrar", [f"key:{key.id}" for key in REGISTRAR] + ["ledger:"],
        [("registrar", key, "registrar") for key in REGISTRAR],
        {"format": 1, "rules": 1, "registrar": {"name": "Example registrar"},
         "keys": [{"public_key": key.public.hex()} for key in REGISTRAR],
         "log_vkey": vkey(ORIGIN, 1, LOG.public)},
    )
    ledger.seal()
    return ledger


def register(ledger, org, role, key, name):
    ledger.add(
        "org.register/1", f"org:{org}", [f"key:{key.id}"],
        [("registrar", REGISTRAR[0], "registrar"), (org, key, role)],
        {"name": name, "roles": [role], "keys": [{"public_key": key.public.hex()}],
         "identity": {"checked_by": "registrar", "method": "document", "date": "2026-11-01"}},
    )


def grams(value):
    return {"value": value, "entered": str(value), "unit": "g"}


def village(change=None):
    """A farm plants, picks, packs and ships; a lab tests; a packhouse receives; one record is corrected."""
    ledger = founded(change)
    farm, lab, house, field = FARM, Key(4), Key(5), Key(6)

    register(ledger, "farm", "farm", farm, "石门果园")
    register(ledger, "lab", "lab", lab, "蔚县检测站")
    register(ledger, "house", "packhouse", house, "河口产地仓")
    ledger.seal()
    ledger.add(
        "org.key.add/1", f"key:{field.id}", [], [("farm", farm, "farm"), ("farm", field, "farm")],
        {"public_key": field.public.hex(), "scope": {"kinds": ["correction", "harvest", "input"]}},
    )
    ledger.add(
        "plot.register/1", "plot:farm.p1", [], [("farm", farm, "farm")],
        {"name": "一号地", "area": {"value": 66666667, "entered": "10", "unit": "mu"}, "crop": "苹果", "variety": "富士",
         "declared_yield": {"value": 5000000, "entered": "10000", "unit": "jin"}},
    )
    ledger.add(
        "crop.open/1", "crop:farm.c1", ["plot:farm.p1"], [("farm", farm, "farm")],
        {"plot": "plot:farm.p1", "crop": "苹果", "variety": "富士", "season": "2026"},
    )
    remark, file_hash = "雨后采收\n第二行", sha256(b"a photo").hex()
    salt, ledger_hash = bytes(range(32)), ledger.genesis
    statement_id = f"01936f5e-7c3a-7b2f-8d1e-{len(ledger.entries):012x}"
    note = commitment(b"suyuan/sealed/v1", ledger_hash, statement_id, "/data/note", salt, jcs(remark))
    photo = commitment(b"suyuan/blob/v1", ledger_hash, statement_id, "/attachments/0", salt, bytes.fromhex(file_hash))
    harvest = {"from": ["crop:farm.c1"], "quantity": grams(500000), "note": {"sealed": note.hex()}}
    picked = ledger.add(
        "harvest/1", "batch:farm.a1", ["crop:farm.c1"], [("farm", field, "farm")], harvest,
        attachments=[{"commitment": photo.hex(), "size": 7, "type": "image/jpeg", "in_app": True, "ai_made": False}],
        device={"n": 0, "prev": ZERO.hex()}, place={"village": "石门村", "plot": "plot:farm.p1"}, source="manual",
    )
    ledger.seal()
    ledger.add(
        "inspection/1", "batch:farm.a1", [], [("lab", lab, "lab")],
        {"sample_no": "S1", "lab": "lab", "method": "rapid", "received_date": "2026-11-21", "reported_date": "2026-11-22",
         "report_no": "R1", "items": [{"analyte": "毒死蜱", "result": "negative", "verdict": "pass"}], "conclusion": "pass",
         "report_file": photo.hex()},
        attachments=[{"commitment": photo.hex(), "size": 7, "type": "application/pdf", "in_app": False, "ai_made": False}],
    )
    ledger.add(
        "correction/1", "batch:farm.a1", ["crop:farm.c1"], [("farm", field, "farm")],
        {"reason": "typo", "data": {**harvest, "quantity": grams(600000)}}, corrects=picked.hex(),
    )
    shipped = ledger.add(
        "shipping/1", "batch:farm.a1", [], [("farm", farm, "farm")],
        {"lots": [{"lot": "batch:farm.a1", "quantity": grams(400000)}], "to": "house", "waybill_no": "W1",
         "depart_at": "2026-11-22T10:00:00+08:00", "temp_mode": "ambient"},
    )
    ledger.add(
        "receiving/1", "batch:farm.a1", [], [("house", house, "packhouse")],
        {"shipment": shipped.hex(), "lots": [{"lot": "batch:farm.a1", "quantity": grams(400000)}],
         "arrived_at": "2026-11-22T12:00:00+08:00", "accept": "accepted"},
    )
    ledger.add(
        "packing/1", "batch:house.b1", ["batch:farm.a1"], [("house", house, "packhouse")],
        {"inputs": [{"lot": "batch:farm.a1", "quantity": grams(390000)}],
         "outputs": [{"lot": "batch:house.b1", "quantity": grams(380000)}], "loss": grams(10000), "loss_reason": "rotten",
         "site": "河口", "product": "富士苹果", "pack_type": "carton", "net_weight": grams(5000), "pack_count": 76,
         "pack_date": "2026-11-22"},
    )
    ledger.seal()
    opened = [
        {"pointer": "/data/note", "salt": salt.hex(), "value": remark},
        {"pointer": "/attachments/0", "salt": salt.hex(), "name": "田边.jpg", "sha256": file_hash},
    ]
    return ledger, {"leaf": picked.hex(), "openings": opened}


def market(change=None):
    """The village, and a platform that watches over it: each kind that the village has no use for, once."""
    ledger, opened = village(change)
    farm, house, shop = ("farm", FARM, "farm"), ("house", Key(5), "packhouse"), ("shop", Key(13), "platform")
    registrar = ("registrar", REGISTRAR[0], "registrar")
    register(ledger, "shop", "platform", Key(13), "湖口平台")
    ledger.add("irrigation/1", "crop:farm.c1", [], [farm], {"method": "drip", "water": "well"})
    ledger.add("observation/1", "batch:farm.a1", [], [farm], {"action": "patrol", "finding": "normal"})
    held = ledger.add("hold/1", "batch:house.b1", [], [shop], {"reason": "precaution"})
    ledger.add(
        "release/1", "batch:house.b1", [], [shop], {"lifts": [held.hex()], "basis": "goods_inspected"},
    )
    ledger.add(
        "enforcement/1", "org:farm", ["batch:house.b1"], [shop],
        {"action": "warning", "basis": "no_documents", "lots": ["batch:house.b1"]},
    )
    ledger.add("sign-off/1", "batch:house.b1", [], [shop], {"verdict": "approved", "checked": ["test_report"]})
    ledger.add(
        "guarantee/1", "batch:house.b1", [], [house],
        {"terms": ["rot_paid"], "valid_from": "2026-11-22", "valid_until": "2026-12-22"},
    )
    sold = ledger.add(
        "sale/1", "batch:house.b1", [], [house],
        {"channel": "retail", "period": {"from": "2026-11-22", "to": "2026-11-22"}, "quantity": grams(5000)},
    )
    ledger.add(
        "withdrawal/1", "batch:house.b1", [], [house], {"withdraws": sold.hex(), "reason": "duplicate"},
    )
    ledger.add("rules.set/1", "ledger:", [], [registrar], {"table": "tunables", "tunables": {"late_hours": 72}})
    ledger.seal()
    return ledger, opened


def inclusion_path(leaves, index):
    path, start, end = [], 0, len(leaves)
    while end - start > 1:
        middle = start + split(end - start)
        path.append(tree_root(leaves[middle:end] if index < middle else leaves[start:middle]))
        start, end = (start, middle) if index < middle else (middle, end)
    return path[::-1]


def receipt(ledger, seq, note):
    leaves = ledger.leaves
    path = "".join(b64(each) + "\n" for each in inclusion_path(leaves, seq))
    return f"c2sp.org/tlog-proof@v1\nextra {b64(jcs(ledger.entries[seq]))}\nindex {seq}\n{path}\n{note}"


def claim(ledger, subject):
    siblings, other = map_proof(ledger.map_by_key(), map_key(subject))
    made = {"subject": subject, "siblings": [sibling.hex() for sibling in siblings]}
    if subject in ledger.chains:
        count, last = ledger.chains[subject]
        made.update(count=count, last=last.hex())
    elif other:
        made["other"] = {"key": other[0].hex(), "count": other[1], "last": other[2].hex()}
    return made


def bundle(ledger, asked, needed, note, without=(), **more):
    """`needed` are the subjects whose chains go in, worked out by hand; `without` are records that are left out."""
    last = len(ledger.entries) - 1
    taken = [
        entry for entry in ledger.entries
        if entry["seq"] == last
        or entry["seq"] not in without and any(link["subject"] in needed for link in entry.get("links", []))
    ]
    return {
        "v": 1, "subject": asked, "origin": ORIGIN, "rules": 1, "size": last + 1,
        "generated_at": "2026-11-22T13:00:00+08:00", "checkpoints": [note], "consistency": [], "records": taken,
        "inclusion": [each.hex() for each in subset_proof(ledger.leaves, {entry["seq"] for entry in taken})],
        "map": [claim(ledger, subject) for subject in sorted(needed)], "openings": [], "receipts": [], "anchors": [],
        "beyond": [], **more,
    }


def bundle_file(body):
    return jcs({"bundle": body, "sha256": sha256(jcs(body)).hex()})


def evidence_file(body):
    return jcs({"evidence": body, "sha256": sha256(jcs(body)).hex()})


def omissions(ledger):
    """What an operator who lies leaves behind, by the name of its file; the last shows nothing."""
    harvest, lot = 9, "batch:farm.a1"
    held = receipt(ledger, harvest, ledger.note())
    honest, silent, odd = (copy.deepcopy(ledger) for _ in range(3))
    del silent.chains[lot]
    odd.entries.append(odd.entries[harvest])
    for other in (honest, silent, odd):
        other.seal()
    signer = [("farm", Key(3), "farm")]
    twins = [copy.deepcopy(ledger) for _ in range(2)]
    for twin, data in zip(twins, [{"text": "one"}, {"text": "two"}]):
        twin.add("observation/1", lot, [], signer, data)
        twin.seal()
    place = len(ledger.entries)

    def told(other):
        """What the map of another ledger says of the lot."""
        return {"map": receipt(other, len(other.entries) - 1, other.note()), "claim": claim(other, lot)}

    bodies = {
        "entry": {"kind": "entry", "receipt": receipt(odd, place, odd.note())},
        "map": {"kind": "map", "receipt": held, **told(silent)},
        "twice": {"kind": "twice", "receipts": [receipt(twin, place, twin.note()) for twin in twins]},
        "nothing": {"kind": "map", "receipt": held, **told(honest)},
    }
    return {f"{name}.evidence": evidence_file({"v": 1, **body}) for name, body in bodies.items()}


def write_bundles(folder):
    ledger, openings = market()
    note = ledger.note()
    text = note.partition("\n\n")[0] + "\n"
    witnessed = note + cosignature_line("example.com/witness", WITNESS, text, AT // 1000 + 60)
    ahead = cosignature_line("example.com/ahead", AHEAD, text, AT // 1000 + 86_400)
    policy = (
        f"log {vkey(ORIGIN, 1, LOG.public)}\nwitness w {vkey('example.com/witness', 4, WITNESS.public)}\n"
        f"witness a {vkey('example.com/ahead', 4, AHEAD.public)}\nquorum w\n"
    )
    trust = {"v": 1, "origin": ORIGIN, "log": [vkey(ORIGIN, 1, LOG.public)], "genesis": ledger.genesis.hex()}
    ground = {"ledger:", "org:registrar"} | {f"key:{key.id}" for key in REGISTRAR}
    everybody = set(ledger.chains) - {"batch:house.b1"} | ground
    lab_chain = {f"key:{Key(4).id}", "org:lab"}
    receipts = [receipt(ledger, seq, note) for seq in (0, 9, len(ledger.entries) - 1)]
    files = {
        "ledger.ndjson": b"".join(jcs(entry) + b"\n" for entry in ledger.entries),
        "trust.json": json.dumps(trust, indent=1).encode(),
        "trust-witness.json": json.dumps({**trust, "policy": policy}, indent=1).encode(),
        "packed.bundle": bundle_file(bundle(
            ledger, "batch:house.b1", set(ledger.chains), witnessed, openings=[openings], receipts=receipts)),
        "one-ahead.bundle": bundle_file(bundle(ledger, "batch:farm.a1", everybody, witnessed + ahead)),
        "only-ahead.bundle": bundle_file(bundle(ledger, "batch:farm.a1", everybody, note + ahead)),
        "picked.bundle": bundle_file(bundle(ledger, "batch:farm.a1", everybody, note)),
        "absent.bundle": bundle_file(bundle(ledger, "batch:farm.zz", ground | {"batch:farm.zz"}, note)),
        "without-lab.bundle": bundle_file(bundle(ledger, "batch:farm.a1", everybody - lab_chain, note)),
        "absent-without-registrar.bundle": bundle_file(bundle(
            ledger, "batch:farm.zz", {"batch:farm.zz", "ledger:"}, note)),
        **omissions(ledger),
    }
    for name, data in files.items():
        with open(f"{folder}/{name}", "wb") as file:
            file.write(data)


# -- the worked examples of docs/format.md ---------------------------------------------------------------------------


def examples():
    ledger, salt = founded(), bytes(range(32))
    payload = ledger.payloads[0]
    entry, map_entry = ledger.entries
    statement_id, abab = "01936f5e-7c3a-7b2f-8d1e-0123456789ab", bytes([0xAB]) * 32
    remark = commitment(b"suyuan/sealed/v1", abab, statement_id, "/data/remark", salt, jcs("雨后采收\n第二行\t完"))
    blob = commitment(b"suyuan/blob/v1", abab, statement_id, "/attachments/0", salt,
                      bytes.fromhex("2cea274d0bedc39ec4ab6ba9e59ec889e3ed6fb56a1cf088a64d9b383378dc97"))
    text = checkpoint_text(ORIGIN, 2, tree_root(ledger.leaves))
    siblings, other = map_proof(ledger.map_by_key(), map_key("batch:farm.a1"))
    yield "public key of the seed 01…01", REGISTRAR[0].public.hex()
    yield "its keyid", REGISTRAR[0].id
    yield "genesis payload", payload.decode()
    yield "its SHA-256", sha256(payload).hex()
    yield "first bytes of its PAE", pae(payload)[:60].decode()
    for key, signature in zip(sorted(REGISTRAR, key=lambda key: key.id), entry["envelope"]["signatures"]):
        yield f"signature of {key.id[:8]}…", base64.b64decode(signature["sig"]).hex()
    yield "genesis leaf bytes", f"{len(jcs(entry))} bytes, SHA-256 {sha256(jcs(entry)).hex()}"
    yield "genesis leaf hash", ledger.genesis.hex()
    for subject in ["ledger:", "org:registrar"]:
        yield f"map key of {subject}", map_key(subject).hex()
    yield "map leaf of ledger:", map_leaf(map_key("ledger:"), 1, ledger.genesis).hex()
    yield "map root over record 0", map_entry["root"]
    yield "map record", jcs(map_entry).decode()
    yield "its leaf hash", ledger.leaves[1].hex()
    yield "log root of size 2", tree_root(ledger.leaves).hex()
    yield "absence of batch:farm.a1: key", map_key("batch:farm.a1").hex()
    yield "absence: siblings", " ".join(sibling.hex() for sibling in siblings)
    yield "absence: other", "none" if other is None else f"key {other[0].hex()} count {other[1]} last {other[2].hex()}"
    yield "log vkey", vkey(ORIGIN, 1, LOG.public)
    yield "checkpoint", text.replace("\n", "\\n")
    yield "log signature line", note_line(ORIGIN, LOG, text).rstrip("\n")
    yield "witness vkey", vkey("example.com/witness", 4, WITNESS.public)
    yield "cosignature line", cosignature_line("example.com/witness", WITNESS, text, 1_795_311_060).rstrip("\n")
    yield "sealed remark", remark.hex()
    yield "sealed file", blob.hex()
    yield "short code of batch:farm.a1", f"{short_code('batch:farm.a1')}, from 6b89f23940 = 13 14 4 31 4 14 10 0, check 15"


def main(arguments):
    if arguments == ["examples"]:
        for name, value in examples():
            print(f"{name}: {value}")
        return 0
    if len(arguments) == 2 and arguments[0] == "check":
        with open(arguments[1], encoding="utf-8") as file:
            text = file.read()
        absent = [name for name, value in examples() if value not in text]
        for name in absent:
            print(f"{arguments[1]} does not hold the example: {name}", file=sys.stderr)
        return 1 if absent else 0
    if len(arguments) == 2 and arguments[0] == "bundles":
        write_bundles(arguments[1])
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
