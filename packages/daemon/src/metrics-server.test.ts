import { once } from "node:events";
import { createServer } from "node:net";
import { FakeClock, type RecordingLogger, recordingLogger } from "@heraldlb/runtime/testing";
import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Health } from "./health.ts";
import { serveMetrics } from "./metrics-server.ts";
import { addProcessMetrics } from "./process-metrics.ts";

const PATIENCE = { timeout: 20_000 };

let stop: AbortController;
let log: RecordingLogger;
let clock: FakeClock;
let health: Health;
let ended: Promise<void>;

beforeEach(() => {
  stop = new AbortController();
  log = recordingLogger();
  clock = new FakeClock();
  health = new Health();
});

afterEach(async () => {
  stop.abort();
  await ended;
});

function start(port: number, registry: Registry = new Registry()): void {
  ended = serveMetrics({ listen: { host: "127.0.0.1", port }, registry, health, clock, log }, stop.signal);
}

const entry = (message: string) => log.entries.find((each) => each.message === message);

async function url(): Promise<string> {
  await vi.waitFor(() => expect(entry("serving metrics")).toBeDefined(), PATIENCE);
  const { address } = entry("serving metrics")?.fields ?? {};
  return `http://${address}`;
}

describe("the metrics server", () => {
  test("serves the registry, with the process's own metrics", async () => {
    const registry = new Registry();
    addProcessMetrics(registry, { name: "herald-test", version: "1.2.3" });
    start(0, registry);
    const response = await fetch(`${await url()}/metrics`);
    const body = await response.text();
    expect(response.headers.get("content-type")).toContain("text/plain");
    expect(body).toMatch(/^herald_build_info\{name="herald-test",version="1.2.3",node="[\d.]+"\} 1$/m);
    expect(body).toMatch(/^herald_event_loop_delay_seconds\{quantile="1"\} [\d.e-]+$/m);
    expect(body).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  test("is healthy, and ready when nothing is missing", async () => {
    health.unready("snapshot", "no controller yet");
    start(0);
    const base = await url();
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    const unready = await fetch(`${base}/readyz`);
    expect([unready.status, await unready.text()]).toEqual([503, "snapshot: no controller yet\n"]);
    health.ready("snapshot");
    expect((await fetch(`${base}/readyz?verbose`)).status).toBe(200);
  });

  test.each([
    ["GET", "/", 404],
    ["POST", "/metrics", 405],
  ])("answers %s %s with %d", async (method, path, status) => {
    start(0);
    expect((await fetch(`${await url()}${path}`, { method })).status).toBe(status);
  });

  test("reports a port that is taken, tries again, later each time, and serves once it is free", async () => {
    const squatter = createServer().listen(0, "127.0.0.1");
    await once(squatter, "listening");
    const address = squatter.address();
    start(typeof address === "object" && address ? address.port : 0);
    const delays = () =>
      log.entries.flatMap(({ level, fields: { delayMs } }) => (level === "warn" ? [Number(delayMs)] : []));
    for (let attempts = 1; attempts <= 4; attempts++) {
      await vi.waitFor(() => expect(delays()).toHaveLength(attempts), PATIENCE);
      if (attempts < 4) await clock.advance(delays().at(-1) ?? 0);
    }
    expect(delays()[0]).toBeLessThanOrEqual(500);
    expect(delays()[3]).toBeGreaterThanOrEqual(2000);
    squatter.close();
    await once(squatter, "close");
    await clock.advance(30_000);
    expect((await fetch(`${await url()}/healthz`)).status).toBe(200);
  });

  test("ends while it waits", async () => {
    const squatter = createServer().listen(0, "127.0.0.1");
    await once(squatter, "listening");
    const address = squatter.address();
    start(typeof address === "object" && address ? address.port : 0);
    await vi.waitFor(() => expect(log.entries).toHaveLength(1), PATIENCE);
    stop.abort();
    await ended;
    squatter.close();
  });
});
