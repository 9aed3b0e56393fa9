import "@heraldlb/daemon/node-version";
import { randomUUID } from "node:crypto";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { connectSpeaker } from "@heraldlb/api";
import { type CommonSettings, FatalError, type MainContext, runMain, type Settings } from "@heraldlb/daemon";
import { DEFAULT_SPEAKER_TIMERS } from "@heraldlb/election";
import { exitNow, lockFile, setRtoMin, trimMemory } from "@heraldlb/link";
import { parseIp } from "@heraldlb/net";
import { type Logger, systemClock } from "@heraldlb/runtime";
import { registerAnnounced } from "./announced-metric.ts";
import { batched, sliced } from "./batched.ts";
import type { DesiredSession } from "./bfd/desired-session.ts";
import { BgpLoader } from "./bgp-loader.ts";
import { awaitSessions, reportSessions } from "./bgp-readiness.ts";
import { ControllerAddresses } from "./controller-addresses.ts";
import { type Credentials, fileCredentials } from "./credentials/credentials.ts";
import { TokenCredentials, type TokenCredentialsOptions } from "./credentials/token-credentials.ts";
import { releaseAfterBursts } from "./memory-release.ts";
import { createMetrics } from "./metrics.ts";
import { OwnershipRecord } from "./ownership-record.ts";
import { readProcessFacts } from "./process-facts.ts";
import { type BgpListener, Reporter } from "./report.ts";
import { loadState } from "./saved-state.ts";
import { type SpeakerSecurity, speakerOptions, speakerSecurity } from "./settings.ts";
import { Speaker } from "./speaker.ts";
import { StateFolder, StateFolderLockedError } from "./state-folder.ts";
import { Streams } from "./streams.ts";
import { type FromWorker, monotonicMs, type ToWorker, type WorkerSettings } from "./worker-messages.ts";

const RTO_MIN_US = 20_000;
// The main thread has to yield every 50 ms.
const SLICE_MS = 10;
const DRAIN_LIMIT_MS = 3_000;
// The answering thread keeps little that is young: frames are views, messages are short-lived.
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 4 } as const;

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

await runMain({
  name: "herald-speaker",
  version,
  description: "Announces addresses on the network of its node, as a Herald controller decides.",
  options: speakerOptions,
  security: speakerSecurity,
  reviewsTokens: ({ tokenFile }) => tokenFile !== undefined,
  exit: exitNow,
  run,
});

async function run(
  settings: Settings<typeof speakerOptions> & CommonSettings,
  context: MainContext<SpeakerSecurity>,
): Promise<void> {
  const { log, registry, health, signal } = context;
  const clock = systemClock;
  const facts = readProcessFacts();
  const metrics = createMetrics(registry);
  await using folder = openFolder(settings.stateDir, log, () => metrics.stateFolderErrors.inc());
  const saved = loadState(folder, facts.bootId);
  using credentials = await openCredentials(context, {
    ...{ node: settings.node, folder },
    send: (dial, request) => streams.request(dial, request),
  });

  const worker = startWorker({
    node: settings.node,
    instance: randomUUID(),
    facts,
    interfaces: { allowed: settings.interfaces.source, excluded: settings.excludeInterfaces.source },
    backend: settings.frames,
    logLevel: settings.logLevel,
    saved: saved.ownership,
  });
  using controllers = new ControllerAddresses(settings.controller, saved.addresses, {
    clock,
    log,
    resolve: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
    onChange: () => speaker.replicasChanged(),
  });
  const streams: Streams = new Streams(
    {
      clock,
      log,
      random: Math.random,
      connect: (dial, aborted) => credentials.connect(dial, aborted),
      onSocket: shortenRto(log),
      encode: (outgoing, replica) => speaker.encode(outgoing, replica),
      locate: (replica) => {
        const found = controllers.find(replica);
        if (!found) return undefined;
        const { connectLimitMs, replyLimitMs } = DEFAULT_SPEAKER_TIMERS;
        return {
          address: found.address,
          port: found.port,
          serverName: found.host,
          connectTimeoutMs: connectLimitMs,
          setupTimeoutMs: replyLimitMs,
        };
      },
    },
    {
      connected: (dial) => speaker.connected(dial),
      opened: (dial, replica) => speaker.opened(dial, replica),
      received: (dial, message) => (credentials.received(dial, message) ? undefined : speaker.received(dial, message)),
      closed: (dial, replaced) => speaker.closed(dial, replaced),
    },
  );
  const noteOrders = releaseAfterBursts(clock, trimMemory);
  const tell = batched<ToWorker>((orders) => {
    noteOrders(orders);
    worker.postMessage(orders);
  });
  const reports: Reporter = new Reporter({
    clock,
    bgp: () => bgp.loaded?.facts,
    send: (dial, report) => streams.send(dial, report, monotonicMs()),
    show: (address, isAnswered) => metrics.addresses.setAnswered(address, isAnswered),
  });
  const bgp = bgpLoader(settings, context, {
    hasRestarted: saved.ownership !== undefined,
    keptForwarding: saved.ownership?.bootId === facts.bootId,
    listener: reports,
    tell,
  });
  registerAnnounced(registry, settings.node, {
    answered: () => metrics.addresses.answered(),
    servicesOf: (address) => saved.definitions.services.of(address),
    routed: () => saved.definitions.services.routed,
    prefixHeard: (route) => bgp.loaded?.facts.prefixHeard(route),
  });
  const speaker: Speaker = new Speaker({
    clock,
    log,
    metrics,
    health,
    folder,
    definitions: saved.definitions,
    ownership: new OwnershipRecord(facts.bootId, saved.ownership, (id) => saved.definitions.find(id)),
    controllers,
    streams,
    bgp,
    reports,
    tell,
    now: monotonicMs,
  });
  worker.on(
    "message",
    sliced<FromWorker>(clock, SLICE_MS, (message) => speaker.handle(message)),
  );
  speaker.start();

  const ended = Promise.race([speaker.exit, crashOf(worker), forced(signal)]);
  if (!signal.aborted) await Promise.race([ended, once(signal, "abort")]);
  if (signal.aborted) worker.postMessage([{ type: "drain" } satisfies ToWorker]);
  const sessionsEnded = signal.aborted ? bgp.close() : Promise.resolve();
  const { code, reason } = await ended;
  await Promise.all([streams.closeAll(), sessionsEnded]);
  await worker.terminate();
  if (code !== 0) throw new FatalError(`ended by the ownership protocol: ${reason}`);
}

