import type { Clock } from "@heraldlb/runtime";
import type { Kube } from "./kube.ts";
import { KubeError } from "./kube-error.ts";
import { fieldsOf, type KubeObject, readObject, unreadable } from "./kube-object.ts";
import type { ReflectTarget } from "./list-pages.ts";
import { errorOfStatus } from "./status.ts";

/** The server ends a watch after one to two times this, so that not all end at once. */
const WATCH_S = 300;
/** Bookmarks come about every minute: two were missed, and more. */
const STALL_MS = 150_000;

/** One event of a watch. */
export interface WatchEvent {
  readonly isRemoval: boolean;
  readonly object: KubeObject;
}

/** Events that arrived together, and the version that a watch may go on from afterwards. */
export interface WatchBatch {
  readonly events: readonly WatchEvent[];
  readonly version: string | undefined;
}

/** Resolves when the watch stands. The iterator ends when the server ends it, and throws KubeErrors. @throws KubeError */
export async function openWatch(
  kube: Pick<Kube, "stream">,
  target: ReflectTarget,
  {
    version,
    clock,
    random,
    signal,
  }: { readonly version: string; readonly clock: Clock; readonly random: () => number; readonly signal: AbortSignal },
): Promise<AsyncIterable<WatchBatch>> {
  const stop = new AbortController();
  const forward = () => stop.abort(signal.reason);
  signal.addEventListener("abort", forward, { once: true });
  const release = () => signal.removeEventListener("abort", forward);
  const query = {
    ...target.query,
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: version,
    timeoutSeconds: Math.round(WATCH_S * (1 + random())).toString(),
  };
  try {
    const chunks = await kube.stream(target.path, { query, signal: stop.signal });
    return readBatches(chunks, { target, clock, stop, release });
  } catch (error) {
    release();
    throw error;
  }
}

async function* readBatches(
  chunks: AsyncIterable<readonly string[]>,
  {
    target,
    clock,
    stop,
    release,
  }: {
    readonly target: ReflectTarget;
    readonly clock: Clock;
    readonly stop: AbortController;
    readonly release: () => void;
  },
): AsyncGenerator<WatchBatch> {
  const stall = () =>
    clock.timer(STALL_MS, () =>
      stop.abort(new KubeError(`${target.path}: nothing heard for ${STALL_MS / 1_000} s`, { status: 0 })),
    );
  let timer = stall();
  try {
    for await (const lines of chunks) {
      timer[Symbol.dispose]();
      yield readBatch(lines, target);
      timer = stall();
    }
  } finally {
    timer[Symbol.dispose]();
    release();
  }
}

function readBatch(lines: readonly string[], target: ReflectTarget): WatchBatch {
  const events: WatchEvent[] = [];
  let version: string | undefined;
  for (const line of lines) {
    const { type, object } = parseLine(line, target.path);
    if (type === "ERROR") throw errorOfStatus(object, { what: `watch of ${target.path}`, fallback: 500 });
    if (type === "BOOKMARK") {
      version = versionOf(object) ?? version;
    } else if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") {
      const whole = readObject(object);
      version = whole.metadata.resourceVersion;
      events.push({ isRemoval: type === "DELETED", object: target.trim ? target.trim(whole) : whole });
    } else {
      throw unreadable(`${target.path}: an event of no known type`);
    }
  }
  return { events, version };
}

function parseLine(line: string, path: string): { readonly type: unknown; readonly object: unknown } {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    // Not the cause: its message quotes the line.
    throw unreadable(`${path}: a line that is not JSON`);
  }
  const { type, object } = fieldsOf(event);
  return { type, object };
}

/** A bookmark has nothing else. */
function versionOf(object: unknown): string | undefined {
  const { metadata } = fieldsOf(object);
  const { resourceVersion: version } = fieldsOf(metadata);
  return typeof version === "string" && version !== "" ? version : undefined;
}
