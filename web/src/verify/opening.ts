/** What a commitment hides, where somebody shows it (docs/format.md §5). */

import { type Hash, concat, fromHex, require, sha256, u16, utf8 } from "./bytes";
import { type Json, depthOf, has, isMembers, jcs } from "./json";
import { checkTexts, hash, isGoodText, members, resolve, text } from "./names";
import { type Payload, isSealed } from "./payload";

const VALUE_BYTES_MAX = 16_384;
const VALUE_DEPTH_MAX = 8;

export type Bound = Pick<Payload, "id" | "ledger">;

export function commitment(
  label: string,
  payload: Bound,
  pointer: string,
  salt: Hash,
  content: Uint8Array,
): Hash {
  require(payload.ledger !== undefined, "nothing in a genesis can be opened");
  const [id, place] = [utf8(payload.id), utf8(pointer)];
  require(place.length <= 65_535, "pointer");
  const head = [
    utf8(label),
    Uint8Array.of(0),
    fromHex(payload.ledger),
    u16(id.length),
    id,
    u16(place.length),
    place,
  ];
  return sha256(concat([...head, fromHex(salt), content]));
}

export function checkOpening(payload: Payload, opening: Json): void {
  const isFile = isMembers(opening) && has(opening, "sha256");
  const read = members(
    opening,
    isFile ? ["name", "pointer", "salt", "sha256"] : ["pointer", "salt", "value"],
  );
  const [pointer, salt] = [text(read.pointer), hash(read.salt)];
  if (isFile) {
    const name = text(read.name);
    const length = utf8(name).length;
    require(length >= 1 && length <= 255 && !/[/\\]/.test(name) && isGoodText(name), "a file's name");
    const place = /^\/attachments\/(0|[1-9][0-9]?)$/.exec(pointer);
    const file = place ? payload.attachments?.[+place[1]!] : undefined;
    const found = commitment("suyuan/blob/v1", payload, pointer, salt, fromHex(hash(read.sha256)));
    require(file?.commitment === found, "the file's commitment is another");
    return;
  }
  const place = resolve(payload as unknown as Json, pointer);
  require(isSealed(place), "nothing is sealed there");
  require(place.sealed ===
    commitmentOfValue(payload, pointer, salt, read.value!), "the commitment is another");
}

export function commitmentOfValue(payload: Bound, pointer: string, salt: Hash, value: Json): Hash {
  const canonical = jcs(value);
  const content = utf8(canonical);
  require(content.length <= VALUE_BYTES_MAX &&
    depthOf(canonical) <= VALUE_DEPTH_MAX, "a value beyond its limits");
  checkTexts(value, (string) => string.split(/[\n\t]/).every(isGoodText));
  return commitment("suyuan/sealed/v1", payload, pointer, salt, content);
}
