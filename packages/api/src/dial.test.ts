import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants, createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { systemClock } from "@heraldlb/runtime";
import { afterEach, expect, test } from "vitest";
import { frameMessage } from "./grpc.ts";
import { afterwards, all, cleanUp, dial, revoke, serve } from "./stream.test.fixture.ts";

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
  ["hangs up", "tls", (socket: Socket) => void socket.destroy()],
  ["resets", "tls", (socket: Socket) => void socket.once("data", () => socket.resetAndDestroy())],
  ["speaks HTTP/1", "protocol", (socket: Socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ["speaks nonsense", "protocol", (socket: Socket) => void socket.write("\0".repeat(1000))],
])("a server that %s is no controller, or one that wants %s", async (_what, code, onConnection) => {
  const target = await listen(onConnection);
  await expect(dial(target)).rejects.toMatchObject({ name: "DialError", code });
});

/** An HTTP/2 server that treats calls so. */
async function answer(onCall: (stream: ServerHttp2Stream) => void): Promise<AddressInfo> {
  const server = createHttp2Server();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => {});
    onCall(stream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  afterwards(async () => void server.close());
  return server.address() as AddressInfo;
}

const GRPC = { ":status": 200, "content-type": "application/grpc" } as const;

/** Begins an answer, and sends these bytes of its body. */
function say(stream: ServerHttp2Stream, ...bytes: readonly number[]): void {
  stream.respond(GRPC);
  stream.write(Uint8Array.from(bytes));
}

test.each<[what: string, code: string, onCall: (stream: ServerHttp2Stream) => void]>([
  ["knows no such path", "internal", (stream) => stream.respond({ ":status": 404 }, { endStream: true })],
  [
    "refuses at once",
    "alreadyExists",
    (stream) => stream.respond({ ...GRPC, "grpc-status": "6" }, { endStream: true }),
  ],
  ["resets the call", "unavailable", (stream) => stream.close(constants.NGHTTP2_CANCEL)],
  ["ends without a status", "unavailable", (stream) => stream.respond(GRPC, { endStream: true })],
  ["sends a message that is none", "internal", (stream) => say(stream, 0, 0, 0, 0, 1, 255)],
  ["sends a message that is too large", "resourceExhausted", (stream) => say(stream, 0, 255, 0, 0, 0)],
])("a server that %s ends the stream as %s", async (_what, code, onCall) => {
  const stream = await dial(await answer(onCall));
  await expect(all(stream.messages)).rejects.toMatchObject({ name: "StreamError", code });
});

test("what was received before the end is read before it", async () => {
  const target = await answer((stream) => {
    stream.respond(GRPC, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "7", "grpc-message": "z%C3%BCrich" }));
    for (let i = 0; i < 1000; i++) stream.write(frameMessage(revoke(`${i}`)));
    stream.end();
  });
  const stream = await dial(target);
  const groups: unknown[] = [];
  const read = async () => {
    for await (const { message } of stream.messages) if (message?.$case === "revoke") groups.push(message.value.group);
  };
  await expect(read()).rejects.toMatchObject({ code: "permissionDenied", message: "zürich" });
  expect(groups).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}`));
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
