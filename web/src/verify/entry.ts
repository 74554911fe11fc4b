/** Leaves of the log (docs/format.md §4, §8): records with their envelopes, and map records. */

import { type Hash, fromBase64, fromHex, require, sha256 } from "./bytes";
import { type Json, type Members, encode, isMembers, parseCanonical } from "./json";
import { array, follows, hash, isHash, members, natural, text } from "./names";
import { PAYLOAD_TYPE, type Payload, parsePayload, subjectsOf } from "./payload";

const ENTRY_BYTES_MAX = 65_535;
const LEAF = Uint8Array.of(0);

export interface Link {
  subject: string;
  n: number;
  prev: Hash;
}

export interface Signature {
  keyid: Hash;
  sig: Uint8Array;
}

interface Placed {
  seq: number;
  /** Milliseconds since 1970 by the ledger's clock. */
  at: number;
  leaf: Hash;
}

export interface LogRecord extends Placed {
  type: "record" | "genesis";
  payload: Payload;
  /** The payload's bytes, as signed. */
  signed: Uint8Array;
  signatures: Signature[];
  links: Link[];
}

export interface MapRecord extends Placed {
  type: "map";
  root: Hash;
  size: number;
}

export type Entry = LogRecord | MapRecord;

export function leafHash(data: Uint8Array): Hash {
  return sha256(LEAF, data);
}

export function parseEntry(data: Uint8Array): Entry {
  return readEntry(parseCanonical(data, ENTRY_BYTES_MAX, 8));
}

/** Reads an entry of JSON that is canonical already. */
export function readEntry(value: Json): Entry {
  require(isMembers(value), "entry");
  const data = encode(value);
  require(data.length <= ENTRY_BYTES_MAX, "entry");
  const placed = { seq: natural(value.seq), at: natural(value.at), leaf: leafHash(data) };
  if (value.type === "map") return readMapRecord(value, placed);
  require(value.type === "record" || value.type === "genesis", "entry");
  members(value, ["at", "envelope", "links", "seq", "type"]);
  const envelope = readEnvelope(value.envelope);
  const isGenesis = value.type === "genesis";
  require(isGenesis === (placed.seq === 0) && isGenesis === isKind(envelope.payload, "genesis"), "genesis");
  const links = array(value.links).map(readLink);
  const linked = links.map((link) => link.subject).join();
  require(linked === subjectsOf(envelope.payload).join(), "links");
  return { type: value.type, ...placed, ...envelope, links };
}

function readMapRecord(value: Members, placed: Placed): MapRecord {
  members(value, ["at", "root", "seq", "size", "type"]);
  const size = natural(value.size);
  require(size === placed.seq && size !== 0, "map record");
  return { type: "map", ...placed, root: hash(value.root), size };
}

export function readEnvelope(value: Json | undefined): Pick<LogRecord, "payload" | "signed" | "signatures"> {
  const envelope = members(value, ["payload", "payloadType", "signatures"]);
  const base64 = text(envelope.payload);
  require(envelope.payloadType === PAYLOAD_TYPE && base64.length <= 81_920, "envelope");
  const signed = fromBase64(base64);
  const signatures = array(envelope.signatures, 1, 4).map((item) => {
    const signature = members(item, ["keyid", "sig"]);
    const sig = fromBase64(text(signature.sig));
    require(sig.length === 64, "signature");
    return { keyid: hash(signature.keyid), sig };
  });
  const payload = parsePayload(signed);
  const keys = payload.signers.map((signer) => signer.key).join();
  require(signatures.map((signature) => signature.keyid).join() === keys, "signers");
  return { payload, signed, signatures };
}

function readLink(value: Json): Link {
  const link = members(value, ["n", "prev", "subject"]);
  const read = { subject: text(link.subject), n: natural(link.n), prev: hash(link.prev) };
  require(follows(read.n, read.prev), "link");
  return read;
}

export function isKind(payload: Payload, name: string): boolean {
  return payload.kind.slice(0, payload.kind.indexOf("/")) === name;
}

export function linkOf(record: LogRecord, subject: string): Link | undefined {
  return record.links.find((link) => link.subject === subject);
}

/** The lots that `data` lists on one side (`inputs`, `outputs`, `lots`). */
export function lotsOf(payload: Payload, side: string): string[] {
  const listed = payload.data[side];
  const lots = Array.isArray(listed) ? listed.map((item) => (isMembers(item) ? item.lot : undefined)) : [];
  return lots.filter((lot) => typeof lot === "string");
}

/** The public keys that a record brings into the ledger: all of them, or none if one is no hash. */
export function introducedKeys(payload: Payload): Uint8Array[] {
  const keys: (Json | undefined)[] = [];
  if (payload.kind === "genesis/1" || payload.kind === "org.register/1") {
    const listed = Array.isArray(payload.data.keys) ? payload.data.keys : [];
    keys.push(...listed.map((item) => (isMembers(item) ? item.public_key : undefined)));
  } else if (payload.kind === "org.key.add/1") keys.push(payload.data.public_key);
  return keys.every(isHash) ? keys.map(fromHex) : [];
}
