import { fstatSync } from "node:fs";
import { Socket } from "node:net";
import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Exchange, failureOf, passUntil, startApiServer, statusOf } from "./api-server.test.fixture.ts";
import { KubeError, type SocketUse } from "./index.ts";

/** A connection takes its next request in the turn after its last answer. */
const freeConnection = () => new Promise<void>((resolve) => setImmediate(resolve));

test("sends JSON with the credentials of the kubeconfig, and resolves to the answer", async () => {
  const server = await startApiServer();
  const kube = await server.connect();
  const request = {
    body: { spec: "ü" },
    query: { fieldManager: "herald & co", dryRun: undefined },
    contentType: "application/merge-patch+json",
  };
  const answer = kube.request("PATCH", "/api/v1/things/a", request);
  const exchange = await server.next();
  exchange.answer(200, { kind: "Thing" });
  expect(await answer).toEqual({ kind: "Thing" });
  expect(exchange).toMatchObject({
    method: "PATCH",
    path: "/api/v1/things/a",
    query: { fieldManager: "herald & co" },
    body: { spec: "ü" },
    headers: {
      authorization: "Bearer secret-token",
      "content-type": "application/merge-patch+json",
      "user-agent": "herald-test/1",
    },
  });
  expect(exchange.query).not.toHaveProperty("dryRun");
  expect(kube.namespace).toBe("herald-system");
});

test("a DELETE may have a body, and the next request on its connection is none the worse", async () => {
  const server = await startApiServer();
  const kube = await server.connect();
  const body = { kind: "DeleteOptions", preconditions: { uid: "ü" } };
  const deletion = kube.request("DELETE", "/api/v1/things/a", { body });
  const exchange = await server.next();
  expect(exchange).toMatchObject({ method: "DELETE", body });
  exchange.answer(200, {});
  await deletion;
  const next = kube.request("GET", "/x");
  (await server.next()).answer(200, { next: true });
  expect(await next).toEqual({ next: true });
});

test.each([
  [
    "a Status",
    409,
    statusOf(409, "Conflict", "the object has\nbeen modified"),
    {},
    {
      status: 409,
      reason: "Conflict",
      message: "GET /x: 409 Conflict: the object has been modified",
      retryAfterMs: undefined,
    },
  ],
  [
    "a proxy's page",
    502,
    "<html>secret</html>",
    {},
    { status: 502, reason: "", message: "GET /x: 502", retryAfterMs: undefined },
  ],
  [
    "too many requests",
    429,
    statusOf(429, "TooManyRequests"),
    { "Retry-After": "7" },
    { status: 429, retryAfterMs: 7_000 },
  ],
  [
    "a wait in its details",
    503,
    { ...statusOf(503, ""), details: { retryAfterSeconds: 2 } },
    {},
    { status: 503, retryAfterMs: 2_000 },
  ],
  [
    "a date to wait for",
    503,
    "",
    { "Retry-After": "Thu, 26 Nov 2026 02:00:00 GMT" },
    { status: 503, retryAfterMs: undefined },
  ],
  ["no JSON", 200, "hello", {}, { status: 0, reason: "Unreadable" }],
  ["a redirect", 302, "", { Location: "http://127.0.0.1:1/" }, { status: 302 }],
])("an answer that is %s is a KubeError", async (_, status, body, headers, expected) => {
  const server = await startApiServer();
  const kube = await server.connect();
  const failure = failureOf(kube.request("GET", "/x"));
  (await server.next()).answer(status, body, headers);
  const error = await failure;
  expect(error).toBeInstanceOf(KubeError);
  expect(error).toMatchObject(expected);
});

test("a server that does not answer is given up after the time of the request", async () => {
  const clock = new FakeClock();
  const server = await startApiServer();
  const kube = await server.connect({ clock });
  const failure = failureOf(kube.request("GET", "/x", { timeoutMs: 1_000 }));
  const exchange = await server.next();
  await clock.advance(999);
  expect(exchange.response.destroyed).toBe(false);
  await clock.advance(1);
  expect(await failure).toMatchObject({ name: "KubeError", status: 0, message: "GET /x: no answer within 1 s" });
  await exchange.closed;
  expect(clock.pending).toBe(0);
});

