/** What judging an anchor comes to: src/anchor/finding.rs, as far as a browser gets. */

import type { Answer, Word } from "../check";

export type Why =
  | "pending"
  | "block-not-confirmed"
  | "test-chain"
  | "rpc-attested"
  | "unknown-kind"
  | "unknown-version"
  /** This kind is not judged in a browser. */
  | "elsewhere"
  /** A proof by OpenTimestamps that leads to Bitcoin nowhere. */
  | "unsupported";

export type Level = "consensus" | "rpc-attested" | "trusted-party";

export type Source =
  | {
      is: "evm";
      chain: bigint;
      block: bigint;
      /** In hexadecimal, without `0x`; none where only an RPC node's word stands. */
      blockHash: string;
      transaction?: string;
      sender?: string;
      contract?: string;
    }
  | {
      is: "bitcoin";
      height: bigint;
      /** As explorers print them: reversed. */
      merkleRoot: string;
      blockHash?: string;
    }
  | { is: "calendars"; names: string[] };

export interface Claim {
  level: Level;
  /** The checkpoint existed no later than this, in Unix seconds. */
  notAfter?: bigint;
  source: Source;
  isPublication: boolean;
}

export interface Finding {
  status: Word;
  /** Why it is not checked. */
  why?: Why;
  /** What is wrong with it. */
  problem?: string;
  claim?: Claim;
}

/** What the reader has found out elsewhere. */
export interface Told {
  evmBlocks: { chain: bigint; hash: string }[];
  bitcoinHeaders: Uint8Array[];
}

/** One anchor of a bundle, judged. */
export interface Anchored {
  kind: string;
  size: number;
  /** Every record of the bundle stands before that checkpoint's end. */
  coversAll: boolean;
  finding: Finding;
}

export interface JudgedAnchors {
  answer: Answer;
  anchored: Anchored[];
}

export function notChecked(why: Why, claim?: Claim): Finding {
  return { status: "not checked", why, ...(claim ? { claim } : {}) };
}
