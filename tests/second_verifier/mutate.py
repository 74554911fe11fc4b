"""Bundles that are not as they should be, to hold two verifiers against each other.

    mutate.py BUNDLE DIR COUNT     changes something in BUNDLE, COUNT times
    mutate.py evidence FOLDER DIR COUNT    changes something in one of FOLDER's evidence files, COUNT times
    mutate.py ledgers DIR COUNT    whole ledgers that break a rule, and COUNT that may, signed and proven as if none did
"""

import base64
import copy
import glob
import json
import random
import sys

import make
import reading

OTHERS = [None, True, 0, 1, 2**53, -1, "", "x", "e\u0301", "a\u200bb", [], {}, "org:farm", "batch:farm.a1", "0" * 64]


def nodes(value, path=()):
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        yield from nodes(item, (*path, name))


def put(root, path, value):
    for name in path[:-1]:
        root = root[name]
    root[path[-1]] = value


def changed_text(rng, text):
    at = rng.randrange(len(text)) if text else 0
    pool = "0123456789abcdef" if text.isalnum() and text.islower() else "abc:. \n/+=é—AB019"
    return text[:at] + rng.choice(pool) + text[at + rng.randrange(2):]


def changed(rng, value, everything):
    if rng.random() < 0.15:
        return copy.deepcopy(rng.choice(OTHERS))
    if rng.random() < 0.2:
        return copy.deepcopy(rng.choice([other for _, other in everything if type(other) is type(value)]))
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + rng.choice([-1, 1, 10])
    if isinstance(value, str):
        return changed_text(rng, value)
    if isinstance(value, list):
        value = list(value)
        if value:
            at = rng.randrange(len(value))
            rng.choice([lambda: value.pop(at), lambda: value.insert(at, copy.deepcopy(value[at])), value.reverse])()
        return value
    value = dict(value)
    if value and rng.random() < 0.7:
        del value[rng.choice(sorted(value))]
    else:
        value["extra"] = 1
    return value


def change_payload(rng, body):
    """Changes what was signed, and mostly signs it anew."""
    records = [entry for entry in body["records"] if isinstance(entry, dict) and "envelope" in entry]
    entry = rng.choice(records)
    payload = json.loads(base64.b64decode(entry["envelope"]["payload"]))
    everything = list(nodes(payload))
    path, value = rng.choice(everything[1:])
    put(payload, path, changed(rng, value, everything))
    data = make.jcs(payload)
    entry["envelope"]["payload"] = make.b64(data)
    if rng.random() < 0.8:
        for signature in entry["envelope"]["signatures"]:
            if signature["keyid"] in make.KEYS:
                signature["sig"] = make.b64(make.Key.by_id(signature["keyid"]).sign(make.pae(data)))


def mutant(rng, original):
    if rng.random() < 0.1:
        data = bytearray(original)
        at = rng.randrange(len(data))
        data[at] = rng.choice([data[at] ^ 1 << rng.randrange(8), 0x20, 0x30])
        return bytes(data)
    while True:
        body = json.loads(original)["bundle"]
        try:
            for _ in range(rng.choice([1, 1, 1, 2])):
                change_body(rng, body)
            return make.bundle_file(body)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            # A second change met what the first one left behind.
            continue


def change_body(rng, body):
    if rng.random() < 0.4:
        change_payload(rng, body)
        return
    everything = list(nodes(body))
    top = [place for place in everything if len(place[0]) == 1]
    path, value = rng.choice(everything[1:] if rng.random() < 0.7 else top)
    put(body, path, changed(rng, value, everything))


def at(seq, path, value):
    """A change of one place in the statement that becomes entry `seq`."""
    def change(here, statement, ledger):
        if here == seq:
            for member in path[:-1]:
                statement = statement[member]
            if callable(value):
                value(statement, path[-1])
            else:
                statement[path[-1]] = value
    return change


def drop(parent, member):
    parent.pop(member)


def signed_by(seq, org, byte, role):
    signer = {"org": f"org:{org}", "key": make.Key(byte).id, "as": role}
    return at(seq, ["signers"], [signer])


def also_signed_by(seq, org, byte, role):
    def change(here, statement, ledger):
        if here == seq:
            statement["signers"].append({"org": f"org:{org}", "key": make.Key(byte).id, "as": role})
            statement["signers"].sort(key=lambda signer: (signer["org"], signer["key"]))
    return change


