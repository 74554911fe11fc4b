import { expect, test } from "vitest";

import { bestEngine, noble } from "../src/verify/ed25519";
import { run } from "./cases";
import { vectors } from "./vectors";

test("this Node has an Ed25519 that means the same as ours", async () => {
  expect((await bestEngine()).name).toBe("webcrypto");
});

test.each(["webcrypto", "noble"])("all shared vectors with %s", async (name) => {
  const { passed, failed } = await run(vectors(), name === "noble" ? noble : await bestEngine());
  expect(failed).toEqual([]);
  expect(passed).toBeGreaterThan(800);
});
