import { randomUUID } from "node:crypto";
import { serveSpeakers, type TlsMaterial } from "@heraldlb/api";
import { type Endpoint, FatalError, formatEndpoint, type MainContext, watchTlsFiles } from "@heraldlb/daemon";
import { setRtoMin } from "@heraldlb/link";
import { type Clock, type Logger, Mailbox } from "@heraldlb/runtime";
import { aborted } from "./aborted.ts";
import type { Backing } from "./backing.ts";
import { Controller } from "./controller.ts";
import type { ControllerOptions } from "./controller-ports.ts";
import { type FileSource, openFileBacking } from "./file-backing.ts";
import type { ClusterServiceOptions } from "./kubernetes/cluster-services.ts";
import type { KubernetesSource } from "./kubernetes/kubernetes-access.ts";
import { openKubernetesBacking } from "./kubernetes/kubernetes-backing.ts";
import { addControllerMetrics, countingObserver } from "./metrics.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import type { ControllerSecurity } from "./settings.ts";

/** Settings of a controller process. */
export interface RunOptions extends Omit<ControllerOptions, "identity" | "listsNodes"> {
  readonly source: FileSource | KubernetesSource;
  /** What controllers do for a cluster beside what all do. */
  readonly services: ClusterServiceOptions;
  readonly listen: Endpoint;
}

/** What a controller process is given. */
export interface RunContext extends MainContext<ControllerSecurity> {
  readonly clock: Clock;
  /** Milliseconds since 1970: certificates have dates. */
  wallClock(): number;
  /** Called once speakers can dial. */
  onListening?: ((endpoint: Endpoint) => void) | undefined;
}

// What a lost segment costs; the kernel's own least is 200 ms, more than a heartbeat may be late.
const RTO_MIN_MICROSECONDS = 20_000;

/**
 * Runs a controller on its source until the signal aborts, then ends it in good order.
 *
 * @throws FatalError when it cannot listen or the source cannot be used; SettingError for unusable TLS files
 */
export async function runController(
  { source, services, listen, ...options }: RunOptions,
  context: RunContext,
): Promise<void> {
  const { log, registry, clock, wallClock, health } = context;
  health.unready("source", "not read completely yet");
  health.unready("lock", "neither leader nor standby yet");
  const identity = randomUUID();
  const steppedDown = new Mailbox<number>();
  let running: Controller | undefined;
  const surroundings = { ...context, identity, steppedDown, controller: () => running };
  await using backing =
    source.type === "files"
      ? await openFileBacking(source, options, surroundings)
      : await openKubernetesBacking({ ...source, ...services }, options, surroundings);
  const bug = Promise.withResolvers<never>();
  const closing = new AbortController();
  const controller = new Controller(
    { ...options, namespace: backing.namespace, identity, listsNodes: source.type === "kubernetes" },
    {
      ...{ clock, wallClock, log, store: backing.store, observer: countingObserver(registry) },
      ...{ clusterObserver: backing.clusterObserver, authenticator: backing.authenticator },
      credentials: backing.credentials,
      onSpeakers: oneAtATime((names: readonly string[]) => writeSpeakers(backing, names, log), closing.signal),
      onStepDown: (above) => steppedDown.put(above),
      onBug: bug.reject,
    },
  );
  running = controller;
  addControllerMetrics(registry, controller);

  const failed = new AbortController();
  const stop = AbortSignal.any([context.signal, failed.signal]);
  try {
    const { closed } = await serve(controller, { listen, backing }, context, closing.signal);
    const work = Promise.all([backing.run(controller, stop), tick(controller, options.timers.tickMs, clock, stop)]);
    await Promise.race([work, bug.promise, aborted(stop)]);
    controller.end();
    closing.abort();
    // Some of the work may take its time to end, and another process is to lead at once.
    await Promise.all([work, closed, backing.end()]);
  } finally {
    failed.abort();
    closing.abort();
  }
}

/** Listens, and resolves to a promise of the end. */
async function serve(
  controller: Controller,
  { listen: { host, port }, backing }: { readonly listen: Endpoint; readonly backing: Backing },
  { security, clock, log, wallClock, onListening }: RunContext,
  signal: AbortSignal,
): Promise<{ readonly closed: Promise<unknown> }> {
  const files =
    security === "insecure" || "secret" in security
      ? backing.certificates?.(signal)
      : watchTlsFiles(security, { clock, log, wallClock }, signal);
  const first = await files?.next();
  const tls: TlsMaterial | undefined = first?.done ? undefined : first?.value;
  try {
    const server = await serveSpeakers(
      {
        ...{ address: host, port, security: tls ?? "insecure", clock, log, onSocket: rtoMinSetter(log) },
        // Who shows no certificate may show a token.
        clientCertificates: backing.credentials ? "optional" : "required",
      },
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

async function writeSpeakers(backing: Backing, names: readonly string[], log: Logger): Promise<void> {
  try {
    await backing.writeSpeakers(names);
  } catch (error) {
    log.error("speakers' names not stored", { error });
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && "syscall" in error;
