/** Runs the verifier: here with the browser's own Ed25519, in a worker with the slower one that came along. */

import { type Verdict, bestEngine, noble, parseTrust, verify } from "../verify/index";
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
}

/** The address of this very script: a worker runs the same one. */
const SCRIPT =
  typeof document === "undefined" ? "" : ((document.currentScript as HTMLScriptElement | null)?.src ?? "");

export async function check(question: Question): Promise<Checked> {
  const started = performance.now();
  const engine = await bestEngine();
  const verdict =
    engine.name === "noble" && SCRIPT ? await inWorker(question) : await judge(question, engine);
  return { ...verdict, ms: Math.round(performance.now() - started) };
}

function judge({ bundle, trust, now }: Question, engine: typeof noble): Promise<Verdict> {
  let parsed;
  try {
    parsed = parseTrust(trust);
  } catch {
    throw new Error(word("check.not_trust"));
  }
  return verify(bundle, parsed, { now, maxAge: MAX_AGE, engine });
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
