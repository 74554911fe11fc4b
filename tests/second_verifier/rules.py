"""Rules version 1, run over the parts of a ledger that a bundle shows: docs/format.md §13 and §16.5."""

import json
import re

from reading import (
    Refused, is_good_signature, from_base64, introduced_keys, is_hash, is_natural, is_subject, kind_of, owner,
    parse_vkey, require, sha256, subjects_of, walk,
)

UNKNOWN = object()
KNOWN_RULES = [1]
HOUR = 3_600_000
RECOVERY_HOURS = range(24, 721)

G = {"farm", "coop"}
H = G | {"packhouse", "warehouse", "processor"}
S = H | {"carrier"}
R = S | {"host", "platform"}
O = {"lab", "platform", "regulator"}
P = {"platform"}
A = {"platform", "regulator"}
V = {"host", "platform"}
SELLERS = H | {"host"}

INSPECTED = [("batch", O, "any"), ("crop", O, "any"), ("plot", O, "any"),
             ("batch", H, "held"), ("crop", H, "own"), ("plot", H, "own")]
GROWN = [("crop", G, "own"), ("batch", G, "held")]
VOUCHED = [("batch", V, "any"), ("batch", H, "held")]
HELD_BACK = [("batch", A, "any"), ("crop", A, "any"), ("batch", H, "held"), ("crop", H, "own")]
TABLE = {
    "plot.register/1": [("plot", G, "new")],
    "crop.open/1": [("crop", G, "new"), ("plot", G, "own")],
    "planting/1": [("crop", G, "own"), ("plot", G, "own"), ("batch", G, "new or planted")],
    "input/1": [("crop", H, "own"), ("plot", H, "own"), ("batch", H, "held")],
    "sampling/1": INSPECTED,
    "inspection/1": INSPECTED,
    "harvest/1": [("batch", G, "new or planted"), ("crop", G, "own"), ("plot", G, "own")],
    "grading/1": [("batch", H, "transformed")],
    "packing/1": [("batch", H, "transformed")],
    "processing/1": [("batch", H, "transformed")],
    "storage/1": [("batch", S, "held or carried")],
    "shipping/1": [("batch", S, "held")],
    "receiving/1": [("batch", R, "receiver")],
    "irrigation/1": GROWN,
    "observation/1": GROWN,
    "sale/1": [("batch", P, "any"), ("batch", SELLERS, "held")],
    "sign-off/1": VOUCHED,
    "guarantee/1": VOUCHED,
    "hold/1": HELD_BACK,
    "release/1": HELD_BACK,
    "enforcement/1": [("org", A, "any"), ("batch", A, "any")],
}
WITHDRAWABLE = set(TABLE) - {"hold/1", "release/1"}
CORRECTABLE = WITHDRAWABLE - {"enforcement/1", "guarantee/1", "sign-off/1"}
ABOUT = {
    "genesis/1": ["org"], "ledger.rules/1": ["ledger"], "ledger.key/1": ["ledger"], "ledger.anchor/1": ["ledger"],
    "org.register/1": ["org"],
    "org.update/1": ["org"], "org.key.add/1": ["key"], "org.key.revoke/1": ["key"], "plot.register/1": ["plot"],
    "crop.open/1": ["crop"], "sampling/1": ["batch", "crop"], "inspection/1": ["batch", "crop"], "harvest/1": ["batch"],
    "grading/1": ["batch"], "packing/1": ["batch"], "processing/1": ["batch"], "storage/1": ["batch"],
    "shipping/1": ["batch"], "receiving/1": ["batch"], "correction/1": ["batch", "crop", "plot"],
    "planting/1": ["batch", "crop"], "input/1": ["batch", "crop"], "irrigation/1": ["batch", "crop"],
    "observation/1": ["batch", "crop"], "sale/1": ["batch"], "sign-off/1": ["batch"], "guarantee/1": ["batch"],
    "hold/1": ["batch", "crop"], "release/1": ["batch", "crop"], "enforcement/1": ["org"],
    "withdrawal/1": ["batch", "crop", "org", "plot"], "rules.set/1": ["ledger"],
}
OWN_FIELDS = {"contact", "intro", "name_en"}


class NewerRules(Exception):
    """The ledger goes on under rules that this verifier does not know."""


def references(kind, data):
    found = {pointer: node for pointer, node in walk(data) if is_subject(node)}
    fixed = {"shipping/1": ["to", "to_consumers", "carrier"], "receiving/1": ["shipment", "accept"]}
    for name in fixed.get(kind, []):
        if name in data:
            found["/" + name] = json.dumps(data[name], sort_keys=True)
    return found


