"""A second verifier of Suyuan bundles and of evidence of omissions, written from docs/format.md alone. § are its sections.

    verify.py TRUST FILE [--now SECONDS] [--max-age SECONDS] [--require LAYER,…]
    verify.py --many [--now SECONDS] [--max-age SECONDS]      TRUST, a tab and FILE on each line of stdin, one answer a line

Prints the layers as JSON; of evidence, whether it shows what it says. Exit codes: 0 verified, 1 not verified, 2 could not be checked.
"""

import argparse
import json
import sys
import time

from reading import (
    Entry, Refused, Trust, check_consistency, check_map, check_opening, encode, introduced_keys, is_good_key,
    is_good_signature, is_hash, is_natural, is_subject, items, kind_of, members, open_checkpoint, open_receipt, pae,
    parse_canonical, require, rising, sha256, subset_root, texts,
)
from rules import NewerRules, PartialLedger

LAYERS = ["encoding", "signatures", "rights", "chains", "completeness", "log", "freshness", "witnesses", "anchors"]
ALWAYS = LAYERS[:6]
BYTES_MAX, DEPTH_MAX, RECORDS_MAX = 8_388_608, 64, 4_096
BODY = (
    "anchors beyond checkpoints consistency generated_at inclusion map openings origin receipts records rules size subject v"
).split()


class NotChecked(Exception):
    """A layer that cannot be judged, and why."""


# -- §14 the bundle --------------------------------------------------------------------------------------------------


def hashes(value):
    require(all(map(is_hash, items(value))), "hashes")
    return [bytes.fromhex(each) for each in value]


def check_claim(claim):
    require(isinstance(claim, dict), "claim")
    members(claim, ["siblings", "subject"] + (["count", "last"] if "count" in claim else []),
            [] if "count" in claim else ["other"])
    require(is_subject(claim["subject"]), "claim")
    hashes(claim["siblings"])
    leaf = claim if "count" in claim else claim.get("other")
    if "other" in claim:
        require(is_hash(members(leaf, ["count", "key", "last"])["key"]), "claim")
    require(leaf is None or is_natural(leaf["count"]) and is_hash(leaf["last"]), "claim")


class Bundle:
    def __init__(self, data):
        file = members(parse_canonical(data, BYTES_MAX, 24), ["bundle", "sha256"])
        body = members(file["bundle"], BODY) if file["sha256"] == sha256(encode(file["bundle"])).hex() else None
        require(body, "the digest does not fit")
        require(is_natural(body["v"]) and body["v"] == 1 and is_subject(body["subject"]), "v or subject")
        require(is_natural(body["rules"]) and is_natural(body["size"]), "rules or size")
        self.subject, self.rules, self.size = body["subject"], body["rules"], body["size"]
        self.origin = texts(body["origin"])
        texts(body["generated_at"])
        self.checkpoints = list(map(texts, items(body["checkpoints"], 1)))
        self.consistency = []
        for proof in items(body["consistency"]):
            members(proof, ["from", "path", "to"])
            require(is_natural(proof["from"]) and is_natural(proof["to"]), "consistency")
            self.consistency.append((proof["from"], proof["to"], hashes(proof["path"])))
        self.entries = list(map(Entry, items(body["records"], 0, RECORDS_MAX)))
        require(rising([entry.seq for entry in self.entries]), "records are not in order")
        self.inclusion = hashes(body["inclusion"])
        self.claims = items(body["map"])
        list(map(check_claim, self.claims))
        require(rising([claim["subject"] for claim in self.claims]), "claims are not in order")
        self.openings = items(body["openings"])
        for group in self.openings:
            members(group, ["leaf", "openings"])
            require(is_hash(group["leaf"]), "openings")
            items(group["openings"])
        require(rising([group["leaf"] for group in self.openings]), "openings are not in order")
        self.receipts = list(map(texts, items(body["receipts"])))
        for anchor in items(body["anchors"]):
            members(anchor, ["evidence", "kind", "size", "version"])
            texts(anchor["evidence"]), texts(anchor["kind"])
            require(is_natural(anchor["size"]) and is_natural(anchor["version"]), "anchor")
        self.beyond = items(body["beyond"])
        require(all(map(is_subject, self.beyond)) and rising(self.beyond), "beyond")
        self.records = [entry for entry in self.entries if entry.kind != "map"]
        self.chains = {}
        for record in self.records:
            for link in record.links:
                self.chains.setdefault(link["subject"], []).append((link, record))

    @property
    def map_record(self):
        require(self.entries and self.entries[-1].kind == "map", "the last record is no map record")
        return self.entries[-1]


