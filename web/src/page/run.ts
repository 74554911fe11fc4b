/** Runs the verifier: here with the browser's own Ed25519, in a worker with the slower one that came along. */

import type { Anchored, Told } from "../verify/anchors/finding";
import { type Trust, type Verdict, bestEngine, isVerified, noble, parseTrust, verify } from "../verify/index";
import type * as AnchorsScript from "./anchors";
import { word } from "./wording";

/** How old a witness's word may be, in seconds. */
const MAX_AGE = 86_400;

export interface Question {
  bundle: Uint8Array;
  trust: string;
  now: number;
}

export interface Checked extends Verdict {
  ms: number;
  /** Its anchors, if it has any and what judges them could be brought. */
  anchors?: {
    anchored: Anchored[];
    draw: (give: (checked: Checked) => void) => HTMLElement;
  };
}

/** Beside this script, under a name that holds a hash: `build.mjs` puts it here. */
declare const ANCHORS_SCRIPT: string;

/** The address of this very script: a worker runs the same one. */
const SCRIPT =
  typeof document === "undefined" ? "" : ((document.currentScript as HTMLScriptElement | null)?.src ?? "");

export async function check(question: Question): Promise<Checked> {
  const started = performance.now();
  const engine = await bestEngine();
  const verdict =
    engine.name === "noble" && SCRIPT ? await inWorker(question) : await judge(question, engine);
  const checked = { ...verdict, ms: Math.round(performance.now() - started) };
  const isAnchored = verdict.bundle?.anchors.length && verdict.layers.log.status === "ok";
  if (!isAnchored) return checked;
  try {
    return withAnchors(checked, readTrust(question.trust), await bringAnchors());
  } catch {
    // Without what judges them they stay not checked.
    return checked;
  }
}

/** What judges anchors; for files it is brought before the network may go. */
export function bringAnchors(): Promise<typeof AnchorsScript> {
  return import(new URL(ANCHORS_SCRIPT, SCRIPT).href) as Promise<typeof AnchorsScript>;
}

/** The verdict with its last layer, by what the reader has found out elsewhere. */
function withAnchors(
  checked: Checked,
  trust: Trust,
  script: typeof AnchorsScript,
  told: Told = script.nothingTold,
): Checked {
  const { answer, anchored } = script.judge(checked.bundle!, told, trust.publication);
  const layers = { ...checked.layers, anchors: answer };
  const again = (more: Told) => withAnchors(checked, trust, script, more);
  const draw = (give: (checked: Checked) => void) => script.draw(anchored, told, (more) => give(again(more)));
  return { ...checked, layers, verified: isVerified(layers), anchors: { anchored, draw } };
}

export function readTrust(text: string): Trust {
  try {
    return parseTrust(text);
  } catch {
    throw new Error(word("check.not_trust"));
  }
}

function judge({ bundle, trust, now }: Question, engine: typeof noble): Promise<Verdict> {
  return verify(bundle, readTrust(trust), { now, maxAge: MAX_AGE, engine });
}

function inWorker(question: Question): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const here = () => judge(question, noble).then(resolve, reject);
    let worker: Worker;
    try {
      worker = new Worker(SCRIPT);
    } catch {
      void here();
      return;
    }
    worker.onmessage = ({ data }: MessageEvent<{ verdict: Verdict } | { trouble: string }>) => {
      worker.terminate();
      if ("verdict" in data) resolve(data.verdict);
      else reject(new Error(data.trouble));
    };
    worker.onerror = () => {
      worker.terminate();
      void here();
    };
    worker.postMessage(question);
  });
}

/** The other side, in the worker. */
export function serve(): void {
  onmessage = ({ data }: MessageEvent<Question>) => {
    judge(data, noble).then(
      (verdict) => postMessage({ verdict }),
      (error: unknown) => postMessage({ trouble: error instanceof Error ? error.message : String(error) }),
    );
  };
}
