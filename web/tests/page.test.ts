/**
 * The pages of a running service in Chromium: honest, with altered HTML, with altered evidence, without Ed25519, without
 * a network. SUYUAN_BIN names the program, which brings its own demonstration.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { launch, needed, withoutEd25519 } from "./chromium";

const program = needed("SUYUAN_BIN");
const GOOD = "/b/shouguang-hub-demo.hg1-5kg";
const HELD = "/b/shouguang-demo.hg2";

describe("the page checks itself", () => {
  const folder = mkdtempSync(join(tmpdir(), "suyuan-page-"));
  let service: ChildProcess;
  let address: string;
  let links: string[];
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    service = spawn(program, ["demo", "--dir", join(folder, "ledger"), "--listen", "127.0.0.1:0"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = await new Promise<string>((resolve, reject) => {
      let text = "";
      const listen = (chunk: Buffer) => {
        text += chunk.toString();
        if (/^serving /m.test(text)) resolve(text);
      };
      service.stdout!.on("data", listen);
      service.stderr!.on("data", listen);
      service.on("exit", (code) => reject(new Error(`exit ${code}: ${text}`)));
    });
    address = `http://${/^serving ([0-9.:]+)/m.exec(said)![1]}`;
    links = [...new Set([...said.matchAll(/page +\S+?(\/b\/\S+)/g)].map((match) => match[1]!))];
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    service.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    context = await browser.newContext({ locale: "zh-CN", viewport: { width: 390, height: 844 } });
    page = await context.newPage();
    complaints = [];
    page.on("console", (message) => {
      if (message.type() === "error" && !/404/.test(message.text())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
  });
  afterEach(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });

  /** The page at that path, as it comes or as `change` makes it. */
  async function open(path: string, change?: (html: string) => string): Promise<void> {
    if (change) {
      await page.route(`**${path}*`, async (route) => {
        const answer = await route.fetch();
        const html = await answer.text();
        const changed = change(html);
        expect(changed).not.toBe(html);
        await route.fulfill({ response: answer, body: changed });
      });
    }
    await page.goto(`${address}${path}`);
  }

  async function check(): Promise<string> {
    await page.click("#check");
    await page.waitForSelector("#panel .verdict, #panel .err");
    return (await page.textContent("#panel"))!;
  }

  const struck = () => page.$$eval("del", (all) => all.map((each) => each.textContent));
  const strip = () => page.getAttribute(".strip", "class");

  test("honest pages agree with their evidence, in both languages", async () => {
    expect(links.length).toBeGreaterThan(7);
    for (const path of links) {
      for (const [lang, verified, agree] of [
        ["zh-CN", "凭证验证通过", "处一致"],
        ["en", "The evidence holds", "facts agree"],
      ] as const) {
        await page.goto(`${address}${path}?lang=${lang}`);
        const before = await page.textContent("main");
        const [shown, class_] = [await struck(), await strip()];
        const panel = await check();
        expect(panel, path).toContain(verified);
        expect(panel, path).toContain(agree);
        expect(await struck(), path).toEqual(shown);
        expect(await strip()).toBe(class_);
        const after = (await page.textContent("main"))!.replace(panel, "");
        expect(after).toBe(before);
      }
    }
  });

  test("no script runs and nothing is fetched before the tap", async () => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await open(GOOD);
    await page.waitForTimeout(200);
    expect(asked.filter((path) => !/^\/(b|assets\/loader-.*|api\/v1\/blobs|favicon.ico)/.test(path))).toEqual(
      [],
    );
    await check();
    expect(asked.filter((path) => path.startsWith("/assets/verify"))).toHaveLength(1);
    expect(asked).toContain("/trust.json");
  });

  test("the panel says who sent it, what it is worth and how to be sure", async () => {
    await open(GOOD);
    const panel = await check();
    for (const text of [
      new URL(address).host,
      "证明力很有限",
      "suyuan verify shouguang-hub-demo.hg1-5kg.suyuan",
      "/verify",
      "浏览器内置算法",
    ]) {
      expect(panel).toContain(text);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    await page.click("#panel details summary");
    expect(await page.isVisible("#panel pre")).toBe(true);
    const [first, before] = [
      await page.textContent("#panel p:nth-of-type(2)"),
      await page.textContent("main"),
    ];
    await page.click("#check");
    await page.waitForSelector("#panel .verdict");
    expect(await page.textContent("#panel p:nth-of-type(2)")).toBe(first);
    expect(await struck()).toEqual([]);
    expect((await page.textContent("main"))!.length - before!.length).toBeLessThan(10);
  });

  test("a quantity that was altered on the page is struck out", async () => {
    await open(GOOD, (html) => html.replace(/(data-f="quantity">)[^<]*/, "$19999 公斤"));
    const panel = await check();
    expect(panel).toContain("凭证成立，本页与凭证不符");
    expect(panel).toContain("不符");
    expect(panel).toContain("9999 公斤");
    expect(await struck()).toContain("9999 公斤");
    const once = await struck();
    await page.click("#check");
    await page.waitForSelector("#panel .verdict");
    expect(await struck()).toEqual(once);
  });

  test("an entry that was invented is struck out, one that was hidden is named", async () => {
    await open(GOOD, (html) => {
      const events = html.match(/<details class="event".*?<\/div><\/details>/gs)!;
      const invented = events[0]
        .replace(/data-seq="\d+"/, 'data-seq="999999"')
        .replace("<summary><b>", "<summary><b>有机");
      const hidden = events.find((event) => /<b>(检测结果|分级|装箱|包装|采收)/.test(event))!;
      return html.replace(hidden, invented);
    });
    const panel = await check();
    expect((await struck()).some((text) => text.includes("有机"))).toBe(true);
    expect(panel).toContain("凭证里没有");
  });

  test("a failed test that the page hides beats its strip", async () => {
    await open(HELD, (html) => {
      return html
        .replace('class="strip hold"', 'class="strip normal"')
        .replace(/<div role="status">.*?<\/div>/s, '<div role="status"><strong>正常</strong></div>')
        .replace(/<ul class="why">.*?<\/ul>/s, "")
        .replace(/<div class="test" data-test.*?(?=<\/section>)/s, "");
    });
    expect(await strip()).toBe("strip normal");
    const panel = await check();
    expect(await strip()).toBe("strip hold");
    expect(await page.textContent(".strip")).toContain("暂扣");
    expect(await page.textContent(".strip")).toContain("阿维菌素 0.12 毫克/公斤");
    expect(panel).toContain("请先不要食用");
    expect(await page.textContent("#tests")).toMatch(/\d+ 项不合格/);
  });

  test("a conclusion that was turned round is struck out", async () => {
    await open(HELD, (html) =>
      html.replace(/(data-test="\d+"><p><span class="tag )bad(">)[^<]*/, "$1good$2合格"),
    );
    await check();
    expect(await struck()).toContain("合格");
  });

  test.each([
    [
      "a changed byte",
      (text: string) => text.replace(/"at":(\d)/, (_, digit: string) => `"at":${(Number(digit) % 9) + 1}`),
    ],
    ["no JSON", () => "<html>"],
  ])("evidence with %s is refused, and nothing is redrawn", async (_, change) => {
    await page.route("**/bundle", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: change(await answer.text()) });
    });
    await open(GOOD);
    const before = await struck();
    const panel = await check();
    expect(panel).toContain("凭证有问题");
    expect(panel).toContain("证明力很有限");
    expect(await struck()).toEqual(before);
  });

  test("the evidence of another batch is no evidence of this one", async () => {
    await page.route("**/bundle", async (route) => {
      await route.fulfill({
        response: await route.fetch({ url: `${address}/api/v1/batches/${HELD.slice(3)}/bundle` }),
      });
    });
    await open(GOOD);
    expect(await check()).toContain("另一个批次");
  });

  test("a log key of somebody else is not believed", async () => {
    await page.route("**/trust.json", async (route) => {
      const answer = await route.fetch();
      const trust = (await answer.json()) as { genesis: string };
      await route.fulfill({ response: answer, json: { ...trust, genesis: "0".repeat(64) } });
    });
    await open(GOOD);
    expect(await check()).toContain("凭证有问题");
  });

  test("without Ed25519 in the browser a worker does it", async () => {
    await withoutEd25519(context);
    await open(GOOD);
    const worker = page.waitForEvent("worker");
    const panel = await check();
    await worker;
    expect(panel).toContain("凭证验证通过");
    expect(panel).toContain("网页自带算法");
  });

  test("without a network it says so", async () => {
    await page.route("**/bundle", (route) => route.abort());
    await open(GOOD);
    expect(await check()).toContain("检查网络");
    complaints = [];
  });

  test("without scripts the button is the evidence itself", async () => {
    await context.close();
    context = await browser.newContext({ javaScriptEnabled: false });
    page = await context.newPage();
    await open(GOOD);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#check")]);
    expect(download.suggestedFilename()).toBe("shouguang-hub-demo.hg1-5kg.suyuan");
  });

  test("a saved file is checked with the network off", async () => {
    const save = async (path: string, name: string) => {
      const file = join(folder, name);
      writeFileSync(file, await (await fetch(`${address}${path}`)).text());
      return file;
    };
    const bundle = await save(`/api/v1/batches/${GOOD.slice(3)}/bundle`, "lot.suyuan");
    const trust = await save("/trust.json", "trust.json");
    for (const [lang, verified] of [
      ["zh-CN", "凭证验证通过"],
      ["en", "The evidence holds"],
    ] as const) {
      await page.goto(`${address}/verify?lang=${lang}`);
      await context.setOffline(true);
      await page.setInputFiles("#bundle", bundle);
      await page.setInputFiles("#trust", trust);
      await page.click("#files button");
      await page.waitForSelector("#panel .verdict");
      expect(await page.textContent("#panel")).toContain(verified);
      await page.setInputFiles("#trust", bundle);
      await page.click("#files button");
      await page.waitForSelector("#panel .err");
      await context.setOffline(false);
    }
  });
});
