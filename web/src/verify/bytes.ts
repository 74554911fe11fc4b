/** Bytes and their spellings: hexadecimal, base64, UTF-8, SHA-256 (docs/format.md §1.4). Nothing here waits. */

import { sha256 as hashOf } from "@noble/hashes/sha2.js";

/** What was read or judged is not right. */
export class Refused extends Error {}

export function require(condition: unknown, why: string): asserts condition {
  if (!condition) throw new Refused(why);
}

/** 32 bytes as 64 lower-case hexadecimal digits: how hashes are held throughout. */
export type Hash = string;

export const ZERO: Hash = "0".repeat(64);

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Strict: no byte order mark, no overlong forms, no surrogates. */
export function fromUtf8(data: Uint8Array): string {
  require(!(data[0] === 0xef && data[1] === 0xbb && data[2] === 0xbf), "it begins with a byte order mark");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new Refused("it is not UTF-8");
  }
}

export function concat(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

const HEX = Array.from({ length: 256 }, (_, byte) => (byte + 256).toString(16).slice(1));

export function hex(data: Uint8Array): string {
  let text = "";
  for (const byte of data) text += HEX[byte]!;
  return text;
}

/** Of what `isHash` or an even number of lower-case digits has passed. */
export function fromHex(text: string): Uint8Array {
  const data = new Uint8Array(text.length >> 1);
  for (let i = 0; i < data.length; i++) data[i] = (digit(text, 2 * i) << 4) | digit(text, 2 * i + 1);
  return data;
}

function digit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 58 ? code - 48 : code - 87;
}

export function sha256(...parts: Uint8Array[]): Hash {
  const hash = hashOf.create();
  for (const part of parts) hash.update(part);
  return hex(hash.digest());
}

/** RFC 4648 §4, padded, unused bits zero. */
export function fromBase64(text: string): Uint8Array {
  require(/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0, "base64");
  const decoded = atob(text);
  const data = new Uint8Array(decoded.length);
  for (let i = 0; i < data.length; i++) data[i] = decoded.charCodeAt(i);
  require(text === "" || sameTail(text, data), "base64");
  return data;
}

/** Only the last group may have unused bits. */
function sameTail(text: string, data: Uint8Array): boolean {
  const rest = data.length % 3 || 3;
  return btoa(String.fromCharCode(...data.subarray(data.length - rest))) === text.slice(-4);
}

export function u16(number: number): Uint8Array {
  return Uint8Array.of(number >> 8, number & 255);
}

export function u64(number: number): Uint8Array {
  const data = new Uint8Array(8);
  new DataView(data.buffer).setBigUint64(0, BigInt(number));
  return data;
}
