/** Every shared vector against the verifier. No Node in here: Chromium runs the very same. */

import { type Finding, judge, reversed } from "../src/verify/anchors/index";
import { Refused, fromBase64, fromHex, hex, sha256, utf8 } from "../src/verify/bytes";
import { type Engine, isGoodSignature, isGoodSignatureNow } from "../src/verify/ed25519";
import { leafHash, readEnvelope } from "../src/verify/entry";
import { verify } from "../src/verify/check";
import { type Json, jcs, parseCanonical } from "../src/verify/json";
import { openCheckpoint, openReceipt } from "../src/verify/note";
import { commitment, commitmentOfValue } from "../src/verify/opening";
import { pae, parsePayload } from "../src/verify/payload";
import {
  type Value,
  checkConsistency,
  checkInclusion,
  checkMap,
  mapKey,
  subsetRoot,
} from "../src/verify/tree";
import { parseTrust } from "../src/verify/trust";
import type { Case, Vectors } from "./vectors";

export interface Outcome {
  passed: number;
  failed: string[];
}

/** True, or false where it is refused; anything else thrown is a defect. */
async function accepts(act: () => unknown): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

export async function run(vectors: Vectors, engine: Engine): Promise<Outcome> {
  const outcome: Outcome = { passed: 0, failed: [] };
  const expect = (name: string, right: boolean) => {
    if (right) outcome.passed += 1;
    else outcome.failed.push(name);
  };
  await ed25519(vectors, engine, expect);
  json(vectors, expect);
  await payloads(vectors, engine, expect);
  await trees(vectors, expect);
  await notes(vectors, engine, expect);
  vectors.anchors.forEach((each) => anchor(each, expect));
  for (const frozen of vectors.frozen) {
    const options = { now: 1_795_311_100, maxAge: 86_400, engine };
    const { layers, verified } = await verify(utf8(frozen.bundle), parseTrust(vectors.trust), options);
    const words = Object.fromEntries(Object.entries(layers).map(([layer, answer]) => [layer, answer.status]));
    expect(`${frozen.name} ${jcs(words)}`, jcs(words) === jcs(frozen.layers) && verified === frozen.verified);
  }
  return outcome;
}

type Expect = (name: string, right: boolean) => void;
const bytes = (value: unknown): Uint8Array => fromHex(value as string);

async function ed25519(vectors: Vectors, engine: Engine, expect: Expect): Promise<void> {
  for (const { name, ok, pub_key, message, signature } of [...vectors.ed25519, ...vectors.speccheck]) {
    const asked = [bytes(pub_key), bytes(message), bytes(signature)] as const;
    const label = `ed25519: ${String(name ?? signature)}`;
    expect(label, (await isGoodSignature(engine, ...asked)) === (ok ?? false));
    expect(`${label}, at once`, isGoodSignatureNow(...asked) === (ok ?? false));
  }
}