# Entries of make.village: 0 genesis, 2 farm, 3 lab, 4 house, 6 field key, 7 plot, 8 crop, 9 harvest, 11 inspection,
# 12 correction, 13 shipping, 14 receiving, 15 packing; 1, 5, 10, 16 are map records.
LEDGERS = {
    "unchanged": None,
    "genesis-other-rules": at(0, ["data", "rules"], 0),
    "genesis-newer-rules": at(0, ["data", "rules"], 2),
    "genesis-rules-in-words": at(0, ["data", "rules"], "1"),
    "genesis-without-log-key": at(0, ["data", "log_vkey"], drop),
    "genesis-log-key-of-another-name": at(0, ["data", "log_vkey"], make.vkey("example.com/other", 1, make.LOG.public)),
    "genesis-log-key-of-a-witness": at(0, ["data", "log_vkey"], make.vkey(make.ORIGIN, 4, make.LOG.public)),
    "genesis-one-key": at(0, ["data", "keys"], lambda parent, member: parent[member].pop()),
    "genesis-as-farm": at(0, ["signers", 0, "as"], "farm"),
    "genesis-other-touch": at(0, ["touches"], lambda parent, member: parent[member].pop()),
    "register-without-registrar": at(2, ["signers"], lambda parent, member: parent[member].pop()),
    "register-without-possession": at(2, ["signers"], lambda parent, member: parent[member].pop(0)),
    "register-a-registrar": at(3, ["data", "roles"], ["registrar"]),
    "register-no-roles": at(3, ["data", "roles"], []),
    "register-other-role": at(3, ["signers", 0, "as"], "farm"),
    "register-by-the-farm": signed_by(4, "farm", 3, "farm"),
    "register-twice": at(4, ["subject"], "org:farm"),
    "register-more-touches": at(4, ["touches"], lambda parent, member: parent[member].append("plot:house.x")),
    "register-a-bad-key": at(4, ["data", "keys", 0, "public_key"], "01" + "00" * 31),
    "key-for-another": at(6, ["signers", 0, "org"], "org:lab"),
    "key-by-a-stranger": also_signed_by(6, "lab", 4, "lab"),
    "key-without-possession": signed_by(6, "farm", 3, "farm"),
    "key-alone": signed_by(6, "farm", 6, "farm"),
    "key-in-no-role": at(6, ["signers", 0, "as"], "lab"),
    "key-of-no-scope": at(6, ["data", "scope"], lambda parent, member: parent.pop(member)),
    "key-of-other-scope": at(6, ["data", "scope"], {"kinds": ["packing"]}),
    "key-scope-without-correction": at(6, ["data", "scope"], {"kinds": ["harvest"]}),
    "key-scope-only-correction": at(6, ["data", "scope"], {"kinds": ["correction"]}),
    "key-of-the-plot": at(6, ["data", "plots"], ["farm.p1"]),
    "key-of-another-plot": at(6, ["data", "plots"], ["farm.p2"]),
    "key-of-odd-plots": at(6, ["data", "plots"], "farm.p1"),
    "key-ended": at(6, ["data", "valid_until"], "2020-01-01"),
    "plot-of-another": at(7, ["subject"], "plot:house.p1"),
    "plot-by-the-lab": signed_by(7, "lab", 4, "lab"),
    "plot-touches-more": at(7, ["touches"], ["batch:farm.q"]),
    "crop-on-another-plot": at(8, ["data", "plot"], "plot:farm.p9"),
    "crop-of-another-owner": at(8, ["subject"], "crop:lab.c1"),
    "crop-without-plot": lambda seq, s, ledger: seq == 8 and (s["data"].pop("plot"), s.update(touches=[])),
    "crop-with-plot-in-other-words": lambda seq, s, ledger: seq == 8 and (
        s["data"].update(plot="farm.p1"), s.update(touches=[])),
    "harvest-of-too-many-bytes": at(9, ["ext"], {"filler": "x" * 49_000}),
    "harvest-by-the-lab": signed_by(9, "lab", 4, "lab"),
    "harvest-as-coop": at(9, ["signers", 0, "as"], "coop"),
    "harvest-of-another": at(9, ["subject"], "batch:lab.a1"),
    "harvest-other-ledger": at(9, ["ledger"], "ab" * 32),
    "harvest-wrong-seal": at(9, ["data", "note", "sealed"], "ab" * 32),
    "harvest-wrong-blob": at(9, ["attachments", 0, "commitment"], "ab" * 32),
    "harvest-of-unknown-version": at(9, ["kind"], "harvest/2"),
    "harvest-by-strangers-key": signed_by(9, "farm", 7, "farm"),
    "harvest-two-signers": also_signed_by(9, "lab", 4, "lab"),
    "harvest-two-signers-one-bad": also_signed_by(9, "lab", 4, "farm"),
    "harvest-second-unknown": also_signed_by(9, "zoo", 8, "lab"),
    "planted-not-picked": lambda seq, s, ledger: seq == 9 and s.update(kind="planting/1"),
    "inspection-by-the-farm": signed_by(11, "farm", 3, "farm"),
    "inspection-by-the-house": signed_by(11, "house", 5, "packhouse"),
    "inspection-of-nothing": at(11, ["subject"], "batch:farm.none"),
    "corrected-twice": lambda seq, s, ledger: seq == 13 and correct_again(s, ledger, 12),
    "corrected-beside": lambda seq, s, ledger: seq == 13 and correct_again(s, ledger, 9),
    "inspection-without-its-report": at(11, ["attachments"], drop),
    "inspection-of-a-plot": at(11, ["subject"], "plot:farm.p1"),
    "correction-by-the-lab": signed_by(12, "lab", 4, "lab"),
    "correction-of-the-inspection": at(12, ["corrects"], "ab" * 32),
    "correction-of-lots": at(12, ["data", "data", "from"], ["plot:farm.p1"]),
    "correction-without-data": at(12, ["data", "data"], drop),
    "correction-touches-less": lambda seq, s, ledger: seq == 12 and (s.update(touches=[]), s["data"]["data"].pop("from")),
    "shipping-by-the-house": signed_by(13, "house", 5, "packhouse"),
    "shipping-to-the-lab": at(13, ["data", "to"], "lab"),
    "shipping-to-nobody": at(13, ["data", "to"], drop),
    "shipping-of-no-lots": at(13, ["data", "lots"], []),
    "receiving-by-the-lab": signed_by(14, "lab", 4, "lab"),
    "receiving-without-shipment": at(14, ["data", "shipment"], drop),
    "receiving-another-shipment": at(14, ["data", "shipment"], "ab" * 32),
    "receiving-rejected": at(14, ["data", "accept"], "rejected"),
    "packing-by-the-farm": signed_by(15, "farm", 3, "farm"),
    "packing-for-another": lambda seq, s, ledger: seq == 15 and (
        s.update(subject="batch:farm.b1"), s["data"]["outputs"][0].update(lot="batch:farm.b1")),
    "packing-into-the-old": lambda seq, s, ledger: seq == 15 and s["data"]["outputs"][0].update(lot="batch:farm.a1"),
    "packing-about-the-input": lambda seq, s, ledger: seq == 15 and s.update(
        subject="batch:farm.a1", touches=["batch:house.b1"]),
    "revoked": lambda seq, s, ledger: seq == 7 and s.update(
        kind="org.key.revoke/1", subject=f"key:{make.Key(6).id}", data={"reason": "lost"}),
    "revoked-by-the-lab": lambda seq, s, ledger: seq == 11 and s.update(
        kind="org.key.revoke/1", subject=f"key:{make.Key(6).id}", data={"reason": "lost"}),
    "revoked-by-itself": lambda seq, s, ledger: seq == 15 and revoke_field_key(s, 6),
    "revoked-by-itself-though-of-a-plot": lambda seq, s, ledger: (
        seq == 6 and s["data"].update(plots=["farm.p1"]), seq == 15 and revoke_field_key(s, 6)),
    "revoked-while-suspended": lambda seq, s, ledger: (
        seq == 14 and suspend_farm(s), seq == 15 and revoke_field_key(s, 3)),
    "revoked-by-itself-while-suspended": lambda seq, s, ledger: (
        seq == 14 and suspend_farm(s), seq == 15 and revoke_field_key(s, 6)),
    "update-own-website": lambda seq, s, ledger: seq == 13 and s.update(
        kind="org.update/1", subject="org:farm", data={"website": "https://farm.example"}),
    "update-by-the-farm": lambda seq, s, ledger: seq == 13 and s.update(
        kind="org.update/1", subject="org:farm", data={"roles": ["farm", "lab"]}),
    "update-own-contact": lambda seq, s, ledger: seq == 13 and s.update(
        kind="org.update/1", subject="org:farm", data={"contact": {"sealed": "ab" * 32}}),
    "suspended": lambda seq, s, ledger: seq == 11 and suspend_farm(s),
    "recovered-too-soon": lambda seq, s, ledger: seq == 11 and recover(s, 23),
    "recovered-late": lambda seq, s, ledger: seq == 11 and recover(s, 720),
    "recovered-too-late": lambda seq, s, ledger: seq == 11 and recover(s, 721),
    "recovered-some-time": lambda seq, s, ledger: seq == 11 and recover(s, "24"),
    "recovered-too-soon-though-agreed": lambda seq, s, ledger: seq == 11 and (
        recover(s, 23), also_signed_by(11, "farm", 3, "farm")(seq, s, ledger)),
    "recovery": lambda seq, s, ledger: seq == 11 and recover(s, 24),
    "recovery-over": lambda seq, s, ledger: seq == 11 and recover(s, 0),
    "recovery-agreed": lambda seq, s, ledger: seq == 11 and (recover(s, 24), also_signed_by(11, "farm", 3, "farm")(seq, s, ledger)),
    "ledger-key-without-signatures": lambda seq, s, ledger: seq == 13 and s.update(
        kind="ledger.key/1", subject="ledger:", data={"old_vkey": make.vkey(make.ORIGIN, 1, make.LOG.public)},
        signers=[{"org": "org:registrar", "key": make.Key(1).id, "as": "registrar"}]),
    "ledger-key": lambda seq, s, ledger: seq == 13 and rotate(s),
    "ledger-key-of-another-name": lambda seq, s, ledger: seq == 13 and rotate(s, name="example.com/other"),
    "ledger-key-of-a-witness": lambda seq, s, ledger: seq == 13 and rotate(s, kind=4),
    "ledger-anchor": lambda seq, s, ledger: seq == 13 and publish(s),
    "ledger-anchor-of-no-chain": lambda seq, s, ledger: seq == 13 and publish(s, chain=0),
    "ledger-anchor-of-a-chain-in-words": lambda seq, s, ledger: seq == 13 and publish(s, chain="1"),
    "ledger-anchor-in-capitals": lambda seq, s, ledger: seq == 13 and publish(s, sender="0x" + "AB" * 20),
    "ledger-anchor-with-a-newline": lambda seq, s, ledger: seq == 13 and publish(s, sender="0x" + "ab" * 20 + "\n"),
    "ledger-anchor-of-a-farm": lambda seq, s, ledger: seq == 13 and (
        publish(s), s.update(signers=[{"org": "org:farm", "key": make.Key(3).id, "as": "farm"}])),
    "id-of-the-harvest": lambda seq, s, ledger: seq == 13 and s.update(id=entry_payload(ledger, 9)["id"]),
    "id-of-another-organisation": lambda seq, s, ledger: seq == 11 and s.update(id=entry_payload(ledger, 9)["id"]),
    "rules-backwards": lambda seq, s, ledger: seq == 13 and s.update(
        kind="ledger.rules/1", subject="ledger:", data={"rules": 1},
        signers=[{"org": "org:registrar", "key": make.Key(1).id, "as": "registrar"}]),
    "rules-newer": lambda seq, s, ledger: seq == 15 and s.update(
        kind="ledger.rules/1", subject="ledger:", touches=[], data={"rules": 2},
        signers=[{"org": "org:registrar", "key": make.Key(1).id, "as": "registrar"}]),
}


