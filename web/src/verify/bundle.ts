/** The bundle (docs/format.md §14), and which subjects it must tell of (§16.2). */

import { type Hash, require, sha256 } from "./bytes";
import { type Entry, type Link, type LogRecord, type MapRecord, lotsOf, readEntry } from "./entry";
import { type Json, has, parseCanonical } from "./json";
import { array, hash, isSubject, kindOf, members, natural, rising, text } from "./names";
import type { MapProof, Value } from "./tree";

export const BUNDLE_BYTES_MAX = 8_388_608;
const RECORDS_MAX = 4_096;
/** How many lots away from the asked one is still looked at. */
export const DEPTH_MAX = 64;

const BODY = (
  "anchors beyond checkpoints consistency generated_at inclusion map openings origin receipts records rules size " +
  "subject v"
).split(" ");

export interface Claim extends MapProof {
  subject: string;
  /** None: absence. */
  value?: Value;
}

/** Evidence from outside, as it stands in a bundle. */
export interface Slot {
  kind: string;
  version: number;
  /** Entries of the checkpoint that it is for. */
  size: number;
  /** Base64. */
  evidence: string;
}

export interface Bundle {
  subject: string;
  origin: string;
  rules: number;
  size: number;
  checkpoints: string[];
  consistency: { from: number; to: number; path: Hash[] }[];
  entries: Entry[];
  records: LogRecord[];
  inclusion: Hash[];
  claims: Claim[];
  openings: { leaf: Hash; openings: Json[] }[];
  receipts: string[];
  beyond: string[];
  anchors: Slot[];
  /** The chain here of each subject, by rising sequence number. */
  chains: Map<string, { link: Link; record: LogRecord }[]>;
}

export function parseBundle(data: Uint8Array): Bundle {
  const file = members(parseCanonical(data, BUNDLE_BYTES_MAX, 24), ["bundle", "sha256"]);
  // A canonical object of these two members can be cut by length.
  const digest = sha256(data.subarray('{"bundle":'.length, -',"sha256":""}'.length - 64));
  require(file.sha256 === digest, "the file's own digest does not fit its content");
  const body = members(file.bundle, BODY);
  require(body.v === 1, "a bundle of another version");
  require(isSubject(body.subject), "the subject");
  const entries = array(body.records, 0, RECORDS_MAX).map(readEntry);
  require(rising(entries.map((entry) => entry.seq)), "records are not in order");
  const claims = array(body.map).map(readClaim);
  require(rising(claims.map((claim) => claim.subject)), "map claims are not in order");
  const openings = array(body.openings).map((item) => {
    const group = members(item, ["leaf", "openings"]);
    return { leaf: hash(group.leaf), openings: array(group.openings) };
  });
  require(rising(openings.map((group) => group.leaf)), "openings are not in order");
  const beyond = array(body.beyond);
  require(beyond.every((subject) => isSubject(subject)) && rising(beyond), "beyond");
  text(body.generated_at);
  const records = entries.filter((entry) => entry.type !== "map");
  return {
    subject: body.subject,
    origin: text(body.origin),
    rules: natural(body.rules),
    size: natural(body.size),
    checkpoints: array(body.checkpoints, 1).map(text),
    consistency: array(body.consistency).map((item) => {
      const proof = members(item, ["from", "path", "to"]);
      return { from: natural(proof.from), to: natural(proof.to), path: hashes(proof.path) };
    }),
    entries,
    records,
    inclusion: hashes(body.inclusion),
    claims,
    openings,
    receipts: array(body.receipts).map(text),
    beyond,
    anchors: array(body.anchors).map(readSlot),
    chains: chainsOf(records),
  };
}

function hashes(value: Json | undefined): Hash[] {
  return array(value).map(hash);
}

export function readClaim(item: Json): Claim {
  const isPresence = has(members(item, [], ["count", "last", "other", "siblings", "subject"]), "count");
  const claim = members(
    item,
    ["siblings", "subject", ...(isPresence ? ["count", "last"] : [])],
    isPresence ? [] : ["other"],
  );
  require(isSubject(claim.subject), "a map claim's subject");
  const read: Claim = { subject: claim.subject, siblings: hashes(claim.siblings) };
  if (isPresence) read.value = { count: natural(claim.count), last: hash(claim.last) };
  if (has(claim, "other")) {
    const other = members(claim.other, ["count", "key", "last"]);
    read.other = { key: hash(other.key), count: natural(other.count), last: hash(other.last) };
  }
  return read;
}

function readSlot(item: Json): Slot {
  const slot = members(item, ["evidence", "kind", "size", "version"]);
  return {
    kind: text(slot.kind),
    version: natural(slot.version),
    size: natural(slot.size),
    evidence: text(slot.evidence),
  };
}

function chainsOf(records: LogRecord[]): Bundle["chains"] {
  const chains: Bundle["chains"] = new Map();
  for (const record of records) {
    for (const link of record.links) {
      const chain = chains.get(link.subject);
      if (chain) chain.push({ link, record });
      else chains.set(link.subject, [{ link, record }]);
    }
  }
  return chains;
}

/** The last record, over everything before it. */
export function mapRecordOf(bundle: Bundle): MapRecord {
  const last = bundle.entries[bundle.entries.length - 1];
  require(last?.type === "map", "the checkpoint does not end with a map record");
  return last;
}

// -- §16.2 -----------------------------------------------------------------------------------------------------------

/** What a subject came from, by one record of its chain. */
export function parentsOf(subject: string, record: LogRecord): string[] {
  const { kind, touches, subject: main } = record.payload;
  const of = (...kinds: string[]) => touches.filter((touched) => kinds.includes(kindOf(touched)));
  if (kind === "planting/1" || kind === "harvest/1") return subject === main ? of("crop", "plot") : [];
  if (kind === "crop.open/1") return subject === main ? of("plot") : [];
  if (kind !== "grading/1" && kind !== "packing/1" && kind !== "processing/1") return [];
  const outputs = lotsOf(record.payload, "outputs");
  return outputs.includes(subject) ? of("batch").filter((lot) => !outputs.includes(lot)) : [];
}

export interface Needed {
  /** How many lots away from the asked subject. */
  depths: Map<string, number>;
  beyond: Set<string>;
}

export function neededBy(bundle: Bundle): Needed {
  const depths = new Map([
    [bundle.subject, 0],
    ["ledger:", 0],
    ["org:registrar", 0],
  ]);
  const beyond = new Set<string>();
  const open = [...depths.keys()];
  const reach = (subject: string, depth: number) => {
    beyond.delete(subject);
    if (depth >= (depths.get(subject) ?? Infinity)) return;
    depths.set(subject, depth);
    open.push(subject);
  };
  for (let subject = open.pop(); subject !== undefined; subject = open.pop()) {
    const depth = depths.get(subject)!;
    for (const { record } of bundle.chains.get(subject) ?? []) {
      for (const parent of parentsOf(subject, record)) {
        const deeper = depth + (kindOf(parent) === "batch" ? 1 : 0);
        if (deeper > DEPTH_MAX && !depths.has(parent)) beyond.add(parent);
        else reach(parent, deeper);
      }
      for (const signer of record.payload.signers) {
        reach(signer.org, depth);
        reach(`key:${signer.key}`, depth);
      }
    }
  }
  return { depths, beyond };
}
