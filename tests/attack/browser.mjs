// Tasks as JSON on stdin, what was seen as JSON on stdout: pages in headless Chromium, as a reader taps on them.
// { url }: a batch's page. { url, bundle, trust }: /verify, with two files.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { env } from "node:process";

const web = new URL("../../web/package.json", import.meta.url);
const { chromium } = createRequire(web)("playwright-core");

const browser = await chromium.launch({
  executablePath: env.SUYUAN_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
const context = await browser.newContext({ locale: "en", viewport: { width: 390, height: 844 } });
const page = await context.newPage();
const seen = [];
for (const task of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    seen.push(await look(task));
  } catch (error) {
    seen.push({ lines: [], verified: false, failed: `${task.url}: ${error.message}` });
  }
}
await browser.close();
console.log(JSON.stringify(seen));

async function look({ url, bundle, trust }) {
  if (page.url() !== url) await page.goto(url);
  await page.$$eval("#panel", ([panel]) => panel?.replaceChildren());
  if (bundle) {
    await page.setInputFiles("#bundle", bundle);
    await page.setInputFiles("#trust", trust);
    await page.click("#files button");
  } else {
    await page.click("#check");
  }
  await page.waitForSelector("#panel .verdict, #panel .err");
  const text = (found) => found.map((each) => each.textContent.trim().replace(/\s+/g, " "));
  const lines = await page.$$eval("#panel .verdict, #panel .err, #panel .fix li", text);
  const raw = await page.$("#panel pre");
  if (raw) {
    // What each layer found, in the words of the raw data.
    for (const [layer, { status, reason }] of Object.entries(JSON.parse(await raw.textContent()).layers)) {
      lines.push(`${layer} ${status} ${reason}`);
    }
  }
  for (const struck of await page.$$eval("del", text)) lines.push(`struck out: ${struck}`);
  const strip = await page.$(".strip");
  if (strip) lines.push(`strip: ${await strip.getAttribute("class")}: ${(await textOf(strip)).slice(0, 200)}`);
  return { lines, verified: lines[0] === "The evidence holds", failed: null };
}

async function textOf(element) {
  return (await element.textContent()).trim().replace(/\s+/g, " ");
}
