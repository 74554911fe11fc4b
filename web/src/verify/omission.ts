/** Omission evidence (docs/format.md §17): proof, from the log's own signatures, that a record was left out. */

import { type Claim, readClaim } from "./bundle";
import { Refused, require, sha256 } from "./bytes";
import type { Engine } from "./ed25519";
import type { Link } from "./entry";
import { type Json, parseCanonical } from "./json";
import { array, members, text } from "./names";
import { type Receipt, openReceipt } from "./note";
import { checkMap } from "./tree";
import type { Trust } from "./trust";

const EVIDENCE_BYTES_MAX = 1_048_576;
/** Whatever is wrong: evidence that does not hold says nothing of anybody. */
const NOTHING = "nothing is shown";

/** What is shown, for others to put into words. */
export interface Omission {
  kind: "entry" | "map" | "twice";
  /** Sequence number of the receipt's record. */
  seq: bigint;
  subject?: string;
  /** The record's place in the chain of `subject`. */
  n?: number;
}

/** Whether a file begins like evidence. What is wrong with it further on is for `judgeEvidence` to say. */
export function isEvidence(data: Uint8Array): boolean {
  const start = new TextDecoder().decode(data.subarray(0, 64)).replace(/[ \t\n\f\r]/g, "");
  return start.startsWith('{"evidence"');
}

/** Refused where it shows nothing. */
export async function judgeEvidence(data: Uint8Array, trust: Trust, engine: Engine): Promise<Omission> {
  const file = members(parseCanonical(data, EVIDENCE_BYTES_MAX, 16), ["evidence", "sha256"]);
  // A canonical object of these two members can be cut by length.
  const digest = sha256(data.subarray('{"evidence":'.length, -',"sha256":""}'.length - 64));
  require(file.sha256 === digest, NOTHING);
  const { kind, v } = members(file.evidence, ["kind", "v"], ["claim", "map", "receipt", "receipts"]);
  require(v === 1, NOTHING);
  const body = (...names: string[]) => members(file.evidence, ["kind", "v", ...names]);
  const open = (value: Json | undefined) => openReceipt(text(value), trust, engine);
  if (kind === "entry") return malformed(await open(body("receipt").receipt));
  if (kind === "map") {
    const { receipt, map, claim } = body("claim", "map", "receipt");
    const read = readClaim(claim!);
    [receipt, map].forEach(text);
    return leftOut(await open(receipt), await open(map), read);
  }
  require(kind === "twice", NOTHING);
  const receipts = array(body("receipts").receipts, 2, 2).map(text);
  return twins(await open(receipts[0]), await open(receipts[1]));
}

function linksOf({ entry }: Receipt): Link[] {
  return entry && entry.type !== "map" ? entry.links : [];
}

function malformed({ seq, entry }: Receipt): Omission {
  require(!entry || BigInt(entry.seq) !== seq, NOTHING);
  return { kind: "entry", seq };
}

function leftOut(receipt: Receipt, map: Receipt, claim: Claim): Omission {
  if (map.entry?.type !== "map") throw new Refused(NOTHING);
  checkMap(map.entry.root, claim.subject, claim.value, claim);
  const link = linksOf(receipt).find(({ subject }) => subject === claim.subject);
  require(link && receipt.seq < BigInt(map.entry.size), NOTHING);
  const count = claim.value?.count ?? 0;
  const told = count > link.n + 1 || (count === link.n + 1 && claim.value?.last === receipt.leaf);
  require(!told, NOTHING);
  return { kind: "map", seq: receipt.seq, subject: claim.subject, n: link.n };
}

function twins(first: Receipt, second: Receipt): Omission {
  const link = linksOf(first).find(({ subject, n }) =>
    linksOf(second).some((other) => other.subject === subject && other.n === n),
  );
  require(link && first.leaf !== second.leaf, NOTHING);
  return { kind: "twice", seq: first.seq, subject: link.subject, n: link.n };
}