def entry_payload(ledger, seq):
    return json.loads(base64.b64decode(ledger.entries[seq]["envelope"]["payload"]))


def withdraws(seq, of, *signer):
    """Entry `seq` takes entry `of` back, signed as that one was, or by somebody else."""
    def change(here, statement, ledger):
        if here == seq:
            original = entry_payload(ledger, of)
            statement.update({name: original[name] for name in ["subject", "touches", "signers"]})
            statement.update(kind="withdrawal/1", data={"withdraws": ledger.leaves[of].hex(), "reason": "duplicate"})
            if signer:
                signed_by(seq, *signer)(here, statement, ledger)
    return change


def corrects(seq, of):
    """Entry `seq` corrects entry `of`, signed as that one was, and changes nothing."""
    def change(here, statement, ledger):
        if here == seq:
            original = entry_payload(ledger, of)
            statement.update({name: original[name] for name in ["subject", "touches", "signers"]})
            statement.update(kind="correction/1", data={"reason": "typo", "data": original["data"]},
                             corrects=ledger.leaves[of].hex())
    return change


def both(*changes):
    def change(here, statement, ledger):
        for each in changes:
            each(here, statement, ledger)
    return change


def interval(**more):
    return {"actives": [{"name": "x", "content": "1", "unit": "percent"}], "formulation": "x", "crop": "x", "phi_days": 1,
            **more}