/** What BGP is started with. */
interface BgpStart {
  readonly hasRestarted: boolean;
  readonly keptForwarding: boolean;
  readonly listener: BgpListener;
  readonly tell: (message: ToWorker) => void;
}

function bgpLoader(
  { node, bgpListen }: Pick<Settings<typeof speakerOptions>, "node" | "bgpListen">,
  { log, registry, health }: Pick<MainContext, "log" | "registry" | "health">,
  { tell, listener, ...restart }: BgpStart,
): BgpLoader {
  const onBug = (error: unknown) => {
    throw error;
  };
  return new BgpLoader(async (all) => {
    awaitSessions(health);
    const { BgpNode } = await import("./bgp-node.ts");
    const address = bgpListen && parseIp(bgpListen.host);
    const options = {
      ...{ clock: systemClock, log, registry, node, restart, listener },
      listen: bgpListen && address && { address, port: bgpListen.port },
      tellBfd: (sessions: readonly DesiredSession[]) => tell({ type: "bfd", sessions }),
    };
    const loaded = await BgpNode.start(options, all, onBug);
    reportSessions(systemClock, health, () => loaded.isConverged);
    return loaded;
  }, onBug);
}

function openFolder(path: string, log: Logger, onError: () => void): StateFolder {
  try {
    return new StateFolder(path, { clock: systemClock, log, lock: lockFile, onError });
  } catch (error) {
    if (error instanceof StateFolderLockedError) throw new FatalError(error.message, { cause: error });
    throw error;
  }
}

/** Reads the files that the process proves with which node's it is. */
async function openCredentials(
  { security, ...context }: MainContext<SpeakerSecurity>,
  options: Pick<TokenCredentialsOptions, "node" | "folder" | "send">,
): Promise<Credentials> {
  if (security === "insecure" || !("tokenFiles" in security)) return fileCredentials({ ...context, security });
  const { log, metrics } = context;
  return new TokenCredentials({
    ...{ ...options, log, metrics, files: security.tokenFiles },
    ...{ clock: systemClock, wallClock: Date.now, connect: connectSpeaker },
  });
}

/** A worker is found by the extension of its parent: sources, compiled files and bundles alike. */
function startWorker(settings: WorkerSettings): Worker {
  const url = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
  return new Worker(url, { name: "answering", workerData: settings, resourceLimits: WORKER_LIMITS });
}

/** Without its answering thread the process is of no use: it ends at once, and its addresses go to others. */
function crashOf(worker: Worker): Promise<never> {
  const crash = Promise.withResolvers<never>();
  worker.once("error", crash.reject);
  worker.once("exit", (code) => crash.reject(new Error(`the answering thread ended with code ${code}`)));
  return crash.promise;
}

/** The machine ends a drain by itself; this is for one that does not. */
async function forced(signal: AbortSignal): Promise<{ code: 0; reason: "shutdown" }> {
  if (!signal.aborted) await once(signal, "abort");
  await systemClock.sleep(DRAIN_LIMIT_MS);
  return { code: 0, reason: "shutdown" };
}

/** Has a socket retransmit early, so that one lost segment does not look like a lost controller. */
function shortenRto(log: Logger): (fd: number) => void {
  let refused = false;
  return (fd) => {
    if (setRtoMin(fd, RTO_MIN_US) || refused) return;
    refused = true;
    log.info("the kernel does not know TCP_RTO_MIN_US; a lossy management network may need more heartbeat misses");
  };
}
