/** Organisations, keys and the ledger itself: the kinds that have conditions of their own (docs/format.md §13.7). */

import { Refused, fromBase64, require, sha256, utf8 } from "./bytes";
import { isGoodSignatureNow } from "./ed25519";
import { introducedKeys } from "./entry";
import { type Json, type Members, has, isMembers } from "./json";
import type { Judge } from "./judge";
import { ROLES, isNatural } from "./names";
import { LOG_KEY, parseVkey } from "./note";
import { type Signer, subjectsOf } from "./payload";
import { type KeyFact, NewerRules, type Org, RULES_KNOWN, UNKNOWN } from "./rules";

const OWN_FIELDS = ["contact", "intro", "name_en"];
const HOUR_MS = 3_600_000;
const REGISTRAR = "org:registrar";

export class Registry {
  private readonly signers: Signer[];

  constructor(private readonly judge: Judge) {
    this.signers = judge.record.payload.signers;
  }

  /** Judges the record if its kind is one of these; false if it is another's matter. */
  judges(): boolean {
    switch (this.judge.kind) {
      case "genesis/1":
        this.genesis();
        return true;
      case "org.register/1":
        this.orgRegister();
        return true;
      case "org.update/1":
        this.orgUpdate();
        return true;
      case "org.key.add/1":
        this.orgKeyAdd();
        return true;
      case "org.key.revoke/1":
        this.orgKeyRevoke();
        return true;
      case "ledger.rules/1":
        this.ledgerRules();
        return true;
      case "ledger.key/1":
        this.ledgerKey();
        return true;
      case "ledger.anchor/1":
        this.ledgerAnchor();
        return true;
      case "rules.set/1":
        this.rulesSet();
        return true;
      default:
        return false;
    }
  }

  private readonly isAdmin = (signer: Signer): void => {
    const key = this.judge.known<"key">(`key:${signer.key}`);
    require(key === UNKNOWN || key.scope === "admin", "right");
  };

  private readonly isRegistrarAdmin = (signer: Signer): void => {
    require(signer.org === REGISTRAR && signer.as === "registrar", "right");
    this.isAdmin(signer);
  };

  /** The keyids that the statement introduces, all of them new and signing themselves. */
  private introduced(): string[] {
    const ids = introducedKeys(this.judge.record.payload).map((key) => sha256(key));
    require(ids.length > 0, "form");
    for (const id of ids) {
      require(this.judge.isNew(`key:${id}`) && this.signers.some((signer) => signer.key === id), "right");
    }
    return ids;
  }

  private begin(org: string, id: string, more: Partial<KeyFact> = {}): void {
    const fact: KeyFact = { org, scope: "admin", plots: undefined, effectiveAt: 0, revoked: false, ...more };
    this.judge.facts.set(`key:${id}`, fact);
  }

  private roles(): Set<string> {
    const { roles } = this.judge.data;
    require(Array.isArray(roles) && roles.length > 0, "form");
    require(roles.every(
      (role) => typeof role === "string" && ROLES.has(role) && role !== "registrar",
    ), "form");
    return new Set(roles as string[]);
  }

  private touchesExactly(subjects: string[]): void {
    require(this.judge.record.payload.touches.join() === subjects.sort().join(), "form");
  }

  private genesis(): void {
    const { judge } = this;
    const ids = this.introduced();
    require(ids.length === 2 && judge.subject === REGISTRAR, "form");
    this.touchesExactly([...ids.map((id) => `key:${id}`), "ledger:"]);
    for (const signer of this.signers) {
      require(signer.org === REGISTRAR && signer.as === "registrar", "form");
    }
    judge.facts.set(REGISTRAR, { roles: new Set(["registrar"]), status: "active" } satisfies Org);
    judge.facts.set("ledger:", {});
    ids.forEach((id) => this.begin(REGISTRAR, id));
    judge.author = REGISTRAR;
    judge.demonstration = judge.data.demonstration === true;
    judge.logVkey = judge.text("log_vkey");
    require(judge.logVkey !== undefined, "form");
    require(parseVkey(judge.logVkey, LOG_KEY).name === judge.record.payload.origin, "form");
    this.moveTo(judge.data.rules);
  }

  private moveTo(rules: Json | undefined): void {
    require(isNatural(rules), "form");
    if (!RULES_KNOWN.includes(rules)) throw new NewerRules(`rules ${rules}`);
    this.judge.rules = rules;
  }

  private orgRegister(): void {
    const { judge } = this;
    require(judge.isNew(judge.subject), "right");
    const [ids, roles] = [this.introduced(), this.roles()];
    this.touchesExactly(ids.map((id) => `key:${id}`));
    for (const signer of this.signers.filter(({ key }) => ids.includes(key))) {
      require(signer.org === judge.subject && roles.has(signer.as), "right");
    }
    judge.findAuthor(this.isRegistrarAdmin, ids);
    judge.facts.set(judge.subject, { roles, status: "active" } satisfies Org);
    ids.forEach((id) => this.begin(judge.subject, id));
  }

