import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  bindSocket,
  bindToDevice,
  closeSocket,
  openTcpSocket,
  setHopLimit,
  setMd5Key,
  setMinimumHopLimit,
  setReuseAddress,
  setRtoMin,
  setUserTimeout,
} from "@heraldlb/link";
import type { Family, Ip } from "@heraldlb/net";
import { afterEach, describe, expect, test } from "vitest";
import { until } from "./host.ts";

const open: (Server | Socket)[] = [];

afterEach(() => {
  for (const it of open.splice(0)) {
    if (it instanceof Socket) it.destroy();
    else it.close();
  }
});

const bytes = (text: string) => new TextEncoder().encode(text);

/** Listens on a loopback address, after `prepare` has set options. */
async function listen(address: Ip, family: Family, prepare: (fd: number) => void): Promise<Server> {
  const fd = openTcpSocket(family);
  bindSocket(fd, { address, port: 0 });
  prepare(fd);
  const server = createServer((peer) => void peer.on("error", () => {}).end(peer.remoteAddress ?? ""));
  open.push(server.listen({ fd }));
  await once(server, "listening");
  return server;
}

/** Dials; resolves with what the server says. */
function dial(server: Server, family: Family, prepare: (fd: number) => void): Promise<string> {
  const fd = openTcpSocket(family);
  prepare(fd);
  const { address, port } = server.address() as AddressInfo;
  const socket = new Socket({ fd, readable: true, writable: true });
  open.push(socket);
  return new Promise((resolve, reject) => {
    let said = "";
    socket.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
    socket.on("end", () => resolve(said)).on("error", reject);
    socket.connect({ port, host: address });
  });
}

/** A counter of /proc/net/netstat. */
function counter(name: string): number {
  const lines = readFileSync("/proc/net/netstat", "utf8")
    .split("\n")
    .map((line) => line.split(" "));
  const at = lines[0]?.indexOf(name) ?? -1;
  return Number(lines[1]?.[at]);
}

/** Asserts that dialling does not connect, and that the kernel counts why. */
async function expectRefused(dialled: Promise<string>, reason: string, before: number): Promise<void> {
  const outcome = Promise.race([dialled.catch(() => "refused"), sleep(300, "silence")]);
  await until(`${reason} counts`, () => counter(reason) > before);
  expect(["silence", "refused"]).toContain(await outcome);
}

const LOOPBACK = [
  { family: "ipv4", address: "127.0.0.1" as Ip },
  { family: "ipv6", address: "::1" as Ip },
] as const;

describe.each(LOOPBACK)("a TCP socket of $family", ({ family, address }) => {
  test("connects with the right MD5 key only", async () => {
    const server = await listen(address, family, (fd) => setMd5Key(fd, address, bytes("right")));
    expect(await dial(server, family, (fd) => setMd5Key(fd, address, bytes("right")))).toBe(address);
    await expectRefused(
      dial(server, family, (fd) => setMd5Key(fd, address, bytes("wrong"))),
      "TCPMD5Failure",
      counter("TCPMD5Failure"),
    );
    await expectRefused(
      dial(server, family, () => {}),
      "TCPMD5NotFound",
      counter("TCPMD5NotFound"),
    );
  });

  test("is reached by senders with hop limit 255 only, where that is the minimum", async () => {
    const server = await listen(address, family, (fd) => setMinimumHopLimit(fd, family, 255));
    expect(await dial(server, family, (fd) => setHopLimit(fd, family, 255))).toBe(address);
    await expectRefused(
      dial(server, family, () => {}),
      "TCPMinTTLDrop",
      counter("TCPMinTTLDrop"),
    );
  });

  test("goes through the interface that it is bound to", async () => {
    const server = await listen(address, family, (fd) => bindToDevice(fd, "lo"));
    expect(await dial(server, family, (fd) => bindToDevice(fd, "lo"))).toBe(address);
  });

  test("gets an address again while a connection to the earlier listener is in TIME_WAIT", async () => {
    const fd = openTcpSocket(family);
    setReuseAddress(fd);
    bindSocket(fd, { address, port: 0 });
    const server = createServer((peer) => void peer.on("error", () => {}).end("bye")).listen({ fd });
    open.push(server);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await dial(server, family, () => {});
    await new Promise((resolve) => server.close(resolve));
    const again = openTcpSocket(family);
    try {
      expect(() => bindSocket(again, { address, port })).toThrow("already in use");
      setReuseAddress(again);
      bindSocket(again, { address, port });
    } finally {
      closeSocket(again);
    }
  });

  test("retransmits after the time that was set", async () => {
    const server = await listen(address, family, () => {});
    const fd = openTcpSocket(family);
    expect(setRtoMin(fd, 20_000)).toBe(true);
    const { port } = server.address() as AddressInfo;
    const socket = new Socket({ fd, readable: true, writable: true }).connect({ port, host: address });
    open.push(socket);
    await once(socket, "connect");
    const rto = /\brto:(\d+)/.exec(execFileSync("ss", ["-tinH", "dport", "=", `:${port}`], { encoding: "utf8" }))?.[1];
    // 200 ms and more without the option.
    expect(Number(rto)).toBeLessThan(100);
  });

  test("gives up what the other end does not take", async () => {
    const server = createServer({ pauseOnConnect: true }, (peer) => void open.push(peer.on("error", () => {})));
    open.push(server.listen({ port: 0, host: address }));
    await once(server, "listening");
    const fd = openTcpSocket(family);
    setUserTimeout(fd, 100);
    const { port } = server.address() as AddressInfo;
    const socket = new Socket({ fd, readable: true, writable: true }).connect({ port, host: address });
    open.push(socket);
    // More than both ends' buffers hold. By itself, Linux waits for minutes.
    socket.write(new Uint8Array(64 << 20));
    const [error] = await once(socket, "error").catch((error: unknown) => [error]);
    expect(error).toMatchObject({ code: "ETIMEDOUT" });
  });
});

test("a TCP socket sends from the address that it is bound to", async () => {
  const server = await listen("127.0.0.1" as Ip, "ipv4", () => {});
  expect(await dial(server, "ipv4", (fd) => bindSocket(fd, { address: "127.0.0.9" as Ip, port: 0 }))).toBe("127.0.0.9");
});

test("errors name the kernel's reason; impossible values are the caller's mistake", () => {
  const fd = openTcpSocket("ipv4");
  try {
    expect(() => bindToDevice(fd, "nowhere")).toThrow(expect.objectContaining({ code: "gone", errno: "ENODEV" }));
    expect(() => bindToDevice(fd, "a-name-of-sixteen")).toThrow(RangeError);
    expect(() => bindSocket(fd, { address: "203.0.113.1" as Ip, port: 0 })).toThrow(
      expect.objectContaining({ code: "system", errno: "EADDRNOTAVAIL" }),
    );
    expect(() => setMd5Key(fd, "127.0.0.1" as Ip, new Uint8Array(81))).toThrow(RangeError);
    expect(() => bindSocket(fd, { address: "127.0.0.1" as Ip, port: 65_536 })).toThrow(RangeError);
  } finally {
    closeSocket(fd);
  }
  expect(() => closeSocket(fd)).toThrow(expect.objectContaining({ errno: "EBADF" }));
});
