import { generateKeyPairSync, X509Certificate } from "node:crypto";
import {
  type ClientTls,
  type ConnectResponse,
  connectSpeaker,
  encodeResponse,
  type SpeakerStream,
  serveSpeakers,
  type TlsMaterial,
} from "@heraldlb/api";
import type { TokenReview } from "@heraldlb/kube";
import { silentLogger, systemClock } from "@heraldlb/runtime";
import { FakeClock } from "@heraldlb/runtime/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openAuthority } from "../certificates/authority.ts";
import { FakeSecret } from "../certificates/fake-secret.test.fixture.ts";
import { Authenticator } from "./authenticator.ts";
import { credentialRequest } from "./credential-messages.ts";
import { StreamCredentials } from "./stream-credentials.ts";
import { TokenReviewer } from "./token-reviewer.ts";
import { ACCOUNT, recordingObserver, review } from "./tokens.test.fixture.ts";

const SERVER_NAME = "herald-controller.herald.svc";
const DAY_MS = 86_400_000;
const REVIEWS: Readonly<Record<string, TokenReview>> = {
  good: review(),
  audience: review({ authenticated: false, error: "invalid for the target audiences" }),
  node: review({ extra: { "authentication.kubernetes.io/node-name": ["node-b"] } }),
  account: review({ username: "system:serviceaccount:herald:default" }),
  expired: review({ authenticated: false, error: "token has expired" }),
};

let stop: AbortController;
let closed: Promise<void>;
let controller: Awaited<ReturnType<typeof startController>>;

beforeEach(async () => {
  stop = new AbortController();
  controller = await startController();
});

afterEach(async () => {
  stop.abort();
  await closed;
});

type Authority = Awaited<ReturnType<typeof newAuthority>>;

/** An authority; the one that is in the Secret, `agoMs` ago. */
const newAuthority = (store = new FakeSecret(), agoMs = 0) => {
  const wallClock = () => Date.now() - agoMs;
  const dependencies = { store, log: silentLogger, clock: new FakeClock(), random: () => 0, wallClock };
  return openAuthority(dependencies, stop.signal);
};

/** A controller with an authority of its own and an API server that can be away: a stream's first message is its Hello. */
async function startController() {
  const secret = new FakeSecret();
  const authority = await newAuthority(secret);
  const observer = recordingObserver();
  const api = { isAway: false };
  const tokens = new TokenReviewer({
    ...{ clock: new FakeClock(), audience: "herald", account: ACCOUNT },
    review: async (token) => {
      if (api.isAway) throw new Error("connect ECONNREFUSED");
      return REVIEWS[token] ?? review({ authenticated: false });
    },
  });
  const authenticator = new Authenticator({ nodeExists: (node) => node === "node-a", tokens, observer });
  const credentials = new StreamCredentials({
    ...{ log: silentLogger, observer, authenticator, metrics: undefined },
    sign: async (publicKey, node) => ({
      certificate: await authority.signClient(publicKey, node),
      authorities: authority.bundle,
    }),
  });
  const handle = async ({ peer, requests, send }: SpeakerStream) => {
    let node: string | undefined;
    for await (const request of requests) {
      const credential = credentialRequest(request);
      if (request.message?.$case === "hello") {
        await authenticator.check(peer, request.message.value.node);
        node = request.message.value.node;
      } else if (credential && node) await credentials.hear(credential, { peer, send, node });
      send(encodeResponse({ message: { $case: "drained", value: {} } }));
    }
  };
  const server = await serveSpeakers(
    {
      ...{ address: "127.0.0.1", port: 0, clock: systemClock, clientCertificates: "optional" },
      security: await materialOf(authority),
    },
    handle,
    stop.signal,
  );
  closed = server.closed;
  return { authority, secret, server, api, counted: observer.counted };
}

async function materialOf(authority: Authority): Promise<TlsMaterial> {
  for await (const material of authority.serverCertificates([SERVER_NAME], stop.signal)) return material;
  throw new Error("no certificate");
}

