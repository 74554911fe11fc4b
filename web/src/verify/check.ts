/** Judges a bundle in nine layers, from the trust file and the bundle's own bytes (docs/format.md §16). */

import { type Hash, Refused, require, sha256 } from "./bytes";
import { type Bundle, DEPTH_MAX, type Needed, mapRecordOf, neededBy, parseBundle } from "./bundle";
import { type Engine, bestEngine, isGoodKey, isGoodSignature } from "./ed25519";
import { introducedKeys } from "./entry";
import { type Checkpoint, openCheckpoint, openReceipt } from "./note";
import { checkOpening } from "./opening";
import { pae } from "./payload";
import { NewerRules, PartialLedger } from "./rules";
import { checkConsistency, checkMap, subsetRoot } from "./tree";
import { type Trust, isMet, replayedBy } from "./trust";

export const LAYERS = [
  "encoding",
  "signatures",
  "rights",
  "chains",
  "completeness",
  "log",
  "freshness",
  "witnesses",
  "anchors",
] as const;
/** Without these nothing is verified, whatever else is asked for. */
export const ALWAYS = LAYERS.slice(0, 6);

export type Layer = (typeof LAYERS)[number];
export type Word = "ok" | "failed" | "not checked";
export interface Answer {
  status: Word;
  reason: string;
}
export type Answers = Record<Layer, Answer>;

export interface Options {
  /** The verifier's clock, in seconds since 1970. */
  now: number;
  /** How old the newest witness cosignature may be, in seconds. */
  maxAge: number;
  engine?: Engine;
}

export interface Verdict {
  verified: boolean;
  layers: Answers;
  engine: Engine["name"];
  /** What was read; it is proven only if `verified`. */
  bundle?: Bundle;
  checkpoint?: Checkpoint;
  /** Witnesses of the policy, by their names there, that have worked out the map of this or a later checkpoint. */
  replayed: string[];
}

/** A layer that cannot be judged, and why. */
class NotChecked extends Error {}

/** How far a witness's clock may run ahead of ours, in seconds. */
const AHEAD_MAX = 300n;

export async function verify(data: Uint8Array, trust: Trust, options: Options): Promise<Verdict> {
  const engine = options.engine ?? (await bestEngine());
  let bundle: Bundle;
  try {
    bundle = parseBundle(data);
  } catch (error) {
    const layers = all(() => ({ status: "not checked", reason: "the file could not be read" }));
    layers.encoding = { status: "failed", reason: wordOf(error).reason };
    return { verified: false, layers, engine: engine.name, replayed: [] };
  }
  const checker = new Checker(bundle, trust, options, engine);
  const layers = await checker.judge();
  const { checkpoint, replayed } = checker;
  return {
    verified: isVerified(layers),
    layers,
    engine: engine.name,
    bundle,
    replayed,
    ...(checkpoint ? { checkpoint } : {}),
  };
}

export function isVerified(layers: Answers, required: readonly Layer[] = []): boolean {
  const failed = LAYERS.some((layer) => layers[layer].status === "failed");
  return !failed && [...ALWAYS, ...required].every((layer) => layers[layer].status === "ok");
}

function all(answer: (layer: Layer) => Answer): Answers {
  return Object.fromEntries(LAYERS.map((layer) => [layer, answer(layer)])) as Answers;
}

function wordOf(error: unknown): Answer {
  if (error instanceof Refused) return { status: "failed", reason: error.message };
  if (error instanceof NotChecked) return { status: "not checked", reason: error.message };
  throw error;
}

class Checker {
  checkpoint: Checkpoint | undefined;
  replayed: string[] = [];
  private readonly needed: Needed;
  private readonly complete = new Set<string>();

  constructor(
    private readonly bundle: Bundle,
    private readonly trust: Trust,
    private readonly options: Options,
    private readonly engine: Engine,
  ) {
    this.needed = neededBy(bundle);
  }

  async judge(): Promise<Answers> {
    const answers = {} as Answers;
    // Completeness finds what rights builds on, and the log what witnesses and freshness do.
    const order = ["encoding", "signatures", "chains", "log", "completeness", "rights"] as const;
    for (const layer of [...order, "witnesses", "freshness", "anchors"] as const) {
      try {
        answers[layer] = { status: "ok", reason: await this[layer]() };
      } catch (error) {
        answers[layer] = wordOf(error);
      }
    }
    return all((layer) => answers[layer]);
  }

  // -- §16.3

