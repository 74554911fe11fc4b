/**
 * The same bundles to `suyuan verify` and to this verifier: sound ones, changed ones, and those of ledgers that break a
 * rule. They must agree on every layer. SUYUAN_BIN and SUYUAN_TEST_PYTHON as scripts/test sets them; SUYUAN_ROUNDS
 * bundles of each sort.
 */

import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";

import { afterAll, describe, expect, test } from "vitest";

import { needed } from "./chromium";
import { LAYERS, bestEngine, parseTrust, verify } from "../src/verify/index";

const program = needed("SUYUAN_BIN");
const python = needed("SUYUAN_TEST_PYTHON");
const ROUNDS = Number(env.SUYUAN_ROUNDS ?? 150);
const ROOT = join(import.meta.dirname, "../..");
/** Whatever was cosigned in the last ten years is fresh: the bundles are older than a day. */
const MAX_AGE_HOURS = 87_600;
/** How many programs run at once. */
const LANES = 4;

type Pair = readonly [trust: string, bundle: string];

function theirs([trust, bundle]: Pair): Promise<Record<string, string> | string> {
  const args = ["verify", bundle, "--trust", trust, "--json", "--max-age", `${MAX_AGE_HOURS}h`];
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const code = error ? Number(error.code) : 0;
      if (code === 2) resolve("could not be checked");
      else if (code > 1 || Number.isNaN(code)) reject(new Error(stderr));
      else {
        const { layers } = JSON.parse(stdout) as { layers: Record<string, { status: string }> };
        resolve(Object.fromEntries(LAYERS.map((layer) => [layer, layers[layer]!.status])));
      }
    });
  });
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

async function differences(pairs: Pair[]): Promise<string[]> {
  const found: string[] = [];
  const queue = [...pairs];
  const lane = async () => {
    for (let pair = queue.pop(); pair; pair = queue.pop()) {
      const [mine, other] = [await ours(pair), await theirs(pair)];
      const same =
        typeof other === "string"
          ? mine.encoding === "failed"
          : LAYERS.every((layer) => mine[layer] === other[layer]);
      if (!same) found.push(`${pair[1]}: ${JSON.stringify(mine)}, Rust: ${JSON.stringify(other)}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
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
