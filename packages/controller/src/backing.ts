import type { TlsMaterial } from "@heraldlb/api";
import type { MainContext } from "@heraldlb/daemon";
import type { Clock, Mailbox } from "@heraldlb/runtime";
import type { ClusterObserver } from "./cluster-observer.ts";
import type { Controller } from "./controller.ts";
import type { StatusStore } from "./ledger.ts";
import type { ControllerSecurity } from "./settings.ts";
import type { Authenticator } from "./tokens/authenticator.ts";
import type { StreamCredentials } from "./tokens/stream-credentials.ts";

/** What a controller stands on: where its objects come from, who decides which replica leads, where decisions are kept. */
export interface Backing extends AsyncDisposable {
  /** The only namespace whose `metallb.io` objects act; undefined: any. */
  readonly namespace: string | undefined;
  readonly store: StatusStore;
  /** Shows what becomes of the cluster; undefined: nobody does. */
  readonly clusterObserver?: ClusterObserver | undefined;
  /** Who a speaker is. */
  readonly authenticator: Pick<Authenticator, "check">;
  /** Answers what speakers ask about credentials; undefined: a certificate is all that they can show. */
  readonly credentials?: Pick<StreamCredentials, "hear"> | undefined;
  /** Certificates for the streams' server, unless files or nothing is to protect them. */
  certificates?(signal: AbortSignal): AsyncGenerator<TlsMaterial, void, undefined> | undefined;
  /** Keeps the names of speakers for the next leader. */
  writeSpeakers(names: readonly string[]): Promise<void>;
  /** Reads the source, and leads when it is this process's turn, until the signal aborts. @throws FatalError */
  run(controller: Controller, signal: AbortSignal): Promise<void>;
  /** Lets another process lead, once this one's streams have ended. */
  end(): Promise<void>;
}

/** What a backing is given. */
export interface BackingContext extends MainContext<ControllerSecurity> {
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  wallClock(): number;
  /** Random, drawn once per process. */
  readonly identity: string;
  /** Terms that other processes have led in, from the controller's `onStepDown`. */
  readonly steppedDown: Mailbox<number>;
  /** The controller, once there is one. */
  controller(): Controller | undefined;
}
