/**
 * Merkle-Patricia proofs of one item of a block's list of transactions or receipts (Yellow Paper, appendix D). Nodes of
 * these two tries are never so short that they stand within their parents, so every step is a hash.
 */

import { keccak_256 as keccak } from "@noble/hashes/sha3.js";

import { Refused, equal, require } from "../bytes";
import { Items, encodeNumber } from "./rlp";

const PATH_BYTES_MAX = 33;

/** The list under `root` has `item` at `index`. `nodes` go from the root down to the leaf, none over. */
export function checkItem(root: Uint8Array, index: bigint, item: Uint8Array, nodes: Uint8Array[]): void {
  let wanted = root;
  let path = nibblesOf(encodeNumber(index));
  require(nodes.length > 0, "the proof has no nodes");
  nodes.forEach((node, i) => {
    require(equal(keccak(node), wanted), "a node of the proof is not the one named above it");
    const short = shortNode(node);
    if (i === nodes.length - 1) {
      const isEnd = short?.isLeaf && short.path.join() === path.join() && equal(short.value, item);
      require(isEnd, "the proof does not end in what stands with it");
    } else if (short) {
      require(!short.isLeaf && short.value.length === 32, "the proof leads elsewhere");
      require(short.path.every((nibble, at) => nibble === path[at]), "the proof leads elsewhere");
      [wanted, path] = [short.value, path.slice(short.path.length)];
    } else {
      wanted = childOf(node, path[0]);
      path = path.slice(1);
    }
  });
}

function nibblesOf(data: Uint8Array): number[] {
  return [...data].flatMap((byte) => [byte >> 4, byte & 15]);
}

/** A branch has sixteen children and a value of its own, which these tries never have. */
function childOf(node: Uint8Array, nibble: number | undefined): Uint8Array {
  const items = Items.of(node);
  const children = Array.from({ length: 16 }, () => items.bytes());
  require(items.bytes().length === 0, "the proof leads elsewhere");
  items.end();
  const child = nibble === undefined ? undefined : children[nibble];
  require(child?.length === 32, "the proof leads elsewhere");
  return child;
}

interface Short {
  isLeaf: boolean;
  path: number[];
  value: Uint8Array;
}

/** A node of two items: a leaf or an extension (appendix C). */
function shortNode(node: Uint8Array): Short | undefined {
  try {
    const items = Items.of(node);
    const [flags, second, ...rest] = nibblesOf(items.bytes(PATH_BYTES_MAX));
    const value = items.bytes();
    items.end();
    if (flags === undefined || flags > 3 || (!(flags & 1) && second !== 0)) return undefined;
    return { isLeaf: (flags & 2) !== 0, path: flags & 1 ? [second!, ...rest] : rest, value };
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}
