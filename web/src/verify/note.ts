/** C2SP notes, keys, checkpoints and cosignatures (docs/format.md §11), and receipts (§12). */

import { type Hash, Refused, equal, fromBase64, hex, require, sha256, utf8 } from "./bytes";
import { type Engine, isGoodKey, isGoodSignature } from "./ed25519";
import { type Entry, leafHash, parseEntry } from "./entry";
import { decimal, isWhite } from "./names";
import { checkInclusion } from "./tree";
import type { Trust } from "./trust";

export interface Key {
  name: string;
  /** The first four bytes of the key's hash, in hexadecimal. */
  id: string;
  type: number;
  key: Uint8Array;
  /** All of that in one line. */
  vkey: string;
}

export const LOG_KEY = 1;
export const COSIGNER = 4;

const NOTE_BYTES_MAX = 65_536;
const RECEIPT_BYTES_MAX = 262_144;
const LINES_MAX = 64;

function isKeyName(name: string): boolean {
  return name !== "" && ![...name].some((letter) => isWhite(letter) || letter < " " || letter === "+");
}

/** A verifier key of that type. */
export function parseVkey(text: string, type: number): Key {
  const [, name, id, base64] = /^([^+]*)\+([0-9a-f]{8})\+([^]*)$/.exec(text) ?? [];
  require(name !== undefined && isKeyName(name) && base64 !== undefined, "vkey");
  const data = fromBase64(base64);
  require(data.length === 33 && data[0] === type && isGoodKey(data.subarray(1)), "vkey");
  require(sha256(utf8(name), utf8("\n"), data).slice(0, 8) === id, "vkey");
  return { name, id, type, key: data.subarray(1), vkey: text };
}

export function isSameKey(a: Key, b: Key): boolean {
  return a.name === b.name && a.type === b.type && equal(a.key, b.key);
}

interface Line {
  name: string;
  id: string;
  data: Uint8Array;
}

export function parseNote(note: string): { text: string; lines: Line[] } {
  require(utf8(note).length <= NOTE_BYTES_MAX, "note");
  require(![...note].some((letter) => letter < " " && letter !== "\n"), "note");
  const gap = note.lastIndexOf("\n\n");
  require(gap >= 0 && note.endsWith("\n") && note.length > gap + 2, "note");
  const lines = note.slice(gap + 2, -1).split("\n");
  require(lines.length <= LINES_MAX, "note");
  return {
    text: note.slice(0, gap + 1),
    lines: lines.map((line) => {
      const [, name, base64] = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
      require(name !== undefined && base64 !== undefined && isKeyName(name), "signature line");
      const data = fromBase64(base64);
      require(data.length > 4, "signature line");
      return { name, id: hex(data.subarray(0, 4)), data: data.subarray(4) };
    }),
  };
}

/** The time of a good cosignature; undefined for a good plain signature. */
async function signedAt(
  engine: Engine,
  key: Key,
  text: string,
  data: Uint8Array,
): Promise<bigint | undefined> {
  const [time, message] = key.type === COSIGNER ? cosigned(text, data) : [undefined, text];
  const signature = time === undefined ? data : data.subarray(8);
  const good = await isGoodSignature(engine, key.key, utf8(message), signature);
  require(good, `the signature of ${key.name} does not fit the checkpoint`);
  return time;
}

function cosigned(text: string, data: Uint8Array): [bigint, string] {
  require(data.length >= 8, "cosignature");
  const time = BigInt(`0x${hex(data.subarray(0, 8))}`);
  require(time < 1n << 63n, "cosignature");
  return [time, `cosignature/v1\ntime ${time}\n${text}`];
}

export interface Checkpoint {
  size: bigint;
  root: Hash;
  /** The newest time, in seconds, that each witness of the policy gives, by its name there. */
  cosigned: Map<string, bigint>;
}

/** A signature of a known key that does not fit condemns the note; unknown keys say nothing. */
export async function openCheckpoint(note: string, trust: Trust, engine: Engine): Promise<Checkpoint> {
  const { text, lines } = parseNote(note);
  const signers: Key[] = [];
  const times = new Map<Key, bigint>();
  for (const line of lines) {
    const known = trust.keys.filter((key) => key.name === line.name && key.id === line.id);
    require(known.length <= 1, "two keys with one name and id");
    for (const key of known) {
      const time = await signedAt(engine, key, text, line.data);
      const before = times.get(key);
      if (time === undefined) signers.push(key);
      else times.set(key, before !== undefined && before > time ? before : time);
    }
  }
  const rows = text.split("\n");
  require(rows.length === 4 && rows[3] === "" && isKeyName(rows[0]!), "checkpoint");
  const [size, root] = [decimal(rows[1]!), fromBase64(rows[2]!)];
  require(root.length === 32, "checkpoint");
  require(rows[0] === trust.origin, "the checkpoint is of another log");
  require(signers.some((key) => key.name === rows[0]), "the log has not signed the checkpoint");
  const cosigners = trust.witnesses.filter(({ key }) => times.has(key));
  return {
    size,
    root: hex(root),
    cosigned: new Map(cosigners.map(({ name, key }) => [name, times.get(key)!])),
  };
}

// -- §12 receipts ----------------------------------------------------------------------------------------------------

export interface Receipt {
  seq: bigint;
  leaf: Hash;
  /** None: the log holds what is no entry. */
  entry?: Entry;
}

export async function openReceipt(text: string, trust: Trust, engine: Engine): Promise<Receipt> {
  require(utf8(text).length <= RECEIPT_BYTES_MAX, "receipt");
  const gap = text.indexOf("\n\n");
  const lines = text.slice(0, Math.max(gap, 0)).split("\n");
  require(gap >= 0 && lines.shift() === "c2sp.org/tlog-proof@v1", "receipt");
  let extra: Uint8Array = new Uint8Array();
  if (lines[0]?.startsWith("extra")) {
    require(lines[0].startsWith("extra ") && lines[0].length > 6, "receipt");
    extra = fromBase64(lines.shift()!.slice(6));
  }
  const index = lines.shift();
  require(index !== undefined && index.startsWith("index "), "receipt");
  const path = lines.map(fromBase64);
  require(path.length <= 64 && path.every((each) => each.length === 32), "receipt");
  const seq = decimal(index.slice(6));
  const { size, root } = await openCheckpoint(text.slice(gap + 2), trust, engine);
  const leaf = leafHash(extra);
  checkInclusion(leaf, seq, size, path.map(hex), root);
  try {
    return { seq, leaf, entry: parseEntry(extra) };
  } catch (error) {
    if (error instanceof Refused) return { seq, leaf };
    throw error;
  }
}
