/**
 * Rules version 1 over the parts of a ledger that a bundle shows (docs/format.md §13, §16.5).
 *
 * A subject whose chain is complete is known, as the records so far leave it. Anything else is unknown, which is nobody's
 * case: it is noted as missing, and neither allows nor refuses.
 */

import type { Hash } from "./bytes";
import type { LogRecord } from "./entry";
import { type Json, has, isMembers, jcs } from "./json";
import { isSubject, walk } from "./names";
import { type Payload, subjectsOf } from "./payload";
import { Judge } from "./judge";

export const UNKNOWN = Symbol("unknown");
export const RULES_KNOWN = [1];

/** The ledger goes on under rules that this verifier does not know: from here on it can judge nothing. */
export class NewerRules extends Error {}

export interface Org {
  roles: ReadonlySet<string>;
  status: string;
}

export interface KeyFact {
  org: string;
  /** `admin`, or names of kinds. */
  scope: "admin" | ReadonlySet<string>;
  plots: ReadonlySet<string> | undefined;
  effectiveAt: number;
  revoked: boolean;
}

export interface Crop {
  plot: string;
}

export interface Shipment {
  leaf: Hash;
  to: string | undefined;
  carrier: string | undefined;
}

export interface Batch {
  growing: boolean;
  holders: ReadonlySet<string>;
  open: readonly Shipment[];
}

/** What is known of a subject; plots and the ledger only exist. */
export interface Facts {
  org: Org;
  key: KeyFact;
  crop: Crop;
  batch: Batch;
  plot: object;
  ledger: object;
  show: object;
}

/** A statement in its first version, which corrections and withdrawals are about. */
export interface Original {
  leaf: Hash;
  kind: string;
  subjects: string;
  author: string;
  references: string;
}

export class PartialLedger {
  readonly facts = new Map<string, Facts[keyof Facts]>();
  /** By leaf hash of every version. */
  readonly originals = new Map<Hash, Original>();
  /** By leaf hash of the first version: the newest. */
  readonly current = new Map<Hash, Hash>();
  readonly withdrawn = new Set<Hash>();
  rules = 0;
  logVkey: string | undefined;
  demonstration = false;

  constructor(readonly complete: ReadonlySet<string>) {}

  /** Judges the next record; returns the subjects that were looked up and are unknown. */
  apply(record: LogRecord): ReadonlySet<string> {
    const judge = new Judge(this, record);
    judge.run();
    for (const [subject, fact] of judge.facts) if (this.complete.has(subject)) this.facts.set(subject, fact);
    const original =
      record.payload.kind === "correction/1" ? judge.corrected : originalOf(record, judge.author!);
    if (original) {
      this.originals.set(record.leaf, original);
      this.current.set(original.leaf, record.leaf);
    }
    if (judge.withdrawn) this.withdrawn.add(judge.withdrawn.leaf);
    this.demonstration ||= judge.demonstration;
    this.rules = judge.rules ?? this.rules;
    this.logVkey = judge.logVkey ?? this.logVkey;
    return judge.missing;
  }
}

function originalOf(record: LogRecord, author: string): Original {
  const { kind, data } = record.payload;
  const { leaf } = record;
  return { leaf, kind, author, subjects: spell(record.payload), references: references(kind, data) };
}

export function spell(payload: Payload): string {
  return subjectsOf(payload).join();
}

/** What a correction must keep: every subject named, and what custody hangs on. */
export function references(kind: string, data: Json): string {
  const found = new Map<string, string>();
  walk(data, (node, pointer) => {
    if (isSubject(node)) found.set(pointer, node);
  });
  const fixed: Record<string, string[]> = {
    "shipping/1": ["to", "to_consumers", "carrier"],
    "receiving/1": ["shipment", "accept"],
  };
  for (const name of fixed[kind] ?? []) {
    if (isMembers(data) && has(data, name)) found.set(`/${name}`, jcs(data[name]!));
  }
  return jcs([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