# -- §16.2 what is needed --------------------------------------------------------------------------------------------


def parents(subject, record):
    touches, main = record.payload["touches"], record.payload["subject"] == subject
    kind = record.payload["kind"]
    if kind in ["planting/1", "harvest/1"] and main:
        return [touched for touched in touches if kind_of(touched) in ["crop", "plot"]]
    if kind == "crop.open/1" and main:
        return [touched for touched in touches if kind_of(touched) == "plot"]
    outputs = record.lots("outputs")
    if kind in ["grading/1", "packing/1", "processing/1"] and subject in outputs:
        return [touched for touched in touches if kind_of(touched) == "batch" and touched not in outputs]
    return []


def needed_by(bundle):
    needed, beyond = {bundle.subject: 0, "ledger:": 0, "org:registrar": 0}, set()
    following = list(needed)

    def reach(subject, depth):
        beyond.discard(subject)
        if depth < needed.get(subject, depth + 1):
            needed[subject] = depth
            following.append(subject)

    while following:
        subject = following.pop()
        depth = needed[subject]
        for _, record in bundle.chains.get(subject, []):
            for parent in parents(subject, record):
                deeper = depth + (kind_of(parent) == "batch")
                if deeper > DEPTH_MAX and parent not in needed:
                    beyond.add(parent)
                else:
                    reach(parent, deeper)
            for signer in record.payload["signers"]:
                reach(signer["org"], depth)
                reach("key:" + signer["key"], depth)
    return needed, beyond


# -- §16 the layers --------------------------------------------------------------------------------------------------


