/** The verifier: pure, no DOM, no network, no clock. */

export { Refused } from "./bytes";
export { BUNDLE_BYTES_MAX, type Bundle, type Slot, parentsOf } from "./bundle";
export {
  ALWAYS,
  type Answer,
  type Answers,
  LAYERS,
  type Layer,
  type Verdict,
  type Word,
  isVerified,
  verify,
} from "./check";
export { type Engine, bestEngine, noble } from "./ed25519";
export { type LogRecord, lotsOf } from "./entry";
export { type Json, type Members, isMembers } from "./json";
export { kindOf } from "./names";
export { type Omission, isEvidence, judgeEvidence } from "./omission";
export { type Payload, isSealed, subjectsOf } from "./payload";
export { type Trust, type Witness, parseTrust } from "./trust";
