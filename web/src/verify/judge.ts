/**
 * One record and what stands before it: may it stand here, and what follows (docs/format.md §13.3-13.6, §13.8).
 * A refusal is told by its code (§13.9).
 */

import { Refused, require } from "./bytes";
import { type LogRecord, linkOf, lotsOf } from "./entry";
import { type Members, has, isMembers } from "./json";
import { isHash, isSubject, kindOf, ownerOf, each } from "./names";
import { type Signer, subjectsOf } from "./payload";
import { Registry } from "./registry";
import { ABOUT, RIGHTS, type Relation, isCorrectable, isWithdrawable } from "./rights";
import {
  type Batch,
  type Crop,
  type Facts,
  type KeyFact,
  type Original,
  type PartialLedger,
  UNKNOWN,
  references,
  spell,
} from "./rules";

export type Condition = (signer: Signer) => void;
type Unknown = typeof UNKNOWN;

export class Judge {
  readonly facts = new Map<string, Facts[keyof Facts]>();
  readonly missing = new Set<string>();
  author: string | undefined;
  corrected: Original | undefined;
  withdrawn: Original | undefined;
  rules: number | undefined;
  logVkey: string | undefined;
  demonstration = false;
  readonly kind: string;
  readonly data: Members;
  readonly subject: string;

  constructor(
    readonly ledger: PartialLedger,
    readonly record: LogRecord,
  ) {
    ({ kind: this.kind, data: this.data, subject: this.subject } = record.payload);
  }

  run(): void {
    require(ABOUT.get(this.kind)?.includes(kindOf(this.subject)), "form");
    this.checkTouches();
    this.checkFiles();
    if (this.kind === "correction/1") this.correction();
    else if (this.kind === "withdrawal/1") this.withdrawal();
    else if (!new Registry(this).judges()) this.byTable();
  }

  // -- looking things up

  /** Its fact; one that does not exist is refused. */
  known<K extends keyof Facts>(subject: string): Facts[K] | Unknown {
    if (!this.ledger.complete.has(subject)) {
      this.missing.add(subject);
      return UNKNOWN;
    }
    const fact = this.ledger.facts.get(subject);
    require(fact, `${subject} is not in the ledger`);
    return fact as Facts[K];
  }

  isNew(subject: string): boolean {
    return linkOf(this.record, subject)?.n === 0;
  }

  text(name: string): string | undefined {
    const value = this.data[name];
    return has(this.data, name) && typeof value === "string" ? value : undefined;
  }

  // -- §13.3

  private checkTouches(): void {
    if (["genesis/1", "org.register/1", "correction/1", "withdrawal/1"].includes(this.kind)) return;
    const named = new Set<string>();
    each(this.data, (node) => {
      if (isSubject(node)) named.add(node);
    });
    require(this.record.payload.touches.every((touched) => named.has(touched)), "form");
    if (this.kind === "shipping/1" || this.kind === "receiving/1") {
      require(lotsOf(this.record.payload, "lots").includes(this.subject), "form");
    }
  }

  private checkFiles(): void {
    const { readings } = this.data;
    const named = ["report_file", "seal_photo"]
      .filter((name) => has(this.data, name))
      .map((name) => this.data[name]);
    if (isMembers(readings) && has(readings, "chunk")) named.push(readings.chunk);
    const own = (this.record.payload.attachments ?? []).map((file) => file.commitment);
    require(named.every((file) => own.includes(file as string)), "form");
  }

  // -- §13.4

  /** Refuses one who does not stand; false where the bundle does not show who this is. */
  private stands(signer: Signer): boolean {
    const org = this.known<"org">(signer.org);
    const key = this.known<"key">(`key:${signer.key}`);
    if (org === UNKNOWN || key === UNKNOWN) return false;
    require(key.org === signer.org && !key.revoked, "right");
    require(this.record.at >= key.effectiveAt, "right");
    const mayAct =
      org.status === "active" || signer.org === "org:registrar" || this.kind === "org.key.revoke/1";
    require(mayAct, "right");
    require(org.roles.has(signer.as), "right");
    this.checkScope(signer, key);
    return true;
  }

  private checkScope(signer: Signer, key: KeyFact): void {
    if (this.kind === "org.key.revoke/1" && this.subject === `key:${signer.key}`) return;
    if (key.scope !== "admin") {
      const kind = this.isAboutRecord() ? this.original()?.kind : this.kind;
      if (kind === undefined) return;
      require(key.scope.has(kind.slice(0, kind.indexOf("/"))), "right");
    }
    if (key.plots) this.checkPlots(key.plots);
  }

  private isAboutRecord(): boolean {
    return this.kind === "correction/1" || this.kind === "withdrawal/1";
  }

  private checkPlots(allowed: ReadonlySet<string>): void {
    const plots: string[] = [];
    for (const subject of subjectsOf(this.record.payload)) {
      if (kindOf(subject) === "plot") plots.push(subject);
      if (kindOf(subject) !== "crop") continue;
      const crop = this.begins(subject) ? this.begunCrop() : this.known<"crop">(subject);
      if (crop === UNKNOWN) return;
      plots.push(crop.plot);
    }
    const covered = plots.length > 0 && plots.every((plot) => allowed.has(plot.slice(plot.indexOf(":") + 1)));
    require(covered, "right");
  }

  private begins(subject: string): boolean {
    return this.kind === "crop.open/1" && subject === this.subject;
  }