/** Dials as the node, and says Hello. */
async function dial(security: Partial<ClientTls>) {
  const stream = await connectSpeaker(
    {
      ...{ address: "127.0.0.1", port: controller.server.port, serverName: SERVER_NAME, clock: systemClock },
      ...{ connectTimeoutMs: 5_000, setupTimeoutMs: 5_000 },
      security: { ca: controller.authority.bundle, ...security },
    },
    stop.signal,
  );
  const messages = stream.messages[Symbol.asyncIterator]();
  const read = async (): Promise<ConnectResponse["message"]> => {
    const { done, value } = await messages.next();
    if (done) throw new Error("the stream has ended");
    return value.message;
  };
  const hello = { node: "node-a", instance: "i", bootId: "b", startedAtMs: 1n, maxTerm: 0n, termHolder: "" };
  const nothing = { holdingsRevision: 0n, holdings: [], links: [], appliedRevision: 0n, revisionHolder: "", stamp: 0n };
  stream.send({ message: { $case: "hello", value: { ...hello, ...nothing } } });
  return { stream, read };
}

/** A key, and a certificate of an authority for it. */
async function certificateOf(authority: Authority, node: string) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { cert: await authority.signClient(publicKey.export({ type: "spki", format: "der" }), node), key };
}

describe("by TLS, what a speaker is told of", () => {
  test.each<[what: string, security: Partial<ClientTls>, code: string, message: string, reason: string]>([
    ["no token", {}, "unauthenticated", "there is neither a certificate nor a token", "noToken"],
    ["a wrong audience", { token: "audience" }, "unauthenticated", "the token is not for herald", "wrongAudience"],
    ["a wrong node", { token: "node" }, "permissionDenied", "the token is that of node node-b", "wrongNode"],
    ["a wrong account", { token: "account" }, "permissionDenied", "the token is that of system:", "wrongAccount"],
    ["an expired token", { token: "expired" }, "unauthenticated", "the token is not valid", "notAuthenticated"],
  ])("%s", async (_what, security, code, message, reason) => {
    const { read } = await dial(security);
    await expect(read()).rejects.toMatchObject({
      name: "StreamError",
      code,
      message: expect.stringContaining(message),
    });
    expect(controller.counted).toEqual([`refused ${reason}`]);
  });

  test("another node's certificate", async () => {
    const { read } = await dial(await certificateOf(controller.authority, "node-b"));
    await expect(read()).rejects.toMatchObject({
      code: "permissionDenied",
      message: expect.stringContaining("node-b"),
    });
  });

  test.each([
    ["a certificate of a foreign authority", () => newAuthority()],
    ["an expired certificate", () => newAuthority(controller.secret, 2 * DAY_MS)],
  ])("%s, whatever the token", async (_what, authority) => {
    const certificate = await certificateOf(await authority(), "node-a");
    await expect(dial({ ...certificate, token: "good" })).rejects.toMatchObject({
      code: "tls",
      message: expect.stringContaining("does not accept the certificate that this process shows"),
    });
    expect(controller.counted).toEqual([]);
  });

  test("a foreign authority of the controller", async () => {
    const { bundle } = await newAuthority();
    await expect(dial({ ca: bundle, token: "good" })).rejects.toMatchObject({
      code: "tls",
      message: expect.stringContaining("the certificate of 127.0.0.1 port"),
    });
  });

  test("an API server that is away", async () => {
    controller.api.isAway = true;
    const { read } = await dial({ token: "good" });
    await expect(read()).rejects.toMatchObject({ code: "unavailable" });
    expect(controller.counted).toEqual(["refused unavailable"]);
  });
});

test("a certificate that a stream with a token asks for lets the node in while the API server is away", async () => {
  const { stream, read } = await dial({ token: "good" });
  await read();
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = publicKey.export({ type: "spki", format: "der" });
  stream.send({ message: { $case: "certificateRequest", value: { publicKey: der } } });
  const message = await read();
  if (message?.$case !== "certificate") expect.fail("no certificate");
  const { certificate: cert, authorities } = message.value;
  expect(authorities).toBe(controller.authority.bundle);
  expect(new X509Certificate(cert).checkHost("node-a")).toBe("node-a");

  controller.api.isAway = true;
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const again = await dial({ cert, key, token: "other" });
  await again.read();
  expect(controller.counted).toEqual(["accepted token", "certificate issued", "accepted certificate"]);
});

test("a live stream outlives its token, its renewal that fails, and the server's certificate", async () => {
  const { stream, read } = await dial({ token: "good" });
  await read();
  controller.server.setTls(await materialOf(controller.authority));
  for (const isAway of [false, true]) {
    controller.api.isAway = isAway;
    stream.send({ message: { $case: "tokenRenewal", value: { token: `expired ${isAway}` } } });
    await read();
  }
  stream.send({ message: { $case: "drain", value: {} } });
  await read();
  expect(controller.counted).toEqual(["accepted token", "renewed notAuthenticated", "renewed unavailable"]);
});
