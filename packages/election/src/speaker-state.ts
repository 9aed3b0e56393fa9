import type { NodeName } from "./group.ts";
import type { SpeakerTimers } from "./timers.ts";

/** What distinguishes one speaker process, and its timers. */
export interface SpeakerConfig {
  readonly node: NodeName;
  /** Random, drawn once per process. */
  readonly instance: string;
  /** The kernel's boot id. */
  readonly bootId: string;
  /** Milliseconds from boot to the start of the process. */
  readonly startedAt: number;
  readonly timers: SpeakerTimers;
}

/** Opaque: read it through {@link speakerStatus}. A step consumes it; only the state that it returns is valid. */
export interface SpeakerState {
  lastTick: number | undefined;
}
