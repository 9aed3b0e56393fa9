import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { serveSpeakers, type TlsMaterial } from "@heraldlb/api";
import { type Endpoint, FatalError, formatEndpoint, type MainContext, watchTlsFiles } from "@heraldlb/daemon";
import {
  type FileObject,
  FolderError,
  openStateFolder,
  readFolder,
  type StateFolder,
  watchFolder,
} from "@heraldlb/files";
import { lockFile, setRtoMin } from "@heraldlb/link";
import { type Clock, type Logger, Mailbox } from "@heraldlb/runtime";
import { Controller } from "./controller.ts";
import type { ControllerOptions } from "./controller-ports.ts";
import { lead } from "./leadership.ts";
import { addControllerMetrics, countingObserver } from "./metrics.ts";

/** Settings of a controller process. */
export interface RunOptions extends Omit<ControllerOptions, "identity"> {
  /** Folder of manifests. */
  readonly folder: string;
  readonly listen: Endpoint;
}

/** What a controller process is given. */
export interface RunContext extends MainContext {
  readonly clock: Clock;
  /** Milliseconds since 1970: certificates have dates. */
  wallClock(): number;
  /** Called once speakers can dial. */
  onListening?: ((endpoint: Endpoint) => void) | undefined;
}

// What a lost segment costs; the kernel's own least is 200 ms, more than a heartbeat may be late.
const RTO_MIN_MICROSECONDS = 20_000;
// A heartbeat that waits for a turn of the event loop must not be late.
const TURN_MS = 8;

/**
 * Runs a controller on a folder of manifests until the signal aborts, then ends it in good order.
 *
 * @throws FatalError when it cannot listen or the folder cannot be used; SettingError for unusable TLS files
 */
export async function runController(options: RunOptions, context: RunContext): Promise<void> {
  const { log, registry, clock, signal } = context;
  context.health.unready("source", "not read completely yet");
  context.health.unready("lock", "neither leader nor standby yet");
  await using state = await openFolder(options.folder);
  const identity = randomUUID();
  const bug = Promise.withResolvers<never>();
  const steppedDown = new Mailbox<number>();
  const controller = new Controller(
    { ...options, identity },
    {
      ...{ clock, wallClock: context.wallClock, log, store: state, observer: countingObserver(registry) },
      onSpeakers: oneAtATime((names: readonly string[]) => writeSpeakers(state, names, log)),
      onStepDown: (above) => steppedDown.put(above),
      onBug: bug.reject,
    },
  );
  addControllerMetrics(registry, controller);

  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const closing = new AbortController();
  try {
    const { closed } = await serve(controller, options.listen, context, closing.signal);
    await Promise.race([
      Promise.all([
        readSource(controller, options.folder, context, stop),
        lead(
          controller,
          identity,
          { ...context, state, steppedDown, readManifests: () => readStored(options.folder) },
          stop,
        ),
        tick(controller, options.timers.tickMs, clock, stop),
      ]),
      bug.promise,
    ]);
    controller.end();
    closing.abort();
    await closed;
  } catch (error) {
    throw error instanceof FolderError ? new FatalError(error.message, { cause: error }) : error;
  } finally {
    failed.abort();
    closing.abort();
  }
}

async function openFolder(folder: string): Promise<StateFolder> {
  const found = await stat(folder).catch((cause: Error) => {
    throw new FatalError(`--source: ${cause.message}`, { cause });
  });
  if (!found.isDirectory()) throw new FatalError(`--source: ${folder} is not a folder`);
  try {
    return await openStateFolder(folder, { tryLock: lockFile });
  } catch (error) {
    throw error instanceof FolderError ? new FatalError(error.message, { cause: error }) : error;
  }
}

/** Listens, and resolves to a promise of the end. */
async function serve(
  controller: Controller,
  { host, port }: Endpoint,
  { security, clock, log, wallClock, onListening }: RunContext,
  signal: AbortSignal,
): Promise<{ readonly closed: Promise<unknown> }> {
  const files = security === "insecure" ? undefined : watchTlsFiles(security, { clock, log, wallClock }, signal);
  const first = await files?.next();
  const tls: TlsMaterial | undefined = first?.done ? undefined : first?.value;
  try {
    const server = await serveSpeakers(
      { address: host, port, security: tls ?? "insecure", clock, log, onSocket: rtoMinSetter(log) },
      (stream) => controller.serve(stream),
      signal,
    );
    const endpoint = { host: server.address, port: server.port };
    log.info("serving speakers", { address: formatEndpoint(endpoint), tls: tls !== undefined });
    onListening?.(endpoint);
    const rotation = async () => {
      for await (const material of files ?? []) server.setTls(material);
    };
    return { closed: Promise.all([server.closed, rotation()]) };
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new FatalError(`--listen: ${formatEndpoint({ host, port })}: ${cause.message}`, { cause });
  }
}

async function readSource(
  controller: Controller,
  folder: string,
  { clock, log, health }: RunContext,
  signal: AbortSignal,
): Promise<void> {
  for await (const reading of watchFolder(folder, { clock, log }, signal)) {
    await controller.cluster.prepare(reading, restAfter(TURN_MS, clock));
    if (signal.aborted) return;
    controller.take(reading);
    if (controller.cluster.isRead) health.ready("source");
  }
}

/** Gives up the event loop's turn, if that has lasted long. */
function restAfter(ms: number, clock: Clock): () => Promise<void> {
  let since = clock.now();
  return async () => {
    if (clock.now() - since < ms) return;
    await setImmediate();
    since = clock.now();
  };
}

async function readStored(folder: string): Promise<readonly FileObject[]> {
  const { objects } = await readFolder(join(folder, ".herald", "status"));
  return objects;
}

async function tick(controller: Controller, ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    controller.tick();
    await clock.sleep(ms, signal).catch(() => {});
  }
}

/** Says once where the kernel refuses: then every lost segment costs 200 ms. */
function rtoMinSetter(log: Logger): (fd: number) => void {
  let isTold = false;
  return (fd) => {
    if (setRtoMin(fd, RTO_MIN_MICROSECONDS) || isTold) return;
    isTold = true;
    log.warn("TCP_RTO_MIN_US refused by the kernel", { effect: "a lost segment delays heartbeats by 200 ms" });
  };
}

async function writeSpeakers(state: StateFolder, names: readonly string[], log: Logger): Promise<void> {
  try {
    await state.writeSpeakers(names);
  } catch (error) {
    log.error("speakers' names not stored", { error });
  }
}

/** Calls one after the other; of several that came meanwhile only the last one counts. */
function oneAtATime<T>(act: (item: T) => Promise<void>): (item: T) => void {
  let next: { readonly item: T } | undefined;
  let isBusy = false;
  const work = async () => {
    isBusy = true;
    for (let job = next; job; job = next) {
      next = undefined;
      await act(job.item);
    }
    isBusy = false;
  };
  return (item) => {
    next = { item };
    // It never rejects: `act` sees to that.
    if (!isBusy) void work();
  };
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && "syscall" in error;
