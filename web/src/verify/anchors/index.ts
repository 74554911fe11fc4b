/** Evidence from outside that a checkpoint existed before a moment: pure, apart from the rest, and loaded only if need be. */

import type { Bundle, Slot } from "../bundle";
import { Refused, fromBase64, require } from "../bytes";
import { type Publication, bodyOf } from "./body";
import { judgeEvm } from "./evm";
import { type Anchored, type Finding, type JudgedAnchors, type Told, notChecked } from "./finding";
import { judgeOts } from "./ots";

export type { Publication } from "./body";
export type { Anchored, Claim, Finding, JudgedAnchors, Source, Told, Why } from "./finding";
export { HEADER_BYTES, Header, reversed } from "./bitcoin";

export const NOTHING_TOLD: Told = { evmBlocks: [], bitcoinHeaders: [] };

/** Judges evidence for the checkpoint with this body: the text of its note. Tests have another network's easiest target. */
export function judge(
  { kind, version, evidence }: Pick<Slot, "kind" | "version"> & { evidence: Uint8Array },
  text: string,
  told: Told,
  list?: Publication,
  targetMax?: bigint,
): Finding {
  if (!["evm-calldata", "evm-log", "ots", "rfc3161"].includes(kind)) return notChecked("unknown-kind");
  if (version !== 1) return notChecked("unknown-version");
  if (kind === "rfc3161") return notChecked("elsewhere");
  return tried(() => {
    if (kind === "ots") return judgeOts(evidence, bodyOf(text), told, targetMax);
    return judgeEvm(kind as "evm-calldata" | "evm-log", evidence, bodyOf(text), told, list);
  });
}

/** The layer, and each anchor, of a bundle whose checkpoints have been found to be the log's. */
export function judgeAnchors(bundle: Bundle, told: Told, list?: Publication): JudgedAnchors {
  const covered = Math.max(0, ...bundle.records.map((record) => record.seq + 1));
  const anchored = bundle.anchors.map((slot): Anchored => {
    return {
      kind: slot.kind,
      size: slot.size,
      coversAll: slot.size >= covered,
      finding: tried(() => {
        const text = bodyWith(bundle.checkpoints, slot.size);
        const evidence = fromBase64(slot.evidence);
        return judge({ ...slot, evidence }, text, told, list);
      }),
    };
  });
  return { anchored, answer: layer(anchored) };
}

function layer(anchored: Anchored[]): JudgedAnchors["answer"] {
  const said = anchored
    .map(({ kind, size, finding }) => `${kind} at ${size} entries: ${wordsOf(finding)}`)
    .join("; ");
  const failed = anchored.some(({ finding }) => finding.status === "failed");
  const ok = anchored.some(({ finding, coversAll }) => finding.status === "ok" && coversAll);
  return { status: failed ? "failed" : ok ? "ok" : "not checked", reason: said };
}

function wordsOf({ status, why, problem }: Finding): string {
  return [status, why, problem].filter((each) => each !== undefined).join(", ");
}

function bodyWith(checkpoints: string[], size: number): string {
  const texts = checkpoints.map((note) => note.slice(0, note.lastIndexOf("\n\n") + 1));
  const text = texts.find((each) => bodyOf(each).checkpoint?.size === BigInt(size));
  require(text !== undefined, `no checkpoint of ${size} entries is in the bundle`);
  return text;
}

function tried(act: () => Finding): Finding {
  try {
    return act();
  } catch (error) {
    if (error instanceof Refused) return { status: "failed", problem: error.message };
    throw error;
  }
}
