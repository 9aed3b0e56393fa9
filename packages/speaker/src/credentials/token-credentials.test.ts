import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ConnectRequest,
  type ConnectResponse,
  type ControllerStream,
  connectSpeaker,
  encodeResponse,
  type Peer,
  Role,
  type SpeakerServer,
  type SpeakerStream,
  StreamError,
  serveSpeakers,
} from "@heraldlb/api";
import type { MetricsVerdict } from "@heraldlb/daemon";
import { systemClock } from "@heraldlb/runtime";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Authority, createAuthority } from "./authority.test.fixture.ts";
import { TokenCredentials } from "./token-credentials.ts";

const SERVER_NAME = "controller.example";

let folder: string;
let authority: Authority;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "herald-token-"));
  authority = await createAuthority();
  writeFileSync(file("ca"), authority.ca);
  writeFileSync(file("token"), "first");
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  rmSync(folder, { recursive: true, force: true });
});

const file = (name: string) => join(folder, name);

/** A controller that lets in node-a by certificate, and by a token unless that is "bad", and certifies what it is asked. */
async function serveController(own: Authority = authority) {
  const peers: Peer[] = [];
  const heard: ConnectRequest["message"][] = [];
  const stop = new AbortController();
  const trouble = { isSilent: false };
  const reply = { role: Role.LEADER, term: 1n, holder: "c", firm: true, intervalMs: 100, detectionMs: 300, echo: 0n };
  const handle = async ({ peer, requests, send }: SpeakerStream) => {
    peers.push(peer);
    for await (const { message } of requests) {
      heard.push(message);
      const isLetIn = peer.certificateNames?.includes("node-a") || peer.token !== "bad";
      if (!isLetIn) throw new StreamError("unauthenticated", "the token is bad");
      if (message?.$case === "drain") send(encodeResponse({ message: { $case: "reply", value: reply } }));
      if (message?.$case === "certificateRequest") {
        const certificate = await own.sign(message.value.publicKey, "node-a");
        send(encodeResponse({ message: { $case: "certificate", value: { certificate, authorities: own.ca } } }));
      }
      if (message?.$case === "metricsReview" && !trouble.isSilent) {
        const value = { id: message.value.id, allowed: true, reason: "" };
        send(encodeResponse({ message: { $case: "metricsReviewed", value } }));
      }
    }
  };
  const server: SpeakerServer = await serveSpeakers(
    {
      ...{ address: "127.0.0.1", port: 0, clock: systemClock, clientCertificates: "optional" },
      security: await own.issue(SERVER_NAME),
    },
    handle,
    stop.signal,
  );
  cleanups.push(() => {
    stop.abort();
    return server.closed;
  });
  return { server, peers, heard, trouble };
}

function start(files = new Map<string, string>()) {
  const clock = new FakeClock();
  const log = recordingLogger();
  const streams = new Map<number, ControllerStream>();
  const certified: string[] = [];
  let review = (_token: string): Promise<MetricsVerdict> => expect.fail("not protected");
  const credentials = new TokenCredentials({
    ...{ node: "node-a", files: { token: file("token"), ca: file("ca") } },
    ...{ clock, wallClock: Date.now, log, connect: connectSpeaker },
    folder: {
      read: (name) => (files.has(name) ? new TextEncoder().encode(files.get(name)) : undefined),
      ignore: (name) => expect.fail(name),
      write: (name, content) => void files.set(name, String(content())),
    },
    metrics: {
      certify: ({ cert }) => void certified.push(cert),
      protect: (reviewer) => {
        review = (token) => reviewer(token, new AbortController().signal);
      },
    },
    send: (dial, request) => {
      streams.get(dial)?.send(request);
      return streams.has(dial);
    },
  });
  cleanups.push(() => credentials[Symbol.dispose]());

  /** Dials and says something, which a controller that has let it in answers. */
  const dial = async (id: number, { port }: { readonly port: number }) => {
    const limits = { connectTimeoutMs: 5_000, setupTimeoutMs: 5_000 };
    const where = { address: "127.0.0.1", port, serverName: SERVER_NAME };
    const stream = await credentials.connect({ ...where, ...limits, clock: systemClock }, new AbortController().signal);
    streams.set(id, stream);
    cleanups.push(() => stream.close());
    const messages = stream.messages[Symbol.asyncIterator]();
    /** Reads up to a message of this kind. */
    const read = async (kind: NonNullable<ConnectResponse["message"]>["$case"]) => {
      for (;;) {
        const { done, value } = await messages.next();
        if (done) throw new Error("the stream has ended");
        credentials.received(id, value);
        if (value.message?.$case === kind) return;
      }
    };
    stream.send({ message: { $case: "drain", value: {} } });
    return { stream, read };
  };
  return { clock, log, credentials, dial, certified, files, review: (token: string) => review(token) };
}

