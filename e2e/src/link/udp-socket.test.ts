import { createSocket, type Socket } from "node:dgram";
import {
  bindSocket,
  closeSocket,
  interfaceIndex,
  openUdpSocket,
  receiveOnlyFrom,
  setHopLimit,
  setTrafficClass,
} from "@heraldlb/link";
import type { Family, Ip } from "@heraldlb/net";
import { afterEach, describe, expect, test } from "vitest";

const open: Socket[] = [];

afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

const LOOPBACK = [
  { family: "ipv4", address: "127.0.0.1" as Ip, stranger: "127.0.0.9" as Ip },
  { family: "ipv6", address: "::1" as Ip, stranger: "2001:db8::1" as Ip },
] as const;

/** A dgram socket around a descriptor of ours. */
function adopt(fd: number, family: Family): Socket {
  const socket = createSocket(family === "ipv4" ? "udp4" : "udp6");
  open.push(socket);
  socket.bind({ fd });
  return socket;
}

function receiver(family: Family, address: Ip, senders: Parameters<typeof receiveOnlyFrom>[2]) {
  const fd = openUdpSocket(family);
  receiveOnlyFrom(fd, family, senders);
  bindSocket(fd, { address, port: 0 });
  const heard: string[] = [];
  const socket = adopt(fd, family);
  socket.on("message", (message) => heard.push(message.toString()));
  return { fd, heard, port: socket.address().port };
}

/** Sends with each number of hops, and then waits until a last datagram with 255 has come. */
async function sendWith(family: Family, address: Ip, port: number, hops: readonly number[]): Promise<void> {
  for (const each of [...hops, 255]) {
    const fd = openUdpSocket(family);
    setHopLimit(fd, family, each);
    setTrafficClass(fd, family, 0xc0);
    bindSocket(fd, { address, port: 0 });
    const socket = adopt(fd, family);
    await new Promise((resolve) => socket.send(`${each}`, port, address, resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
}

describe.each(LOOPBACK)("a UDP socket of $family", ({ family, address, stranger }) => {
  test("hears a sender of its list with enough hops left, as the kernel counts them", async () => {
    const { heard, port } = receiver(family, address, [
      { source: stranger, minimumHops: 0 },
      { source: address, minimumHops: 254 },
    ]);
    await sendWith(family, address, port, [1, 64, 253, 254]);
    expect(heard).toEqual(["254", "255"]);
  });

  test("hears nobody else, and somebody as soon as the list says so", async () => {
    const { fd, heard, port } = receiver(family, address, [{ source: stranger, minimumHops: 0 }]);
    await sendWith(family, address, port, [255]);
    expect(heard).toEqual([]);
    receiveOnlyFrom(fd, family, [{ source: address, minimumHops: 255 }]);
    await sendWith(family, address, port, [254]);
    expect(heard).toEqual(["255"]);
  });
});

test("a port that is taken is an error with its name", () => {
  const [one, two] = [openUdpSocket("ipv4"), openUdpSocket("ipv4")];
  const taken = { address: "127.0.0.1" as Ip, port: 23_784 };
  bindSocket(one, taken);
  expect(() => bindSocket(two, taken)).toThrow(expect.objectContaining({ code: "system", errno: "EADDRINUSE" }));
  adopt(one, "ipv4");
  closeSocket(two);
});

test("interfaces have an index, unless there are none", () => {
  expect(interfaceIndex("lo")).toBeGreaterThan(0);
  expect(interfaceIndex("nowhere")).toBe(0);
});
