import { once } from "node:events";
import { Agent, type RequestOptions, request } from "node:https";
import { connect as connectTcp } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectTls, type PeerCertificate, type TLSSocket } from "node:tls";
import { FakeClock, type RecordingLogger, recordingLogger } from "@heraldlb/runtime/testing";
import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCertificate } from "./certificate.test.fixture.ts";
import { Health } from "./health.ts";
import { MetricsAccess, type MetricsVerdict } from "./metrics-access.ts";
import { serveMetrics } from "./metrics-server.ts";

const PATIENCE = { timeout: 20_000 };
const VERDICTS: Readonly<Record<string, MetricsVerdict>> = {
  "prometheus.token-of-it": "allowed",
  "other.token-of-it": "forbidden",
  "old.token-of-it": "unauthenticated",
  "any.token-of-it": "unavailable",
};
const ALLOWED = "prometheus.token-of-it";

let stop: AbortController;
let log: RecordingLogger;
let clock: FakeClock;
let access: MetricsAccess;
let ended: Promise<void>;
let port: number;

async function start(requestTimeoutMs?: number): Promise<void> {
  const server = { listen: { host: "127.0.0.1", port: 0 }, registry: new Registry(), health: new Health(), clock, log };
  ended = serveMetrics({ ...server, access, ...(requestTimeoutMs && { requestTimeoutMs }) }, stop.signal);
  await vi.waitFor(() => expect(serving()).toBeDefined(), PATIENCE);
  const { address } = serving()?.fields ?? {};
  port = Number(`${address}`.split(":")[1]);
}

const serving = () => log.entries.find(({ message }) => message === "serving metrics");

async function get(path: string, authorization?: string, more: RequestOptions = {}) {
  const headers = { ...more.headers, ...(authorization !== undefined && { authorization }) };
  const sent = request({ host: "127.0.0.1", port, path, rejectUnauthorized: false, ...more, headers }).end();
  const [response] = await once(sent, "response");
  const socket: TLSSocket = response.socket;
  const peer = socket.getPeerCertificate();
  return { status: response.statusCode, headers: response.headers, body: await text(response), peer, socket };
}

const protect = () => access.protect(async (token) => VERDICTS[token] ?? "unauthenticated");

beforeEach(() => {
  stop = new AbortController();
  log = recordingLogger();
  clock = new FakeClock();
  access = new MetricsAccess({ name: "herald-test", clock, log });
});

afterEach(async () => {
  stop.abort();
  await ended;
  expect(JSON.stringify(log.entries)).not.toContain("token-of-it");
});

describe("metrics over HTTPS", () => {
  test.each<[authorization: string | undefined, status: number]>([
    [`Bearer ${ALLOWED}`, 200],
    [`bearer  ${ALLOWED}`, 200],
    [undefined, 401],
    ["", 401],
    ["Bearer", 401],
    [`Basic ${ALLOWED}`, 401],
    [ALLOWED, 401],
    [`Bearer ${ALLOWED} ${ALLOWED}`, 401],
    [`Bearer ${ALLOWED}, Bearer ${ALLOWED}`, 401],
    ["Bearer {token-of-it}", 401],
    [`Bearer ${"a".repeat(8_193)}`, 401],
    ["Bearer unheard.of", 401],
    ["Bearer old.token-of-it", 401],
    ["Bearer other.token-of-it", 403],
    ["Bearer any.token-of-it", 503],
  ])("answer %j with %d", async (authorization, status) => {
    protect();
    await start();
    const { headers, ...answer } = await get("/metrics", authorization);
    expect(answer.status).toBe(status);
    expect(headers["www-authenticate"]).toBe(status === 401 ? 'Bearer realm="herald"' : undefined);
    expect(headers["retry-after"]).toBe(status === 503 ? "5" : undefined);
  });

  test("are for nobody until tokens are reviewed, while health and readiness are for all", async () => {
    await start();
    const statuses = async () => {
      const answers = [get("/metrics", `Bearer ${ALLOWED}`), get("/healthz"), get("/readyz"), get("/else")];
      return (await Promise.all(answers)).map(({ status }) => status);
    };
    expect(await statuses()).toEqual([503, 200, 200, 404]);
    protect();
    expect(await statuses()).toEqual([200, 200, 200, 404]);
  });

  test("are not served over HTTP", async () => {
    await start();
    const socket = connectTcp(port, "127.0.0.1");
    socket.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    expect((await text(socket)).startsWith("HTTP")).toBe(false);
  });

  test("are not served over TLS 1.2", async () => {
    await start();
    const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false, maxVersion: "TLSv1.2" });
    await expect(once(socket, "secureConnect")).rejects.toThrow(/protocol version/);
  });

  test("come with a certificate that nobody vouches for, until there is another", async () => {
    await start();
    expect((await get("/healthz")).peer).toMatchObject({
      subject: { CN: "herald-test" },
      issuer: { CN: "herald-test" },
    });
    const { ca, ...certificate } = await createCertificate();
    access.certify(certificate);
    const verified = { ca, rejectUnauthorized: true, checkServerIdentity: isOfNode };
    expect((await get("/healthz", undefined, verified)).status).toBe(200);
  });

  test("come with the certificate that was given before they were served", async () => {
    access.certify(await createCertificate());
    await start();
    expect((await get("/healthz")).peer.subject.CN).toBe("node-a");
  });

  test("show a new certificate to new connections, and keep those that are there", async () => {
    protect();
    await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const before = await get("/metrics", `Bearer ${ALLOWED}`, { agent });
    access.certify(await createCertificate());
    const kept = await get("/metrics", `Bearer ${ALLOWED}`, { agent });
    const fresh = await get("/metrics", `Bearer ${ALLOWED}`);
    agent.destroy();
    expect([before.status, kept.status, fresh.status]).toEqual([200, 200, 200]);
    expect(kept.socket).toBe(before.socket);
    expect([kept.peer.subject.CN, fresh.peer.subject.CN]).toEqual(["herald-test", "node-a"]);
  });

  test("keep the certificate when another one does not fit its key", async () => {
    access.certify(await createCertificate());
    await start();
    const [{ cert }, { key }] = [await createCertificate(), await createCertificate()];
    expect(() => access.certify({ cert, key })).toThrow(/key/i);
    expect((await get("/healthz")).peer.subject.CN).toBe("node-a");
  });
});

