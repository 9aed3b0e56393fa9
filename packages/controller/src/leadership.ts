import type { MainContext } from "@heraldlb/daemon";
import type { StateFolder } from "@heraldlb/files";
import type { Clock, Mailbox } from "@heraldlb/runtime";
import type { Controller } from "./controller.ts";

/** What leading needs. */
export interface LeadershipDependencies extends Pick<MainContext, "log" | "health"> {
  readonly state: Pick<StateFolder, "tryLead" | "readTerm" | "writeTerm" | "readStatuses" | "readSpeakers">;
  readonly clock: Clock;
  /** Terms that other processes have led in, from the controller's `onStepDown`. */
  readonly steppedDown: Mailbox<number>;
}

// Bounds how long nobody leads after a leader's death.
const RETRY_MS = 100;

/**
 * Waits for the folder's lock, then leads in a new term until the signal aborts.
 *
 * The lock makes the leader firm as long as it is held, and it is held until the process ends. Should a speaker tell of
 * a later term all the same, the leader takes one above it.
 */
export async function lead(
  controller: Controller,
  identity: string,
  dependencies: LeadershipDependencies,
  signal: AbortSignal,
): Promise<void> {
  const { state, health, log, steppedDown } = dependencies;
  await waitForLock(dependencies, signal);
  if (signal.aborted) return;
  const [{ statuses, problems }, speakers] = await Promise.all([state.readStatuses(), state.readSpeakers()]);
  for (const { file, line, code, message } of problems) {
    log.warn("status forgotten", { file, line, reason: code, detail: message });
  }
  const stored = await state.readTerm();
  let above = stored?.term ?? 0;
  const takeTerm = async () => {
    const term = controller.nextTerm(above);
    await state.writeTerm({ term, holder: identity });
    log.info("term taken", { term, holder: identity, services: statuses.length, speakers: speakers.length });
    controller.lead(term, { statuses, speakers });
  };
  await takeTerm();
  health.ready("lock");
  for await (const other of steppedDown.take(signal)) {
    above = Math.max(above, other);
    await takeTerm();
  }
}

async function waitForLock({ state, clock, health, log }: LeadershipDependencies, signal: AbortSignal): Promise<void> {
  for (let isTold = false; !signal.aborted && !state.tryLead(); isTold = true) {
    if (!isTold) log.info("standby", { reason: "another controller leads on this folder" });
    health.ready("lock");
    await clock.sleep(RETRY_MS, signal).catch(() => {});
  }
}
