// The answering thread: frame sockets, interface events, the ownership machine, and BFD where it is wanted.
import { parentPort, workerData } from "node:worker_threads";
import { DEFAULT_SPEAKER_TIMERS } from "@heraldlb/election";
import { openFrameSocket, openMulticastGroups, watchInterfaces } from "@heraldlb/link";
import { type LogFields, type Logger, type LogLevel, systemClock } from "@heraldlb/runtime";
import { batched, sliced } from "./batched.ts";
import type { DesiredSession } from "./bfd/desired-session.ts";
import type { BfdWorker } from "./bfd-worker.ts";
import { OwnershipLoop } from "./ownership-loop.ts";
import { type FromWorker, monotonicMs, type ToWorker, type WorkerSettings } from "./worker-messages.ts";

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

// The longest that an answer may have to wait for orders.
const SLICE_MS = 2;

const port = parentPort;
if (!port) throw new Error("worker.ts runs in a worker thread only");
// The main thread starts this file, and with nothing else.
const settings = workerData as WorkerSettings;

const post = batched<FromWorker>((messages) => port.postMessage(messages));

function logger(bound: LogFields): Logger {
  const line = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(settings.logLevel)) return;
    post({ type: "log", level, message, fields: { ...bound, ...fields } });
  };
  return {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    child: (fields) => logger({ ...bound, ...fields }),
  };
}

const { node, instance, facts, interfaces, backend, saved } = settings;
const loop = new OwnershipLoop(
  { node, instance, bootId: facts.bootId, startedAt: facts.startedAtMs, timers: DEFAULT_SPEAKER_TIMERS },
  saved,
  {
    clock: systemClock,
    log: logger({}),
    rules: { allowed: new RegExp(interfaces.allowed), excluded: new RegExp(interfaces.excluded) },
    backend,
    openSocket: openFrameSocket,
    openGroups: openMulticastGroups,
    post,
    postedAt: monotonicMs,
  },
);

let bfd: Promise<BfdWorker> | undefined;

/** Lists of sessions take effect in the order they come. */
async function applyBfd(sessions: readonly DesiredSession[]): Promise<void> {
  bfd ??= import("./bfd-worker.ts").then(({ BfdWorker }) => new BfdWorker(logger({}), post));
  (await bfd).apply(sessions);
}

port.on(
  "message",
  sliced<ToWorker>(systemClock, SLICE_MS, (message) => {
    if (message.type !== "bfd") loop.handle(message);
    else if (bfd || message.sessions.length > 0) void applyBfd(message.sessions);
  }),
);

for await (const event of watchInterfaces(new AbortController().signal)) loop.interfaceEvent(event);
