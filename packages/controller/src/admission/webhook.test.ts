import { once } from "node:events";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { createServer } from "node:net";
import { connect } from "node:tls";
import type { Configuration } from "@heraldlb/config";
import type { Endpoint } from "@heraldlb/daemon";
import { Mailbox, systemClock } from "@heraldlb/runtime";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openAuthority } from "../certificates/authority.ts";
import { FakeSecret } from "../certificates/fake-secret.test.fixture.ts";
import { configurationOf, creation, NAMESPACE, peer, pool } from "./manifest.test.fixture.ts";
import { serveWebhook, type WebhookObserver } from "./webhook.ts";

const NAME = "herald-webhook.herald.svc";
const POOLS = "/validate-metallb-io-v1beta1-ipaddresspool";

let stop: AbortController;
let agent: Agent;
let running: Promise<void>[];
beforeEach(() => {
  stop = new AbortController();
  agent = new Agent({ keepAlive: true });
  running = [];
});
afterEach(async () => {
  stop.abort();
  agent.destroy();
  await Promise.all(running);
});

interface Answered {
  readonly status: number;
  readonly text: string;
}

interface Webhook {
  readonly endpoint: Endpoint;
  readonly ca: string;
  readonly log: ReturnType<typeof recordingLogger>;
  readonly answered: Parameters<WebhookObserver["answered"]>[0][];
  readonly denied: string[];
  post(path: string, body: unknown, options?: RequestOptions): Promise<Answered>;
}

async function newCertificates() {
  const dependencies = { store: new FakeSecret(), clock: systemClock, log: recordingLogger() };
  const authority = await openAuthority({ ...dependencies, wallClock: Date.now, random: Math.random }, stop.signal);
  return authority.serverCertificates([NAME], stop.signal);
}

async function start({
  configuration = () => configurationOf([pool("a", ["1.1.1.0/28"])]),
  certificates = undefined as
    | AsyncIterable<{ readonly cert: string; readonly key: string; readonly ca: string }>
    | undefined,
} = {}): Promise<Webhook> {
  const [log, answered, denied]: [Webhook["log"], Webhook["answered"], string[]] = [recordingLogger(), [], []];
  const listening = Promise.withResolvers<Endpoint>();
  const all = certificates ?? (await newCertificates());
  let ca = "";
  async function* noted() {
    for await (const each of all) {
      ca ||= each.ca;
      yield each;
    }
  }
  running.push(
    serveWebhook(
      {
        ...{
          listen: { host: "127.0.0.1", port: 0 },
          certificates: noted(),
          namespace: NAMESPACE,
          clock: systemClock,
          log,
        },
        ...{ random: Math.random, configuration: configuration as () => Configuration | undefined },
        onListening: listening.resolve,
        observer: {
          answered: (each) => answered.push(each),
          denied: (kind, reason) => denied.push(`${kind} ${reason}`),
        },
      },
      stop.signal,
    ),
  );
  const endpoint = await listening.promise;
  const post = (path: string, body: unknown, options: RequestOptions = {}) =>
    send({ endpoint, ca, path, body }, options);
  return { endpoint, ca, log, answered, denied, post };
}

async function send(
  {
    endpoint,
    ca,
    path,
    body,
  }: { readonly endpoint: Endpoint; readonly ca: string; readonly path: string; readonly body: unknown },
  options: RequestOptions,
): Promise<Answered> {
  const request = httpsRequest({ ...endpoint, ca, path, servername: NAME, method: "POST", agent, ...options });
  // A server need not read all before it answers.
  request.on("error", () => {});
  request.end(typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body));
  const [response] = await once(request, "response");
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { status: response.statusCode, text };
}

const review = (object = pool("b", ["2.2.2.0/24"])) => {
  const { group, kind, ...rest } = creation(object);
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: { ...rest, kind: { group, version: "v1beta1", kind } },
  };
};

describe("an API server that trusts the authority", () => {
  test("learns that an object is allowed", async () => {
    const { post, answered } = await start();
    const { status, text } = await post(`${POOLS}?timeout=10s`, review());
    expect([status, JSON.parse(text)]).toEqual([
      200,
      { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid: "u1", allowed: true } },
    ]);
    expect(answered).toEqual([{ path: POOLS, status: 200, seconds: expect.any(Number) }]);
  });

  test("learns why an object is denied", async () => {
    const { post, denied, log } = await start();
    const { text } = await post(POOLS, review(pool("b", ["1.1.1.0/24"])));
    expect(JSON.parse(text).response).toMatchObject({
      allowed: false,
      status: { code: 403, message: expect.stringContaining("overlaps with already defined CIDR") },
    });
    expect(denied).toEqual(["IPAddressPool overlap"]);
    expect(log.entries.map(({ message }) => message)).toContain("object denied");
  });

  test("gets peers in another version", async () => {
    const { post } = await start();
    const request = { uid: "u2", desiredAPIVersion: "metallb.io/v1beta1", objects: [peer("p", "10.0.0.1")] };
    const { text } = await post("/convert", {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "ConversionReview",
      request,
    });
    expect(JSON.parse(text).response).toMatchObject({
      uid: "u2",
      convertedObjects: [{ apiVersion: "metallb.io/v1beta1" }],
    });
  });

  test("is told to do as its failurePolicy says while nothing is known", async () => {
    const { post } = await start({ configuration: () => undefined as unknown as Configuration });
    expect((await post(POOLS, review())).status).toBe(503);
  });

  test("asks again on the same connection", async () => {
    const { post } = await start();
    await post(POOLS, review());
    await post(POOLS, review());
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
  });
});