test("the first stream has the token, and brings a certificate, with which the next one is dialled", async () => {
  const { server, peers } = await serveController();
  const { dial, certified, files } = start();
  const first = await dial(1, server);
  await first.read("reply");
  await first.read("certificate");
  expect(certified).toEqual([files.get("client.crt")]);
  const second = await dial(2, server);
  await second.read("reply");
  expect(peers).toMatchObject([
    { certificateNames: [], token: "first" },
    { certificateNames: ["node-a"], token: "first" },
  ]);
});

test("a restarted speaker dials with the certificate that was kept, also where its token counts no more", async () => {
  const { server, peers } = await serveController();
  const former = start();
  const stream = await former.dial(1, server);
  await stream.read("reply");
  await stream.read("certificate");
  writeFileSync(file("token"), "bad");
  const { dial } = start(former.files);
  await (await dial(1, server)).read("reply");
  expect(peers.at(-1)).toMatchObject({ certificateNames: ["node-a"], token: "bad" });
});

test("a certificate that a controller does not accept is replaced by means of the token", async () => {
  const former = start();
  const stream = await former.dial(1, (await serveController()).server);
  await stream.read("reply");
  await stream.read("certificate");
  const kept = former.files.get("client.crt");

  const other = await createAuthority();
  writeFileSync(file("ca"), other.ca);
  const { server, peers } = await serveController(other);
  const { dial, files } = start(former.files);
  await expect(dial(1, server)).rejects.toMatchObject({ name: "DialError", code: "tls" });
  const again = await dial(2, server);
  await again.read("reply");
  await again.read("certificate");
  expect(files.get("client.crt")).not.toBe(kept);
  await (await dial(3, server)).read("reply");
  expect(peers.map(({ certificateNames }) => certificateNames)).toEqual([[], ["node-a"]]);
});

test("a refusal is told in the controller's words, and the next dial has the token that is there then", async () => {
  const { server, peers } = await serveController();
  writeFileSync(file("token"), "bad");
  const { dial } = start();
  const refused = await dial(1, server);
  await expect(refused.read("reply")).rejects.toMatchObject({ code: "unauthenticated", message: "the token is bad" });
  writeFileSync(file("token"), "second");
  await (await dial(2, server)).read("reply");
  expect(peers.map(({ token }) => token)).toEqual(["bad", "second"]);
});

test("a new token is told on live streams, and does not end them", async () => {
  const { server, heard } = await serveController();
  const { clock, dial } = start();
  const streams = [await dial(1, server), await dial(2, server)];
  for (const { read } of streams) await read("reply");
  await streams[0]?.read("certificate");
  await clock.advance(5_000);
  writeFileSync(file("token"), "bad");
  await clock.advance(5_000);
  for (const { stream, read } of streams) {
    stream.send({ message: { $case: "drain", value: {} } });
    await read("reply");
  }
  const renewals = heard.filter((message) => message?.$case === "tokenRenewal");
  expect(renewals.map((message) => message?.value)).toEqual([{ token: "bad" }, { token: "bad" }]);
});

test("a controller that nobody vouches for gets neither token nor certificate", async () => {
  const { server, peers } = await serveController(await createAuthority());
  const { dial } = start();
  await expect(dial(1, server)).rejects.toMatchObject({ code: "tls" });
  expect(peers).toEqual([]);
});

test("another authority's controller is accepted once the file says so", async () => {
  const other = await createAuthority();
  const { server } = await serveController(other);
  const { dial } = start();
  await expect(dial(1, server)).rejects.toMatchObject({ code: "tls" });
  writeFileSync(file("ca"), `${authority.ca}\n${other.ca}`);
  await (await dial(2, server)).read("reply");
});

test("who may read metrics is asked in the stream", async () => {
  const { server } = await serveController();
  const { dial, review } = start();
  expect(await review("reader")).toBe("unavailable");
  const { read } = await dial(1, server);
  await read("reply");
  const verdict = review("reader");
  await read("metricsReviewed");
  expect(await verdict).toBe("allowed");
});
