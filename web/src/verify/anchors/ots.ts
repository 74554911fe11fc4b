/** OpenTimestamps: a path of hashes from the digest to the Merkle root of a Bitcoin block (docs/format.md, Anchors). */

import { ripemd160, sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { keccak_256 as keccak } from "@noble/hashes/sha3.js";

import { concat, equal, fromUtf8, hex, require, utf8 } from "../bytes";
import { HEADER_BYTES, Header, TARGET_MAX, reversed } from "./bitcoin";
import type { Body } from "./body";
import { type Claim, type Finding, type Told, notChecked } from "./finding";

const MAGIC = "004f70656e54696d657374616d7073000050726f6f6600bf89e2e884e89294";
const FILE_BYTES_MAX = 65_536;
const MESSAGE_BYTES_MAX = 4_096;
const ATTESTATION_BYTES_MAX = 8_192;
const URI_BYTES_MAX = 1_000;
const DEPTH_MAX = 256;
const BITCOIN = "0588960d73d71901";
const PENDING = "83dfe30d2ef90c8e";

const OPS: Record<number, (message: Uint8Array) => Uint8Array> = {
  0xf2: (message) => message.slice().reverse(),
  0xf3: (message) => utf8(hex(message)),
  0x02: sha1,
  0x03: ripemd160,
  0x08: sha256,
  0x67: keccak,
};

interface End {
  height: bigint;
  merkleRoot: Uint8Array;
}

interface Proof {
  digest: Uint8Array;
  ends: End[];
  calendars: string[];
  header?: Header;
}

/** Refused where it is failed. */
export function judgeOts(evidence: Uint8Array, body: Body, told: Told, targetMax = TARGET_MAX): Finding {
  const { digest, ends, calendars, header } = new Reader(evidence).proof();
  require(equal(digest, body.digest), "it stamps something else than this checkpoint");
  const isOf = (end: End, of: Header) => equal(end.merkleRoot, of.merkleRoot);
  let beside: [End, Header] | undefined;
  if (header) {
    const end = ends.find((each) => isOf(each, header));
    require(end && header.meetsItsTarget, "the header that stands with it is of no block that it ends in");
    beside = [end, header];
  }
  const [earliest] = ends;
  if (!earliest) {
    if (!calendars.length) return notChecked("unsupported");
    const source = { is: "calendars", names: calendars } as const;
    return notChecked("pending", { level: "trusted-party", source, isPublication: false });
  }
  const known = ends.flatMap((end) => {
    const headers = told.bitcoinHeaders.map((data) => new Header(data));
    const good = headers.filter((each) => isOf(end, each) && each.meetsItsTarget);
    return good.map((each): [End, Header] => [end, each]);
  });
  const confirmed = known.find(([, each]) => each.isAsHardAs(targetMax));
  if (confirmed) return { status: "ok", claim: inBlock(...confirmed) };
  const shown = known[0] ?? beside;
  if (!shown) return notChecked("block-not-confirmed", inBlock(earliest));
  return notChecked(shown[1].isAsHardAs(targetMax) ? "block-not-confirmed" : "test-chain", inBlock(...shown));
}

function inBlock(end: End, header?: Header): Claim {
  return {
    level: "consensus",
    ...(header ? { notAfter: header.time } : {}),
    isPublication: false,
    source: {
      is: "bitcoin",
      height: end.height,
      merkleRoot: reversed(end.merkleRoot),
      ...(header ? { blockHash: header.hash } : {}),
    },
  };
}

class Reader {
  private at = 0;
  private readonly ends: End[] = [];
  private readonly calendars: string[] = [];

  constructor(private readonly data: Uint8Array) {}

  /** A whole file, and the header that may follow it. */
  proof(): Proof {
    require(hex(this.take(31)) === MAGIC, "it is no OpenTimestamps proof");
    require(this.number() === 1n && this.byte() === 0x08, "it is of another version, or not for SHA-256");
    const digest = this.take(32);
    this.tree(digest, DEPTH_MAX);
    require(this.at <= FILE_BYTES_MAX, "the proof is too long");
    const rest = this.data.subarray(this.at);
    require(rest.length === 0 || rest.length === HEADER_BYTES, "something follows the proof");
    const { ends, calendars } = this;
    const bySize = (a: bigint | string, b: bigint | string) => (a < b ? -1 : a > b ? 1 : 0);
    ends.sort((a, b) => bySize(a.height, b.height) || bySize(hex(a.merkleRoot), hex(b.merkleRoot)));
    return { digest, ends, calendars, ...(rest.length ? { header: new Header(rest) } : {}) };
  }

  private tree(message: Uint8Array, depth: number): void {
    require(depth > 0, "the proof has too many operations in a row");
    for (let isLast = false; !isLast;) {
      let tag = this.byte();
      isLast = tag !== 0xff;
      if (!isLast) tag = this.byte();
      if (tag === 0x00) this.attestation(message);
      else this.tree(this.op(tag, message), depth - 1);
    }
  }

  private op(tag: number, message: Uint8Array): Uint8Array {
    let result: Uint8Array;
    if (tag === 0xf0) result = concat([message, this.counted(1, MESSAGE_BYTES_MAX)]);
    else if (tag === 0xf1) result = concat([this.counted(1, MESSAGE_BYTES_MAX), message]);
    else {
      const made = OPS[tag]?.(message);
      require(made, "the proof has an operation that this program does not know");
      result = made;
    }
    require(result.length <= MESSAGE_BYTES_MAX, "a message in the proof is too long");
    return result;
  }

  /** Unknown ones are carried and not judged. A message that is no Merkle root ends in no block. */
  private attestation(message: Uint8Array): void {
    const tag = hex(this.take(8));
    const inner = new Reader(this.counted(0, ATTESTATION_BYTES_MAX));
    if (tag === BITCOIN) {
      const height = inner.number();
      if (message.length === 32) this.ends.push({ height, merkleRoot: message });
    } else if (tag === PENDING) {
      const uri = fromUtf8(inner.counted(0, URI_BYTES_MAX));
      require(/^[A-Za-z0-9._/:-]*$/.test(uri), "the address of a calendar");
      if (!this.calendars.includes(uri)) this.calendars.push(uri);
    } else return;
    require(inner.at === inner.data.length, "an attestation is longer than what it says");
  }

  private take(count: number): Uint8Array {
    require(count <= this.data.length - this.at, "the proof ends too early");
    this.at += count;
    return this.data.subarray(this.at - count, this.at);
  }

  private byte(): number {
    return this.take(1)[0]!;
  }

  /** Unsigned LEB128 in its shortest form, below 2^64. */
  private number(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte & 0x80) continue;
      require((byte !== 0 || shift === 0n) && value < 1n << 64n, "a number in the proof");
      return value;
    }
    require(false, "a number in the proof is too large");
    return 0n;
  }

  private counted(least: number, most: number): Uint8Array {
    const count = this.number();
    require(count >= BigInt(least) &&
      count <= BigInt(most), "something in the proof is too long or too short");
    return this.take(Number(count));
  }
}
