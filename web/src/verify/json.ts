/** Strict JSON (docs/format.md §1.1): bytes that are their own canonical form, with integers only. */

import { Refused, fromUtf8, require, utf8 } from "./bytes";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Members = { [name: string]: Json };

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function has(members: Members, name: string): boolean {
  return Object.prototype.hasOwnProperty.call(members, name);
}

/** How deep brackets nest outside of strings. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (inString) {
      if (letter === "\\") i++;
      else if (letter === '"') inString = false;
    } else if (letter === '"') inString = true;
    else if (letter === "{" || letter === "[") deepest = Math.max(deepest, ++depth);
    else if (letter === "}" || letter === "]") depth--;
  }
  return deepest;
}

/** RFC 8785 of a value that JSON.parse gave. Member names sort by UTF-16 code units, as JavaScript sorts. */
export function jcs(value: Json): string {
  if (typeof value === "string") return canonicalText(value);
  if (typeof value === "number") {
    require(Number.isSafeInteger(value), "a number that is no integer, or beyond 2^53 - 1");
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map(jcs).join(",")}]`;
  if (isMembers(value)) {
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${canonicalText(name)}:${jcs(value[name]!)}`).join(",")}}`;
  }
  return String(value);
}

export function encode(value: Json): Uint8Array {
  return utf8(jcs(value));
}

/** Members twice, fractions, exponents, spaces and other spellings all fail the last comparison. */
export function parseCanonical(data: Uint8Array, bytesMax: number, depthMax: number): Json {
  require(data.length <= bytesMax, "too many bytes");
  const text = fromUtf8(data);
  require(depthOf(text) <= depthMax, "it nests too deep");
  const value = parse(text);
  require(jcs(value) === text, "it is not in canonical form");
  return value;
}

/** JSON for people (the trust file): any spacing, but no member twice. Flat: no object in an object. */
export function parseFlat(text: string): Members {
  const value = parse(text);
  require(isMembers(value) && !Object.values(value).some(isMembers), "it is not a flat object");
  // JSON.parse has vouched for the grammar; names are the strings before a colon, numbers stand as written.
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[^\s"]/g) ?? [];
  const names = tokens.filter((_, i) => tokens[i + 1] === ":");
  require(names.length === Object.keys(value).length, "a member twice");
  jcs(value);
  require(!/[0-9](?:\.[0-9]|[eE])|-0/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, "")), "a number");
  return value;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new Refused(`it is not JSON: ${String(error)}`);
  }
}

/** JSON.stringify escapes as RFC 8785 does, but would also escape what is no text at all. */
function canonicalText(text: string): string {
  require(!/[\ud800-\udfff]/u.test(text), "a lone surrogate");
  return JSON.stringify(text);
}
