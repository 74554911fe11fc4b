/** Runs as soon as it is brought: on a provenance page, on the page for files, or as their worker. */

import { Refused, bestEngine, isEvidence, judgeEvidence } from "../verify/index";
import { draw, drawOmission, say } from "./panel";
import { type Findings, redraw } from "./redraw";
import { bringAnchors, check, readTrust, serve } from "./run";
import { word } from "./wording";

async function fetched(address: string): Promise<Uint8Array> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** Of the first time that the evidence held. */
let findings: Findings | undefined;

async function ofThisPage(button: HTMLAnchorElement, panel: Element): Promise<void> {
  say(panel, word("check.running"));
  let files: [Uint8Array, Uint8Array];
  try {
    files = await Promise.all([fetched(button.href), fetched("/trust.json")]);
  } catch {
    throw new Error(word("check.no_network"));
  }
  const trust = new TextDecoder().decode(files[1]);
  const checked = await check({ bundle: files[0], trust, now: Math.floor(Date.now() / 1000) });
  // …/batches/{id}/bundle: evidence of another batch says nothing of this one.
  const [id] = button.pathname.split("/").slice(-2);
  const { bundle } = checked;
  if (bundle && bundle.subject !== `batch:${id}`)
    throw new Error(word("check.another", { subject: bundle.subject }));
  // What was redrawn once is no longer what the server sent.
  if (checked.verified && bundle) findings ??= redraw(bundle);
  const command = `suyuan verify ${button.download} --trust trust.json`;
  draw(panel, {
    checked,
    trust: readTrust(trust),
    ofThisSite: true,
    command,
    findings: checked.verified ? findings : undefined,
  });
}

async function ofFiles(panel: Element): Promise<void> {
  const [bundle, trust] = ["bundle", "trust"].map(
    (id) => (document.getElementById(id) as HTMLInputElement).files?.[0],
  );
  if (!bundle || !trust) throw new Error(word("check.file_missing"));
  say(panel, word("check.running"));
  const text = await trust.text();
  const data = new Uint8Array(await bundle.arrayBuffer());
  const command = `suyuan verify ${bundle.name} --trust ${trust.name}`;
  if (isEvidence(data)) {
    await ofEvidence(panel, data, text, command);
    return;
  }
  const checked = await check({ bundle: data, trust: text, now: Math.floor(Date.now() / 1000) });
  draw(panel, { checked, trust: readTrust(text), ofThisSite: false, command });
}

async function ofEvidence(panel: Element, data: Uint8Array, text: string, command: string): Promise<void> {
  const trust = readTrust(text);
  try {
    drawOmission(panel, trust, await judgeEvidence(data, trust, await bestEngine()), command);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    drawOmission(panel, trust, undefined, command);
  }
}

/** Runs it, once at a time, and says what went wrong. */
function answering(panel: Element, run: () => Promise<void>): () => void {
  let isRunning = false;
  return () => {
    if (isRunning) return;
    isRunning = true;
    run()
      .catch((error: unknown) =>
        say(
          panel,
          word("check.trouble", { why: error instanceof Error ? error.message : String(error) }),
          "err",
        ),
      )
      .finally(() => {
        isRunning = false;
      });
  };
}

function drops(): void {
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    for (const file of event.dataTransfer?.files ?? []) {
      const box = document.getElementById(/trust/i.test(file.name) ? "trust" : "bundle") as HTMLInputElement;
      const list = new DataTransfer();
      list.items.add(file);
      box.files = list.files;
    }
  });
}

function start(): void {
  const panel = document.getElementById("panel");
  const button = document.getElementById("check") as HTMLAnchorElement | null;
  const form = document.getElementById("files");
  if (panel && button) {
    const run = answering(panel, () => ofThisPage(button, panel));
    button.addEventListener("click", (event) => {
      event.preventDefault();
      run();
    });
    run();
  } else if (panel && form) {
    // Who goes offline now can check anchors too; whoever has no network has asked for none.
    bringAnchors().catch(() => undefined);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answering(panel, () => ofFiles(panel))();
    });
    drops();
  }
}

if (typeof document === "undefined") serve();
else start();
