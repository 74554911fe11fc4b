/** The trust file (docs/format.md §15): what a verifier must be told from outside, and never takes from a bundle. */

import type { Publication } from "./anchors/body";
import { type Hash, fromBase64, require, utf8 } from "./bytes";
import { type Json, parseFlat } from "./json";
import { array, decimal, hash, members, text } from "./names";
import { COSIGNER, type Key, LOG_KEY, isSameKey, parseVkey } from "./note";

const POLICY_BYTES_MAX = 65_536;
const POLICY_ITEMS_MAX = 256;
const REPLAYING = "replaying";

export interface Witness {
  name: string;
  key: Key;
  /** Where it is fed, as written. */
  url?: string;
}

interface Group {
  least: bigint;
  inside: string[];
}

export interface Trust {
  origin: string;
  /** Leaf hash of record 0. */
  genesis: Hash;
  log: Key[];
  witnesses: Witness[];
  groups: Map<string, Group>;
  /** A witness, a group, or `none`. */
  quorum: string;
  /** Whose signatures mean something: of the log and the witnesses, each once. */
  keys: Key[];
  /** The one list of checkpoints that counts. */
  publication?: Publication;
}

export function parseTrust(file: string): Trust {
  const value = members(
    parseFlat(file),
    ["genesis", "log", "origin", "v"],
    ["policy", "publication", "tsa_roots"],
  );
  require(value.v === 1, "a trust file of another version");
  const origin = text(value.origin);
  const log = array(value.log, 1).map((key) => parseVkey(text(key), LOG_KEY));
  require(log.every((key) => key.name === origin), "a log key of another name");
  const trust: Trust = {
    origin,
    genesis: hash(value.genesis),
    log,
    witnesses: [],
    groups: new Map(),
    quorum: "none",
    keys: [],
  };
  const { policy, publication, tsa_roots: roots } = value;
  if (isGiven(publication)) trust.publication = readPublication(text(publication));
  // Tokens of authorities are not judged here; what is spelt wrong is no trust file all the same.
  if (isGiven(roots)) array(roots).forEach((root) => fromBase64(text(root)));
  if (isGiven(policy)) readPolicy(trust, text(policy));
  for (const key of [...log, ...trust.witnesses.map((witness) => witness.key)]) {
    if (!trust.keys.some((known) => isSameKey(known, key))) trust.keys.push(key);
  }
  return trust;
}

function isGiven(value: Json | undefined): value is Json {
  return value !== undefined && value !== null;
}

/** Where the ledger publishes its checkpoints. */
function readPublication(place: string): Publication {
  const [, chain, contract, sender] = /^eip155:([0-9]+) 0x([0-9a-f]{40}) 0x([0-9a-f]{40})$/.exec(place) ?? [];
  require(contract && sender && decimal(chain!) > 0n, "publication");
  return { chain: decimal(chain!), contract, sender };
}

function readPolicy(trust: Trust, policy: string): void {
  require(utf8(policy).length <= POLICY_BYTES_MAX, "policy");
  const logs: Key[] = [];
  const quorums: string[] = [];
  const placed = new Set<string>();
  for (const line of policy.split("\n")) {
    require(![...line].some((letter) => (letter < " " && letter !== "\t") || letter === "\x7f"), "policy");
    const [word = "", ...rest] = line.split(/[ \t]+/).filter((each) => each !== "");
    if (word === "" || word.startsWith("#")) continue;
    if (word === "log") logs.push(readLog(rest, logs));
    else if (word === "witness") readWitness(trust, rest);
    else if (word === "group") readGroup(trust, rest, placed);
    else {
      require(word === "quorum" && rest.length === 1, "policy");
      require(rest[0] === "none" || isName(trust, rest[0]!), "policy");
      quorums.push(rest[0]!);
    }
  }
  require(quorums.length === 1, "policy");
  const same = logs.length === new Set(trust.log.map(spell)).size;
  require(same && logs.every((log) => trust.log.some((key) => isSameKey(key, log))), "policy");
  const most = Math.max(logs.length, trust.witnesses.length, trust.groups.size);
  require(most <= POLICY_ITEMS_MAX, "policy");
  trust.quorum = quorums[0]!;
}

function spell(key: Key): string {
  return `${key.name} ${key.key.join()}`;
}

function readLog(words: string[], logs: Key[]): Key {
  require(words.length >= 1 && words.length <= 2, "policy");
  const key = parseVkey(words[0]!, LOG_KEY);
  require(!logs.some((log) => log.key.join() === key.key.join()), "policy");
  return key;
}

function isName(trust: Trust, name: string): boolean {
  return trust.groups.has(name) || trust.witnesses.some((witness) => witness.name === name);
}

function readWitness(trust: Trust, words: string[]): void {
  require(words.length >= 2 && words.length <= 3, "policy");
  const [name, vkey, url] = words as [string, string, string?];
  require(name !== "none" && !isName(trust, name), "policy");
  const key = parseVkey(vkey, COSIGNER);
  require(!trust.witnesses.some((witness) => witness.key.key.join() === key.key.join()), "policy");
  trust.witnesses.push({ name, key, ...(url === undefined ? {} : { url }) });
}

function readGroup(trust: Trust, words: string[], placed: Set<string>): void {
  const [name, count, ...inside] = words;
  require(name !== undefined && count !== undefined, "policy");
  require(name !== "none" && !isName(trust, name), "policy");
  const size = BigInt(inside.length);
  const least = count === "all" ? size : count === "any" ? 1n : decimal(count);
  require(least >= 1n && least <= size, "policy");
  for (const member of inside) {
    require(isName(trust, member) && !placed.has(member), "policy");
    placed.add(member);
  }
  trust.groups.set(name, { least, inside });
}

/** Whether these cosigners satisfy what the policy asks for. */
export function isMet(trust: Trust, cosigned: ReadonlyMap<string, bigint>, name = trust.quorum): boolean {
  const group = trust.groups.get(name);
  if (!group) return cosigned.has(name);
  return BigInt(group.inside.filter((member) => isMet(trust, cosigned, member)).length) >= group.least;
}

/** Those of the group `replaying` who have cosigned, if they are enough for the group (docs/format.md §11). */
export function replayedBy(trust: Trust, cosigned: ReadonlyMap<string, bigint>): string[] {
  if (!trust.groups.has(REPLAYING) || !isMet(trust, cosigned, REPLAYING)) return [];
  const inside = (name: string): string[] => trust.groups.get(name)?.inside.flatMap(inside) ?? [name];
  return inside(REPLAYING).filter((name) => cosigned.has(name));
}