def intervals(row):
    return at(27, ["data"], {"table": "intervals", "intervals": [interval(), row]})


A_DEMONSTRATION = at(0, ["data", "demonstration"], True)

# Entries of make.market after those of the village: 17 shop, 18 irrigation, 19 observation, 20 hold, 21 release,
# 22 enforcement, 23 sign-off, 24 guarantee, 25 sale, 26 withdrawal, 27 rules.set; 28 is a map record.
MARKETS = {
    "market": None,
    "irrigation-by-the-house": signed_by(18, "house", 5, "packhouse"),
    "irrigation-by-the-field-key": signed_by(18, "farm", 6, "farm"),
    "irrigation-of-a-held-lot": at(18, ["subject"], "batch:farm.a1"),
    "irrigation-of-anothers-lot": at(18, ["subject"], "batch:house.b1"),
    "irrigation-touches-more": at(18, ["touches"], ["plot:farm.p1"]),
    "observation-by-the-lab": signed_by(19, "lab", 4, "lab"),
    "observation-of-the-season": at(19, ["subject"], "crop:farm.c1"),
    "observation-of-a-plot": at(19, ["subject"], "plot:farm.p1"),
    "hold-by-the-house": signed_by(20, "house", 5, "packhouse"),
    "hold-by-the-farm": signed_by(20, "farm", 3, "farm"),
    "hold-by-the-lab": signed_by(20, "lab", 4, "lab"),
    "hold-of-the-season": at(20, ["subject"], "crop:farm.c1"),
    "hold-of-nothing": at(20, ["subject"], "batch:farm.none"),
    "hold-of-an-organisation": at(20, ["subject"], "org:farm"),
    "release-by-the-house": signed_by(21, "house", 5, "packhouse"),
    "release-by-the-farm": signed_by(21, "farm", 3, "farm"),
    "release-of-nothing-said": at(21, ["data", "lifts"], drop),
    "enforcement-by-the-house": signed_by(22, "house", 5, "packhouse"),
    "enforcement-by-the-lab": signed_by(22, "lab", 4, "lab"),
    "enforcement-of-no-lots": lambda seq, s, ledger: seq == 22 and (s["data"].pop("lots"), s.update(touches=[])),
    "enforcement-of-unknown-lots": lambda seq, s, ledger: seq == 22 and (
        s["data"].update(lots=["batch:farm.none"]), s.update(touches=["batch:farm.none"])),
    "enforcement-of-a-stranger": at(22, ["subject"], "org:zoo"),
    "enforcement-of-the-lab": at(22, ["subject"], "org:lab"),
    "enforcement-about-a-lot": lambda seq, s, ledger: seq == 22 and s.update(subject="batch:house.b1", touches=[]),
    "sign-off-by-the-house": signed_by(23, "house", 5, "packhouse"),
    "sign-off-by-the-farm": signed_by(23, "farm", 3, "farm"),
    "sign-off-by-the-lab": signed_by(23, "lab", 4, "lab"),
    "guarantee-by-the-shop": signed_by(24, "shop", 13, "platform"),
    "guarantee-by-the-farm": signed_by(24, "farm", 3, "farm"),
    "sale-by-the-shop": both(signed_by(25, "shop", 13, "platform"), signed_by(26, "shop", 13, "platform")),
    "sale-by-the-farm": signed_by(25, "farm", 3, "farm"),
    "withdrawal-by-the-shop": signed_by(26, "shop", 13, "platform"),
    "withdrawal-by-the-farm": signed_by(26, "farm", 3, "farm"),
    "withdrawal-of-the-hold": withdraws(26, 20),
    "withdrawal-of-the-release": withdraws(26, 21),
    "withdrawal-of-the-enforcement": withdraws(26, 22),
    "withdrawal-of-the-enforcement-by-the-farm": withdraws(26, 22, "farm", 3, "farm"),
    "withdrawal-of-the-sign-off": withdraws(26, 23),
    "withdrawal-of-the-packing-and-a-sale": both(withdraws(26, 15), lambda seq, s, ledger: seq == 27 and s.update(
        {name: entry_payload(ledger, 25)[name] for name in ["kind", "subject", "touches", "signers", "data"]})),
    "withdrawal-of-the-inspection": withdraws(26, 11),
    "withdrawal-of-the-inspection-by-the-farm": withdraws(26, 11, "farm", 3, "farm"),
    "withdrawal-of-the-registration": withdraws(26, 17, "registrar", 1, "registrar"),
    "withdrawal-of-the-plot": withdraws(26, 7),
    "withdrawal-of-what-was-corrected": withdraws(26, 9),
    "withdrawal-of-the-correction": withdraws(26, 12),
    "withdrawal-of-the-correction-and-of-the-harvest": both(withdraws(26, 12), withdraws(27, 9)),
    "withdrawal-of-the-irrigation-by-the-field-key": withdraws(26, 18, "farm", 6, "farm"),
    "withdrawal-touches-less": both(withdraws(26, 15), at(26, ["touches"], [])),
    "withdrawal-of-nothing": at(26, ["data", "withdraws"], "ab" * 32),
    "withdrawal-of-no-hash": at(26, ["data", "withdraws"], "sale"),
    "withdrawal-of-nothing-said": at(26, ["data", "withdraws"], drop),
    "withdrawal-about-another-lot": at(26, ["subject"], "batch:farm.a1"),
    "withdrawn-twice": withdraws(27, 25),
    "withdrawn-and-withdrawn": withdraws(27, 26),
    "withdrawn-and-corrected": corrects(27, 25),
    "withdrawn-after-a-correction": both(corrects(26, 25), withdraws(27, 26)),
    "withdrawal-corrected": corrects(27, 26),
    "correction-of-the-irrigation": corrects(26, 18),
    "correction-of-the-observation": corrects(26, 19),
    "correction-of-the-hold": corrects(26, 20),
    "correction-of-the-release": corrects(26, 21),
    "correction-of-the-sign-off": corrects(26, 23),
    "correction-of-the-guarantee": corrects(26, 24),
    "correction-of-the-sale": corrects(26, 25),
    "rules-set-by-the-shop": signed_by(27, "shop", 13, "platform"),
    "rules-set-with-touches": lambda seq, s, ledger: seq == 27 and s.update(
        touches=["org:shop"], data={**s["data"], "x": "org:shop"}),
    "rules-set-of-an-organisation": at(27, ["subject"], "org:registrar"),
    "rules-set-real": intervals(interval()),
    "rules-set-fictional": intervals(interval(fictional=True)),
    "rules-set-not-fictional": intervals(interval(fictional=False)),
    "rules-set-fictional-elsewhere": at(27, ["data", "other"], [{"fictional": True}]),
    "rules-set-fictional-not-a-row": at(27, ["data", "other"], {"fictional": True}),
    "rules-set-fictional-in-a-row": intervals(interval(source={"fictional": True})),
    "rules-set-fictional-for-show": both(A_DEMONSTRATION, intervals(interval(fictional=True))),
    "rules-set-fictional-for-half-a-show": both(
        at(0, ["data", "demonstration"], 1), intervals(interval(fictional=True))),
    "rules-set-real-for-show": both(A_DEMONSTRATION, intervals(interval())),
}


