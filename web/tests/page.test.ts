/**
 * The pages of a running service in Chromium: honest, with altered HTML, with altered evidence, without Ed25519, without
 * a network. SUYUAN_BIN names the program, which brings its own demonstration.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { launch, needed, withoutEd25519 } from "./chromium";
import { bitcoinOts, bodyOf, calldata, pendingOts, withAnchors } from "./made";

const program = needed("SUYUAN_BIN");
const python = needed("SUYUAN_TEST_PYTHON");
/** Of the witness in tests/second_verifier/make.py. */
const WITNESS = "example.com/witness+72451b45+BEOnLnFEAXYt9mtowm373yaCquyfJHTspGE+QkoPuv08";
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
    // What is anchored, each test puts into the bundle itself.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "SUYUAN_ANVIL"));
    service = spawn(program, ["demo", "--dir", join(folder, "ledger"), "--listen", "127.0.0.1:0"], {
      env,
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
    await page.waitForLoadState("networkidle");
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

  test("a sum that was altered on the page is worked out again and struck out", async () => {
    await open(GOOD, (html) => html.replace(/(data-x="made">)[^<]*/, "$19999 公斤"));
    const panel = await check();
    expect(panel).toContain("凭证成立，本页与凭证不符");
    expect(panel).toMatch(/批次总量：本页写“9999 公斤”，凭证里是“[0-9.]+ 公斤”/);
    expect(await struck()).toContain("9999 公斤");
    expect(await page.textContent("#amounts ins")).toMatch(/^[0-9.]+ 公斤$/);
  });

  test("a sum that the page leaves out is named, and one that it invents is struck out", async () => {
    await open(GOOD, (html) =>
      html.replace(
        /<dt>[^<]*<\/dt><dd><span data-x="made">.*?<\/dd>/,
        '<dt>损耗</dt><dd><span data-x="loss packing">1 公斤 · 99.0%</span></dd>',
      ),
    );
    const panel = await check();
    expect(panel).toMatch(/凭证里有，本页没有写：批次总量 [0-9.]+ 公斤/);
    expect(await struck()).toContain("1 公斤 · 99.0%");
  });

  test("a report's number and limits that were altered in a test's card are struck out", async () => {
    await open(HELD, (html) =>
      html
        .replace(/(data-f="report_no">)[^<]*/, "$1LAB-0000")
        .replace(/(class="err" data-item>)[^<]*/, "$1阿维菌素 0.01 毫克/公斤（限量 0.05 毫克/公斤）"),
    );
    const panel = await check();
    expect(await struck()).toEqual(
      expect.arrayContaining(["LAB-0000", "阿维菌素 0.01 毫克/公斤（限量 0.05 毫克/公斤）"]),
    );
    expect(panel).toContain("LAB-0000");
  });

  test("older evidence, signed and whole, strikes out what it does not hold yet", async () => {
    const { chain } = (await (await fetch(`${address}/api/v1/batches/${GOOD.slice(3)}`)).json()) as {
      chain: { seq: number }[];
    };
    const last = Math.max(...chain.map(({ seq }) => seq));
    let older: string | undefined;
    for (let size = last; !older && size > chain[0]!.seq; size--) {
      const answer = await fetch(`${address}/api/v1/batches/${GOOD.slice(3)}/bundle/${size}`);
      if (answer.ok) older = await answer.text();
    }
    await page.route("**/bundle", (route) =>
      route.fulfill({ body: older!, contentType: "application/json" }),
    );
    await open(GOOD);
    const panel = await check();
    expect(panel).toContain("凭证成立，本页与凭证不符");
    expect(panel).toContain("凭证里没有（已划去）");
    expect((await struck()).length).toBeGreaterThan(0);
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

  test("witnesses of the trust file are linked as the independent check, by name and host", async () => {
    await page.route("**/trust.json", async (route) => {
      const answer = await route.fetch();
      const trust = (await answer.json()) as { log: string[] };
      const keys = trust.log.map((key) => `log ${key}\n`).join("");
      const policy = (url: string) => ({
        ...trust,
        policy: `${keys}witness w ${WITNESS} ${url}\nquorum none\n`,
      });
      await route.fulfill({ response: answer, json: policy(addresses.shift()!) });
    });
    const addresses = ["https://witness.example/feed/", "javascript:alert(1)//", address];
    await open(GOOD);
    const panel = await check();
    expect(panel).toContain("example.com/witness 的核验页（witness.example）");
    const links = () => page.$$eval("#panel .note a", (all) => all.map((a) => a.getAttribute("href")));
    expect(await links()).toEqual(["https://witness.example/feed/verify"]);
    for (let more = addresses.length; more > 0; more--) {
      await Promise.all([page.waitForResponse("**/trust.json"), page.click("#check")]);
      await page.waitForSelector("#panel .verdict");
      expect(await links()).toEqual([]);
    }
    expect(addresses).toEqual([]);
  });

  describe("anchors", () => {
    /** The page's bundle with anchors of its checkpoint, made of its body. */
    async function carrying(
      slots: (body: string) => { kind: string; evidence: Uint8Array }[],
    ): Promise<void> {
      await page.route("**/bundle", async (route) => {
        const answer = await route.fetch();
        const bundle = await answer.text();
        await route.fulfill({ response: answer, body: withAnchors(bundle, slots(bodyOf(bundle))) });
      });
      await open(GOOD);
    }
    const anchorRow = () => page.locator("#panel .test").filter({ hasText: "锚定" }).first().textContent();

    test("what judges them is brought only where there are some", async () => {
      const asked: string[] = [];
      page.on("request", (request) => asked.push(new URL(request.url()).pathname));
      await open(GOOD);
      await check();
      expect(asked.filter((path) => path.startsWith("/assets/anchors"))).toEqual([]);
      await carrying((body) => [{ kind: "ots", evidence: pendingOts(body) }]);
      const panel = await check();
      expect(asked.filter((path) => path.startsWith("/assets/anchors"))).toHaveLength(1);
      expect(panel).toContain("还在等待：已提交，尚未写入任何区块。");
      expect(panel).toContain("日历服务器只是答应了写入");
      expect(panel).toContain("凭证验证通过");
      expect(panel).not.toContain("存在时间不晚于");
      expect(await page.$$eval("#panel .test .tag.good", (all) => all.length)).toBeLessThanOrEqual(8);
    });

    test("a block hash that the reader found elsewhere confirms a full proof, and another does not", async () => {
      let blockHash = "";
      await carrying((body) => {
        const made = calldata(body, 1n);
        blockHash = made.blockHash;
        return [{ kind: "evm-calldata", evidence: made.evidence }];
      });
      const panel = await check();
      for (const text of [
        "未检查：区块还没有由你确认",
        "如果下面的区块属实：存在时间不晚于 2026-05-29 04:26 (UTC+8)（以太坊主网，第 21000000 号区块）",
        "需要相信的：这条公链的规则",
        "两家不同机构的区块浏览器",
        `0x${blockHash}`,
        "只证明时间，不证明历史只有一份",
        "不证明当初写入的内容真实",
      ])
        expect(panel).toContain(text);
      expect(await anchorRow()).toContain("未检查");
      await page.fill("#panel form.give input", "ab".repeat(32));
      await page.click("#panel form.give button");
      expect(await page.textContent("#panel form.give")).toContain("与凭证里的不同");
      await page.fill("#panel form.give input", "12");
      await page.click("#panel form.give button");
      expect(await page.textContent("#panel form.give")).toContain("应为 64 位十六进制");
      expect(await anchorRow()).toContain("未检查");
      await page.fill("#panel form.give input", ` 0x${blockHash.toUpperCase()} `);
      await page.click("#panel form.give button");
      await page.waitForFunction(() => document.querySelector("#panel")!.textContent.includes("与凭证一致"));
      expect(await anchorRow()).toContain("通过");
      const confirmed = await page.textContent("#panel");
      expect(confirmed).toContain("存在时间不晚于 2026-05-29 04:26 (UTC+8)（以太坊主网");
      expect(confirmed).not.toContain("如果下面的区块属实");
    });

    test("test chains and other networks never confirm anything", async () => {
      await carrying((body) => [
        { kind: "evm-calldata", evidence: calldata(body, 31_337n).evidence },
        { kind: "evm-calldata", evidence: calldata(body, 8453n).evidence },
        { kind: "rfc3161", evidence: new Uint8Array(9) },
        { kind: "tea-leaves", evidence: new Uint8Array(9) },
      ]);
      const panel = await check();
      for (const text of [
        "测试链，不构成证据",
        "RPC-attested",
        "用 suyuan verify 检查",
        "其他种类：tea-leaves",
      ])
        expect(panel).toContain(text);
      expect(await page.$$("#panel form.give")).toHaveLength(0);
      expect(await anchorRow()).toContain("未检查");
      expect(panel).toContain("凭证验证通过");
    });

    test("one that is for another checkpoint condemns the evidence", async () => {
      await carrying((body) => [
        { kind: "ots", evidence: bitcoinOts(body) },
        { kind: "ots", evidence: bitcoinOts(`${body}\n`) },
      ]);
      const panel = await check();
      expect(panel).toContain("或者属于另一个检查点");
      expect(panel).toContain("凭证有问题");
      expect(await anchorRow()).toContain("未通过");
    });

    test("a Bitcoin header is asked for, and one without work confirms nothing", async () => {
      await carrying((body) => [{ kind: "ots", evidence: bitcoinOts(body) }]);
      const panel = await check();
      expect(panel).toContain("未检查：区块头还没有由你确认");
      expect(panel).toContain("默克尔根");
      const root = await page.textContent("#panel .hash");
      const header = `04000000${"0".repeat(64)}${root!.match(/../g)!.reverse().join("")}00a5186affff7f2001000000`;
      await page.fill("#panel form.give input", header);
      await page.click("#panel form.give button");
      expect(await page.textContent("#panel form.give")).toMatch(/难度太低|与凭证里的不同/);
      expect(await anchorRow()).toContain("未检查");
      await page.fill("#panel form.give input", "00".repeat(80));
      await page.click("#panel form.give button");
      expect(await page.textContent("#panel form.give")).toContain("与凭证里的不同");
    });
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

  describe("files of a stranger", () => {
    const made = join(folder, "made");
    beforeAll(() => {
      mkdirSync(made);
      execFileSync(python, ["-B", "make.py", "bundles", made], {
        cwd: join(import.meta.dirname, "../../tests/second_verifier"),
      });
    });

    async function give(file: string, trust = join(made, "trust.json")): Promise<string> {
      await page.setInputFiles("#bundle", file);
      await page.setInputFiles("#trust", trust);
      await page.evaluate(() => document.querySelector("#panel")!.replaceChildren());
      await page.click("#files button");
      await page.waitForSelector("#panel .verdict, #panel .err");
      return (await page.textContent("#panel"))!;
    }

    test("evidence of an omission is judged offline, in words that say what is missing", async () => {
      await page.goto(`${address}/verify?lang=zh-CN`);
      await page.waitForLoadState("networkidle");
      await context.setOffline(true);
      for (const [name, says] of [
        ["map", "账本第 9 条是 batch:farm.a1 的第 1 条记录，运营方后来签名的索引却漏掉了它"],
        ["twice", "运营方签过两条不同的"],
        ["split", "运营方签过两份不同的历史：前 30 条记录在两份里不一样"],
        ["entry", "不是合格的条目，运营方却为它签了名"],
      ] as const) {
        const panel = await give(join(made, `${name}.evidence`));
        expect(panel).toContain("证据成立：运营方的签名自相矛盾");
        expect(panel).toContain(says);
        expect(panel).toContain("example.com/suyuan");
      }
      expect(await give(join(made, "nothing.evidence"))).toContain("证据不成立");
      const changed = join(made, "changed.evidence");
      writeFileSync(
        changed,
        readFileSync(join(made, "map.evidence"), "utf8").replace("batch:farm.a1", "batch:farm.a2"),
      );
      expect(await give(changed)).toContain("证据不成立");
      expect(await page.$$("#panel .good")).toHaveLength(0);
    });

    test("that nothing is left out is said only where witnesses have replayed", async () => {
      const { policy, ...rest } = JSON.parse(readFileSync(join(made, "trust-witness.json"), "utf8")) as {
        policy: string;
      };
      const replaying = join(made, "trust-replaying.json");
      const grouped = policy.replace("quorum w", "group replaying any w a\nquorum replaying");
      writeFileSync(replaying, JSON.stringify({ ...rest, policy: grouped }));
      await page.goto(`${address}/verify?lang=zh-CN`);
      const packed = join(made, "packed.bundle");
      const claimed = await give(packed, join(made, "trust-witness.json"));
      expect(claimed).toContain("运营方签名声明这里没有漏掉任何一条");
      expect(claimed).not.toContain("没有遗漏");
      const replayed = await give(packed, replaying);
      expect(replayed).toContain("没有遗漏：独立见证从第一条起逐条复算到这里");
      expect(replayed).toContain("复算过的有 1 家：w");
    });

    test("anchors are judged with the network off", async () => {
      await page.goto(`${address}/verify?lang=en`);
      await page.waitForLoadState("networkidle");
      await context.setOffline(true);
      const bundle = readFileSync(join(made, "packed.bundle"), "utf8");
      const file = join(made, "anchored.bundle");
      writeFileSync(file, withAnchors(bundle, [{ kind: "ots", evidence: bitcoinOts(bodyOf(bundle)) }]));
      const panel = await give(file);
      expect(panel).toContain("the block header is not confirmed by you");
      expect(panel).toContain("Bitcoin, block 900001");
      expect(panel).toContain("Whom to trust for this");
    });
  });
});
