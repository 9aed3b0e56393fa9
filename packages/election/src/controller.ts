import type { ControllerEffect, ControllerEvent } from "./controller-event.ts";
import type { ControllerConfig, ControllerState } from "./controller-state.ts";
import type { Epoch } from "./epoch.ts";
import type { GroupId, NodeName } from "./group.ts";
import type { Role } from "./message.ts";

/** What one step of the controller's machine comes to. */
export interface ControllerStep {
  readonly state: ControllerState;
  readonly effects: readonly ControllerEffect[];
}

/** The state of a controller process that has just started: a standby that knows nobody. */
export function initialController(_config: ControllerConfig): ControllerState {
  return { lastTick: undefined };
}

/** Decides what a controller does about one event. The passed state is consumed. */
export function stepController(
  state: ControllerState,
  _event: ControllerEvent,
  _config: ControllerConfig,
): ControllerStep {
  return { state, effects: [] };
}

/**
 * The term to lead in: above everything that this process has heard of or led in, and above `stored` (the Lease's
 * count of transitions, or what the term file says).
 */
export function nextTerm(_state: ControllerState, stored: number): number {
  return stored + 1;
}

/** Who owns a group, as this leader has decided. */
export interface Ownership {
  readonly node: NodeName;
  readonly epoch: Epoch;
  /** The owner has said that its first announcement is on the wire. */
  readonly acked: boolean;
}

/** The owner of a group; undefined when it has none, or when this process is a standby. */
export function ownerOf(_state: ControllerState, _group: GroupId): Ownership | undefined {
  return undefined;
}

/** One speaker as a controller sees it. */
export interface SpeakerView {
  readonly node: NodeName;
  readonly live: boolean;
  readonly connected: boolean;
  readonly draining: boolean;
  /** Milliseconds since its last message. */
  readonly silentMs: number;
  readonly owns: number;
}

/** A controller's machine as operators see it. */
export interface ControllerStatus {
  readonly role: Role;
  readonly term: number;
  readonly firm: boolean;
  readonly groups: number;
  /** Groups that nobody owns. */
  readonly unowned: number;
  readonly handOvers: number;
  /** Most speakers are silent at once, so nobody is judged. */
  readonly frozen: boolean;
  readonly speakers: readonly SpeakerView[];
}

/** What metrics, status and health checks show of a controller; O(speakers). */
export function controllerStatus(_state: ControllerState, _now: number): ControllerStatus {
  return {
    role: "standby",
    term: 0,
    firm: false,
    groups: 0,
    unowned: 0,
    handOvers: 0,
    frozen: false,
    speakers: [],
  };
}
