/** Ethereum's RLP in its one encoding, read item by item. */

import { concat, hex, require } from "../bytes";

export class Items {
  private at = 0;

  private constructor(private readonly data: Uint8Array) {}

  /** `data` must be one list and nothing else. */
  static of(data: Uint8Array): Items {
    const whole = new Items(data);
    const inside = whole.list();
    whole.end();
    return inside;
  }

  get isEmpty(): boolean {
    return this.at === this.data.length;
  }

  list(): Items {
    return new Items(this.next(true));
  }

  /** At most `most` of them. */
  bytes(most = Infinity): Uint8Array {
    const data = this.next(false);
    require(data.length <= most, "RLP: too long");
    return data;
  }

  exact(length: number): Uint8Array {
    const data = this.next(false);
    require(data.length === length, "RLP: of another length");
    return data;
  }

  /** Big-endian without leading zeros, of at most `length` bytes. */
  number(length = 8): bigint {
    const data = this.bytes(length);
    require(data[0] !== 0, "RLP: a number with zeros in front");
    return data.length === 0 ? 0n : BigInt(`0x${hex(data)}`);
  }

  end(): void {
    require(this.isEmpty, "RLP: something follows");
  }

  private next(isList: boolean): Uint8Array {
    const first = this.take(1)[0]!;
    require(first >= 0xc0 === isList, "RLP: an item of the other sort");
    // A byte below 80 stands for itself.
    if (first < 0x80) return this.data.subarray(this.at - 1, this.at);
    const short = first - (isList ? 0xc0 : 0x80);
    const data = this.take(short <= 55 ? short : this.length(short - 55));
    require(isList || data.length !== 1 || data[0]! >= 0x80, "RLP: longer than need be");
    return data;
  }

  private length(digits: number): number {
    const data = this.take(digits);
    const length = Number(`0x${hex(data)}`);
    require(data[0] !== 0 && length > 55, "RLP: longer than need be");
    return length;
  }

  private take(length: number): Uint8Array {
    require(length <= this.data.length - this.at, "RLP: it ends too early");
    this.at += length;
    return this.data.subarray(this.at - length, this.at);
  }
}

function header(length: number, base: number): Uint8Array {
  if (length <= 55) return Uint8Array.of(base + length);
  const digits = bigEndian(BigInt(length));
  return concat([Uint8Array.of(base + 55 + digits.length), digits]);
}

function bigEndian(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array();
  const digits = value.toString(16);
  const pairs = (digits.length % 2 ? `0${digits}` : digits).match(/../g)!;
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

export function encodeBytes(data: Uint8Array): Uint8Array {
  return data.length === 1 && data[0]! < 0x80 ? data : concat([header(data.length, 0x80), data]);
}

export function encodeNumber(value: bigint): Uint8Array {
  return encodeBytes(bigEndian(value));
}

/** Of items that are encoded already. */
export function encodeList(items: Uint8Array[]): Uint8Array {
  const inside = concat(items);
  return concat([header(inside.length, 0xc0), inside]);
}