def correct_again(statement, ledger, corrected):
    """In place of the shipping: what entry 12 corrects is corrected once more."""
    earlier = json.loads(ledger.payloads[-1])
    statement.update({name: earlier[name] for name in ["kind", "touches", "data", "signers"]})
    statement["corrects"] = ledger.leaves[corrected].hex()


def recover(statement, hours):
    """In place of the inspection: the registrar gives the farm another key, which then ships."""
    new = make.Key(8)
    signers = [{"org": "org:farm", "key": new.id, "as": "farm"},
               {"org": "org:registrar", "key": make.Key(1).id, "as": "registrar"}]
    statement.update(
        kind="org.key.add/1", subject=f"key:{new.id}", touches=["org:farm"], signers=signers,
        data={"public_key": new.public.hex(), "scope": {"admin": True},
              "recovery": {"org": "org:farm", "reason": "lost", "delay_hours": hours}},
    )


def revoke_field_key(statement, by):
    statement.update(
        kind="org.key.revoke/1", subject=f"key:{make.Key(6).id}", touches=[], data={"reason": "stolen"},
        signers=[{"org": "org:farm", "key": make.Key(by).id, "as": "farm"}],
    )


def suspend_farm(statement):
    statement.update(
        kind="org.update/1", subject="org:farm", touches=[], data={"status": "suspended"},
        signers=[{"org": "org:registrar", "key": make.Key(1).id, "as": "registrar"}],
    )