def strings(value):
    return {item for item in value if isinstance(item, str)} if isinstance(value, list) else set()


class PartialLedger:
    """What §16.5 knows: `complete` subjects as the records so far leave them; everything else is unknown."""

    def __init__(self, complete):
        self.complete, self.facts, self.originals, self.current, self.withdrawn = complete, {}, {}, {}, set()
        self.rules, self.log_vkey, self.demonstration = 0, None, False

    def apply(self, record):
        """Judges the next record; returns the subjects that were looked up and are unknown."""
        judge = Judge(self, record)
        judge.run()
        self.facts.update((subject, fact) for subject, fact in judge.facts.items() if subject in self.complete)
        original = judge.corrected
        if record.payload["kind"] != "correction/1":
            original = {
                "leaf": record.leaf, "kind": record.payload["kind"], "subjects": subjects_of(record.payload),
                "author": judge.author, "references": references(record.payload["kind"], record.payload["data"]),
            }
        if original is not None:
            self.originals[record.leaf] = original
            self.current[original["leaf"]] = record.leaf
        if judge.withdrawn is not None:
            self.withdrawn.add(judge.withdrawn["leaf"])
        self.demonstration = self.demonstration or judge.demonstration
        self.rules, self.log_vkey = judge.rules or self.rules, judge.log_vkey or self.log_vkey
        return judge.missing


