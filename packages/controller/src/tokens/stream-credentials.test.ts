import type { Encoded } from "@heraldlb/api";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { Authenticator } from "./authenticator.ts";
import { credentialRequest } from "./credential-messages.ts";
import { countingCredentials } from "./credential-metrics.ts";
import { MetricsReviewer } from "./metrics-reviewer.ts";
import { StreamCredentials, type StreamCredentialsOptions } from "./stream-credentials.ts";
import { TokenReviewer } from "./token-reviewer.ts";
import { ACCOUNT, decode, recordingObserver, review } from "./tokens.test.fixture.ts";

const KEY = Uint8Array.of(1, 2, 3);

function start(options: Partial<StreamCredentialsOptions> = {}) {
  const clock = new FakeClock();
  const log = recordingLogger();
  const observer = recordingObserver();
  const answer = async (token: string) => {
    if (token === "away") throw new Error("connect ECONNREFUSED");
    return review({ authenticated: token !== "expired" });
  };
  const tokens = new TokenReviewer({ clock, audience: "herald", account: ACCOUNT, review: answer });
  const credentials = new StreamCredentials({
    ...{ log, observer },
    authenticator: new Authenticator({ nodeExists: () => true, tokens, observer }),
    metrics: new MetricsReviewer({ clock, review: answer, mayGet: async () => true }),
    sign: async (publicKey, node) => {
      if (publicKey.length !== KEY.length) throw new Error("no such key");
      return { certificate: `certificate of ${node}`, authorities: "authorities" };
    },
    ...options,
  });
  const said: unknown[] = [];
  const stream = {
    node: "node-a",
    peer: { address: "192.0.2.1", port: 40_000, certificateNames: ["node-a"], token: "first" },
    send: (message: Encoded) => void said.push(decode(message)),
  };
  return { credentials, log, observer, said, stream };
}

test.each([
  ["token", "accepted", []],
  ["expired", "notAuthenticated", ["renewed token not accepted"]],
  ["away", "unavailable", ["renewed token not accepted"]],
])("a renewed token (%s) is reviewed and counted, and nothing comes of it", async (token, outcome, logged) => {
  const { credentials, observer, log, said, stream } = start();
  await credentials.hear({ type: "tokenRenewal", token }, stream);
  expect(observer.counted).toEqual([`renewed ${outcome}`]);
  expect(log.entries.map(({ message }) => message)).toEqual(logged);
  expect(said).toEqual([]);
});

test("a renewed token of another node is told in the log, without the token", async () => {
  const { credentials, log, observer, stream } = start();
  await credentials.hear({ type: "tokenRenewal", token: "secret" }, { ...stream, node: "node-b" });
  expect(observer.counted).toEqual(["renewed wrongNode"]);
  expect(log.entries).toMatchObject([{ fields: { node: "node-b", reason: "wrongNode" } }]);
  expect(JSON.stringify(log.entries)).not.toContain("secret");
});

test("a certificate is for the node that the stream has proved to be of", async () => {
  const { credentials, observer, said, stream } = start();
  await credentials.hear({ type: "certificateRequest", publicKey: KEY }, stream);
  expect(said).toEqual([
    { $case: "certificate", value: { certificate: "certificate of node-a", authorities: "authorities" } },
  ]);
  expect(observer.counted).toEqual(["certificate issued"]);
});

test("no certificate is issued for what is no key, or to a stream that may be anybody's", async () => {
  const { credentials, observer, log, said, stream } = start();
  await credentials.hear({ type: "certificateRequest", publicKey: new Uint8Array(99) }, stream);
  const anybody = { ...stream, peer: { ...stream.peer, certificateNames: undefined } };
  await credentials.hear({ type: "certificateRequest", publicKey: KEY }, anybody);
  expect(said).toEqual([]);
  expect(observer.counted).toEqual(["certificate refused", "certificate refused"]);
  expect(log.entries).toMatchObject([
    { fields: { reason: "Error: no such key" } },
    { fields: { reason: "Error: without TLS a stream may be anybody's" } },
  ]);
});

test.each([
  ["none", undefined, []],
  ["one that has expired", "expired", ["renewed notAuthenticated"]],
  ["one that nobody can review now", "away", ["renewed unavailable"]],
])(
  "a certificate gets no other one without a token (%s), and the stream's newest counts",
  async (_what, token, counted) => {
    const { credentials, observer, said, stream } = start();
    if (token) await credentials.hear({ type: "tokenRenewal", token }, stream);
    const peer = token ? stream.peer : { ...stream.peer, token: undefined };
    await credentials.hear({ type: "certificateRequest", publicKey: KEY }, { ...stream, peer });
    expect(said).toEqual([]);
    expect(observer.counted).toEqual([...counted, "certificate refused"]);
    await credentials.hear({ type: "tokenRenewal", token: "good" }, { ...stream, peer });
    await credentials.hear({ type: "certificateRequest", publicKey: KEY }, { ...stream, peer });
    expect(said).toHaveLength(1);
  },
);

test("without an authority a request for a certificate is not answered", async () => {
  const { credentials, observer, said, stream } = start({ sign: undefined });
  await credentials.hear({ type: "certificateRequest", publicKey: KEY }, stream);
  expect([said, observer.counted]).toEqual([[], []]);
});

test.each([
  ["token", { allowed: true, reason: "" }],
  ["expired", { allowed: false, reason: "unauthenticated" }],
  ["away", { allowed: false, reason: "unavailable" }],
])("a question about a reader of metrics (%s) is answered by its number", async (token, answer) => {
  const { credentials, said, stream } = start();
  await credentials.hear({ type: "metricsReview", id: 7n, token }, stream);
  expect(said).toEqual([{ $case: "metricsReviewed", value: { id: 7n, ...answer } }]);
});

test("where nobody can be asked about readers of metrics, nobody may read", async () => {
  const { credentials, said, stream } = start({ metrics: undefined });
  await credentials.hear({ type: "metricsReview", id: 1n, token: "token" }, stream);
  expect(said).toMatchObject([{ value: { allowed: false, reason: "unavailable" } }]);
});

test("messages about credentials are told apart from all others", () => {
  expect(credentialRequest({ message: { $case: "tokenRenewal", value: { token: "t" } } })).toEqual({
    type: "tokenRenewal",
    token: "t",
  });
  expect(credentialRequest({ message: { $case: "certificateRequest", value: { publicKey: KEY } } })).toEqual({
    type: "certificateRequest",
    publicKey: KEY,
  });
  expect(credentialRequest({ message: { $case: "metricsReview", value: { id: 1n, token: "t" } } })).toEqual({
    type: "metricsReview",
    id: 1n,
    token: "t",
  });
  expect(credentialRequest({ message: { $case: "drain", value: {} } })).toBeUndefined();
  expect(credentialRequest({ message: undefined })).toBeUndefined();
});

test("what becomes of credentials is counted in the registry", async () => {
  const registry = new Registry();
  const observer = countingCredentials(registry);
  observer.onAccepted("token");
  observer.onRefused("wrongNode");
  observer.onRenewed("accepted");
  observer.onCertificate("issued");
  const lines = (await registry.metrics()).split("\n").filter((line) => line.endsWith(" 1"));
  expect(lines).toEqual([
    'herald_streams_authenticated_total{proof="token"} 1',
    'herald_streams_refused_total{reason="wrongNode"} 1',
    'herald_token_renewals_total{outcome="accepted"} 1',
    'herald_speaker_certificates_total{outcome="issued"} 1',
  ]);
});
