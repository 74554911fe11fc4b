/**
 * The same bundles to `suyuan verify` and to this verifier: sound ones, changed ones, and those of ledgers that break a
 * rule. They must agree on every layer. SUYUAN_BIN and SUYUAN_TEST_PYTHON as scripts/test sets them; SUYUAN_ROUNDS
 * bundles of each sort.
 */

import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { env } from "node:process";

import { afterAll, describe, expect, test } from "vitest";

import { needed } from "./chromium";
import { LAYERS, Refused, bestEngine, judgeEvidence, parseTrust, verify } from "../src/verify/index";

const program = needed("SUYUAN_BIN");
const python = needed("SUYUAN_TEST_PYTHON");
const ROUNDS = Number(env.SUYUAN_ROUNDS ?? 150);
const ROOT = join(import.meta.dirname, "../..");
/** Whatever was cosigned in the last ten years is fresh: the bundles are older than a day. */
const MAX_AGE_HOURS = 87_600;
/** How many programs run at once. */
const LANES = 4;

type Pair = readonly [trust: string, bundle: string];

interface Theirs {
  verified: boolean;
  layers: Record<string, { status: string }>;
  facts: { replayed_by: string[] } | null;
}

/** What `suyuan verify` prints; none where it could not check. */
function run([trust, file]: Pair): Promise<Theirs | undefined> {
  const args = ["verify", file, "--trust", trust, "--json", "--max-age", `${MAX_AGE_HOURS}h`];
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const code = error ? Number(error.code) : 0;
      if (code === 2) resolve(undefined);
      else if (code > 1 || Number.isNaN(code)) reject(new Error(stderr));
      else resolve(JSON.parse(stdout) as Theirs);
    });
  });
}

async function theirs(pair: Pair): Promise<Record<string, string> | string> {
  const answer = await run(pair);
  if (!answer) return "could not be checked";
  return Object.fromEntries(LAYERS.map((layer) => [layer, answer.layers[layer]!.status]));
}

async function ours([trust, bundle]: Pair): Promise<Record<string, string>> {
  const options = {
    now: Math.floor(Date.now() / 1000),
    maxAge: MAX_AGE_HOURS * 3_600,
    engine: await bestEngine(),
  };
  const { layers } = await verify(readFileSync(bundle), parseTrust(readFileSync(trust, "utf8")), options);
  return Object.fromEntries(LAYERS.map((layer) => [layer, layers[layer].status]));
}

