import {
  DEFAULT_LEASE_TIMERS,
  initialLease,
  type LeaseConfig,
  type LeaseEffect,
  type LeaseEvent,
  type LeaseRequestId,
  type LeaseState,
  stepLease,
} from "@heraldlb/election";
import type { ControllerHost } from "./controller-host.ts";
import { logStory } from "./story.ts";

/** The shell of the Lease's decision core: carries requests to the API server and back. */
export class LeaseClient {
  readonly #owner: ControllerHost;
  readonly #config: LeaseConfig;
  #state: LeaseState = initialLease();

  constructor(owner: ControllerHost, config: Omit<LeaseConfig, "timers">) {
    this.#owner = owner;
    this.#config = { ...config, timers: DEFAULT_LEASE_TIMERS };
  }

  step(event: LeaseEvent): void {
    const { state, effects } = stepLease(this.#state, event, this.#config);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: LeaseEffect): void {
    const owner = this.#owner;
    switch (effect.type) {
      case "log":
        owner.cluster.tell(owner.name, () => logStory(effect));
        return;
      case "read":
      case "write":
        this.#request(effect);
        return;
      default:
        owner.step({ ...effect, now: owner.now });
    }
  }

  #request(effect: Extract<LeaseEffect, { type: "read" | "write" }>): void {
    const { request } = effect;
    const { cluster, host, life } = this.#owner;
    const { api, management, clock } = cluster;
    if (!management.reaches(host, "api")) return;
    clock.after(management.delay(host, "api"), () => {
      const isWritten = api.isUp && effect.type === "write" && api.write(effect, effect.expected);
      const type = !api.isUp ? "failed" : effect.type === "read" || isWritten ? "answered" : "refused";
      const record = api.lease;
      if (!management.reaches("api", host)) return;
      clock.after(management.delay("api", host), () =>
        this.#owner.deliver(life, "message", () => this.#answer(type, request, record)),
      );
    });
  }

  #answer(
    type: "answered" | "refused" | "failed",
    request: LeaseRequestId,
    record: Extract<LeaseEvent, { type: "answered" }>["record"],
  ): void {
    const { now } = this.#owner;
    this.step(type === "answered" ? { type, request, record, now } : { type, request, now });
  }
}