test("a server that stops in the middle of its answer is given up too", async () => {
  const clock = new FakeClock();
  const server = await startApiServer();
  const kube = await server.connect({ clock });
  const failure = failureOf(kube.request("GET", "/x"));
  const { response } = await server.next();
  response.write('{"items":[');
  expect(await passUntil(clock, failure)).toMatchObject({ status: 0, message: "GET /x: no answer within 10 s" });
});

test("an aborted request rejects with the signal's reason", async () => {
  const server = await startApiServer();
  const kube = await server.connect();
  const stop = new AbortController();
  const failure = failureOf(kube.request("GET", "/x", { signal: stop.signal }));
  const exchange = await server.next();
  stop.abort("enough");
  expect(await failure).toBe("enough");
  await exchange.closed;
  expect(await failureOf(kube.request("GET", "/x", { signal: stop.signal }))).toBe("enough");
});

test("a broken connection is a KubeError without a status, and a read over an idle one that closed is repeated", async () => {
  const server = await startApiServer();
  const kube = await server.connect();
  const failure = failureOf(kube.request("PUT", "/x", { body: {} }));
  await server.next();
  server.disconnect();
  expect(await failure).toMatchObject({ name: "KubeError", status: 0 });

  const first = kube.request("GET", "/x");
  (await server.next()).answer(200, {});
  await first;
  await freeConnection();
  const second = kube.request("GET", "/y");
  const { response } = await server.next();
  response.socket?.resetAndDestroy();
  (await server.next()).answer(200, { again: true });
  expect(await second).toEqual({ again: true });
});

test("a server that is not there is a KubeError that names no credentials", async () => {
  const server = await startApiServer();
  const kube = await server.connect({
    kubeconfig: await server.kubeconfig({ username: "u", password: "secret-word" }),
  });
  const failure = failureOf(kube.request("GET", "/x"));
  const { headers } = await server.next();
  server.disconnect();
  expect(headers.authorization).toBe(`Basic ${btoa("u:secret-word")}`);
  expect(JSON.stringify([String(await failure), await failure])).not.toMatch(/secret|Basic/);
});

test("paced requests wait for their turn, others don't", async () => {
  const clock = new FakeClock();
  const server = await startApiServer();
  const kube = await server.connect({ clock, qps: 1, burst: 1 });
  const paced = [kube.request("GET", "/1", { paced: true }), kube.request("GET", "/2", { paced: true })];
  const exchange = await server.next();
  exchange.answer(200, {});
  const free = kube.request("GET", "/free");
  const between = await server.next();
  expect([exchange.path, between.path]).toEqual(["/1", "/free"]);
  between.answer(200, {});
  await free;
  const last = await passUntil(clock, server.next());
  expect(last.path).toBe("/2");
  expect(clock.now()).toBeGreaterThanOrEqual(1_000);
  last.answer(200, {});
  await Promise.all(paced);
});

test("beside many writes that are not paced, paced requests go at a tenth of their pace", async () => {
  const clock = new FakeClock();
  const server = await startApiServer();
  const kube = await server.connect({ clock, qps: 1, burst: 1 });
  const others: { readonly request: Promise<unknown>; readonly exchange: Exchange }[] = [];
  const begin = async (method: "PATCH" | "GET", path: string, paced: boolean) => {
    const body = method === "PATCH" ? {} : undefined;
    const request = kube.request(method, path, { body, paced, timeoutMs: 1_000_000_000 });
    const next = server.next();
    return { request, exchange: await (others.length < 9 ? next : passUntil(clock, next)) };
  };
  for (const method of ["GET", "GET", "GET", "GET", "PATCH", "PATCH", "PATCH"] as const) {
    others.push(await begin(method, "/other", false));
  }
  others.push(await begin("PATCH", "/paced", true));
  expect(clock.now()).toBe(0);
  others.push(await begin("PATCH", "/other", false));
  others.push(await begin("PATCH", "/paced", true));
  expect(clock.now()).toBeGreaterThanOrEqual(10_000);
  for (const { exchange } of others) exchange.answer(200, {});
  await Promise.all(others.map(({ request }) => request));
});

test("an urgent request does not queue behind any number of others", async () => {
  const server = await startApiServer();
  const kube = await server.connect();
  const stop = new AbortController();
  const others = Array.from({ length: 100 }, () => failureOf(kube.request("GET", "/slow", { signal: stop.signal })));
  const urgent = kube.request("GET", "/lease", { urgent: true });
  let seen = 0;
  let exchange = await server.next();
  for (; exchange.path !== "/lease"; exchange = await server.next()) seen += 1;
  exchange.answer(200, {});
  await urgent;
  expect(seen).toBeLessThan(50);
  stop.abort();
  await Promise.all(others);
});

