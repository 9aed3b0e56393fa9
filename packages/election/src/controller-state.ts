import type { ControllerTimers } from "./timers.ts";

/** Who this controller process is, and its timers. */
export interface ControllerConfig {
  /** The lease identity: random, drawn once per process. */
  readonly identity: string;
  readonly timers: ControllerTimers;
}

/** Opaque: read it through {@link controllerStatus} and {@link ownerOf}. A step consumes it. */
export interface ControllerState {
  lastTick: number | undefined;
}
