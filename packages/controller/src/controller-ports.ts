import type { SpeakerStream } from "@heraldlb/api";
import type { ControllerEvent, ControllerTimers, OwnerReason } from "@heraldlb/election";
import type { Clock, Logger } from "@heraldlb/runtime";
import type { ClusterOptions } from "./cluster.ts";
import type { ClusterObserver } from "./cluster-observer.ts";
import type { StatusStore } from "./ledger.ts";
import type { AppliedError } from "./messages.ts";
import type { Authenticator } from "./tokens/authenticator.ts";
import type { StreamCredentials } from "./tokens/stream-credentials.ts";

/** Settings of a controller. */
export interface ControllerOptions extends ClusterOptions {
  /** Random, drawn once per process. */
  readonly identity: string;
  readonly timers: ControllerTimers;
}

/** Counts what happens. */
export interface ControllerObserver {
  onUpdate(): void;
  /** Something could not be read or stored. */
  onUpdateError(): void;
  onOwner(reason: OwnerReason): void;
  onItemError(reason: AppliedError["reason"]): void;
  onConflict(): void;
}

/** What a controller needs of its surroundings. */
export interface ControllerDependencies {
  readonly clock: Clock;
  /** Milliseconds since 1970: cool-downs outlive the process. */
  wallClock(): number;
  readonly log: Logger;
  readonly store: StatusStore;
  readonly observer: ControllerObserver;
  /** Shows what becomes of the cluster; undefined: nobody does. */
  readonly clusterObserver?: ClusterObserver | undefined;
  /** Who a speaker is. */
  readonly authenticator: Pick<Authenticator, "check">;
  /** Answers what speakers ask about credentials; undefined: nobody does. */
  readonly credentials?: Pick<StreamCredentials, "hear"> | undefined;
  /** Names of all speakers heard, whenever a leader hears a new one. */
  onSpeakers(names: readonly string[]): void;
  /** Another process has led in this term or a later one: leads again only by a higher one. */
  onStepDown(above: number): void;
  /** A bug. Nothing that this controller says can be trusted any more. */
  onBug(error: unknown): void;
}

/** What the machine is told; it hears the time from the controller. */
export type UntimedEvent = WithoutTime<ControllerEvent>;

type WithoutTime<E> = E extends unknown ? Omit<E, "now"> : never;

/** The stream of a speaker, as far as a controller uses it. */
export type ServedStream = Pick<SpeakerStream, "peer" | "requests" | "send" | "flushed" | "buffered">;
