/** What Chromium runs: the shared vectors, and the time that a bundle takes. */

import { type Engine, bestEngine, noble, parseTrust, verify } from "../src/verify/index";
import { run } from "./cases";
import type { Vectors } from "./vectors";

async function engine(name: string): Promise<Engine> {
  const best = name === "noble" ? noble : await bestEngine();
  if (best.name !== name) throw new Error(`the best engine here is ${best.name}`);
  return best;
}

Object.assign(globalThis, {
  suyuan: {
    best: async () => (await bestEngine()).name,
    vectors: async (vectors: Vectors, name: string) => run(vectors, await engine(name)),
    judge: async (bundle: string, trust: string, name: string) => {
      const asked = { now: 1_795_311_100, maxAge: 86_400, engine: await engine(name) };
      return (await verify(new TextEncoder().encode(bundle), parseTrust(trust), asked)).layers;
    },
  },
});
