import { decodeEcho, encodeEcho } from "@heraldlb/bfd";
import { decodeEthernet, ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import { type FrameHandlers, type FrameSocket, type FrameSocketOptions, LinkError } from "@heraldlb/link";
import type { Ip, Mac } from "@heraldlb/net";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { beforeEach, expect, test } from "vitest";
import { EchoPorts } from "./echo-ports.ts";
import { decodeUdpPacket, encodeUdpPacket } from "./udp-packet.ts";

const own = "02:00:00:00:00:0a" as Mac;
const router = "02:00:00:00:00:0b" as Mac;
const local = "192.0.2.1" as Ip;
const remote = "192.0.2.2" as Ip;
const key = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

let clock: FakeClock;
let ports: EchoPorts;
let opened: { readonly options: FrameSocketOptions; readonly handlers: FrameHandlers; isClosed: boolean }[];
let sent: Uint8Array[];
let echoes: number[];
let failure: LinkError | undefined;

beforeEach(() => {
  clock = new FakeClock();
  [opened, sent, echoes, failure] = [[], [], [], undefined];
  const openFrames = (options: FrameSocketOptions, handlers: FrameHandlers) => {
    if (failure) return Promise.reject(failure);
    const socket = { options, handlers, isClosed: false };
    opened.push(socket);
    const fake: Pick<FrameSocket, "send" | "close"> = {
      send: (frame) => sent.push(frame) > 0,
      close: () => {
        socket.isClosed = true;
        return Promise.resolve();
      },
    };
    // The ports use nothing else of it.
    return Promise.resolve(fake as FrameSocket);
  };
  ports = new EchoPorts({ clock, log: recordingLogger(), openFrames }, () => {});
});

const watch = (discriminator: number) =>
  ports.watch(discriminator, {
    interface: "eth0",
    local,
    remote,
    key,
    onEcho: (sequence) => echoes.push(sequence),
  });

/** A frame arrives from the router. */
function arrive(source: Ip, destination: Ip, port: number, hops: number, payload: Uint8Array): void {
  const packet = encodeUdpPacket({ source, destination, hops, sourcePort: port, destinationPort: port, payload });
  const frame = encodeEthernet({ destination: own, source: router, etherType: ETHER_TYPE.ipv4, payload: packet });
  opened.at(-1)?.handlers.onFrames([frame]);
}

const echo = (fields: object = {}) => encodeEcho({ discriminator: 7, sequence: 3, key, ...fields });
const control = () => arrive(remote, local, 3784, 255, new Uint8Array(24));

test("an echo packet goes to ourselves, by way of the MAC that the router's control packets came from", async () => {
  watch(7);
  await clock.advance(0);
  expect(ports.send(7, echo())).toBe(false);
  control();
  expect(ports.send(7, echo())).toBe(true);
  const frame = decodeEthernet(sent[0] ?? new Uint8Array());
  expect([frame.source, frame.destination]).toEqual([own, router]);
  const packet = decodeUdpPacket(frame.payload);
  expect(packet).toMatchObject({ source: local, destination: local, hops: 255, destinationPort: 3785 });
  expect(decodeEcho(packet.payload).sequence).toBe(3);
});

test.each([
  ["one of another session", 254, { discriminator: 8 }],
  ["one with another key", 254, { key: key.with(0, 9) }],
  ["one that was not forwarded", 255, {}],
  ["one that was forwarded twice", 253, {}],
])("what comes back is counted, but not %s", async (_name, hops, fields) => {
  watch(7);
  await clock.advance(0);
  arrive(local, local, 3785, hops, echo(fields));
  expect(echoes).toEqual([]);
  arrive(local, local, 3785, 254, echo());
  expect(echoes).toEqual([3]);
});

test("strangers' control packets, forwarded ones and noise teach nothing", async () => {
  watch(7);
  await clock.advance(0);
  arrive("192.0.2.9" as Ip, local, 3784, 255, new Uint8Array(24));
  arrive(remote, local, 3784, 254, new Uint8Array(24));
  arrive(local, local, 3785, 254, Uint8Array.of(1, 2, 3));
  opened[0]?.handlers.onFrames([new Uint8Array(10)]);
  expect(ports.send(7, echo())).toBe(false);
});

test("sessions of an interface share a socket, and the last one closes it", async () => {
  watch(7);
  watch(8);
  await clock.advance(0);
  ports.unwatch(7);
  expect(opened.map(({ isClosed }) => isClosed)).toEqual([false]);
  ports.unwatch(8);
  expect(opened.map(({ isClosed }) => isClosed)).toEqual([true]);
});

test("a socket that cannot be opened, or whose interface is gone, is opened again", async () => {
  failure = new LinkError("gone", "no such interface", { errno: "ENODEV" });
  watch(7);
  await clock.advance(500);
  failure = undefined;
  await clock.advance(500);
  expect(opened).toHaveLength(1);
  opened[0]?.handlers.onError(new LinkError("down", "down"));
  opened[0]?.handlers.onError(new LinkError("gone", "gone"));
  await clock.advance(1_000);
  expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  await ports.close();
  expect(opened.every(({ isClosed }) => isClosed)).toBe(true);
});
