/** What is anchored: SHA-256 of a checkpoint's exact body, without signature lines. */

import { fromHex, sha256, utf8 } from "../bytes";

export interface Body {
  digest: Uint8Array;
  /** None of what is no checkpoint. */
  checkpoint?: { origin: string; size: bigint };
}

/** The one list of checkpoints that counts, as the trust file names it; addresses in hexadecimal without `0x`. */
export interface Publication {
  chain: bigint;
  contract: string;
  sender: string;
}

/** Of the text of a note. */
export function bodyOf(text: string): Body {
  const digest = fromHex(sha256(utf8(text)));
  const [, origin, size] = /^([^\s+]+)\n(0|[1-9][0-9]{0,19})\n[A-Za-z0-9+/]{43}=\n$/.exec(text) ?? [];
  return origin && size ? { digest, checkpoint: { origin, size: BigInt(size) } } : { digest };
}
