/** Anchors in EVM chains: calldata of a transaction, or an event of an `AnchorLog` contract (docs/format.md, Anchors). */

import { keccak_256 as keccak } from "@noble/hashes/sha3.js";

import { concat, equal, hex, require, utf8 } from "../bytes";
import { type Claim, type Finding, type Told, notChecked } from "./finding";
import { type Body, type Publication } from "./body";
import { Items, encodeBytes, encodeList, encodeNumber } from "./rlp";
import { recover } from "./secp256k1";
import { checkItem } from "./trie";

const EVIDENCE_BYTES_MAX = 49_152;
const HEADER_BYTES_MAX = 4_096;
const HEADER_ITEMS = [15, 40] as const;
const ITEM_BYTES_MAX = 16_384;
const NODES_MAX = 8;
const NODE_BYTES_MAX = ITEM_BYTES_MAX + 64;
const TOPICS_MAX = 4;
const ATTESTED = hex(utf8("rpc-attested"));
const CALLDATA = utf8("SYA1");
/** EIP-2718's type of EIP-1559. */
const DYNAMIC_FEE = 2;
const EVENT = hex(keccak(utf8("Anchored(address,bytes32,uint64,bytes32)")));

/** Ethereum's own: its blocks are proven up to the header. */
const PROVEN = 1n;
/** Public networks, src/anchor/evm/networks.rs; anything else is a test chain. */
const PUBLIC = [1n, 10n, 56n, 100n, 137n, 324n, 1030n, 8453n, 42161n, 43114n, 59144n, 534352n];

export type EvmKind = "evm-calldata" | "evm-log";

interface Block {
  number: bigint;
  hash: Uint8Array;
  time: bigint;
}

/** Who put the checkpoint there. */
interface Said {
  transaction?: Uint8Array;
  sender: Uint8Array;
  contract?: Uint8Array;
}

interface Log {
  address: Uint8Array;
  topics: Uint8Array[];
  data: Uint8Array;
}

/** Refused where it is failed. */
export function judgeEvm(
  kind: EvmKind,
  evidence: Uint8Array,
  body: Body,
  told: Told,
  list?: Publication,
): Finding {
  require(evidence.length <= EVIDENCE_BYTES_MAX, "the evidence is too long");
  const items = Items.of(evidence);
  const [chain, second] = [items.number(), items.bytes(HEADER_BYTES_MAX)];
  const isProof = hex(second) !== ATTESTED;
  const [block, said] = isProof
    ? proven(kind, chain, second, items, body)
    : attested(kind, chain, items, body);
  return weigh(chain, isProof, block, said, told, list);
}

// -- the two forms ---------------------------------------------------------------------------------------------------

function proven(kind: EvmKind, chain: bigint, header: Uint8Array, items: Items, body: Body): [Block, Said] {
  const index = items.number(4);
  const item = items.bytes(ITEM_BYTES_MAX);
  const inner = items.list();
  const nodes: Uint8Array[] = [];
  while (!inner.isEmpty && nodes.length < NODES_MAX) nodes.push(inner.bytes(NODE_BYTES_MAX));
  inner.end();
  const place = kind === "evm-log" ? items.number() : 0n;
  items.end();
  const { block, transactions, receipts } = readHeader(header);
  checkItem(kind === "evm-log" ? receipts : transactions, index, item, nodes);
  if (kind === "evm-calldata") return [block, saidByTransaction(item, chain, body)];
  const logs = logsOf(item);
  require(place < BigInt(logs.length), "the receipt has no log at this place");
  return [block, saidByLog(logs[Number(place)]!, body)];
}

function attested(kind: EvmKind, chain: bigint, items: Items, body: Body): [Block, Said] {
  const block = { number: items.number(), hash: items.exact(32), time: items.number() };
  if (kind === "evm-calldata") {
    const raw = items.bytes(ITEM_BYTES_MAX);
    items.end();
    return [block, saidByTransaction(raw, chain, body)];
  }
  const transaction = items.exact(32);
  const log = readLog(items.list());
  items.end();
  require(log.topics.length <= TOPICS_MAX, "an event has at most four topics");
  return [block, { ...saidByLog(log, body), transaction }];
}

/** The Yellow Paper's §4.4.3, and what later forks appended. */
function readHeader(data: Uint8Array): { block: Block; transactions: Uint8Array; receipts: Uint8Array } {
  const items = Items.of(data);
  [32, 32, 20, 32].forEach((length) => items.exact(length));
  const [transactions, receipts] = [items.exact(32), items.exact(32)];
  items.exact(256);
  items.number(32);
  const [number, , , time] = [items.number(), items.number(), items.number(), items.number()];
  items.bytes();
  [32, 8].forEach((length) => items.exact(length));
  let count: number = HEADER_ITEMS[0];
  for (; !items.isEmpty; count++) items.bytes();
  require(count <= HEADER_ITEMS[1], "the block's header is not one");
  return { block: { number, hash: keccak(data), time }, transactions, receipts };
}

