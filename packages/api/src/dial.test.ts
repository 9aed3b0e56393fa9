import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { systemClock } from "@heraldlb/runtime";
import { afterEach, expect, test } from "vitest";
import { afterwards, all, cleanUp, dial, serve } from "./stream.test.fixture.ts";

afterEach(cleanUp);

/** A TCP server that treats its connections so. */
async function listen(onConnection: (socket: Socket) => void): Promise<AddressInfo> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  afterwards(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return server.address() as AddressInfo;
}

/** A port whose queue of connections is full, so that the kernel answers no more of them. */
async function deafPort(): Promise<{ port: number }> {
  const script = `
    const server = require("node:net").createServer();
    server.listen(0, "127.0.0.1", 1, () => {
      process.stdout.write(String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child: ChildProcess = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  afterwards(async () => void child.kill("SIGKILL"));
  if (!child.stdout) throw new Error("no pipe");
  const [chunk] = await once(child.stdout, "data");
  const port = Number(chunk);
  const fillers = Array.from({ length: 4 }, () => connect(port, "127.0.0.1").on("error", () => {}));
  afterwards(async () => {
    for (const socket of fillers) socket.destroy();
  });
  await once(fillers[1] as Socket, "connect");
  return { port };
}

/** How many sockets of this process wait for an answer. */
const connecting = (): number => process.getActiveResourcesInfo().filter((name) => name === "ConnectWrap").length;

test("a closed port is unreachable", async () => {
  const server = await serve(async () => {});
  server.stop();
  await server.closed;
  await expect(dial(server)).rejects.toMatchObject({
    name: "DialError",
    code: "unreachable",
    message: `connect ECONNREFUSED 127.0.0.1:${server.port}`,
  });
});

test("a port that does not answer is given up after the connect limit, and its socket with it", async () => {
  const target = await deafPort();
  const before = connecting();
  const start = performance.now();
  await expect(dial(target, { connectTimeoutMs: 150 })).rejects.toMatchObject({
    name: "DialError",
    code: "timeout",
    message: `no connection from 127.0.0.1 port ${target.port} within 150 ms`,
  });
  expect(performance.now() - start).toBeLessThan(1500);
  await systemClock.sleep(1);
  expect(connecting()).toBeLessThanOrEqual(before);
});

test("a server that accepts and says nothing is given up after the setup limit", async () => {
  const target = await listen(() => {});
  await expect(dial(target, { setupTimeoutMs: 100 })).rejects.toMatchObject({ name: "DialError", code: "timeout" });
});

test("a controller that never replies is given up after the setup limit", async () => {
  const server = await serve(async ({ requests }) => void (await all(requests)));
  const stream = await dial(server, { setupTimeoutMs: 100 });
  await expect(all(stream.messages)).rejects.toMatchObject({ name: "StreamError", code: "timeout" });
});

test.each([
  ["hangs up", (socket: Socket) => void socket.destroy()],
  ["speaks HTTP/1", (socket: Socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ["speaks nonsense", (socket: Socket) => void socket.write("\0".repeat(1000))],
])("a server that %s is no controller", async (_what, onConnection) => {
  const target = await listen(onConnection);
  await expect(dial(target)).rejects.toMatchObject({ name: "DialError", code: "protocol" });
});

test("a dial can be called off at any time", async () => {
  const target = await listen(() => {});
  for (const ms of [0, 1, 20]) {
    const abort = new AbortController();
    const dialling = dial(target, {}, abort.signal);
    const failed = expect(dialling).rejects.toThrow("enough");
    await systemClock.sleep(ms);
    abort.abort(new Error("enough"));
    await failed;
  }
  await expect(dial(target, {}, AbortSignal.abort(new Error("never")))).rejects.toThrow("never");
});

test("a dial is one connection, tried once", async () => {
  let connections = 0;
  const target = await listen((socket) => {
    connections++;
    socket.destroy();
  });
  await expect(dial(target)).rejects.toThrow();
  await systemClock.sleep(50);
  expect(connections).toBe(1);
});
