/** Bitcoin block headers: what they hold, and the work that stands behind one. */

import { fromHex, hex, sha256 } from "../bytes";

export const HEADER_BYTES = 80;
/** The easiest target that counts as the main network's, src/anchor/opentimestamps/header.rs: 75 zero bits in front. */
export const TARGET_MAX = (1n << 181n) - 1n;

export class Header {
  private readonly view: DataView;

  constructor(readonly data: Uint8Array) {
    this.view = new DataView(data.buffer, data.byteOffset, HEADER_BYTES);
  }

  get merkleRoot(): Uint8Array {
    return this.data.subarray(36, 68);
  }

  /** When the miner says that it was made, in Unix seconds. */
  get time(): bigint {
    return BigInt(this.view.getUint32(68, true));
  }

  /** As explorers print it. */
  get hash(): string {
    return reversed(fromHex(sha256(fromHex(sha256(this.data)))));
  }

  /** Bitcoin's `arith_uint256::SetCompact`; none where it is negative, zero or too large. */
  private get target(): bigint | undefined {
    const bits = this.view.getUint32(72, true);
    if (bits & 0x800000) return undefined;
    const [exponent, mantissa] = [BigInt(bits >>> 24), BigInt(bits & 0x7fffff)];
    const target = exponent >= 3n ? mantissa << (8n * (exponent - 3n)) : mantissa >> (8n * (3n - exponent));
    return target === 0n || target >> 256n ? undefined : target;
  }

  get meetsItsTarget(): boolean {
    const { target } = this;
    return target !== undefined && BigInt(`0x${this.hash}`) <= target;
  }

  isAsHardAs(targetMax = TARGET_MAX): boolean {
    const { target } = this;
    return target !== undefined && target <= targetMax;
  }
}

export function reversed(data: Uint8Array): string {
  return hex(data.slice().reverse());
}
