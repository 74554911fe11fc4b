/** Headless Chromium for tests, and a small server on this machine: pages from there are secure, as WebCrypto asks. */

import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { env } from "node:process";

import { type Browser, type BrowserContext, chromium } from "playwright-core";

const EXECUTABLE = env.SUYUAN_CHROMIUM ?? "/usr/bin/chromium";

/** What scripts/test-web sets. A test that lacks it fails: one that is left out looks like one that passed. */
export function needed(name: "SUYUAN_BIN" | "SUYUAN_TEST_PYTHON"): string {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set: run scripts/test-web`);
  return value;
}

export function launch(): Promise<Browser> {
  const quiet = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
  return chromium.launch({ executablePath: EXECUTABLE, args: ["--no-sandbox", "--disable-gpu", ...quiet] });
}

/** As in a browser that does not know Ed25519. */
export async function withoutEd25519(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    SubtleCrypto.prototype.importKey = () =>
      Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"));
  });
}

export async function serving(
  answer: (path: string) => { type: string; body: string } | undefined,
): Promise<[Server, string]> {
  const server = createServer((request, response) => {
    const found = answer(request.url ?? "/");
    response.writeHead(found ? 200 : 404, { "content-type": found?.type ?? "text/plain" });
    response.end(found?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return [server, `http://localhost:${(server.address() as AddressInfo).port}`];
}
