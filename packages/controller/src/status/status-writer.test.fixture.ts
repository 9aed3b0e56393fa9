import { FakeClock, type RecordingLogger, recordingLogger } from "@heraldlb/runtime/testing";
import { expect, onTestFinished } from "vitest";
import { FakeApiServer } from "./api-server.test.fixture.ts";
import type { DesiredStatus } from "./desired-status.ts";
import { objectPath, type StatusTarget } from "./status-kind.ts";
import { StatusWriter } from "./status-writer.ts";

/** A ConfigurationState. */
export const state = (name: string): StatusTarget => ({ kind: "ConfigurationState", namespace: "herald", name });
/** A ServiceL2Status. */
export const l2 = (name: string): StatusTarget => ({ kind: "ServiceL2Status", namespace: "herald", name });
/** What the status of `web` on the node should be. */
export const onNode = (node: string): DesiredStatus => ({
  labels: { "metallb.io/node": node },
  status: { node, serviceName: "web", serviceNamespace: "default" },
});

/** A writer at work, and all that it works with. */
interface Scene {
  readonly server: FakeApiServer;
  readonly clock: FakeClock;
  readonly log: RecordingLogger;
  readonly writer: StatusWriter;
  readonly ending: AbortController;
  readonly ended: Promise<void>;
  /** The watch tells of all that has happened. */
  deliver(): void;
  /** Lets time pass, in which the watch is silent. */
  wait(ms: number): Promise<void>;
  /** Lets time pass, and the watch tell. */
  pass(ms: number): Promise<void>;
  /** The requests that were made. */
  made(): readonly string[];
  statusOf(target: StatusTarget): unknown;
}

/** A writer at work on a server, with a watch that tells of everything at once unless told otherwise. */
export function start({
  mayWrite = () => true,
  syncs = true,
}: {
  readonly mayWrite?: () => boolean;
  readonly syncs?: boolean;
} = {}): Scene {
  const server = new FakeApiServer();
  const clock = new FakeClock(10_000);
  const log = recordingLogger();
  const ending = new AbortController();
  const wallClock = () => Date.UTC(2026, 0, 1) + clock.now();
  const writer = new StatusWriter({ kube: server, clock, log, wallClock, random: () => 0, mayWrite });
  const ended = writer.run(ending.signal);
  onTestFinished(async () => {
    ending.abort();
    await ended.catch(() => {});
    expect(clock.pending).toBe(0);
  });
  const kinds = ["ConfigurationState", "ServiceL2Status", "IPAddressPool", "Service"] as const;
  if (syncs) for (const kind of kinds) writer.synced(kind, []);

  function deliver(): void {
    for (const { kind, object, gone } of server.takeNews()) {
      writer.observe(kind, gone ? { changed: [], removed: [object] } : { changed: [object], removed: [] });
    }
  }
  async function wait(ms: number, tell = () => {}): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      await clock.advance(Math.min(left, 50));
      tell();
    }
    await clock.advance(0);
  }
  return {
    ...{ server, clock, log, writer, ending, ended, deliver },
    wait: (ms) => wait(ms),
    pass: (ms: number) => wait(ms, deliver),
    made: () => server.requests.map(({ method, path }) => `${method} ${path.split("/").slice(-2).join("/")}`),
    statusOf: (target: StatusTarget) => server.statusAt(objectPath(target)),
  };
}
