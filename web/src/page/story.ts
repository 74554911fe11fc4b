/** What a verified bundle tells of its batch, as far as the page is compared with it. Pure. */

import {
  type Bundle,
  type Json,
  type LogRecord,
  type Members,
  isMembers,
  isSealed,
  lotsOf,
  parentsOf,
  subjectsOf,
} from "../verify/index";

/** A statement with everything that corrected it. */
export interface Told {
  seq: number;
  kind: string;
  record: LogRecord;
  /** The `data` of each version, the newest last, with what was opened in place. */
  versions: Members[];
  /** When it happened, as the signer or whoever corrected it says. */
  day: string;
  withdrawn: boolean;
}

export interface Story {
  /** By sequence number of the first version, and of every later one. */
  told: Map<number, Told>;
  /** The batch and what it came from. */
  line: Set<string>;
  /** Failed tests and holds of the line that no platform's or regulator's release names. */
  held: Told[];
  /** Those that one does name. */
  lifted: Told[];
  /** How many of the batch's own entries were corrected. */
  corrected: number;
}

export function now(told: Told): Members {
  return told.versions[told.versions.length - 1]!;
}

export function isBad(data: Members): boolean {
  return data.conclusion === "fail" || failedItems(data).length > 0;
}

export function failedItems(data: Members): Members[] {
  const items = Array.isArray(data.items) ? data.items.filter(isMembers) : [];
  return items.filter((item) => item.verdict === "fail");
}

export function storyOf(bundle: Bundle): Story {
  const line = lineOf(bundle);
  const told = toldBy(bundle);
  const events = [...new Set(told.values())];
  const inLine = (each: Told) => subjectsOf(each.record.payload).some((subject) => line.has(subject));
  const raised = events.filter(inLine).filter((each) => {
    // A correction never makes a failed test good.
    return each.kind === "hold/1" || (each.kind === "inspection/1" && each.versions.some(isBad));
  });
  const releases = events.filter((each) => each.kind === "release/1" && isOfAuthority(each.record));
  const named = new Set(
    releases.flatMap((each) => (Array.isArray(now(each).lifts) ? (now(each).lifts as Json[]) : [])),
  );
  const isLifted = (each: Told) => named.has(each.record.leaf);
  return {
    told,
    line,
    held: raised.filter((each) => !isLifted(each)),
    lifted: raised.filter(isLifted),
    corrected: events.filter((each) => inLine(each) && each.versions.length > 1).length,
  };
}

function isOfAuthority(record: LogRecord): boolean {
  return record.payload.signers.some((signer) => ["platform", "regulator"].includes(signer.as));
}

function lineOf(bundle: Bundle): Set<string> {
  const line = new Set([bundle.subject]);
  for (const subject of line) {
    for (const { record } of bundle.chains.get(subject) ?? [])
      parentsOf(subject, record).forEach((parent) => line.add(parent));
  }
  return line;
}

function toldBy(bundle: Bundle): Map<number, Told> {
  const opened = new Map(bundle.openings.map(({ leaf, openings }) => [leaf, openings]));
  const byLeaf = new Map<string, Told>();
  const told = new Map<number, Told>();
  for (const record of bundle.records) {
    const { kind, corrects, data } = record.payload;
    const withdraws = kind === "withdrawal/1" ? data.withdraws : undefined;
    const original = byLeaf.get(corrects ?? (typeof withdraws === "string" ? withdraws : ""));
    const values = open(data, "/data", valuesOf(opened.get(record.leaf) ?? [])) as Members;
    if (original) {
      byLeaf.set(record.leaf, original);
      told.set(record.seq, original);
      if (kind === "withdrawal/1") original.withdrawn = true;
      else if (isMembers(values.data)) original.versions.push(values.data);
      if (corrects && typeof values.occurred_at === "string") original.day = values.occurred_at;
      continue;
    }
    const day = record.payload.occurred_at;
    const first = { seq: record.seq, kind, record, versions: [values], day, withdrawn: false };
    byLeaf.set(record.leaf, first);
    told.set(record.seq, first);
  }
  return told;
}

function valuesOf(openings: Json[]): Map<string, Json> {
  const values = new Map<string, Json>();
  for (const opening of openings) {
    if (isMembers(opening) && typeof opening.pointer === "string" && opening.value !== undefined) {
      values.set(opening.pointer, opening.value);
    }
  }
  return values;
}

function open(value: Json, pointer: string, values: Map<string, Json>): Json {
  if (isSealed(value)) return values.get(pointer) ?? value;
  if (Array.isArray(value)) return value.map((item, i) => open(item, `${pointer}/${i}`, values));
  if (!isMembers(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, open(item, `${pointer}/${name}`, values)]),
  );
}

/** Entries of the batch's own chain that a page which shows everything must show. */
export function own(bundle: Bundle, story: Story): Told[] {
  const chain = (bundle.chains.get(bundle.subject) ?? []).map(({ record }) => story.told.get(record.seq)!);
  return [...new Set(chain)].filter(({ kind, record: { payload } }) => {
    if (/^(grading|packing|processing)/.test(kind)) {
      return [...lotsOf(payload, "outputs"), ...lotsOf(payload, "inputs")].includes(bundle.subject);
    }
    return (
      payload.subject === bundle.subject || !/^(harvest|input|irrigation|observation|planting)/.test(kind)
    );
  });
}
