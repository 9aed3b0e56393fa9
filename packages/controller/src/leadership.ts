import { FatalError, type MainContext } from "@heraldlb/daemon";
import type { FileObject, StateFolder, StoredFreed } from "@heraldlb/files";
import type { Freed } from "@heraldlb/ipam";
import { parseIp } from "@heraldlb/net";
import type { Clock, Mailbox } from "@heraldlb/runtime";
import { aborted } from "./aborted.ts";
import type { Controller } from "./controller.ts";

/** What leading needs. */
export interface LeadershipDependencies extends Pick<MainContext, "log" | "health"> {
  readonly state: Pick<
    StateFolder,
    "tryLead" | "readTerm" | "writeTerm" | "readStatuses" | "readFreed" | "readSpeakers"
  >;
  readonly clock: Clock;
  /** The Services' manifests that are stored with their statuses. */
  readManifests(): Promise<readonly FileObject[]>;
  /** Terms that other processes have led in, from the controller's `onStepDown`. */
  readonly steppedDown: Mailbox<number>;
}

// Bounds how long nobody leads after a leader's death.
const RETRY_MS = 100;
// Bounds how long two of them may lead where locks do not work.
const RIVAL_MS = 500;

/**
 * Waits for the folder's lock, then leads in a new term until the signal aborts.
 *
 * The lock makes the leader firm as long as it is held, and it is held until the process ends. Should a speaker tell of
 * a later term all the same, the leader takes one above it.
 *
 * @throws FatalError when another process turns out to lead on the folder
 */
export async function lead(
  controller: Controller,
  identity: string,
  dependencies: LeadershipDependencies,
  signal: AbortSignal,
): Promise<void> {
  const { state, health, steppedDown } = dependencies;
  await waitForLock(dependencies, signal);
  if (signal.aborted) return;
  const stored = await state.readTerm();
  let above = stored?.term ?? 0;
  const takeTerm = async () => {
    const term = controller.nextTerm(above);
    await state.writeTerm({ term, holder: identity });
    controller.lead(term);
  };
  const takeLaterTerms = async () => {
    for await (const other of steppedDown.take(signal)) {
      above = Math.max(above, other);
      await takeTerm();
    }
  };
  await takeTerm();
  health.ready("lock");
  await Promise.all([
    takeLaterTerms(),
    begin(controller, dependencies, signal),
    watchForRivals(identity, dependencies, signal),
  ]);
}

/** The lock is worth nothing on a shared disk that does not share locks, or once its file was replaced. */
async function watchForRivals(
  identity: string,
  { state, clock }: LeadershipDependencies,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(RIVAL_MS, signal).catch(() => {});
    const stored = await state.readTerm();
    if (!stored || stored.holder === identity || signal.aborted) continue;
    throw new FatalError(`another controller, ${stored.holder}, leads on this folder although this one has its lock`);
  }
}

/** Takes up what earlier leaders have stored, once the source is read. */
async function begin(
  controller: Controller,
  { state, log, readManifests }: LeadershipDependencies,
  signal: AbortSignal,
): Promise<void> {
  const [{ statuses, problems }, { freed, problems: lapses }, speakers] = await Promise.all([
    state.readStatuses(),
    state.readFreed(),
    state.readSpeakers(),
  ]);
  for (const { file, line, code, message } of [...problems, ...lapses]) {
    log.warn("status forgotten", { file, line, reason: code, detail: message });
  }
  await Promise.race([controller.firstRead, aborted(signal)]);
  if (signal.aborted) return;
  const isMissing = statuses.some((status) => controller.cluster.isMissing(status));
  const manifests = isMissing ? await readManifests() : [];
  log.info("beginning", { services: statuses.length, speakers: speakers.length });
  controller.begin({ statuses, freed: freed.flatMap(toFreed), holders: undefined, speakers, manifests });
}

function toFreed({ address, at, by }: StoredFreed): Freed[] {
  const ip = parseIp(address);
  return ip ? [{ address: ip, at, by }] : [];
}

async function waitForLock({ state, clock, health, log }: LeadershipDependencies, signal: AbortSignal): Promise<void> {
  for (let isTold = false; !signal.aborted && !state.tryLead(); isTold = true) {
    if (!isTold) log.info("standby", { reason: "another controller leads on this folder" });
    health.ready("lock");
    await clock.sleep(RETRY_MS, signal).catch(() => {});
  }
}