/** Whether evidence of an omission shows what it says. */
async function isShown([trust, file]: Pair): Promise<boolean> {
  try {
    const engine = await bestEngine();
    await judgeEvidence(readFileSync(file), parseTrust(readFileSync(trust, "utf8")), engine);
    return true;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

/** Several at once, as each waits for a program. */
async function each(pairs: Pair[], act: (pair: Pair) => Promise<void>): Promise<void> {
  const queue = [...pairs];
  const lane = async () => {
    for (let pair = queue.pop(); pair; pair = queue.pop()) await act(pair);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function differences(pairs: Pair[]): Promise<string[]> {
  const found: string[] = [];
  await each(pairs, async (pair) => {
    const [mine, other] = [await ours(pair), await theirs(pair)];
    const same =
      typeof other === "string"
        ? mine.encoding === "failed"
        : LAYERS.every((layer) => mine[layer] === other[layer]);
    if (!same) found.push(`${pair[1]}: ${JSON.stringify(mine)}, Rust: ${JSON.stringify(other)}`);
  });
  return found;
}

function files(folder: string, suffix: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(suffix))
    .map((name) => join(folder, name));
}

function make(...args: string[]): void {
  execFileSync(python, ["-B", ...args], { cwd: join(ROOT, "tests/second_verifier") });
}

describe("Rust and TypeScript agree", () => {
  const folder = mkdtempSync(join(tmpdir(), "suyuan-web-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const frozen = join(ROOT, "tests/vectors/rules-1");

  test("on the frozen bundles", async () => {
    const bundles = files(frozen, ".bundle.json");
    expect(bundles.length).toBeGreaterThan(5);
    expect(await differences(bundles.map((bundle) => [join(frozen, "trust.json"), bundle]))).toEqual([]);
  });

  test("on changed bundles", { timeout: 900_000 }, async () => {
    make("make.py", "bundles", folder);
    const sound = ["packed", "absent"].map(
      (name) => [join(folder, "trust-witness.json"), join(folder, `${name}.bundle`)] as const,
    );
    const pairs: Pair[] = [...sound];
    for (const [i, [trust, bundle]] of [
      ...sound,
      [join(frozen, "trust.json"), join(frozen, "good.bundle.json")] as const,
    ].entries()) {
      const changed = join(folder, `changed-${i}`);
      mkdirSync(changed);
      make("mutate.py", bundle, changed, String(ROUNDS));
      pairs.push(...files(changed, ".bundle").map((path) => [trust, path] as const));
    }
    expect(pairs.length).toBe(3 * ROUNDS + 2);
    expect(await differences(pairs)).toEqual([]);
  });

  test("on evidence of omissions, and on changed evidence", { timeout: 900_000 }, async () => {
    const mutants = join(folder, "evidence");
    mkdirSync(mutants);
    make("make.py", "bundles", folder);
    make("mutate.py", "evidence", folder, mutants, String(ROUNDS));
    const trust = join(folder, "trust.json");
    const sound = files(folder, ".evidence").map((path) => [trust, path] as const);
    const shown = await Promise.all(
      sound.map(async ([, path]) => [basename(path), await isShown([trust, path])]),
    );
    expect(Object.fromEntries(shown)).toEqual({
      "entry.evidence": true,
      "map.evidence": true,
      "nothing.evidence": false,
      "twice.evidence": true,
    });
    const pairs = [...sound, ...files(mutants, ".evidence").map((path) => [trust, path] as const)];
    expect(pairs.length).toBe(ROUNDS + 4);
    const differ: string[] = [];
    await each(pairs, async (pair) => {
      const [mine, other] = [await isShown(pair), await run(pair)];
      if (mine !== (other?.verified ?? false)) differ.push(`${pair[1]}: ${mine}`);
    });
    expect(differ).toEqual([]);
  });

  test("on who has replayed what", async () => {
    make("make.py", "bundles", folder);
    const written = JSON.parse(readFileSync(join(folder, "trust-witness.json"), "utf8")) as {
      policy: string;
    };
    const grouped = (group: string, quorum: string) => {
      const path = join(folder, "trust-replaying.json");
      writeFileSync(
        path,
        JSON.stringify({ ...written, policy: written.policy.replace(/quorum .*/, `${group}\n${quorum}`) }),
      );
      return path;
    };
    for (const [group, bundle, names] of [
      ["group replaying 1 w a", "packed", ["w"]],
      ["group replaying all w a", "packed", []],
      ["group replaying all w a", "one-ahead", ["w", "a"]],
      ["group inner any w a\ngroup replaying all inner", "packed", ["w"]],
      ["group others all w a", "packed", []],
    ] as const) {
      for (const quorum of ["quorum none", `quorum ${group.split(" ")[1]!}`]) {
        const pair = [grouped(group, quorum), join(folder, `${bundle}.bundle`)] as const;
        const trust = parseTrust(readFileSync(pair[0], "utf8"));
        const asked = { now: Math.floor(Date.now() / 1000), maxAge: 1, engine: await bestEngine() };
        const verdict = await verify(readFileSync(pair[1]), trust, asked);
        expect(verdict.verified).toBe(true);
        expect(verdict.replayed).toEqual(names);
        const { facts } = (await run(pair))!;
        expect(facts!.replayed_by.length).toBe(names.length);
      }
    }
  });

  test("on ledgers that break a rule", { timeout: 900_000 }, async () => {
    const ledgers = join(folder, "ledgers");
    mkdirSync(ledgers);
    make("mutate.py", "ledgers", ledgers, String(Math.ceil(ROUNDS / 2)));
    const trusts = files(ledgers, ".trust.json").sort((a, b) => b.length - a.length);
    const trustOf = (bundle: string) =>
      trusts.find((trust) => bundle.startsWith(trust.slice(0, -".trust.json".length)))!;
    const pairs = files(ledgers, ".bundle").map((bundle) => [trustOf(bundle), bundle] as const);
    expect(pairs.length).toBeGreaterThan(200);
    expect(await differences(pairs)).toEqual([]);
  });
});