def rotate(statement, name=make.ORIGIN, kind=1):
    old, new = make.vkey(make.ORIGIN, 1, make.LOG.public), make.vkey(name, kind, make.Key(11).public)
    until = "2026-12-22T00:00:00Z"
    message = f"suyuan/log-key/v1\n{old}\n{new}\n{until}\n".encode()
    statement.update(
        kind="ledger.key/1", subject="ledger:",
        data={"old_vkey": old, "new_vkey": new, "both_until": until,
              "signature_old": make.b64(make.LOG.sign(message)), "signature_new": make.b64(make.Key(11).sign(message))},
        signers=[{"org": "org:registrar", "key": make.Key(1).id, "as": "registrar"}],
    )


def publish(statement, chain=1, sender="0x" + "ab" * 20):
    statement.update(
        kind="ledger.anchor/1", subject="ledger:",
        data={"chain_id": chain, "contract": "0x" + "cd" * 20, "sender": sender},
        signers=[{"org": "org:registrar", "key": make.Key(1).id, "as": "registrar"}],
    )


def with_recovered_shipping(name, change):
    """After a recovery the farm ships with its new key."""
    def both(seq, statement, ledger):
        change(seq, statement, ledger)
        signed_by(13, "farm", 8, "farm")(seq, statement, ledger)
    return both if name.startswith("recovery") else change


