import type { MainContext } from "@heraldlb/daemon";
import type { Clock, Mailbox } from "@heraldlb/runtime";
import type { ClusterObserver } from "./cluster-observer.ts";
import type { Controller } from "./controller.ts";
import type { StatusStore } from "./ledger.ts";

/** What a controller stands on: where its objects come from, who decides which replica leads, where decisions are kept. */
export interface Backing extends AsyncDisposable {
  /** The only namespace whose `metallb.io` objects act; undefined: any. */
  readonly namespace: string | undefined;
  readonly store: StatusStore;
  /** Shows what becomes of the cluster; undefined: nobody does. */
  readonly clusterObserver?: ClusterObserver | undefined;
  /** Keeps the names of speakers for the next leader. */
  writeSpeakers(names: readonly string[]): Promise<void>;
  /** Reads the source, and leads when it is this process's turn, until the signal aborts. @throws FatalError */
  run(controller: Controller, signal: AbortSignal): Promise<void>;
  /** Lets another process lead, once this one's streams have ended. */
  end(): Promise<void>;
}

/** What a backing is given. */
export interface BackingContext extends Pick<MainContext, "log" | "health"> {
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  wallClock(): number;
  /** Random, drawn once per process. */
  readonly identity: string;
  /** Terms that other processes have led in, from the controller's `onStepDown`. */
  readonly steppedDown: Mailbox<number>;
}
