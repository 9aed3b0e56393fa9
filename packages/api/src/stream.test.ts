import { createServer, type Server as NetServer, type Socket } from "node:net";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "@heraldlb/runtime";
import { recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Authority, createAuthority } from "./authority.test.fixture.ts";
import {
  assertPeerIsNode,
  ByeReason,
  type ConnectRequest,
  type ConnectResponse,
  connectSpeaker,
  type ControllerStream,
  type DialOptions,
  type Encoded,
  encodeResponse,
  type Group,
  type Security,
  type ServeOptions,
  type SpeakerHandler,
  type SpeakerServer,
  StreamError,
  serveSpeakers,
  type TlsMaterial,
} from "./index.ts";

const open = new AbortController();
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(handler: SpeakerHandler, options: Partial<ServeOptions> = {}) {
  const stop = new AbortController();
  const server = await serveSpeakers(
    { address: "127.0.0.1", port: 0, security: "insecure", clock: systemClock, ...options },
    handler,
    stop.signal,
  );
  cleanups.push(() => {
    stop.abort();
    return server.closed;
  });
  return { server, stop };
}

async function dial(server: { readonly port: number }, options: Partial<DialOptions> = {}, signal = open.signal) {
  const stream = await connectSpeaker(
    {
      address: "127.0.0.1",
      port: server.port,
      security: "insecure",
      clock: systemClock,
      connectTimeoutMs: 2000,
      setupTimeoutMs: 2000,
      ...options,
    },
    signal,
  );
  cleanups.push(() => stream.close());
  return stream;
}

const heartbeat = (stamp: number): ConnectRequest => ({
  message: {
    $case: "heartbeat",
    value: { stamp: BigInt(stamp), maxTerm: 0n, termHolder: "", holdingsRevision: 0n, workerAgeMs: 0 },
  },
});

const bye: ConnectRequest = { message: { $case: "bye", value: { reason: ByeReason.SHUTDOWN } } };

const revoke = (group: string): Encoded =>
  encodeResponse({ message: { $case: "revoke", value: { group, epoch: { term: 1n, counter: 2n } } } });

/** Answers every heartbeat with a Revoke of the group named after its stamp. */
const echo: SpeakerHandler = async ({ requests, send }) => {
  for await (const { message } of requests) {
    if (message?.$case === "heartbeat") send(revoke(`${message.value.stamp}`));
  }
};

async function first({ messages }: ControllerStream): Promise<ConnectResponse | undefined> {
  for await (const message of messages) return message;
  return undefined;
}

test("messages cross in both directions and in order", async () => {
  const { server } = await serve(echo);
  const stream = await dial(server);
  for (let i = 0; i < 1000; i++) stream.send(heartbeat(i));
  const groups: string[] = [];
  for await (const { message } of stream.messages) {
    if (message?.$case === "revoke") groups.push(message.value.group);
    if (groups.length === 1000) break;
  }
  expect(groups).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}`));
});

test("a dial to a closed port fails as unreachable", async () => {
  const { server, stop } = await serve(echo);
  stop.abort();
  await server.closed;
  await expect(dial(server)).rejects.toMatchObject({ name: "DialError", code: "unreachable", message: expect.stringContaining("ECONNREFUSED") });
});