  private orgUpdate(): void {
    const { judge } = this;
    const ownFields = Object.keys(judge.data).every((name) => OWN_FIELDS.includes(name));
    judge.findAuthor((signer) => {
      if (ownFields && signer.org === judge.subject) this.isAdmin(signer);
      else this.isRegistrarAdmin(signer);
    });
    const org = judge.known<"org">(judge.subject);
    if (org === UNKNOWN) return;
    require(ownFields || judge.subject !== REGISTRAR, "right");
    const roles = has(judge.data, "roles") ? this.roles() : org.roles;
    const named = judge.text("status");
    const status = named && ["active", "suspended", "closed"].includes(named) ? named : org.status;
    judge.facts.set(judge.subject, { roles, status } satisfies Org);
  }

  private orgKeyAdd(): void {
    const { judge } = this;
    const [id] = this.introduced() as [string];
    require(judge.subject === `key:${id}`, "form");
    const own = this.signers.find((signer) => signer.key === id)!;
    const org = judge.known<"org">(own.org);
    require(org === UNKNOWN || org.roles.has(own.as), "right");
    let effectiveAt = 0;
    if (has(judge.data, "recovery")) effectiveAt = this.recovery(id, own.org);
    else {
      judge.findAuthor(
        (signer) => {
          require(signer.org === own.org, "right");
          this.isAdmin(signer);
        },
        [id],
      );
    }
    require(has(judge.data, "scope"), "form");
    const scope: Members = isMembers(judge.data.scope) ? judge.data.scope : {};
    this.begin(own.org, id, {
      scope: scope.admin === true ? "admin" : strings(scope.kinds),
      plots: has(judge.data, "plots") ? strings(judge.data.plots) : undefined,
      effectiveAt,
    });
  }

  /** The ledger time from which the new key may sign: later, unless a key that the organisation still has agrees. */
  private recovery(id: string, org: string): number {
    const { judge } = this;
    const recovery: Members = isMembers(judge.data.recovery) ? judge.data.recovery : {};
    require(recovery.org === org, "form");
    judge.findAuthor(this.isRegistrarAdmin, [id]);
    const hours = recovery.delay_hours;
    require(isNatural(hours) && hours >= 24 && hours <= 720, "form");
    const agreed = this.signers.some((signer) => signer.org === org && signer.key !== id);
    return agreed ? 0 : judge.record.at + hours * HOUR_MS;
  }

  private orgKeyRevoke(): void {
    const { judge } = this;
    const key = judge.known<"key">(judge.subject);
    require(key === UNKNOWN || !key.revoked, "right");
    judge.findAuthor((signer) => {
      if (key === UNKNOWN) return;
      require(signer.org === key.org, "right");
      if (`key:${signer.key}` !== judge.subject) this.isAdmin(signer);
    });
    if (key !== UNKNOWN) judge.facts.set(judge.subject, { ...key, revoked: true } satisfies KeyFact);
  }

  private aboutTheLedger(): void {
    require(subjectsOf(this.judge.record.payload).join() === "ledger:", "form");
    this.judge.findAuthor(this.isRegistrarAdmin);
  }

  private ledgerRules(): void {
    this.aboutTheLedger();
    const { rules } = this.judge.data;
    require(isNatural(rules) && rules > this.judge.ledger.rules, "right");
    this.moveTo(rules);
  }

  private ledgerKey(): void {
    this.aboutTheLedger();
    const { judge } = this;
    const [old, next, until] = ["old_vkey", "new_vkey", "both_until"].map((name) => judge.text(name));
    require(old !== undefined && next !== undefined && until !== undefined, "form");
    const current = judge.ledger.logVkey;
    require((current === undefined || current === old) && old !== next, "right");
    const keys = [parseVkey(old, LOG_KEY), parseVkey(next, LOG_KEY)] as const;
    require(keys[0].name === keys[1].name, "form");
    const message = utf8(`suyuan/log-key/v1\n${old}\n${next}\n${until}\n`);
    ["signature_old", "signature_new"].forEach((name, i) => {
      const signature = judge.text(name);
      if (signature === undefined) throw new Refused(`no ${name}`);
      require(isGoodSignatureNow(keys[i]!.key, message, fromBase64(signature)), name);
    });
    judge.logVkey = next;
  }

  private ledgerAnchor(): void {
    this.aboutTheLedger();
    const { chain_id: chain } = this.judge.data;
    require(isNatural(chain) && chain > 0, "form");
    for (const name of ["contract", "sender"]) {
      require(/^0x[0-9a-f]{40}$/.test(this.judge.text(name) ?? ""), "form");
    }
  }

  private rulesSet(): void {
    this.aboutTheLedger();
    const rows = Object.values(this.judge.data)
      .filter((table) => Array.isArray(table))
      .flat();
    const isFictional = rows.some((row) => isMembers(row) && has(row, "fictional"));
    require(this.judge.ledger.demonstration || !isFictional, "right");
  }
}

function strings(value: Json | undefined): Set<string> {
  return new Set(Array.isArray(value) ? value.filter((item) => typeof item === "string") : []);
}