  private encoding(): string {
    const { beyond, records, subject } = this.bundle;
    require(beyond.join() ===
      [...this.needed.beyond].sort().join(), "it names other ancestors beyond its depth");
    return `bundle v1, ${records.length} records, ${subject}`;
  }

  private async signatures(): Promise<string> {
    const keys = new Map<Hash, Uint8Array>();
    for (const { payload } of this.bundle.records) {
      for (const key of introducedKeys(payload)) {
        require(isGoodKey(key), `public key ${sha256(key)} is not good`);
        keys.set(sha256(key), key);
      }
    }
    const asked = this.bundle.records.flatMap((record) => {
      const message = pae(record.signed);
      return record.signatures.map(async ({ keyid, sig }) => {
        const key = keys.get(keyid);
        const good = !key || (await isGoodSignature(this.engine, key, message, sig));
        return { seq: record.seq, keyid, good, known: key !== undefined };
      });
    });
    const answered = await Promise.all(asked);
    const bad = answered.find(({ good }) => !good);
    require(!bad, `record ${bad?.seq}: the signature of ${bad?.keyid} does not fit`);
    const opened = this.openings();
    const unknown = answered.find(({ known }) => !known);
    if (unknown) throw new NotChecked(`the bundle does not carry key ${unknown.keyid}`);
    return `${answered.length} signatures, ${opened} opened values`;
  }

  private openings(): number {
    const records = new Map(this.bundle.records.map((record) => [record.leaf, record]));
    for (const { leaf, openings } of this.bundle.openings) {
      const record = records.get(leaf);
      require(record, `openings for record ${leaf}, which is not here`);
      openings.forEach((opening) => checkOpening(record.payload, opening));
    }
    return this.bundle.openings.reduce((count, { openings }) => count + openings.length, 0);
  }

  private chains(): string {
    const { entries, records, chains } = this.bundle;
    entries.forEach((entry, i) => {
      require(i === 0 ||
        entries[i - 1]!.at <= entry.at, `record ${entry.seq} is earlier than the one before`);
    });
    const ids = new Map<string, number>();
    for (const record of records) {
      const said = `${record.payload.signers[0]!.org} ${record.payload.id}`;
      require(!ids.has(said), `record ${record.seq} has the id of record ${ids.get(said)}`);
      ids.set(said, record.seq);
      const home = record.type === "genesis" || record.payload.ledger === this.trust.genesis;
      require(home, `record ${record.seq} was signed for another ledger`);
    }
    for (const [subject, chain] of chains) {
      chain.slice(1).forEach(({ link }, i) => {
        const before = chain[i]!;
        require(link.n > before.link.n, `${subject} has two records where one is due`);
        const continues = link.n > before.link.n + 1 || link.prev === before.record.leaf;
        require(continues, `record ${link.n} of ${subject} does not follow`);
      });
    }
    return `${chains.size} chains`;
  }

  private async log(): Promise<string> {
    const { bundle, trust } = this;
    const notes: Checkpoint[] = [];
    for (const note of bundle.checkpoints) notes.push(await openCheckpoint(note, trust, this.engine));
    const main = notes[0]!;
    const isNamed = bundle.origin === trust.origin && main.size === BigInt(bundle.size);
    require(isNamed, "another checkpoint than the bundle names");
    require(mapRecordOf(bundle).seq + 1 === bundle.size, "the last record is not the checkpoint's");
    const first = bundle.entries[0]!;
    require(first.type === "genesis" &&
      first.leaf === trust.genesis, "the genesis record is not the trust file's");
    const leaves = bundle.entries.map((entry): [number, Hash] => [entry.seq, entry.leaf]);
    const root = subsetRoot(leaves, bundle.size, bundle.inclusion);
    require(root === main.root, "the records are not those of the log's tree");
    require(bundle.consistency.length === notes.length - 1, "consistency");
    bundle.consistency.forEach(({ from, to, path }, i) => {
      const other = notes[i + 1]!;
      const [old, grown] = other.size <= main.size ? [other, main] : [main, other];
      require(BigInt(from) === old.size && BigInt(to) === grown.size, "consistency");
      checkConsistency(old.size, grown.size, old.root, grown.root, path);
    });
    this.checkpoint = main;
    const later = notes.filter((note) => note.size >= main.size);
    this.replayed = replayedBy(trust, new Map(later.flatMap((note) => [...note.cosigned])));
    return `${main.size} entries, root ${main.root}`;
  }

  // -- §16.4