function json(vectors: Vectors, expect: Expect): void {
  for (const { name, input, output } of vectors.jcs) {
    const hasFractions = /[0-9][.eE]|E30/.test(input.replace(/"[^"]*"/g, ""));
    let found: string | undefined;
    try {
      found = jcs(JSON.parse(input) as Json);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
    expect(`jcs: ${name}`, found === output.trimEnd() || (hasFractions && found === undefined));
  }
  const bad = [
    "{}\n",
    "\ufeff{}",
    '{"a":1,"a":1}',
    "1.0",
    "1e2",
    "-0",
    "9007199254740992",
    "01",
    '{"b":1,"a":1}',
    '"\\ud800"',
    '"\\u0041"',
    "[1,]",
    "nul",
    '"\\/"',
    "[[[[[1]]]]]",
    "",
    '"\u0001"',
    "0.5",
  ];
  for (const text of bad) expect(`refused: ${text}`, !parses(utf8(text)));
  for (const text of [
    "9007199254740991",
    '{"a":[-1,null,true],"\u00e9":"\\n\ud83d\ude00\u2028"}',
    "[[[[1]]]]",
  ]) {
    expect(`read: ${text}`, parses(utf8(text)));
  }
  for (const data of ["ff", "22c08022", "22eda08022", "efbbbf7b7d"])
    expect(`bytes ${data}`, !parses(fromHex(data)));
}

function parses(data: Uint8Array): boolean {
  try {
    parseCanonical(data, 1_000, 4);
    return true;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

async function payloads(vectors: Vectors, engine: Engine, expect: Expect): Promise<void> {
  for (const { name, ok, text, fill, payload_b64, sha256: digest } of vectors.payloads.cases) {
    const filled = (text as string | undefined)?.replace(
      "<fill>",
      "a".repeat((fill as number | undefined) ?? 0),
    );
    const data = filled === undefined ? fromBase64(payload_b64 as string) : utf8(filled);
    const read = await accepts(() => parsePayload(data));
    expect(`payload: ${String(name)}`, read === ok && (!ok || sha256(data) === digest));
  }
  for (const { name, envelope, record, signers, verified } of vectors.envelopes.cases) {
    const isGood = record === "ok" && signers === "ok";
    const read = await accepts(() => readEnvelope(envelope as Json));
    expect(`envelope: ${String(name)}`, read === isGood);
    if (!isGood || !read) continue;
    const { signed, signatures } = readEnvelope(envelope as Json);
    const checks = signatures.map(({ keyid, sig }) => {
      return isGoodSignature(engine, fromHex(vectors.envelopes.keys[keyid] ?? ""), pae(signed), sig);
    });
    expect(`envelope: ${String(name)}, verified`, (await Promise.all(checks)).every(Boolean) === verified);
  }
  for (const each of vectors.sealed.cases) await sealed(each, expect);
}

async function sealed(each: Case, expect: Expect): Promise<void> {
  const bound = { id: each.id as string, ledger: each.ledger as string };
  const opening = (each.opening ?? each.blob_opening) as {
    pointer: string;
    salt: string;
    value: Json;
    sha256: string;
  };
  let found: string | undefined;
  await accepts(() => {
    found = each.opening
      ? commitmentOfValue(bound, opening.pointer, opening.salt, opening.value)
      : commitment("suyuan/blob/v1", bound, opening.pointer, opening.salt, fromHex(opening.sha256));
  });
  expect(
    `sealed: ${String(each.name)}`,
    each.code === undefined
      ? found === each.commitment
      : found === undefined || !/^[0-9a-f]{64}$/.test(opening.salt) || isShapeOnly(each),
  );
}

/** Refused for the opening's own shape, which is not the commitment's matter. */
function isShapeOnly(each: Case): boolean {
  return !["number", "bad-text", "too-deep", "too-large"].includes(each.code as string);
}

async function trees(vectors: Vectors, expect: Expect): Promise<void> {
  const b64 = (value: unknown): string => {
    const data = fromBase64((value as string | null) ?? "");
    if (data.length !== 32) throw new Refused("hash");
    return hex(data);
  };
  const path = (value: unknown): string[] => ((value as string[] | null) ?? []).map(b64);
  const number = (value: unknown): bigint => BigInt(value as number);
  for (const { name, leafIdx, treeSize, root, leafHash: leaf, proof, wantErr } of vectors.inclusion) {
    const good = await accepts(() =>
      checkInclusion(b64(leaf), number(leafIdx), number(treeSize), path(proof), b64(root)),
    );
    expect(`inclusion: ${String(name)}`, good !== wantErr);
  }
  for (const { name, size1, size2, root1, root2, proof, wantErr } of vectors.consistency) {
    const good = await accepts(() =>
      checkConsistency(number(size1), number(size2), b64(root1), b64(root2), path(proof)),
    );
    expect(`consistency: ${String(name)}`, good !== wantErr);
  }
  for (const { desc, leaves, size, proof, root, ok } of vectors.subset.cases) {
    const placed = (leaves as { index: number; hash: string }[]).map(({ index, hash }): [number, string] => [
      index,
      hash,
    ]);
    let found: string | undefined;
    await accepts(() => (found = subsetRoot(placed, size as number, proof as string[])));
    expect(`subset: ${String(desc)}`, (found === root) === ok);
  }
  for (const { entries } of vectors.map.maps) {
    for (const { subject, key } of entries as { subject: string; key: string }[])
      expect(`key of ${subject}`, mapKey(subject) === key);
  }
  for (const { desc, ok, other, root, siblings, subject, value } of vectors.map.proofs) {
    const proof = {
      siblings: siblings as string[],
      ...(other ? { other: other as Value & { key: string } } : {}),
    };
    const good = await accepts(() =>
      checkMap(root as string, subject as string, (value as Value | null) ?? undefined, proof),
    );
    expect(`map: ${String(desc)}`, good === ok);
  }
}

async function notes(vectors: Vectors, engine: Engine, expect: Expect): Promise<void> {
  const {
    log,
    witness,
    checkpoint,
    tlog_proof_leaf5: receipt,
    roots_hex: roots,
    rfc6962_ct_leaves_hex: leaves,
  } = vectors.c2sp as {
    log: { vkey: string };
    witness: { vkey: string };
    checkpoint: string;
    tlog_proof_leaf5: string;
    roots_hex: string[];
    rfc6962_ct_leaves_hex: string[];
  };
  const origin = log.vkey.split("+")[0]!;
  const policy = `log ${log.vkey}\nwitness w ${witness.vkey}\nquorum w\n`;
  const trust = parseTrust(
    JSON.stringify({ v: 1, origin, genesis: "0".repeat(64), log: [log.vkey], policy }),
  );
  const opened = await openCheckpoint(checkpoint, trust, engine);
  expect(
    "checkpoint",
    opened.size === 8n && opened.root === roots[8] && opened.cosigned.get("w") === 1_700_000_000n,
  );
  for (const changed of [
    checkpoint.replace("\n8\n", "\n9\n"),
    checkpoint.replace("\n8\n", "\n08\n"),
    checkpoint.trimEnd(),
    `${checkpoint}\n`,
  ]) {
    expect("a changed checkpoint", !(await accepts(() => openCheckpoint(changed, trust, engine))));
  }
  const extra = btoa(String.fromCharCode(...fromHex(leaves[5]!)));
  const whole = receipt.replace("\nindex", `\nextra ${extra}\nindex`);
  const read = await openReceipt(whole, trust, engine);
  expect(
    "a receipt of what is no entry",
    read.seq === 5n && read.leaf === leafHash(fromHex(leaves[5]!)) && !read.entry,
  );
  for (const changed of [receipt, whole.replace("index 5", "index 4"), whole.replace("extra ", "extra  ")]) {
    expect("a changed receipt", !(await accepts(() => openReceipt(changed, trust, engine))));
  }
  const twice = JSON.stringify({ v: 1, origin, genesis: "0".repeat(64), log: [log.vkey] });
  for (const bad of [
    twice.replace('"v":1', '"v":1,"v":1'),
    twice.replace('"v":1', '"v":1.0'),
    twice.replace("}", ',"x":1}'),
    twice.replace('"v":1', '"v":2'),
  ]) {
    expect(`a trust file ${bad.slice(0, 20)}`, !(await accepts(() => parseTrust(bad))));
  }
}

/** Tokens of authorities are judged by `suyuan verify` alone. */
function anchor(each: Case, expect: Expect): void {
  const { kind, version, evidence, body, told, verdict, why, claim } = each as unknown as {
    kind: string;
    version: number;
    evidence: string;
    body: string;
    told: { bitcoin_headers?: string[]; evm_blocks?: { chain_id: number; block_hash: string }[] };
    verdict: string;
    why?: string;
    claim?: Record<string, unknown>;
  };
  const known = {
    bitcoinHeaders: (told.bitcoin_headers ?? []).map(fromHex),
    evmBlocks: (told.evm_blocks ?? []).map(({ chain_id, block_hash }) => {
      return { chain: BigInt(chain_id), hash: block_hash.replace(/^0x/, "") };
    }),
  };
  const easiest = each.target_max === undefined ? undefined : BigInt(`0x${each.target_max as string}`);
  const found = judge({ kind, version, evidence: fromBase64(evidence) }, body, known, undefined, easiest);
  const label = `anchor ${String(each.name)}: ${found.status} ${found.why ?? found.problem ?? ""}`;
  if (kind === "rfc3161") {
    expect(label, found.why === "elsewhere");
    return;
  }
  expect(label, found.status === verdict && found.why === why);
  expect(`${label}, claim`, jcs(claimed(found)) === jcs((claim ?? null) as Json));
}

/** As the vectors have it. */
function claimed({ claim }: Finding): Json {
  if (!claim) return null;
  const { level, notAfter, source } = claim;
  const shared = { level, ...(notAfter === undefined ? {} : { not_after: Number(notAfter) }) };
  if (source.is === "calendars") return { ...shared, calendars: source.names };
  if (source.is === "bitcoin") {
    const { height, merkleRoot, blockHash } = source;
    // In the order of the header's bytes, where people have it reversed.
    const inOrder = (hash: string) => reversed(fromHex(hash));
    const block = blockHash === undefined ? {} : { block_hash: inOrder(blockHash) };
    return { ...shared, ...block, height: Number(height), merkle_root: inOrder(merkleRoot) };
  }
  const { chain, block, blockHash, transaction, sender, contract } = source;
  return {
    ...shared,
    chain_id: Number(chain),
    block_number: Number(block),
    block_hash: blockHash,
    transaction: transaction ?? null,
    sender: sender ?? null,
    contract: contract ?? null,
  };
}