test("lines of a stream come as they arrive, together if they came together", async () => {
  const server = await startApiServer();
  const kube = await server.connect();
  const stop = new AbortController();
  const opened = kube.stream("/watch", { signal: stop.signal, query: { watch: "true" } });
  const exchange = await server.next();
  exchange.send("one", "two");
  const lines = (await opened)[Symbol.asyncIterator]();
  expect(await lines.next()).toEqual({ done: false, value: ["one", "two"] });
  exchange.send("three");
  expect(await lines.next()).toEqual({ done: false, value: ["three"] });
  const next = lines.next();
  stop.abort("enough");
  await expect(next).rejects.toBe("enough");
  await exchange.closed;
});

test("a stream that begins with a refusal, or not at all, is a KubeError", async () => {
  const clock = new FakeClock();
  const server = await startApiServer();
  const kube = await server.connect({ clock });
  const { signal } = new AbortController();
  const refused = failureOf(kube.stream("/watch", { signal }));
  (await server.next()).answer(410, statusOf(410, "Expired"));
  expect(await refused).toMatchObject({ name: "KubeError", status: 410, reason: "Expired" });
  const silent = failureOf(kube.stream("/watch", { signal }));
  await server.next();
  expect(await passUntil(clock, silent)).toMatchObject({ status: 0, message: "GET /watch: no answer within 30 s" });
});

test("every connection is probed, so that a dead path is noticed", async () => {
  const probe = vi.spyOn(Socket.prototype, "setKeepAlive");
  onTestFinished(() => probe.mockRestore());
  const server = await startApiServer();
  const kube = await server.connect();
  const opened = kube.stream("/watch", { signal: new AbortController().signal });
  const exchange = await server.next();
  expect(probe).toHaveBeenCalledWith(true, 10_000);
  exchange.send("one");
  const lines = (await opened)[Symbol.asyncIterator]();
  await lines.next();
  const next = failureOf(lines.next());
  exchange.response.socket?.resetAndDestroy();
  expect(await next).toMatchObject({ status: 0, reason: "", message: "GET /watch: the connection broke" });
});

test("the descriptor of a connection is told before each request on it", async () => {
  const server = await startApiServer();
  const told: { fd: number; use: SocketUse }[] = [];
  const kube = await server.connect({ onSocket: (fd, use) => told.push({ fd, use }) });
  const answer = kube.request("PATCH", "/x", { body: { a: "ü" }, admit: () => told.length === 1 });
  (await server.next()).answer(200, {});
  await answer;
  await freeConnection();
  const next = kube.request("GET", "/x");
  (await server.next()).answer(200, {});
  await next;
  expect(told.map(({ use }) => use)).toEqual([
    { method: "PATCH", length: 10 },
    { method: "GET", length: 0 },
  ]);
  expect(fstatSync(told[0]?.fd ?? -1).isSocket()).toBe(true);
  expect(told[1]?.fd).toBe(told[0]?.fd);
});

test("a request that is not admitted when its turn has come is never sent", async () => {
  const server = await startApiServer();
  const kube = await server.connect();
  let isAdmitted = true;
  const admit = () => isAdmitted;
  // The first over a new connection, the second over the same one.
  for (const body of ["new", "reused"]) {
    const answer = kube.request("PATCH", "/x", { body: { body }, admit });
    const exchange = await server.next();
    exchange.answer(200, {});
    await answer;
    await freeConnection();
    expect(exchange.body).toEqual({ body });
  }
  // Sixteen connections are all there are: the rest waits for one of them.
  const held = Array.from({ length: 16 }, (_, index) => kube.request("PATCH", `/held${index}`, { body: {}, admit }));
  const exchanges = await Promise.all(held.map(() => server.next()));
  const waiting = failureOf(kube.request("PATCH", "/late", { body: {}, admit }));
  isAdmitted = false;
  for (const { answer } of exchanges) answer(200, {});
  await Promise.all(held);
  expect(await waiting).toMatchObject({ name: "KubeError", status: 0 });
  const after = kube.request("GET", "/after");
  const next = await server.next();
  next.answer(200, {});
  await after;
  expect(next.path).toBe("/after");
});