  private async completeness(): Promise<string> {
    const { bundle } = this;
    const map = mapRecordOf(bundle);
    const absent = new Set<string>();
    for (const claim of bundle.claims) {
      const { subject, value } = claim;
      checkMap(map.root, subject, value, claim);
      const chain = bundle.chains.get(subject) ?? [];
      if (!value) {
        require(chain.length === 0, `${subject} is here, and absent by the map`);
        absent.add(subject);
        continue;
      }
      require(chain.length <= value.count, `${subject}: more records than the map counts`);
      if (chain.length < value.count || chain.some(({ link }, n) => link.n !== n)) continue;
      const ends = chain[chain.length - 1]?.record.leaf === value.last;
      require(ends, `${subject} ends elsewhere than the map says`);
      this.complete.add(subject);
    }
    for (const receipt of bundle.receipts) await this.checkReceipt(receipt);
    const wanting = [...this.needed.depths.keys()].sort().find((subject) => {
      return !this.complete.has(subject) && !(subject === bundle.subject && absent.has(subject));
    });
    if (wanting !== undefined) throw new NotChecked(`the chain of ${wanting} is not here in full`);
    if (this.needed.beyond.size > 0) throw new NotChecked(`ancestors beyond ${DEPTH_MAX} lots`);
    const { replayed, complete } = this;
    const grade = replayed.length ? `replayed by ${replayed.join(", ")}` : "claimed by the operator";
    return `${grade}, ${complete.size} chains`;
  }

  /** §17, a receipt against the bundle. */
  private async checkReceipt(text: string): Promise<void> {
    const { seq, leaf, entry } = await openReceipt(text, this.trust, this.engine);
    require(entry && BigInt(entry.seq) === seq, `entry ${seq} of the log is not what it says`);
    if (entry.type === "map") return;
    const claims = new Map(this.bundle.claims.map((claim) => [claim.subject, claim]));
    for (const link of entry.links) {
      const here = this.bundle.chains.get(link.subject) ?? [];
      const twin = here.find((other) => other.link.n === link.n && other.record.leaf !== leaf);
      require(!twin, `${link.subject} has two different records ${link.n}`);
      const claim = claims.get(link.subject);
      if (!claim || seq >= BigInt(mapRecordOf(this.bundle).size)) continue;
      const count = claim.value?.count ?? 0;
      const told = count > link.n + 1 || (count === link.n + 1 && claim.value?.last === leaf);
      require(told, `the map leaves out record ${link.n} of ${link.subject}`);
    }
  }

  // -- §16.5

  private rights(): string {
    const ledger = new PartialLedger(this.complete);
    const missing: string[] = [];
    for (const record of this.bundle.records) {
      try {
        missing.push(...ledger.apply(record));
      } catch (error) {
        if (error instanceof NewerRules) throw new NotChecked(`${error.message}: newer than this verifier`);
        if (error instanceof Refused) throw new Refused(`record ${record.seq}: ${error.message}`);
        throw error;
      }
    }
    require(ledger.rules === this.bundle.rules, "other rules than the ledger's");
    const wanting = missing.filter((subject) => this.needed.depths.has(subject)).sort()[0];
    if (wanting !== undefined) throw new NotChecked(`the chain of ${wanting} is not here in full`);
    return `rules ${ledger.rules}, ${this.bundle.records.length} records`;
  }

  // -- §16.6

  private witnessed(): Checkpoint {
    if (!this.checkpoint) throw new NotChecked("the checkpoint is not the log's");
    if (this.trust.quorum === "none") throw new NotChecked("the trust file names no witnesses");
    return this.checkpoint;
  }

  private witnesses(): string {
    const { cosigned } = this.witnessed();
    if (!isMet(this.trust, cosigned))
      throw new NotChecked(`not enough witnesses have cosigned yet (${cosigned.size})`);
    return `cosigned by ${[...cosigned.keys()].join(", ")}`;
  }

  private freshness(): string {
    const now = BigInt(this.options.now);
    const times = [...this.witnessed().cosigned.values()].filter((time) => time <= now + AHEAD_MAX);
    const newest = times.reduce((a, b) => (a > b ? a : b), -1n);
    if (newest < 0n) throw new NotChecked("no witness has cosigned");
    if (newest < now - BigInt(this.options.maxAge)) throw new NotChecked(`as of ${newest}`);
    return `as of ${newest}`;
  }

  private anchors(): string {
    const { anchors } = this.bundle;
    throw new NotChecked(anchors.length ? "anchors are judged apart" : "not anchored yet");
  }
}
