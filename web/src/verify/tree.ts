/** The log's tree (docs/format.md §9) and the subject map (§10): proofs lead to a root, or are refused. */

import { type Hash, ZERO, fromHex, require, sha256, u64, utf8 } from "./bytes";
import { rising } from "./names";

const NODE = Uint8Array.of(1);

export const EMPTY_TREE: Hash = sha256();

export function nodeHash(left: Hash, right: Hash): Hash {
  return sha256(NODE, fromHex(left), fromHex(right));
}

/** The root to which a subset proof leads; `leaves` are (index, leaf hash), strictly rising. */
export function subsetRoot(leaves: [number, Hash][], size: number, proof: Hash[]): Hash {
  require(rising(leaves.map(([index]) => index)), "leaves");
  require(leaves.length === 0 || leaves[leaves.length - 1]![0] < size, "leaves");
  let used = 0;
  const range = (from: number, to: number, start: number, end: number): Hash => {
    if (from === to) {
      const found = proof[used++];
      require(found !== undefined, "the proof is too short");
      return found;
    }
    if (end - start === 1) return leaves[from]![1];
    let half = 1;
    while (half * 2 < end - start) half *= 2;
    const middle = start + half;
    let split = from;
    while (split < to && leaves[split]![0] < middle) split++;
    const left = range(from, split, start, middle);
    return nodeHash(left, range(split, to, middle, end));
  };
  const root = size === 0 ? EMPTY_TREE : range(0, leaves.length, 0, size);
  require(used === proof.length, "the proof is too long");
  return root;
}

/** RFC 9162 §2.1.3.2 and §2.1.4.2: `hashes` are [new] or [new, old]. */
function climb(index: bigint, last: bigint, path: Hash[], hashes: Hash[]): Hash[] {
  for (const brother of path) {
    require(last !== 0n, "the proof is too long");
    if (index & 1n || index === last) {
      hashes = hashes.map((each) => nodeHash(brother, each));
      while (!(index & 1n) && index) {
        index >>= 1n;
        last >>= 1n;
      }
    } else hashes[0] = nodeHash(hashes[0]!, brother);
    index >>= 1n;
    last >>= 1n;
  }
  require(last === 0n, "the proof is too short");
  return hashes;
}

export function checkInclusion(leaf: Hash, index: bigint, size: bigint, path: Hash[], root: Hash): void {
  require(index < size &&
    climb(index, size - 1n, path, [leaf])[0] === root, "the path leads to another root");
}

export function checkConsistency(old: bigint, size: bigint, oldRoot: Hash, root: Hash, path: Hash[]): void {
  require(old <= size, "a tree does not shrink");
  if (old === 0n || old === size) {
    require(path.length === 0 && oldRoot === (old === 0n ? EMPTY_TREE : root), "consistency");
    return;
  }
  const isWhole = (old & (old - 1n)) === 0n;
  const first = isWhole ? oldRoot : path[0];
  require(first !== undefined, "the proof is too short");
  let [index, last] = [old - 1n, size - 1n];
  while (index & 1n) {
    index >>= 1n;
    last >>= 1n;
  }
  const found = climb(index, last, isWhole ? path : path.slice(1), [first, first]);
  require(found[0] === root && found[1] === oldRoot, "two different histories");
}

// -- §10 the subject map ---------------------------------------------------------------------------------------------

export interface Value {
  count: number;
  last: Hash;
}

export interface MapProof {
  siblings: Hash[];
  other?: Value & { key: Hash };
}

const [KEY, LEAF, MAP_NODE] = ["suyuan/subject/v1\0", "suyuan/map-leaf/v1\0", "suyuan/map-node/v1\0"].map(
  utf8,
);
const DEPTH_MAX = 256;

export function mapKey(subject: string): Hash {
  return sha256(KEY!, utf8(subject));
}

function mapLeaf(key: Hash, value: Value): Hash {
  return sha256(LEAF!, fromHex(key), u64(value.count), fromHex(value.last));
}

function bit(key: Uint8Array, depth: number): number {
  return (key[depth >> 3]! >> (7 - (depth & 7))) & 1;
}

/** Presence of `value`, or absence where there is none. */
export function checkMap(root: Hash, subject: string, value: Value | undefined, proof: MapProof): void {
  const key = mapKey(subject);
  const bits = fromHex(key);
  const { siblings, other } = proof;
  const depth = siblings.length;
  require(depth <= DEPTH_MAX, "siblings");
  let found = ZERO;
  if (value) {
    require(!other, "other");
    found = mapLeaf(key, value);
  } else if (other) {
    const others = fromHex(other.key);
    require(other.key !== key, "other");
    for (let i = 0; i < depth; i++) require(bit(others, i) === bit(bits, i), "other");
    found = mapLeaf(other.key, other);
  }
  siblings.forEach((sibling, i) => {
    const [left, right] = bit(bits, depth - 1 - i) ? [sibling, found] : [found, sibling];
    found = sha256(MAP_NODE!, fromHex(left), fromHex(right));
  });
  require(found === root, "the map proof leads to another root");
}