PARTS = {
    "": (set(), ()),
    "-without-lab": ({"org:lab", f"key:{make.Key(4).id}"}, ()),
    "-without-farm": ({"org:farm"}, ()),
    "-without-lot": ({"batch:farm.a1"}, ()),
    "-without-harvest": (set(), (9,)),
    "-without-crop": ({"crop:farm.c1"}, (8,)),
}
MARKET_PARTS = {
    "": (set(), ()),
    "-without-shop": ({"org:shop"}, ()),
    "-without-lot": ({"batch:farm.a1"}, ()),
    "-without-packed": ({"batch:house.b1"}, (25,)),
    "-without-crop": ({"crop:farm.c1"}, (8,)),
    "-without-old": (set(), (9, 15, 18)),
}


def write_ledger(folder, name, maker, change, parts):
    ledger, _ = maker(change)
    note = ledger.note()
    trust = {"v": 1, "origin": make.ORIGIN, "log": [make.vkey(make.ORIGIN, 1, make.LOG.public)],
             "genesis": ledger.genesis.hex()}
    for part, (left_out, without) in parts.items():
        body = make.bundle(ledger, "batch:house.b1", set(ledger.chains) - left_out, note, without)
        with open(f"{folder}/{name}{part}.bundle", "wb") as file:
            file.write(make.bundle_file(body))
    with open(f"{folder}/{name}.trust.json", "w", encoding="utf-8") as file:
        json.dump(trust, file)


