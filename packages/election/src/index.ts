export type {
  Candidate,
  ControllerEffect,
  ControllerEvent,
  GroupSpec,
  OwnerReason,
  StreamId,
} from "./controller/event.ts";
export {
  type ControllerConfig,
  type ControllerRule,
  type ControllerState,
  initialController,
  knownMacs,
} from "./controller/state.ts";
export {
  type ControllerStatus,
  type ControllerStep,
  controllerStatus,
  nextTerm,
  type Ownership,
  ownerOf,
  type SpeakerView,
  stepController,
} from "./controller/step.ts";
export { compareEpochs, type Epoch, formatEpoch, NO_EPOCH } from "./epoch.ts";
export type {
  GroupAddress,
  GroupDefinition,
  GroupId,
  Holding,
  HoldingChange,
  HoldingState,
  InterfaceSet,
  NodeName,
} from "./group.ts";
export { initialLease, type LeaseState, type LeaseStep, stepLease } from "./lease.ts";
export {
  DEFAULT_LEASE_TIMERS,
  type LeaseConfig,
  type LeaseEffect,
  type LeaseEvent,
  type LeaseRecord,
  type LeaseRequestId,
  type LeaseRule,
  type LeaseTimers,
} from "./lease-event.ts";
export { allowsInterface, carriesFamily, isUsable, type Link } from "./link.ts";
export type { LogEffect } from "./log.ts";
export type {
  Ack,
  AckKind,
  Assign,
  Bye,
  ByeReason,
  ControllerMessage,
  Drain,
  Drained,
  Heartbeat,
  Hello,
  Holdings,
  Leave,
  Links,
  Reply,
  Revoke,
  Role,
  SpeakerMessage,
} from "./message.ts";
export { Schedule } from "./schedule.ts";
export type {
  AnswerMode,
  DialId,
  OrderErrorReason,
  ReplicaId,
  SavedGroup,
  SavedOwnership,
  SpeakerEffect,
  SpeakerEvent,
} from "./speaker/event.ts";
export {
  type Authority,
  initialSpeaker,
  type SpeakerConfig,
  type SpeakerRule,
  type SpeakerState,
} from "./speaker/state.ts";
export {
  holdingOf,
  isSpeakerStalled,
  type SpeakerStatus,
  type SpeakerStep,
  speakerStatus,
  stepSpeaker,
} from "./speaker/step.ts";
export {
  type ControllerTimers,
  DEFAULT_CONTROLLER_TIMERS,
  DEFAULT_SPEAKER_TIMERS,
  type Patience,
  type SpeakerTimers,
} from "./timers.ts";
