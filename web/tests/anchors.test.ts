import { expect, test } from "vitest";

import { NOTHING_TOLD, judgeAnchors } from "../src/verify/anchors/index";
import type { Bundle } from "../src/verify/index";
import { vectors } from "./vectors";

/** A real event of a contract, with the checkpoint that it is for. */
const event = vectors().anchors.find(({ name }) => name === "evm/log.json good")! as unknown as {
  body: string;
  evidence: string;
  told: { evm_blocks: { chain_id: number; hash: string }[] };
  claim: { contract: string; sender: string };
};
const { contract, sender } = event.claim;

function bundle(records: { kind: string; data?: object; seq?: number }[], size = 150) {
  return {
    anchors: [{ kind: "evm-log", version: 1, size, evidence: event.evidence }],
    checkpoints: [`${event.body}\n\u2014 nobody sig\n`],
    records: records.map(({ kind, data, seq }) => ({ seq: seq ?? 149, payload: { kind, data: data ?? {} } })),
  } as unknown as Bundle;
}

const list = { chain_id: 1, contract: `0x${contract}`, sender: `0x${sender}` };
const other = { ...list, sender: `0x${"11".repeat(20)}` };

test("publication is what the newest record of the ledger says, if the trust file names no other", () => {
  const isPublication = (records: { kind: string; data?: object }[], trusted?: { chain: bigint }) => {
    const { anchored } = judgeAnchors(
      bundle(records),
      NOTHING_TOLD,
      trusted && { contract, sender, ...trusted },
    );
    return anchored[0]!.finding.claim!.isPublication;
  };
  const said = (data: object) => ({ kind: "ledger.anchor/1", data });
  expect(isPublication([])).toBe(false);
  expect(isPublication([said(list)])).toBe(true);
  expect(isPublication([said(other), said(list)])).toBe(true);
  expect(isPublication([said(list), said(other)])).toBe(false);
  expect(isPublication([said(list)], { chain: 1n })).toBe(true);
  expect(isPublication([said(list)], { chain: 10n })).toBe(false);
  expect(isPublication([], { chain: 1n })).toBe(false);
});

test("the layer is ok only if a confirmed anchor covers every record, and failed if any anchor is", () => {
  const told = {
    ...NOTHING_TOLD,
    evmBlocks: event.told.evm_blocks.map(({ chain_id, hash }) => ({ chain: BigInt(chain_id), hash })),
  };
  const status = (seq: number, size?: number) =>
    judgeAnchors(bundle([{ kind: "x/1", seq }], size), told).answer.status;
  expect(status(149)).toBe("ok");
  expect(status(150)).toBe("not checked");
  expect(status(149, 151)).toBe("failed");
  expect(judgeAnchors(bundle([]), NOTHING_TOLD).answer.status).toBe("not checked");
});