// -- what stands there -----------------------------------------------------------------------------------------------

/** EIP-1559 without value and access list. */
function saidByTransaction(raw: Uint8Array, chain: bigint, body: Body): Said {
  require(raw[0] === DYNAMIC_FEE, "the transaction is of another type");
  const items = Items.of(raw.subarray(1));
  const chainOfIt = items.number();
  const numbers = [items.number(), items.number(16), items.number(16), items.number()];
  const to = items.bytes();
  require(to.length === 0 || to.length === 20, "the transaction goes to no account");
  const [value, data] = [items.number(), items.bytes()];
  items.list().end();
  const [parity, r, s] = [items.number(), items.number(32), items.number(32)];
  items.end();
  require(value === 0n && parity <= 1n, "the transaction is none that anchors");
  require(chainOfIt === chain, "the transaction is for another chain");
  require(equal(data, concat([CALLDATA, body.digest])), "it does not hold the digest of this checkpoint");
  const fields = [
    ...[chainOfIt, ...numbers].map(encodeNumber),
    encodeBytes(to),
    encodeNumber(0n),
    encodeBytes(data),
    encodeList([]),
  ];
  const signed = keccak(concat([Uint8Array.of(DYNAMIC_FEE), encodeList(fields)]));
  const key = recover(signed, r, s, parity === 1n);
  require(key, "the transaction's signature is nobody's");
  return { transaction: keccak(raw), sender: keccak(key).subarray(12) };
}

/** What a transaction that failed said is undone. */
function logsOf(receipt: Uint8Array): Log[] {
  const isTyped = receipt[0] !== undefined && receipt[0] >= 1 && receipt[0] < 0x80;
  const items = Items.of(isTyped ? receipt.subarray(1) : receipt);
  const status = items.number();
  require(status <= 1n, "the receipt is not one");
  items.number();
  items.exact(256);
  const inner = items.list();
  const logs: Log[] = [];
  while (!inner.isEmpty) logs.push(readLog(inner.list()));
  items.end();
  require(status === 1n, "the transaction failed");
  return logs;
}

function readLog(items: Items): Log {
  const [address, inner] = [items.exact(20), items.list()];
  const topics: Uint8Array[] = [];
  while (!inner.isEmpty) topics.push(inner.exact(32));
  const data = items.bytes();
  items.end();
  return { address, topics, data };
}

function saidByLog({ address, topics, data }: Log, body: Body): Said {
  const [topic, sender, origin] = topics;
  require(topics.length === 3 && hex(topic!) === EVENT && data.length === 64, "no event of an AnchorLog");
  const padded = [...sender!.subarray(0, 12), ...data.subarray(0, 24)];
  require(padded.every((byte) => byte === 0), "no event of an AnchorLog");
  require(equal(data.subarray(32), body.digest), "it does not hold the digest of this checkpoint");
  const { checkpoint } = body;
  require(checkpoint, "the checkpoint's body is not one");
  require(BigInt(`0x${hex(data.subarray(24, 32))}`) === checkpoint.size, "the event is about another size");
  require(equal(origin!, keccak(utf8(checkpoint.origin))), "the event is about another log");
  return { sender: sender!.subarray(12), contract: address };
}

// -- what it comes to ------------------------------------------------------------------------------------------------

function weigh(
  chain: bigint,
  isProof: boolean,
  block: Block,
  said: Said,
  told: Told,
  list?: Publication,
): Finding {
  const isPublic = PUBLIC.includes(chain);
  const isFull = isProof && chain === PROVEN;
  const { transaction, sender, contract } = said;
  const claim: Claim = {
    level: isPublic && isFull ? "consensus" : "rpc-attested",
    notAfter: block.time,
    isPublication:
      list?.chain === chain &&
      contract !== undefined &&
      list.contract === hex(contract) &&
      list.sender === hex(sender),
    source: {
      is: "evm",
      chain,
      block: block.number,
      blockHash: hex(block.hash),
      sender: hex(sender),
      ...(transaction ? { transaction: hex(transaction) } : {}),
      ...(contract ? { contract: hex(contract) } : {}),
    },
  };
  if (!isPublic) return notChecked("test-chain", claim);
  if (!isFull) return notChecked("rpc-attested", claim);
  const isTold = told.evmBlocks.some((known) => known.chain === chain && known.hash === hex(block.hash));
  return isTold ? { status: "ok", claim } : notChecked("block-not-confirmed", claim);
}
