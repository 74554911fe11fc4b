/** Anchors made up for tests: of blocks that no chain has, but of the right form; and bundles that carry them. */

import { keccak_256 as keccak } from "@noble/hashes/sha3.js";

import { concat, fromHex, sha256, utf8 } from "../src/verify/bytes";
import { encodeBytes, encodeList, encodeNumber } from "../src/verify/anchors/rlp";
import { type Json, type Members, encode } from "../src/verify/json";

const base64 = (data: Uint8Array): string => btoa(String.fromCharCode(...data));

/** The text of a bundle's first checkpoint, which is what anchors are for. */
export function bodyOf(bundle: string): string {
  const { bundle: body } = JSON.parse(bundle) as { bundle: { checkpoints: string[] } };
  const note = body.checkpoints[0]!;
  return note.slice(0, note.lastIndexOf("\n\n") + 1);
}

/** The same bundle with these anchors of its first checkpoint. */
export function withAnchors(
  bundle: string,
  anchors: { kind: string; evidence: Uint8Array; version?: number }[],
): string {
  const { bundle: body } = JSON.parse(bundle) as { bundle: Members };
  const slots = anchors.map(({ kind, evidence, version }) => {
    return { kind, version: version ?? 1, size: body.size!, evidence: base64(evidence) };
  });
  return resealed({ ...body, anchors: slots });
}

export function resealed(body: Members): string {
  const file: Json = { bundle: body, sha256: sha256(encode(body)) };
  return new TextDecoder().decode(encode(file));
}

const MAGIC = fromHex("004f70656e54696d657374616d7073000050726f6f6600bf89e2e884e89294");

function stamped(body: string, rest: Uint8Array): Uint8Array {
  return concat([MAGIC, Uint8Array.of(1, 8), fromHex(sha256(utf8(body))), rest]);
}

export function pendingOts(body: string): Uint8Array {
  const uri = utf8("https://alice.btc.calendar.opentimestamps.org");
  const payload = concat([Uint8Array.of(uri.length), uri]);
  return stamped(
    body,
    concat([Uint8Array.of(0), fromHex("83dfe30d2ef90c8e"), Uint8Array.of(payload.length), payload]),
  );
}

/** In Bitcoin block 900,001, which has in truth another Merkle root. */
export function bitcoinOts(body: string): Uint8Array {
  const height = Uint8Array.of(0xa1, 0xf7, 0x36);
  return stamped(body, concat([Uint8Array.of(8, 0), fromHex("0588960d73d71901"), Uint8Array.of(3), height]));
}

const BASE_X = fromHex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");

/** A block with one transaction, which holds the digest; and the block's hash. */
export function calldata(body: string, chain: bigint): { evidence: Uint8Array; blockHash: string } {
  const data = concat([utf8("SYA1"), fromHex(sha256(utf8(body)))]);
  const numbers = [chain, 7n, 1_000_000_000n, 30_000_000_000n, 22_440n].map(encodeNumber);
  const to = encodeBytes(new Uint8Array(20).fill(0x11));
  // Anybody's signature will do: there is a key that it is of.
  const signature = [encodeNumber(0n), encodeBytes(BASE_X), encodeNumber(5n)];
  const fields = [...numbers, to, encodeNumber(0n), encodeBytes(data), encodeList([]), ...signature];
  const transaction = concat([Uint8Array.of(2), encodeList(fields)]);
  // The list's only item stands under the key 80, which is 0 in RLP.
  const leaf = encodeList([encodeBytes(Uint8Array.of(0x20, 0x80)), encodeBytes(transaction)]);
  const zeros = (length: number) => encodeBytes(new Uint8Array(length));
  const header = encodeList([
    ...[32, 32, 20, 32].map(zeros),
    encodeBytes(keccak(leaf)),
    zeros(32),
    zeros(256),
    ...[0n, 21_000_000n, 36_000_000n, 22_440n, 1_780_000_000n].map(encodeNumber),
    encodeBytes(utf8("made up")),
    zeros(32),
    zeros(8),
    encodeNumber(7n),
  ]);
  const parts = [encodeNumber(chain), encodeBytes(header), encodeNumber(0n), encodeBytes(transaction)];
  return {
    evidence: encodeList([...parts, encodeList([encodeBytes(leaf)])]),
    blockHash: [...keccak(header)].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
  };
}