describe("what is no question is refused", () => {
  const deep = `${'{"x":'.repeat(100_000)}1${"}".repeat(100_000)}`;
  const deepPeer = `{"apiVersion":"metallb.io/v1beta1","kind":"BGPPeer","metadata":{},"spec":${deep}}`;
  const conversion = (objects: string) =>
    `{"apiVersion":"apiextensions.k8s.io/v1","kind":"ConversionReview","request":{"uid":"u","desiredAPIVersion":"metallb.io/v1beta2","objects":[${objects}]}}`;

  test.each<readonly [string, string, unknown, RequestOptions, number]>([
    ["another path", "/", review(), {}, 404],
    ["a path nearly right", `${POOLS}/`, review(), {}, 404],
    ["a GET", POOLS, "", { method: "GET" }, 405],
    ["nothing", POOLS, "", {}, 400],
    ["no JSON", POOLS, "{", {}, 400],
    ["no text", POOLS, new Uint8Array(1000).fill(0xff), {}, 400],
    ["null", POOLS, null, {}, 400],
    ["a list", "/convert", [], {}, 400],
    ["an older review", POOLS, { ...review(), apiVersion: "admission.k8s.io/v1beta1" }, {}, 400],
    ["a review of another kind", "/convert", review(), {}, 400],
    ["a review without a request", POOLS, { ...review(), request: null }, {}, 400],
    ["a kind that is none", POOLS, { ...review(), request: { ...review().request, kind: 7 } }, {}, 400],
    ["a namespace that is none", POOLS, { ...review(), request: { ...review().request, namespace: {} } }, {}, 400],
    ["a deep peer", "/convert", conversion(deepPeer), {}, 400],
    ["a body that is too long", POOLS, "x".repeat(5_000_000), {}, 413],
    [
      "a body that is too long and does not say so",
      POOLS,
      "x".repeat(5_000_000),
      { headers: { "Transfer-Encoding": "chunked" } },
      413,
    ],
  ])("%s", async (_, path, body, options, status) => {
    const { post } = await start();
    expect((await post(path, body, options)).status).toBe(status);
    // And it goes on.
    expect((await post(POOLS, review())).status).toBe(200);
  });

  test("a deep object is denied", async () => {
    const { post } = await start();
    const text = JSON.stringify(review(pool("b", ["deep"]))).replace('["deep"]', deep);
    const answer = await post(POOLS, text);
    expect(JSON.parse(answer.text).response).toMatchObject({ allowed: false });
  });

  test("somebody who hangs up is no failure", async () => {
    const { endpoint, ca, post, log } = await start();
    const socket = connect({ ...endpoint, ca, servername: NAME });
    await once(socket, "secureConnect");
    socket.write(`POST ${POOLS} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{`);
    await post(POOLS, review());
    socket.destroy();
    await once(socket, "close");
    await post(POOLS, review());
    expect(log.entries.filter(({ level }) => level === "error")).toEqual([]);
  });
});

describe("the connection", () => {
  test("is TLS 1.3 or none", async () => {
    const { endpoint, ca } = await start();
    const socket = connect({ ...endpoint, ca, servername: NAME, maxVersion: "TLSv1.2" });
    await expect(once(socket, "secureConnect")).rejects.toThrow();
    const modern = connect({ ...endpoint, ca, servername: NAME });
    await once(modern, "secureConnect");
    expect(modern.getProtocol()).toBe("TLSv1.3");
    modern.destroy();
  });

  test("takes up a new certificate, and keeps those that are open", async () => {
    const later = new Mailbox<{ cert: string; key: string; ca: string }>();
    const [first, second] = await Promise.all([newCertificates(), newCertificates()]);
    const [one, two] = [(await first.next()).value, (await second.next()).value];
    if (!one || !two) throw new Error("no certificates");
    later.put(one);
    const { post } = await start({ certificates: later.take(stop.signal) });
    expect((await post(POOLS, review())).status).toBe(200);
    later.put(two);
    const anew = { agent: new Agent(), ca: two.ca };
    await expect
      .poll(() =>
        post(POOLS, review(), anew).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
    expect((await post(POOLS, review())).status).toBe(200);
  });
});

test("a port that is taken is reported and had later", async () => {
  const clock = new FakeClock();
  const log = recordingLogger();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { readonly port: number };
  const listening = Promise.withResolvers<Endpoint>();
  running.push(
    serveWebhook(
      {
        ...{
          listen: { host: "127.0.0.1", port },
          certificates: await newCertificates(),
          namespace: NAMESPACE,
          clock,
          log,
        },
        ...{ random: () => 0, configuration: () => undefined, onListening: listening.resolve },
        observer: { answered: () => {}, denied: () => {} },
      },
      stop.signal,
    ),
  );
  await expect.poll(() => log.entries.filter(({ level }) => level === "warn").length).toBe(1);
  other.close();
  await once(other, "close");
  await clock.advance(500);
  expect(await listening.promise).toEqual({ host: "127.0.0.1", port });
});

test("it ends when it is told to, and answers who has asked", async () => {
  const { post } = await start({
    configuration: () => {
      stop.abort();
      return configurationOf([]);
    },
  });
  expect((await post(POOLS, review())).status).toBe(200);
  await Promise.all(running);
});
