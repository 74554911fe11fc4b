/**
 * Judges many bundles for tests/web_verifier.rs: trust file, a tab and bundle on each line of standard input, one answer
 * a line. Arguments: now and max_age in seconds, and `noble` or `webcrypto`.
 */

import { readFileSync } from "node:fs";
import { stdin, stdout, argv } from "node:process";
import { createInterface } from "node:readline";

import { bestEngine, noble, parseTrust, verify } from "../src/verify/index";

const [now, maxAge, name] = argv.slice(2);
const engine = name === "noble" ? noble : await bestEngine();
if (engine.name !== name) throw new Error(`this Node has no ${name}`);

for await (const line of createInterface({ input: stdin })) {
  const [trust, bundle] = line.split("\t") as [string, string];
  const options = { now: Number(now), maxAge: Number(maxAge), engine };
  const verdict = await verify(readFileSync(bundle), parseTrust(readFileSync(trust, "utf8")), options);
  stdout.write(`${JSON.stringify(verdict.layers)}\n`);
}