  private begunCrop(): Crop {
    const plot = this.text("plot");
    require(plot !== undefined && plot.startsWith("plot:"), "form");
    return { plot };
  }

  /** The first who stands and meets the kind's own condition; where none is judged, the first who is unknown. */
  findAuthor(condition: Condition, introduced: readonly string[] = []): void {
    let unjudged: string | undefined;
    for (const signer of this.record.payload.signers) {
      if (introduced.includes(signer.key)) continue;
      if (!this.stands(signer)) unjudged ??= signer.org;
      else if (this.author === undefined) {
        try {
          condition(signer);
          this.author = signer.org;
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
        }
      }
    }
    this.author ??= unjudged;
    require(this.author !== undefined, "right");
  }

  // -- §13.5

  private byTable(): void {
    const subjects = subjectsOf(this.record.payload);
    const rights = RIGHTS.get(this.kind) ?? [];
    this.findAuthor((signer) => {
      for (const subject of subjects) {
        const row = rights.find(
          (right) => right.about === kindOf(subject) && right.roles.includes(signer.as),
        );
        require(row, "right");
        this.checkRelation(signer.org, subject, row.relation);
      }
    });
    subjects.forEach((subject) => this.effectOn(subject));
  }

  private checkRelation(org: string, subject: string, relation: Relation): void {
    const own = ownerOf(subject) === org;
    const isNew = this.isNew(subject);
    if (relation === "any" || relation === "own") {
      this.known(subject);
      require(own || relation === "any", "right");
    } else if (relation === "new") require(own && isNew, "right");
    else if (relation === "new or planted") {
      require(own, "right");
      const batch = isNew ? UNKNOWN : this.known<"batch">(subject);
      require(batch === UNKNOWN || batch.growing, "right");
    } else if (relation === "transformed" && lotsOf(this.record.payload, "outputs").includes(subject)) {
      require(own && isNew, "right");
    } else if (relation === "receiver") this.checkReceiver(org, subject);
    else {
      require(relation !== "transformed" || subject !== this.subject, "right");
      this.checkHeld(org, subject, relation);
    }
  }

  private checkHeld(org: string, subject: string, relation: Relation): void {
    const batch = this.known<"batch">(subject);
    if (batch === UNKNOWN || batch.holders.has(org)) return;
    const carried = batch.open.some((shipment) => `org:${shipment.carrier}` === org);
    require(relation === "held or carried" && carried, "right");
  }

  private checkReceiver(org: string, subject: string): void {
    const batch = this.known<"batch">(subject);
    if (batch === UNKNOWN) return;
    const shipment = batch.open.find((open) => open.leaf === this.text("shipment"));
    require(shipment?.to !== undefined && `org:${shipment.to}` === org, "right");
  }

  // -- §13.6

  private effectOn(subject: string): void {
    const kind = kindOf(subject);
    if (kind === "batch") this.effectOnBatch(subject);
    else if (kind === "plot" && this.isNew(subject)) this.facts.set(subject, {});
    else if (kind === "crop" && this.isNew(subject)) {
      const crop = this.begins(subject) ? this.begunCrop() : this.known<"crop">(subject);
      if (crop !== UNKNOWN) this.facts.set(subject, crop);
    }
  }

  private effectOnBatch(subject: string): void {
    const born: Batch = { growing: this.kind === "planting/1", holders: new Set([this.author!]), open: [] };
    const before = this.isNew(subject) ? born : this.known<"batch">(subject);
    if (before === UNKNOWN) return;
    let { growing, holders, open } = before;
    if (this.kind === "harvest/1") growing = false;
    else if (this.kind === "shipping/1") {
      open = [...open, { leaf: this.record.leaf, to: this.text("to"), carrier: this.text("carrier") }];
    } else if (this.kind === "receiving/1") {
      open = open.filter((shipment) => shipment.leaf !== this.text("shipment"));
      if (this.text("accept") !== "rejected") holders = new Set([...holders, this.author!]);
    }
    this.facts.set(subject, { growing, holders, open });
  }

  // -- §13.8

  /** The first version of what is corrected or withdrawn; undefined where the bundle does not show it. */
  private original(): Original | undefined {
    const leaf = this.kind === "withdrawal/1" ? this.text("withdraws") : this.record.payload.corrects;
    require(isHash(leaf), "form");
    const original = this.ledger.originals.get(leaf);
    if (!original || !this.ledger.originals.has(original.leaf)) {
      this.missing.add(this.subject);
      return undefined;
    }
    require(!this.ledger.withdrawn.has(original.leaf), "stale-correction");
    require(this.ledger.current.get(original.leaf) === leaf, "stale-correction");
    return original;
  }

  private correction(): void {
    const original = this.original();
    if (!original) return this.findAuthor(() => undefined);
    require(spell(this.record.payload) === original.subjects, "form");
    require(isCorrectable(original.kind), "right");
    const { data } = this.data;
    require(isMembers(data) && references(original.kind, data) === original.references, "form");
    this.byAuthorOf(original);
    this.corrected = original;
  }

  private withdrawal(): void {
    const original = this.original();
    if (!original) return this.findAuthor(() => undefined);
    require(spell(this.record.payload) === original.subjects, "form");
    require(isWithdrawable(original.kind), "right");
    this.byAuthorOf(original);
    this.withdrawn = original;
  }

  private byAuthorOf(original: Original): void {
    this.findAuthor((signer) => require(signer.org === original.author, "right"));
  }
}