const isOfNode = (_host: string, { subject }: PeerCertificate): Error | undefined =>
  subject.CN === "node-a" ? undefined : new Error(`a certificate of ${subject.CN}`);

describe("a reviewer", () => {
  test("that gives no verdict in time lets nobody in, and is told to stop", async () => {
    const asked = Promise.withResolvers<AbortSignal>();
    access.protect((_token, signal) => {
      asked.resolve(signal);
      return new Promise(() => {});
    });
    await start();
    const answer = get("/metrics", `Bearer ${ALLOWED}`);
    const signal = await asked.promise;
    await clock.advance(5_000);
    expect([(await answer).status, signal.aborted]).toEqual([503, true]);
  });

  test("that fails lets nobody in, which is logged once until it works again", async () => {
    let works = false;
    access.protect(async () => {
      if (works) return "allowed";
      throw new Error("no connection");
    });
    await start();
    const complaints = () => log.entries.filter(({ message }) => message === "tokens of metrics not reviewed").length;
    const statuses: unknown[] = [];
    for (const next of [false, false, true, false]) {
      works = next;
      statuses.push((await get("/metrics", `Bearer ${ALLOWED}`)).status, complaints());
    }
    expect(statuses).toEqual([503, 1, 503, 1, 200, 1, 503, 2]);
  });

  test("is asked four things at a time, and what is beyond is refused at once", async () => {
    const pending: PromiseWithResolvers<MetricsVerdict>[] = [];
    access.protect(() => {
      const verdict = Promise.withResolvers<MetricsVerdict>();
      pending.push(verdict);
      return verdict.promise;
    });
    await start();
    const waiting = Array.from({ length: 4 }, () => get("/metrics", `Bearer ${ALLOWED}`));
    await vi.waitFor(() => expect(pending).toHaveLength(4), PATIENCE);
    expect((await get("/metrics", `Bearer ${ALLOWED}`)).status).toBe(503);
    expect(pending).toHaveLength(4);
    for (const { resolve } of pending) resolve("allowed");
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });
});

describe("a hostile client", () => {
  test("with a huge header gets 431", async () => {
    await start();
    expect((await get("/metrics", undefined, { headers: { padding: "x".repeat(20_000) } })).status).toBe(431);
  });

  test.each([
    ["sends nothing", ""],
    ["sends half a request", "GET /metrics HTTP/1.1\r\nHost: "],
    ["promises a body that does not come", "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"],
  ])("that %s over TLS is not waited for", async (_name, bytes) => {
    await start(100);
    const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
    socket.write(bytes);
    socket.resume();
    await once(socket, "close");
    expect((await get("/healthz")).status).toBe(200);
  });

  test("that begins no handshake is not waited for", async () => {
    await start(100);
    const socket = connectTcp(port, "127.0.0.1").resume();
    await once(socket, "close");
    expect((await get("/healthz")).status).toBe(200);
  });

  test.each(["\0\x01\x02", "GET / HTTP/9.9\r\n\r\n", "GET /metrics?token-of-it HTTP/1.1\r\nHost: a\r\n:\r\n\r\n"])(
    "that sends %j is cut off",
    async (bytes) => {
      await start();
      const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
      socket.write(bytes);
      expect(await text(socket)).toMatch(/^HTTP\/1.1 400/);
    },
  );
});
