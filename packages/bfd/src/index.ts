export type { BfdAuthentication } from "./authentication.ts";
export { type BfdControl, type BfdStateName, decodeControl, encodeControl } from "./control.ts";
export { BfdDemultiplexer, type BfdPath, type DemultiplexProblem } from "./demultiplexer.ts";
export { DIAGNOSTIC, diagnosticName } from "./diagnostic.ts";
export { type BfdEcho, decodeEcho, ECHO_KEY_LENGTH, encodeEcho } from "./echo.ts";
export { type ReceptionProblem, receptionProblem } from "./reception.ts";
export { type BfdEffect, type BfdEvent, type BfdStep, stepBfd } from "./session.ts";
export {
  BFD_START,
  type BfdConfig,
  type BfdEchoState,
  type BfdIntervals,
  type BfdState,
  type BfdTimer,
  type BfdTimers,
  type BfdWait,
} from "./state.ts";