class Verifier:
    def __init__(self, bundle, trust, now, max_age):
        self.bundle, self.trust, self.now, self.max_age = bundle, trust, now, max_age
        self.needed, self.beyond = needed_by(bundle)
        self.complete, self.cosigned, self.log_is_ok = set(), None, False

    def judge(self):
        answers = {}
        # Completeness finds what rights builds on, and the log what witnesses and freshness do.
        for layer in ["encoding", "signatures", "chains", "log", "completeness", "rights", "witnesses", "freshness", "anchors"]:
            try:
                getattr(self, layer)()
                answers[layer] = {"status": "ok", "reason": ""}
            except Refused as why:
                answers[layer] = {"status": "failed", "reason": str(why)}
            except NotChecked as why:
                answers[layer] = {"status": "not checked", "reason": str(why)}
        return {layer: answers[layer] for layer in LAYERS}

    def encoding(self):
        require(self.bundle.beyond == sorted(self.beyond), "beyond")

    def signatures(self):
        keys, missing = {}, None
        for record in self.bundle.records:
            for key in introduced_keys(record):
                require(is_good_key(key), "a public key is not good")
                keys[sha256(key).hex()] = key
        for record in self.bundle.records:
            for keyid, signature in record.signatures:
                missing = missing or (keyid if keyid not in keys else None)
                good = keyid not in keys or is_good_signature(keys[keyid], pae(record.signed), signature)
                require(good, f"record {record.seq}: a bad signature")
        records = {record.leaf: record for record in self.bundle.records}
        for group in self.bundle.openings:
            require(group["leaf"] in records, "openings of a record that is not here")
            for opening in group["openings"]:
                check_opening(records[group["leaf"]].payload, opening)
        if missing:
            raise NotChecked(f"the bundle does not carry key {missing}")

    def chains(self):
        entries = self.bundle.entries
        require(all(a.at <= b.at for a, b in zip(entries, entries[1:])), "at falls")
        for record in self.bundle.records:
            require(record.kind == "genesis" or record.payload["ledger"] == self.trust.genesis, "for another ledger")
        ids = {(record.payload["signers"][0]["org"], record.payload["id"]) for record in self.bundle.records}
        require(len(ids) == len(self.bundle.records), "an id twice")
        for subject, chain in self.bundle.chains.items():
            for (before, earlier), (after, _) in zip(chain, chain[1:]):
                require(after["n"] > before["n"], f"{subject}: two records where one is due")
                require(after["n"] > before["n"] + 1 or after["prev"] == earlier.leaf, f"{subject}: broken")

    def log(self):
        bundle, trust = self.bundle, self.trust
        checkpoints = [open_checkpoint(note, trust) for note in bundle.checkpoints]
        size, root, cosigned = checkpoints[0]
        require(bundle.origin == trust.origin and size == bundle.size, "the first checkpoint is another")
        require(bundle.map_record.seq + 1 == size, "the last record is not that of the checkpoint")
        first = bundle.entries[0]
        require(first.kind == "genesis" and first.leaf == trust.genesis, "another genesis")
        leaves = [(entry.seq, bytes.fromhex(entry.leaf)) for entry in bundle.entries]
        require(subset_root(leaves, size, bundle.inclusion) == root, "the records are not the log's")
        require(len(bundle.consistency) == len(checkpoints) - 1, "consistency")
        for (other, other_root, _), (old, new, path) in zip(checkpoints[1:], bundle.consistency):
            ends = [(other, other_root), (size, root)] if other <= size else [(size, root), (other, other_root)]
            require((old, new) == (ends[0][0], ends[1][0]), "consistency of other sizes")
            check_consistency(old, new, ends[0][1], ends[1][1], path)
        self.cosigned, self.log_is_ok = cosigned, True

    def completeness(self):
        root, absent = self.bundle.map_record.root, set()
        for claim in self.bundle.claims:
            check_map(root, claim)
            chain = self.bundle.chains.get(claim["subject"], [])
            if "count" not in claim:
                require(not chain, "absent, and here are its records")
                absent.add(claim["subject"])
                continue
            require(len(chain) <= claim["count"], "more records than the map counts")
            whole = len(chain) == claim["count"] and all(link["n"] == n for n, (link, _) in enumerate(chain))
            if whole:
                require(chain and chain[-1][1].leaf == claim["last"], "the chain ends elsewhere")
                self.complete.add(claim["subject"])
        for receipt in self.bundle.receipts:
            self.check_receipt(receipt)
        for subject in sorted(set(self.needed) - self.complete):
            if not (subject == self.bundle.subject and subject in absent):
                raise NotChecked(f"the chain of {subject} is not here in full")
        if self.beyond:
            raise NotChecked("ancestors beyond the depth")

    def check_receipt(self, text):
        """§17, a receipt against the bundle."""
        seq, leaf, entry = open_receipt(text, self.trust)
        require(entry and entry.seq == seq, "the log holds what is no entry")
        claims = {claim["subject"]: claim for claim in self.bundle.claims}
        for link in entry.links:
            for other, record in self.bundle.chains.get(link["subject"], []):
                require(other["n"] != link["n"] or record.leaf == leaf, "two records at one place")
            claim = claims.get(link["subject"])
            if claim and seq < self.bundle.map_record.size:
                count = claim.get("count", 0)
                require(count > link["n"] and (count > link["n"] + 1 or claim["last"] == leaf), "left out")

    def rights(self):
        ledger, missing = PartialLedger(self.complete), set()
        for record in self.bundle.records:
            try:
                missing |= ledger.apply(record)
            except NewerRules as error:
                raise NotChecked("newer rules than this verifier knows") from error
        require(ledger.rules == self.bundle.rules, "other rules than the ledger's")
        if missing & set(self.needed):
            raise NotChecked(f"the chain of {min(missing & set(self.needed))} is not here in full")

    def require_witnesses(self):
        if not self.log_is_ok or self.trust.quorum == "none":
            raise NotChecked("no witnesses are asked for, or the checkpoint is not the log's")

    def witnesses(self):
        self.require_witnesses()
        if not self.trust.is_met(self.cosigned, self.trust.quorum):
            raise NotChecked("not enough witnesses")

    def freshness(self):
        self.require_witnesses()
        newest = max((time for time in self.cosigned.values() if time <= self.now + 300), default=None)
        if newest is None or newest < self.now - self.max_age:
            raise NotChecked(f"as of {newest}")

    def anchors(self):
        raise NotChecked("anchors are not checked here")


# -- §17 evidence ----------------------------------------------------------------------------------------------------


def links_of(entry):
    return entry.links if entry and entry.kind != "map" else []


