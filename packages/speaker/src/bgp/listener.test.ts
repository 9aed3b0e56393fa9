import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Ip } from "@heraldlb/net";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { PeerListener } from "./listener.ts";

const LOOPBACK = "127.0.0.1" as Ip;

/** A server on a free port, which others find taken. */
async function squat() {
  const server = createServer().listen(0, LOOPBACK);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, leave: () => new Promise((resolve) => server.close(resolve)) };
}

function listenOn(port: number) {
  const clock = new FakeClock();
  const log = recordingLogger();
  const accepted = Promise.withResolvers<Socket>();
  const listener = new PeerListener({ address: LOOPBACK, port }, { clock, log, random: () => 0 }, accepted.resolve);
  const messages = () => log.entries.map(({ message }) => message);
  return { listener, clock, messages, accepted: accepted.promise };
}

/** Whether somebody accepts connections there. */
async function isAnswered(port: number): Promise<boolean> {
  const socket = connect(port, LOOPBACK);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test("a port that is taken is tried again until it is free, and reported once", async () => {
  const { port, leave } = await squat();
  const { listener, clock, messages, accepted } = listenOn(port);
  await clock.advance(10_000);
  expect(messages()).toEqual(["cannot listen for BGP peers, trying again"]);
  await leave();
  await clock.advance(30_000);
  expect(await isAnswered(port)).toBe(true);
  (await accepted).destroy();
  expect(messages()).toEqual(["cannot listen for BGP peers, trying again", "listening for BGP peers"]);
  listener.close();
  expect(await isAnswered(port)).toBe(false);
});

test("keys come and go without a gap that anybody notices", async () => {
  const { port, leave } = await squat();
  await leave();
  const { listener, clock, messages } = listenOn(port);
  await clock.advance(0);
  // Whoever has no key is accepted as before.
  listener.setKeys(new Map([["127.0.0.9" as Ip, "sesame"]]));
  listener.setKeys(new Map([["127.0.0.9" as Ip, "sesame"]]));
  await clock.advance(0);
  expect(await isAnswered(port)).toBe(true);
  listener.setKeys(new Map());
  await clock.advance(0);
  expect(await isAnswered(port)).toBe(true);
  expect(messages()).toEqual(Array.from({ length: 3 }, () => "listening for BGP peers"));
  listener.close();
});

test("nothing is tried any more after the end", async () => {
  const { port, leave } = await squat();
  const { listener, clock } = listenOn(port);
  await clock.advance(0);
  listener.close();
  listener.setKeys(new Map([["127.0.0.9" as Ip, "sesame"]]));
  await leave();
  await clock.advance(60_000);
  expect(clock.pending).toBe(0);
  expect(await isAnswered(port)).toBe(false);
});