class Judge:
    def __init__(self, ledger, record):
        self.ledger, self.record, self.payload = ledger, record, record.payload
        self.kind, self.data, self.subject = record.payload["kind"], record.payload["data"], record.payload["subject"]
        self.facts, self.missing, self.author, self.rules, self.log_vkey = {}, set(), None, None, None
        self.corrected, self.withdrawn, self.demonstration = None, None, False

    def run(self):
        require(kind_of(self.subject) in ABOUT.get(self.kind, []), f"{self.kind} about {self.subject}")
        self.check_touches()
        self.check_files()
        special = {
            "genesis/1": self.genesis, "org.register/1": self.org_register, "org.update/1": self.org_update,
            "org.key.add/1": self.org_key_add, "org.key.revoke/1": self.org_key_revoke,
            "ledger.rules/1": self.ledger_rules, "ledger.key/1": self.ledger_key,
            "ledger.anchor/1": self.ledger_anchor, "rules.set/1": self.rules_set,
            "correction/1": self.correction, "withdrawal/1": self.withdrawal,
        }
        special.get(self.kind, self.by_table)()

    # -- looking things up

    def known(self, subject):
        """Its fact, or UNKNOWN; one that does not exist is refused."""
        if subject not in self.ledger.complete:
            self.missing.add(subject)
            return UNKNOWN
        require(subject in self.ledger.facts, f"{subject} is not in the ledger")
        return self.ledger.facts[subject]

    def is_new(self, subject):
        link = self.record.link(subject)
        return link is not None and link["n"] == 0

    def text(self, name):
        return self.data[name] if isinstance(self.data.get(name), str) else None

    # -- §13.3, §13.4

    def check_touches(self):
        if self.kind in ["genesis/1", "org.register/1", "correction/1", "withdrawal/1"]:
            return
        named = {node for _, node in walk(self.data) if is_subject(node)}
        require(set(self.payload["touches"]) <= named, "touches what data does not name")
        if self.kind in ["shipping/1", "receiving/1"]:
            require(self.subject in self.record.lots("lots"), "the main subject is no lot of it")

    def check_files(self):
        readings = self.data.get("readings")
        named = [self.data[name] for name in ["report_file", "seal_photo"] if name in self.data]
        named += [readings["chunk"]] if isinstance(readings, dict) and "chunk" in readings else []
        own = [file["commitment"] for file in self.payload.get("attachments", [])]
        require(all(file in own for file in named), "a file that is not attached")

    def stands(self, signer):
        """True, or UNKNOWN where the bundle does not show who this is."""
        org, key = self.known(signer["org"]), self.known("key:" + signer["key"])
        if org is UNKNOWN or key is UNKNOWN:
            return UNKNOWN
        require(key["org"] == signer["org"] and not key["revoked"], "a foreign or revoked key")
        require(self.record.at >= key["effective_at"], "a key of a recovery that waits")
        may_act = org["status"] == "active" or self.kind == "org.key.revoke/1"
        require(may_act or signer["org"] == "org:registrar", "not active")
        require(signer["as"] in org["roles"], "not in that role")
        self.check_scope(signer, key)
        return True

    def check_scope(self, signer, key):
        if self.kind == "org.key.revoke/1" and self.subject == "key:" + signer["key"]:
            return
        if key["scope"] != "admin":
            kind = self.kind
            if kind in ["correction/1", "withdrawal/1"]:
                original = self.find_original()
                if original is None:
                    return
                kind = original["kind"]
            require(kind.split("/")[0] in key["scope"], "outside of the key's scope")
        if key["plots"] is None:
            return
        plots = set()
        for subject in subjects_of(self.payload):
            if kind_of(subject) == "plot":
                plots.add(subject)
            elif kind_of(subject) == "crop":
                crop = self.begun_crop() if self.begins_crop(subject) else self.known(subject)
                if crop is UNKNOWN:
                    return
                plots.add(crop["plot"])
        require(plots and plots <= {"plot:" + plot for plot in key["plots"]}, "on other plots")

    def begins_crop(self, subject):
        return self.kind == "crop.open/1" and subject == self.subject

    def begun_crop(self):
        plot = self.text("plot")
        require(plot is not None and plot.startswith("plot:"), "crop.open names no plot")
        return {"plot": plot}

    def find_author(self, condition, introduced=()):
        unjudged, refusal = None, "no signer may make this statement"
        for signer in self.payload["signers"]:
            if signer["key"] in introduced:
                continue
            if self.stands(signer) is UNKNOWN:
                unjudged = unjudged or signer["org"]
            elif self.author is None:
                try:
                    condition(signer)
                    self.author = signer["org"]
                except Refused as why:
                    refusal = str(why)
        self.author = self.author or unjudged
        require(self.author, refusal)

    def is_admin(self, signer):
        key = self.known("key:" + signer["key"])
        require(key is UNKNOWN or key["scope"] == "admin", "not an admin key")

    def is_registrar_admin(self, signer):
        require(signer["org"] == "org:registrar" and signer["as"] == "registrar", "not the registrar")
        self.is_admin(signer)

    # -- §13.5, §13.6

    def by_table(self):
        def condition(signer):
            for subject in subjects_of(self.payload):
                rows = [row for row in TABLE[self.kind] if row[0] == kind_of(subject) and signer["as"] in row[1]]
                require(rows, "no such right")
                self.check_relation(signer["org"], subject, rows[0][2])

        self.find_author(condition)
        for subject in subjects_of(self.payload):
            self.effect_on(subject)

    def check_relation(self, org, subject, relation):
        own, new = "org:" + str(owner(subject)) == org, self.is_new(subject)
        if relation in ["any", "own"]:
            self.known(subject)
            require(own or relation == "any", "another's")
        elif relation == "new":
            require(own and new, "not new or another's")
        elif relation == "new or planted":
            require(own, "another's")
            batch = UNKNOWN if new else self.known(subject)
            require(batch is UNKNOWN or batch["growing"], "no longer growing")
        elif relation == "transformed" and subject in self.record.lots("outputs"):
            require(own and new, "an output is new and one's own")
        elif relation == "receiver":
            self.check_receiver(org, subject)
        else:
            require(relation != "transformed" or subject != self.subject, "the main subject is an output")
            batch = self.known(subject)
            carried = relation == "held or carried"
            require(batch is UNKNOWN or org in batch["holders"] or carried and self.is_carried(batch, org), "not held")

    def is_carried(self, batch, org):
        return any(open["carrier"] is not None and "org:" + open["carrier"] == org for open in batch["open"])

    def check_receiver(self, org, subject):
        batch = self.known(subject)
        if batch is UNKNOWN:
            return
        opened = [open for open in batch["open"] if open["leaf"] == self.text("shipment")]
        require(opened and opened[0]["to"] is not None and "org:" + opened[0]["to"] == org, "no shipment to them")

    def effect_on(self, subject):
        kind, new = kind_of(subject), self.is_new(subject)
        if kind == "plot" and new:
            self.facts[subject] = {}
        elif kind == "crop" and new:
            begun = self.begun_crop() if self.begins_crop(subject) else self.known(subject)
            if begun is not UNKNOWN:
                self.facts[subject] = begun
        elif kind == "batch":
            self.batch_effect(subject, new)

    def batch_effect(self, subject, new):
        if new:
            batch = {"growing": self.kind == "planting/1", "holders": {self.author}, "open": []}
        else:
            batch = self.known(subject)
            if batch is UNKNOWN:
                return
            batch = {"growing": batch["growing"], "holders": set(batch["holders"]), "open": list(batch["open"])}
        if self.kind == "harvest/1":
            batch["growing"] = False
        elif self.kind == "shipping/1":
            batch["open"].append({"leaf": self.record.leaf, "to": self.text("to"), "carrier": self.text("carrier")})
        elif self.kind == "receiving/1":
            batch["open"] = [open for open in batch["open"] if open["leaf"] != self.text("shipment")]
            if self.text("accept") != "rejected":
                batch["holders"].add(self.author)
        self.facts[subject] = batch

    # -- §13.7

    def introduced(self):
        """The keyids that the statement introduces, all in possession of their keys."""
        ids = [sha256(key).hex() for key in introduced_keys(self.record)]
        require(ids, "no keys")
        signers = [signer["key"] for signer in self.payload["signers"]]
        require(all(self.is_new("key:" + key) and key in signers for key in ids), "possession")
        return ids

    def begin_key(self, org, key, scope="admin", plots=None, effective_at=0):
        self.facts["key:" + key] = {
            "org": org, "scope": scope, "plots": plots, "effective_at": effective_at, "revoked": False,
        }

    def roles(self):
        roles = self.data.get("roles")
        require(isinstance(roles, list) and roles and all(isinstance(role, str) for role in roles), "roles")
        require(set(roles) <= R | O and "registrar" not in roles, "roles")
        return set(roles)

    def genesis(self):
        ids = self.introduced()
        require(len(ids) == 2 and self.subject == "org:registrar", "genesis")
        require(self.payload["touches"] == sorted(["key:" + key for key in ids] + ["ledger:"]), "genesis touches")
        for signer in self.payload["signers"]:
            require(signer["org"] == "org:registrar" and signer["as"] == "registrar", "genesis signers")
        self.facts["org:registrar"] = {"roles": {"registrar"}, "status": "active"}
        self.facts["ledger:"] = {}
        for key in ids:
            self.begin_key("org:registrar", key)
        self.author, self.rules, self.log_vkey = "org:registrar", self.data.get("rules"), self.text("log_vkey")
        self.demonstration = self.data.get("demonstration") is True
        require(self.log_vkey is not None and parse_vkey(self.log_vkey, 1)[0] == self.payload["origin"], "log_vkey")
        require(is_natural(self.rules), "rules")
        if self.rules not in KNOWN_RULES:
            raise NewerRules

    def org_register(self):
        require(self.is_new(self.subject), "not a new organisation")
        ids, roles = self.introduced(), self.roles()
        require(self.payload["touches"] == sorted("key:" + key for key in ids), "touches other than its keys")
        for signer in self.payload["signers"]:
            if signer["key"] in ids:
                require(signer["org"] == self.subject and signer["as"] in roles, "a founding key for another")
        self.find_author(self.is_registrar_admin, ids)
        self.facts[self.subject] = {"roles": roles, "status": "active"}
        for key in ids:
            self.begin_key(self.subject, key)

    def org_update(self):
        own = set(self.data) <= OWN_FIELDS

        def condition(signer):
            if own and signer["org"] == self.subject:
                self.is_admin(signer)
            else:
                self.is_registrar_admin(signer)

        self.find_author(condition)
        org = self.known(self.subject)
        if org is UNKNOWN:
            return
        require(own or self.subject != "org:registrar", "the registrar does not change")
        roles = self.roles() if "roles" in self.data else org["roles"]
        status = self.data.get("status")
        status = status if status in ["active", "suspended", "closed"] else org["status"]
        self.facts[self.subject] = {"roles": roles, "status": status}

    def org_key_add(self):
        (key,) = self.introduced()
        require(self.subject == "key:" + key, "about another key")
        own = next(signer for signer in self.payload["signers"] if signer["key"] == key)
        org = self.known(own["org"])
        require(org is UNKNOWN or own["as"] in org["roles"], "not in that role")
        effective_at = 0
        if "recovery" in self.data:
            recovery = self.data["recovery"] if isinstance(self.data["recovery"], dict) else {}
            require(recovery.get("org") == own["org"], "a recovery of another")
            self.find_author(self.is_registrar_admin, [key])
            hours = recovery.get("delay_hours")
            require(is_natural(hours) and hours in RECOVERY_HOURS, "a recovery's delay")
            if not any(signer["org"] == own["org"] and signer["key"] != key for signer in self.payload["signers"]):
                effective_at = self.record.at + hours * HOUR
        else:
            def condition(signer):
                require(signer["org"] == own["org"], "of another organisation")
                self.is_admin(signer)

            self.find_author(condition, [key])
        require("scope" in self.data, "no scope")
        scope = self.data["scope"] if isinstance(self.data["scope"], dict) else {}
        kinds = "admin" if scope.get("admin") is True else strings(scope.get("kinds"))
        plots = strings(self.data["plots"]) if "plots" in self.data else None
        self.begin_key(own["org"], key, kinds, plots, effective_at)

    def org_key_revoke(self):
        key = self.known(self.subject)

        def condition(signer):
            if key is not UNKNOWN:
                require(signer["org"] == key["org"], "of another organisation")
                if "key:" + signer["key"] != self.subject:
                    self.is_admin(signer)

        require(key is UNKNOWN or not key["revoked"], "already revoked")
        self.find_author(condition)
        if key is not UNKNOWN:
            self.facts[self.subject] = {**key, "revoked": True}

    def about_the_ledger(self):
        require(subjects_of(self.payload) == ["ledger:"], "not about the ledger alone")
        self.find_author(self.is_registrar_admin)

    def ledger_rules(self):
        self.about_the_ledger()
        rules = self.data.get("rules")
        require(is_natural(rules) and rules > self.ledger.rules, "rules only move forward")
        if rules not in KNOWN_RULES:
            raise NewerRules
        self.rules = rules

    def ledger_key(self):
        self.about_the_ledger()
        old, new, until = self.text("old_vkey"), self.text("new_vkey"), self.text("both_until")
        require(old is not None and new is not None and until is not None, "ledger.key")
        require(self.ledger.log_vkey in [None, old] and old != new, "not the current log key")
        keys = [parse_vkey(old, 1), parse_vkey(new, 1)]
        require(keys[0][0] == keys[1][0], "keys of two names")
        message = f"suyuan/log-key/v1\n{old}\n{new}\n{until}\n".encode()
        for key, name in zip(keys, ["signature_old", "signature_new"]):
            require(is_good_signature(key[3], message, from_base64(self.text(name))), name)
        self.log_vkey = new

    def ledger_anchor(self):
        self.about_the_ledger()
        require(is_natural(self.data.get("chain_id")) and self.data["chain_id"] > 0, "chain_id")
        for name in ["contract", "sender"]:
            require(re.fullmatch("0x[0-9a-f]{40}", self.text(name) or "", re.ASCII), name)

    def rules_set(self):
        self.about_the_ledger()
        rows = [row for table in self.data.values() if isinstance(table, list) for row in table]
        fictional = any(isinstance(row, dict) and "fictional" in row for row in rows)
        require(self.ledger.demonstration or not fictional, "fictional rows in a ledger that is no demonstration")

    # -- §13.8

    def find_original(self):
        """The original of what is corrected or withdrawn, or None where the bundle does not show it."""
        leaf = self.text("withdraws") if self.kind == "withdrawal/1" else self.payload["corrects"]
        require(is_hash(leaf), "names no record")
        original = self.ledger.originals.get(leaf)
        if original is None or original["leaf"] not in self.ledger.originals:
            self.missing.add(self.subject)
            return None
        require(original["leaf"] not in self.ledger.withdrawn, "withdrawn")
        require(self.ledger.current[original["leaf"]] == leaf, "stale")
        return original

    def by_author_of(self, original):
        def condition(signer):
            require(signer["org"] == original["author"], "another's record")

        self.find_author(condition)

    def correction(self):
        original = self.find_original()
        if original is None:
            self.find_author(lambda signer: None)
            return
        require(subjects_of(self.payload) == original["subjects"], "other subjects")
        require(original["kind"] in CORRECTABLE, "cannot be corrected")
        data = self.data.get("data")
        require(isinstance(data, dict) and references(original["kind"], data) == original["references"], "references")
        self.by_author_of(original)
        self.corrected = original

    def withdrawal(self):
        original = self.find_original()
        if original is None:
            self.find_author(lambda signer: None)
            return
        require(subjects_of(self.payload) == original["subjects"], "other subjects")
        require(original["kind"] in WITHDRAWABLE, "cannot be withdrawn")
        self.by_author_of(original)
        self.withdrawn = original
