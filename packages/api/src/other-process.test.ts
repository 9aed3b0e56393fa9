import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { afterwards, all, cleanUp, dial, heartbeat, nextGroup, revoke, serve } from "./stream.test.fixture.ts";

afterEach(cleanUp);

function start(...args: readonly string[]): ChildProcessByStdio<null, Readable, null> {
  const script = join(import.meta.dirname, "other-process.test.fixture.ts");
  const child = spawn(process.execPath, ["--conditions=@heraldlb/source", script, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  afterwards(async () => void child.kill("SIGKILL"));
  return child;
}

test("a killed client ends its stream, without a Bye, at once", { timeout: 30_000 }, async () => {
  const up = Promise.withResolvers<void>();
  const down = Promise.withResolvers<number>();
  const server = await serve(async ({ requests, send }) => {
    for await (const _ of requests) {
      send(revoke("10.0.0.1"));
      up.resolve();
    }
    down.resolve(performance.now());
  });
  const child = start("client", `${server.port}`);
  await up.promise;
  const killed = performance.now();
  child.kill("SIGKILL");
  expect((await down.promise) - killed).toBeLessThan(1000);
});

test("a killed server ends its streams as unavailable, at once", { timeout: 30_000 }, async () => {
  const child = start("server");
  const [port] = await once(child.stdout, "data");
  const stream = await dial({ port: Number(port) });
  stream.send(heartbeat(1));
  const messages = stream.messages[Symbol.asyncIterator]();
  expect(await nextGroup(messages)).toBe("1");
  const killed = performance.now();
  child.kill("SIGKILL");
  await expect(all(stream.messages)).rejects.toMatchObject({ name: "StreamError", code: "unavailable" });
  expect(performance.now() - killed).toBeLessThan(1000);
});
