import { type Kube, listVersions } from "@heraldlb/kube";
import { backoff, type Clock, type Logger } from "@heraldlb/runtime";
import type { ServiceStatuses } from "./service-statuses.ts";

/** What catching up needs. */
export interface CatchUpOptions {
  readonly kube: Pick<Kube, "request">;
  readonly statuses: Pick<ServiceStatuses, "isBehind">;
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 ≤ random < 1. */
  random(): number;
}

const SERVICES = "/api/v1/services";
const LOOK_MS = 10;
/** What is deleted meanwhile is not waited for any longer. */
const LIST_AGAIN_MS = 1_000;
const RETRY = { initialMs: 100, maxMs: 2_000 } as const;

/**
 * Waits until everything is observed that was written into Services before this call, or the signal aborts. A watch may
 * be late, or broken without anybody's having noticed; who gives addresses must know all that others have given.
 */
export async function catchUp(options: CatchUpOptions, signal: AbortSignal): Promise<void> {
  const { kube, statuses, clock, log, random } = options;
  let isTold = false;
  for (let failures = 0; !signal.aborted; ) {
    try {
      let late = [...(await listVersions(kube, SERVICES, signal))];
      const until = clock.now() + LIST_AGAIN_MS;
      for (;;) {
        late = late.filter(([key, version]) => statuses.isBehind(key, version));
        if (late.length === 0) return;
        if (clock.now() >= until) break;
        await clock.sleep(LOOK_MS, signal);
      }
      if (!isTold) log.info("waiting for what others have written", { services: late.length });
      isTold = true;
    } catch (error) {
      if (signal.aborted) return;
      if (failures === 0) log.warn("Services not read, trying again", { error });
      await clock.sleep(backoff(RETRY, failures++, random()), signal).catch(() => {});
    }
  }
}
