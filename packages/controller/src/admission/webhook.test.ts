import { once } from "node:events";
import { Agent, type RequestOptions } from "node:https";
import { type AddressInfo, connect as connectTcp, createServer } from "node:net";
import { connect } from "node:tls";
import type { Configuration } from "@heraldlb/config";
import { Mailbox } from "@heraldlb/runtime";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { configurationOf, type Manifest, peer, pool } from "./manifest.test.fixture.ts";
import {
  type Answered,
  type Certificate,
  NAME,
  newCertificate,
  POOLS,
  review,
  startWebhook,
  type Webhook,
} from "./webhook.test.fixture.ts";

describe("an API server that trusts the authority", () => {
  test("learns that an object is allowed", async () => {
    const { post, answered } = await startWebhook();
    const { status, text } = await post(`${POOLS}?timeout=10s`, review());
    expect([status, JSON.parse(text)]).toEqual([
      200,
      { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid: "u1", allowed: true } },
    ]);
    expect(answered).toEqual([{ path: POOLS, status: 200, seconds: expect.any(Number) }]);
  });

  test("learns why an object is denied", async () => {
    const { post, denied, log } = await startWebhook();
    const { text } = await post(POOLS, review(pool("b", ["1.1.1.0/24"])));
    expect(JSON.parse(text).response).toMatchObject({
      allowed: false,
      status: { code: 403, message: expect.stringContaining("overlaps with already defined CIDR") },
    });
    expect(denied).toEqual(["IPAddressPool overlap"]);
    expect(log.entries.map(({ message }) => message)).toContain("object denied");
  });

  test("gets peers in another version", async () => {
    const { post } = await startWebhook();
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
    const { post } = await startWebhook({ configuration: () => undefined });
    expect((await post(POOLS, review())).status).toBe(503);
  });

  test("asks again on the same connection", async () => {
    const { post, agent } = await startWebhook();
    await post(POOLS, review());
    await post(POOLS, review());
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
  });
});

describe("what the API server has stored but not told yet", () => {
  const first = pool("b", ["2.2.2.0/24"]);
  const second = pool("c", ["2.2.2.0/28"]);
  const isAllowed = ({ text }: Answered): unknown => JSON.parse(text).response.allowed;

  /** Asks about the second one, which has to wait, and for so long. */
  async function askAgainst(present: readonly Manifest[], { post }: Webhook, known: Known): Promise<unknown> {
    const asked = post(POOLS, review(second));
    await expect.poll(() => known.clock.pending).toBe(1);
    known.configuration = configurationOf(present);
    await known.clock.advance(200);
    return isAllowed(await asked);
  }

  interface Known {
    configuration: Configuration;
    readonly clock: FakeClock;
  }

  async function startKnowing(present: readonly Manifest[]): Promise<readonly [Webhook, Known]> {
    const known: Known = { configuration: configurationOf(present), clock: new FakeClock() };
    return [await startWebhook({ clock: known.clock, configuration: () => known.configuration }), known];
  }

  test("counts: of two that contradict each other the second is denied", async () => {
    const [webhook, known] = await startKnowing([]);
    expect(isAllowed(await webhook.post(POOLS, review(first)))).toBe(true);
    expect(await askAgainst([first], webhook, known)).toBe(false);
  });

  test("does not count if it never comes", async () => {
    const [webhook, known] = await startKnowing([]);
    expect(isAllowed(await webhook.post(POOLS, review(first)))).toBe(true);
    expect(await askAgainst([], webhook, known)).toBe(true);
  });

  test("does not count if it was a dry run, or long ago", async () => {
    const [{ post }, { clock }] = await startKnowing([]);
    await post(POOLS, review(first, { dryRun: true }));
    expect(isAllowed(await post(POOLS, review(second, { dryRun: true })))).toBe(true);
    await post(POOLS, review(first));
    await clock.advance(1000);
    expect(isAllowed(await post(POOLS, review(second)))).toBe(true);
  });

  test("does not stand against anything if it is gone by now", async () => {
    const [webhook, known] = await startKnowing([first]);
    expect(await askAgainst([], webhook, known)).toBe(true);
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
    const { post } = await startWebhook();
    expect((await post(path, body, options)).status).toBe(status);
    // And it goes on.
    expect((await post(POOLS, review())).status).toBe(200);
  });

  test("a deep object is denied", async () => {
    const { post } = await startWebhook();
    const text = JSON.stringify(review(pool("b", ["deep"]))).replace('["deep"]', deep);
    const answer = await post(POOLS, text);
    expect(JSON.parse(answer.text).response).toMatchObject({ allowed: false });
  });

  test("somebody who hangs up is no failure", async () => {
    const { endpoint, ca, post, log } = await startWebhook();
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
    const { endpoint, ca } = await startWebhook();
    const socket = connect({ ...endpoint, ca, servername: NAME, maxVersion: "TLSv1.2" });
    await expect(once(socket, "secureConnect")).rejects.toThrow();
    const modern = connect({ ...endpoint, ca, servername: NAME });
    await once(modern, "secureConnect");
    expect(modern.getProtocol()).toBe("TLSv1.3");
    modern.destroy();
  });

  test("takes up a new certificate, and keeps those that are open", async () => {
    const [one, two] = await Promise.all([newCertificate(), newCertificate()]);
    const [certificates, stop] = [new Mailbox<Certificate>(), new AbortController()];
    certificates.put(one);
    const { post } = await startWebhook({ certificate: one, certificates: certificates.take(stop.signal) });
    onTestFinished(() => stop.abort());
    expect((await post(POOLS, review())).status).toBe(200);
    certificates.put(two);
    const anew = { agent: new Agent(), ca: two.ca };
    const status = () =>
      post(POOLS, review(), anew)
        .then(({ status }) => status)
        .catch(() => 0);
    await expect.poll(status).toBe(200);
    expect((await post(POOLS, review())).status).toBe(200);
  });
});

test("a port that is taken is reported and had later", async () => {
  const [clock, log] = [new FakeClock(), recordingLogger()];
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const starting = startWebhook({ listen: { host: "127.0.0.1", port }, clock, log });
  await expect.poll(() => log.entries.filter(({ level }) => level === "warn").length).toBe(1);
  other.close();
  await once(other, "close");
  await clock.advance(500);
  expect((await starting).endpoint).toEqual({ host: "127.0.0.1", port });
});

test("it ends when it is told to, and answers who has asked", async () => {
  const webhook: Webhook = await startWebhook({
    configuration: () => {
      webhook.stop();
      return configurationOf([]);
    },
  });
  expect((await webhook.post(POOLS, review())).status).toBe(200);
  await webhook.running;
});

test("nobody who has connected and says nothing keeps it from ending", { timeout: 5_000 }, async () => {
  const clock = new FakeClock();
  const webhook = await startWebhook({ clock });
  const silent = connectTcp(webhook.endpoint.port, webhook.endpoint.host).on("error", () => {});
  await once(silent, "connect");
  webhook.stop();
  await expect.poll(() => clock.pending).toBe(1);
  await clock.advance(2_000);
  await webhook.running;
});
