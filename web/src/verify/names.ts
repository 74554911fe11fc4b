/** Texts, numbers and names (docs/format.md §1.2-1.6), and how members are asked for. */

import { Refused, ZERO, type Hash, require, utf8 } from "./bytes";
import { type Json, type Members, has, isMembers } from "./json";

// -- §1.2 texts ---------------------------------------------------------------------------------------------------

/** First and last code points of what no text may hold: controls, marks of direction, what cannot be seen. */
const INVISIBLE: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x180e, 0x180e],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0xe0000, 0xe007f],
];

const WHITE =
  "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000";

export function isGoodText(text: string): boolean {
  if (/^[ -~]*$/.test(text)) return true;
  for (const letter of text) {
    const code = letter.codePointAt(0)!;
    if (INVISIBLE.some(([first, last]) => first <= code && code <= last)) return false;
  }
  return text.normalize("NFC") === text;
}

export function isWhite(letter: string): boolean {
  return WHITE.includes(letter);
}

/** Every value inside, the whole first. */
export function each(value: Json, visit: (node: Json) => void): void {
  visit(value);
  if (Array.isArray(value)) for (const item of value) each(item, visit);
  else if (isMembers(value)) for (const name of Object.keys(value)) each(value[name]!, visit);
}

/** The same with JSON pointers. */
export function walk(value: Json, visit: (node: Json, pointer: string) => void, pointer = ""): void {
  visit(value, pointer);
  if (Array.isArray(value)) value.forEach((item, i) => walk(item, visit, `${pointer}/${i}`));
  else if (isMembers(value)) {
    for (const name of Object.keys(value)) {
      walk(value[name]!, visit, `${pointer}/${name.replace(/~/g, "~0").replace(/\//g, "~1")}`);
    }
  }
}

export function checkTexts(value: Json, isGoodString: (text: string) => boolean = isGoodText): void {
  each(value, (node) => {
    if (typeof node === "string") require(isGoodString(node), "a text");
    else if (isMembers(node)) require(Object.keys(node).every(isGoodText), "a member name");
  });
}

// -- §1.3, §1.4 numbers, times, ids ----------------------------------------------------------------------------------

export function isHash(value: unknown): value is Hash {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

export function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A number in a C2SP text, below 2^64. */
export function decimal(text: string): bigint {
  require(/^(?:0|[1-9][0-9]{0,19})$/.test(text) && BigInt(text) < 1n << 64n, "a number");
  return BigInt(text);
}

export function isStatementId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text);
}

export function isKind(text: string): boolean {
  const [name = "", version = "", ...more] = text.split("/");
  const words = name.split(".").every((word) => /^(?!.*--)[a-z](?:[a-z0-9-]*[a-z0-9])?$/.test(word));
  return (
    more.length === 0 && words && name.length <= 40 && /^[1-9][0-9]{0,4}$/.test(version) && +version <= 65_535
  );
}

export function isDate(text: string): boolean {
  const match = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text);
  if (!match) return false;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return year >= 1970 && day >= 1 && day <= days;
}

export function isInstant(text: string): boolean {
  const match = /^(.{10})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/.exec(text);
  if (!match || !isDate(match[1]!)) return false;
  const [hours, minutes, seconds] = match.slice(2, 5).map(Number) as [number, number, number];
  const [hoursOff, minutesOff] = [Number(match[6] ?? 0), Number(match[7] ?? 0)];
  const offset = hoursOff * 60 + minutesOff;
  const clock = hours <= 23 && minutes <= 59 && seconds <= 59;
  return clock && minutesOff <= 59 && offset <= 840 && !(match[5] === "-" && offset === 0);
}

export function isOrigin(text: string): boolean {
  const length = utf8(text).length;
  return length >= 1 && length <= 255 && ![...text].some((letter) => isWhite(letter) || letter === "+");
}

export const ROLES = new Set(
  "carrier coop farm host lab packhouse platform processor registrar regulator warehouse".split(" "),
);

// -- §1.5, §1.6 subjects and pointers --------------------------------------------------------------------------------

const ORG = "(?!.*--)[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?";
const LOCAL = "(?!.*--)[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?";
const SUBJECT = new RegExp(
  `^(?:ledger:|org:${ORG}|key:[0-9a-f]{64}|(?:plot|crop|batch|show):${ORG}\\.${LOCAL})$`,
);

export type SubjectKind = "ledger" | "org" | "key" | "plot" | "crop" | "batch" | "show";

export function isSubject(value: unknown, kind?: SubjectKind): value is string {
  return typeof value === "string" && SUBJECT.test(value) && (kind === undefined || kindOf(value) === kind);
}

export function kindOf(subject: string): SubjectKind {
  return subject.slice(0, subject.indexOf(":")) as SubjectKind;
}

/** The `org:` subject that it belongs to, by its spelling. */
export function ownerOf(subject: string): string | undefined {
  const [, owner] = /:([^.]*)\./.exec(subject) ?? [];
  return owner === undefined ? undefined : `org:${owner}`;
}

/** RFC 6901 in its one spelling; undefined where it leads nowhere. */
export function resolve(root: Json, pointer: string): Json | undefined {
  if ((pointer !== "" && !pointer.startsWith("/")) || /~(?![01])/.test(pointer)) return undefined;
  let found: Json | undefined = root;
  for (const part of pointer.split("/").slice(1)) {
    const token = part.replace(/~1/g, "/").replace(/~0/g, "~");
    if (isMembers(found)) found = has(found, token) ? found[token] : undefined;
    else if (Array.isArray(found)) found = /^(?:0|[1-9][0-9]{0,7})$/.test(token) ? found[+token] : undefined;
    else return undefined;
  }
  return found;
}

// -- asking for shapes -----------------------------------------------------------------------------------------------

/** An object with all of `always`, and beyond them at most `optional`. */
export function members(
  value: Json | undefined,
  always: readonly string[],
  optional: readonly string[] = [],
): Members {
  require(isMembers(value), "not an object");
  const names = Object.keys(value);
  require(always.every((name) => has(value, name)), `members ${names.join(", ")}`);
  const known = names.every((name) => always.includes(name) || optional.includes(name));
  require(known, `members ${names.join(", ")}`);
  return value;
}

export function text(value: Json | undefined): string {
  require(typeof value === "string", "not a string");
  return value;
}

export function natural(value: Json | undefined): number {
  require(isNatural(value), "not a natural number");
  return value;
}

export function hash(value: Json | undefined): Hash {
  require(isHash(value), "not a hash");
  return value;
}

export function array(value: Json | undefined, least = 0, most = Infinity): Json[] {
  if (!Array.isArray(value) || value.length < least || value.length > most)
    throw new Refused("not such an array");
  return value;
}

export function rising<T extends string | number>(values: readonly T[]): boolean {
  return values.every((value, i) => i === 0 || values[i - 1]! < value);
}

/** A number and a hash before it: the first has none, and only the first. */
export function follows(n: number, prev: Hash): boolean {
  return (n === 0) === (prev === ZERO);
}