def somewhere(rng, seqs):
    """A change of some place in some statement that leaves it a payload."""
    seq = rng.choice(seqs)

    def change(here, statement, ledger):
        if here != seq:
            return
        everything = [node for each in ledger.payloads for node in nodes(json.loads(each))] + list(nodes(statement))
        subjects = [*ledger.chains, "batch:house.b1", "batch:farm.new", "crop:farm.new", "plot:house.new", "org:zoo"]
        before = copy.deepcopy(statement)
        for _ in range(200):
            for _ in range(rng.choice([1, 2, 3])):
                path, value = rng.choice(list(nodes(statement))[1:])
                new = rng.choice(subjects) if rng.random() < 0.3 else changed(rng, value, everything)
                put(statement, path, new)
                touch_what_is_named(statement)
            try:
                reading.parse_payload(make.jcs(statement))
                for signer in statement["signers"]:
                    make.Key.by_id(signer["key"])
                return
            except (reading.Refused, KeyError, UnicodeEncodeError):
                pass
            statement.clear()
            statement.update(copy.deepcopy(before))
    return change


def touch_what_is_named(statement):
    if isinstance(statement.get("data"), dict) and isinstance(statement.get("subject"), str):
        named = {node for _, node in nodes(statement["data"]) if reading.is_subject(node)}
        if statement.get("kind") not in ["org.register/1", "correction/1", "withdrawal/1"]:
            statement["touches"] = sorted(named - {statement["subject"]})


def write_ledgers(folder, count):
    """Each with its own trust file, asked for the packed lot with all chains, and with some left out."""
    for name, change in LEDGERS.items():
        write_ledger(folder, name, make.village, change and with_recovered_shipping(name, change), PARTS)
    for name, change in MARKETS.items():
        write_ledger(folder, f"market-{name}", make.market, change, MARKET_PARTS)
    rng = random.Random(2)
    early, late = [2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 15], list(range(17, 28))
    for number in range(count):
        maker, seqs, parts = [
            (make.village, early, PARTS), (make.market, late, MARKET_PARTS), (make.market, early + late, MARKET_PARTS),
        ][number % 3]
        some = {part: parts[part] for part in rng.sample(sorted(parts), 2)}
        write_ledger(folder, f"changed-{number:03}", maker, somewhere(rng, seqs), some)


def change_receipt(rng, text):
    """Another index, another leaf, a line less: the path and the signatures stay as they were."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    rng.choice([
        lambda: lines.pop(at),
        lambda: lines.insert(at, lines[at]),
        lambda: lines.__setitem__(at, changed_text(rng, lines[at])),
        lambda: lines.__setitem__(2, f"index {rng.randrange(40)}"),
    ])()
    return "\n".join(lines)


def mutant_evidence(rng, originals):
    original = rng.choice(originals)
    if rng.random() < 0.1:
        at = rng.randrange(len(original))
        return original[:at] + bytes([original[at] ^ 1 << rng.randrange(8)]) + original[at + 1:]
    bodies = [json.loads(each)["evidence"] for each in originals]
    # Parts of one file in another: each alone is as the log signed it.
    everything = [place for body in bodies for place in nodes(body)]
    body = json.loads(original)["evidence"]
    path, value = rng.choice([place for place in nodes(body) if place[0]])
    if isinstance(value, str) and "\n" in value and rng.random() < 0.5:
        put(body, path, change_receipt(rng, value))
    elif rng.random() < 0.5:
        put(body, path, copy.deepcopy(rng.choice([other for _, other in everything if type(other) is type(value)])))
    else:
        put(body, path, changed(rng, value, everything))
    return make.evidence_file(body)


def write_mutants(folder, count, suffix, mutated):
    for number in range(count):
        with open(f"{folder}/{number:04}.{suffix}", "wb") as file:
            file.write(mutated())


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "ledgers":
        write_ledgers(arguments[1], int(arguments[2]))
        return 0
    if len(arguments) == 3:
        with open(arguments[0], "rb") as file:
            original = file.read()
        rng = random.Random(1)
        write_mutants(arguments[1], int(arguments[2]), "bundle", lambda: mutant(rng, original))
        return 0
    if len(arguments) == 4 and arguments[0] == "evidence":
        originals = []
        for path in sorted(glob.glob(f"{arguments[1]}/*.evidence")):
            with open(path, "rb") as file:
                originals.append(file.read())
        rng = random.Random(3)
        write_mutants(arguments[2], int(arguments[3]), "evidence", lambda: mutant_evidence(rng, originals))
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
