/** The shared vectors in Chromium, with its own Ed25519 and without. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { execPath } from "node:process";

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Outcome } from "./cases";
import { launch, serving, withoutEd25519 } from "./chromium";
import { vectors } from "./vectors";

const WEB = join(import.meta.dirname, "..");

interface Suyuan {
  best(): Promise<string>;
  vectors(vectors: unknown, engine: string): Promise<Outcome>;
}
declare const suyuan: Suyuan;

describe("in Chromium", () => {
  let browser: Browser;
  let server: Server;
  let address: string;

  beforeAll(async () => {
    execFileSync(execPath, ["build.mjs", "tests"], { cwd: WEB });
    const script = readFileSync(join(WEB, "node_modules/.suyuan/in-browser.js"), "utf8");
    [server, address] = await serving((path) => {
      if (path === "/")
        return { type: "text/html", body: '<!doctype html><script src="script.js"></script>' };
      return path === "/script.js" ? { type: "text/javascript", body: script } : undefined;
    });
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  test.each(["webcrypto", "noble"])("all shared vectors with %s", async (engine) => {
    const context = await browser.newContext();
    if (engine === "noble") await withoutEd25519(context);
    const page = await context.newPage();
    await page.goto(address);
    expect(await page.evaluate(() => suyuan.best())).toBe(engine);
    const { passed, failed } = await page.evaluate(([all, name]) => suyuan.vectors(all, name), [
      vectors(),
      engine,
    ] as const);
    expect(failed).toEqual([]);
    expect(passed).toBeGreaterThan(800);
    await context.close();
  });
});
