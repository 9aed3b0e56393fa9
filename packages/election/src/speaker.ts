import type { Epoch } from "./epoch.ts";
import type { GroupId, HoldingState } from "./group.ts";
import type { SavedOwnership, SpeakerEffect, SpeakerEvent } from "./speaker-event.ts";
import type { SpeakerConfig, SpeakerState } from "./speaker-state.ts";

/** What one step of the speaker's machine comes to. */
export interface SpeakerStep {
  readonly state: SpeakerState;
  readonly effects: readonly SpeakerEffect[];
}

/**
 * The state of a speaker process that has just started, with what its state folder held.
 *
 * Groups saved in this boot begin as `verify`; after a reboot only the highest term is kept.
 */
export function initialSpeaker(_config: SpeakerConfig, _saved?: SavedOwnership): SpeakerState {
  return { lastTick: undefined };
}

/**
 * Decides what a speaker does about one event. The passed state is consumed.
 *
 * One thread steps the machine, reads the frame sockets and carries out the effects, so that none of its promises
 * depends on another thread's delays.
 */
export function stepSpeaker(state: SpeakerState, _event: SpeakerEvent, _config: SpeakerConfig): SpeakerStep {
  return { state, effects: [] };
}

/**
 * Whether the process was stopped since the last tick. A shell asks before it reads a batch of frames or messages, and
 * if so steps `tick` first: its effects may say that those frames are to be thrown away.
 */
export function isSpeakerStalled(_state: SpeakerState, _now: number): boolean {
  return false;
}

/** 2: a firm leader echoed a stamp within D; 1: a leader that is not firm; 0: nobody. */
export type Authority = 0 | 1 | 2;

/** A speaker's machine as operators see it. */
export interface SpeakerStatus {
  readonly authority: Authority;
  readonly maxTerm: number;
  readonly termHolder: string;
  readonly counts: Readonly<Record<HoldingState, number>>;
}

/** What metrics and health checks show of a speaker, O(1). */
export function speakerStatus(_state: SpeakerState, _now: number): SpeakerStatus {
  return { authority: 0, maxTerm: 0, termHolder: "", counts: { verify: 0, owner: 0, leaving: 0, yielded: 0 } };
}

/** One group's state at this speaker; undefined when it does not hold it. */
export function holdingOf(
  _state: SpeakerState,
  _group: GroupId,
): { readonly state: HoldingState; readonly epoch: Epoch } | undefined {
  return undefined;
}