def check_left_out(receipt, map_receipt, claim):
    (seq, leaf, entry), (_, _, map_record) = receipt, map_receipt
    require(map_record and map_record.kind == "map", "not of a map record")
    check_map(map_record.root, claim)
    links = [link for link in links_of(entry) if link["subject"] == claim["subject"]]
    require(links and seq < map_record.size, "the map need not tell of it")
    n, count = links[0]["n"], claim.get("count", 0)
    require(count <= n or (count == n + 1 and claim["last"] != leaf), "the map tells of it")


def check_evidence(data, trust):
    file = members(parse_canonical(data, 1_048_576, 16), ["evidence", "sha256"])
    body = file["evidence"]
    require(isinstance(body, dict) and file["sha256"] == sha256(encode(body)).hex(), "the digest does not fit")
    require(is_natural(body.get("v")) and body["v"] == 1, "v")
    if body.get("kind") == "entry":
        members(body, ["kind", "receipt", "v"])
        seq, _, entry = open_receipt(texts(body["receipt"]), trust)
        require(not entry or entry.seq != seq, "the entry is well formed")
    elif body.get("kind") == "map":
        members(body, ["claim", "kind", "map", "receipt", "v"])
        check_claim(body["claim"])
        receipts = [open_receipt(texts(body[name]), trust) for name in ["receipt", "map"]]
        check_left_out(*receipts, body["claim"])
    else:
        members(body, ["kind", "receipts", "v"])
        require(body["kind"] == "twice", "kind")
        (_, one, first), (_, other, second) = [open_receipt(text, trust) for text in map(texts, items(body["receipts"], 2, 2))]
        places = [{(link["subject"], link["n"]) for link in links_of(entry)} for entry in [first, second]]
        require(one != other and places[0] & places[1], "not one place of one chain")


def judge_evidence(data, trust):
    try:
        check_evidence(data, trust)
    except Refused as why:
        return {"evidence": {"status": "failed", "reason": str(why)}}
    return {"evidence": {"status": "ok", "reason": ""}}


def is_evidence(data):
    return bytes(byte for byte in data[:64] if byte not in b" \t\n\f\r").startswith(b'{"evidence"')


def judge(data, trust, now, max_age):
    return judge_evidence(data, trust) if is_evidence(data) else verify(data, trust, now, max_age)


def verify(data, trust, now, max_age):
    try:
        bundle = Bundle(data)
    except Refused as why:
        answers = {layer: {"status": "not checked", "reason": "the file could not be read"} for layer in LAYERS}
        return {**answers, "encoding": {"status": "failed", "reason": str(why)}}
    return Verifier(bundle, trust, now, max_age).judge()


def is_verified(answers, required):
    if "evidence" in answers:
        return answers["evidence"]["status"] == "ok"
    failed = any(answer["status"] == "failed" for answer in answers.values())
    return not failed and all(answers[layer]["status"] == "ok" for layer in [*ALWAYS, *required])


def read(path):
    with open(path, "rb") as file:
        data = file.read(BYTES_MAX + 1)
    require(len(data) <= BYTES_MAX and data.lstrip(b" \t\n\f\r").startswith(b"{"), f"{path} is no bundle")
    return data


def read_trust(path):
    with open(path, "rb") as file:
        return Trust(file.read())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("trust", nargs="?")
    parser.add_argument("bundle", nargs="?")
    parser.add_argument("--many", action="store_true")
    parser.add_argument("--now", type=int, default=int(time.time()))
    parser.add_argument("--max-age", type=int, default=86_400)
    parser.add_argument("--require", default="")
    args = parser.parse_args()
    required = [layer for layer in args.require.split(",") if layer]
    try:
        require(bool(args.bundle) != args.many and set(required) <= set(LAYERS), "arguments")
        if args.many:
            for line in sys.stdin:
                trust, bundle = line.rstrip("\n").split("\t")
                with open(bundle, "rb") as file:
                    print(json.dumps(judge(file.read(), read_trust(trust), args.now, args.max_age)))
            return 0
        answers = judge(read(args.bundle), read_trust(args.trust), args.now, args.max_age)
    except (Refused, OSError) as why:
        print(f"could not be checked: {why}", file=sys.stderr)
        return 2
    print(json.dumps(answers, indent=1))
    return 0 if is_verified(answers, required) else 1


if __name__ == "__main__":
    sys.exit(main())
