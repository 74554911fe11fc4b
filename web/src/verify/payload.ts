/** The payload, which is what people sign (docs/format.md §3). */

import { type Hash, require, utf8 } from "./bytes";
import { type Json, type Members, has, isMembers, parseCanonical } from "./json";
import {
  ROLES,
  array,
  checkTexts,
  follows,
  hash,
  isDate,
  isHash,
  isInstant,
  isKind,
  isNatural,
  isOrigin,
  isStatementId,
  isSubject,
  isWhite,
  members,
  rising,
  text,
  each,
} from "./names";

export const PAYLOAD_TYPE = "application/vnd.suyuan.statement.v1+json";

const ALWAYS = "v id kind subject touches signers occurred_at recorded_at data".split(" ");
const OPTIONAL = "ledger origin place on_behalf_of source visibility device corrects attachments ext".split(
  " ",
);
const MEDIA =
  "application/json application/pdf audio/mpeg audio/ogg image/jpeg image/png image/webp text/csv video/mp4".split(
    " ",
  );
const FILE_BYTES_MAX = 20_971_520;

export interface Signer {
  org: string;
  key: Hash;
  as: string;
}

export interface Attachment {
  commitment: Hash;
  size: number;
  type: string;
}

export interface Payload {
  id: string;
  kind: string;
  subject: string;
  touches: string[];
  signers: Signer[];
  occurred_at: string;
  recorded_at: string;
  ledger?: Hash;
  origin?: string;
  corrects?: Hash;
  attachments?: Attachment[];
  data: Members;
}

export function subjectsOf(payload: Payload): string[] {
  return [payload.subject, ...payload.touches];
}

export function isSealed(value: Json | undefined): value is { sealed: Hash } {
  return isMembers(value) && Object.keys(value).join() === "sealed" && isHash(value.sealed);
}

/** The bytes that a signature is over: DSSE's pre-authentication encoding. */
export function pae(payload: Uint8Array): Uint8Array {
  const head = utf8(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `);
  const whole = new Uint8Array(head.length + payload.length);
  whole.set(head);
  whole.set(payload, head.length);
  return whole;
}

export function parsePayload(data: Uint8Array): Payload {
  const value = parseCanonical(data, 61_440, 16);
  checkTexts(value);
  const payload = members(value, ALWAYS, OPTIONAL);
  require(payload.v === 1, "v");
  const kind = text(payload.kind);
  require(isKind(kind), "kind");
  const name = kind.slice(0, kind.indexOf("/"));
  const isGenesis = name === "genesis";
  require(has(payload, "origin") === isGenesis && has(payload, "ledger") !== isGenesis, "ledger or origin");
  require(isGenesis ? isOrigin(text(payload.origin)) : isHash(payload.ledger), "ledger or origin");
  require(has(payload, "corrects") === (name === "correction"), "corrects");
  if (has(payload, "corrects")) hash(payload.corrects);
  require(isStatementId(text(payload.id)), "id");
  const touches = array(payload.touches, 0, 63);
  require(isSubject(payload.subject) && touches.every((touched) => isSubject(touched)), "subjects");
  const subjects = [payload.subject, ...touches];
  require(rising(touches) && !touches.includes(payload.subject), "touches");
  checkSigners(array(payload.signers, 1, 4));
  require(isDate(text(payload.occurred_at)) || isInstant(text(payload.occurred_at)), "occurred_at");
  require(isInstant(text(payload.recorded_at)), "recorded_at");
  checkContext(payload);
  require(isMembers(payload.data), "data");
  each(payload.data, (node) =>
    require(!isSubject(node) || subjects.includes(node), "a subject that is not touched"),
  );
  return payload as unknown as Payload;
}

function checkSigners(signers: Json[]): void {
  const places = signers.map((value) => {
    const signer = members(value, ["as", "key", "org"]);
    require(isSubject(signer.org, "org") && ROLES.has(text(signer.as)), "signer");
    // A space sorts before whatever may stand in an id, as the end of the shorter one does.
    return [`${signer.org} ${hash(signer.key)}`, signer.key] as const;
  });
  require(rising(places.map(([place]) => place)), "signers");
  require(new Set(places.map(([, key]) => key)).size === signers.length, "signers");
}

function checkContext(payload: Members): void {
  if (has(payload, "place")) checkPlace(members(payload.place, [], ["gps", "plot", "site", "village"]));
  if (has(payload, "on_behalf_of")) {
    require(isSubject(payload.on_behalf_of, "org") || isSealed(payload.on_behalf_of), "on_behalf_of");
  }
  oneOf(payload, "source", ["manual", "sensor", "third_party", "import"]);
  oneOf(payload, "visibility", ["public", "partners", "regulator"]);
  if (has(payload, "device")) {
    const device = members(payload.device, ["n", "prev"]);
    require(isNatural(device.n) && isHash(device.prev) && follows(device.n, device.prev), "device");
  }
  if (has(payload, "attachments")) array(payload.attachments, 1, 16).forEach(checkFile);
  if (has(payload, "ext")) require(isMembers(payload.ext) && Object.keys(payload.ext).length > 0, "ext");
}

function oneOf(payload: Members, name: string, known: string[]): void {
  if (has(payload, name)) require(known.includes(text(payload[name])), name);
}

function checkPlace(place: Members): void {
  require(Object.keys(place).length > 0, "place");
  for (const name of ["site", "village"]) {
    if (!has(place, name)) continue;
    const letters = [...text(place[name])];
    require(letters.length >= 1 && letters.length <= 100, "place");
    require(!isWhite(letters[0]!) && !isWhite(letters[letters.length - 1]!), "place");
  }
  if (has(place, "plot")) require(isSubject(place.plot, "plot"), "place");
  if (has(place, "gps")) require(isSealed(place.gps), "place");
}

function checkFile(value: Json): void {
  const file = members(value, ["ai_made", "commitment", "in_app", "size", "type"], ["phash"]);
  require(isHash(file.commitment) &&
    isNatural(file.size) &&
    file.size >= 1 &&
    file.size <= FILE_BYTES_MAX, "attachment");
  require(MEDIA.includes(text(file.type)), "attachment");
  require(typeof file.in_app === "boolean" && typeof file.ai_made === "boolean", "attachment");
  if (has(file, "phash")) require(/^[0-9a-f]{16}$/.test(text(file.phash)), "attachment");
}
