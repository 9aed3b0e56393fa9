import { readlinkSync } from "node:fs";
import { connect } from "node:net";
import { systemClock } from "@heraldlb/runtime";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, describe, expect, test } from "vitest";
import { CHUNK_BYTES, type ConnectRequest, encodeResponse, type Group, StreamError } from "./index.ts";
import { all, bye, cleanUp, dial, echo, heartbeat, nextGroup, revoke, serve } from "./stream.test.fixture.ts";

afterEach(cleanUp);

const groupOf = (i: number): Group => {
  const address = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
  return {
    id: address,
    addresses: [{ address, allInterfaces: false, interfaces: ["eth0", "eth1"], services: [] }],
    refreshMs: 0,
  };
};

/** Chunks of about 32 KiB. */
function snapshotOf(count: number) {
  const groups = Array.from({ length: count }, (_, i) => groupOf(i));
  const perChunk = 800;
  return Array.from({ length: Math.ceil(count / perChunk) }, (_, index) =>
    encodeResponse({
      message: {
        $case: "snapshotChunk",
        value: {
          revision: 7n,
          index,
          last: (index + 1) * perChunk >= count,
          groups: groups.slice(index * perChunk, (index + 1) * perChunk),
          revisionHolder: "a",
          bgpPeers: [],
          bgpRoutes: [],
          bgpServices: [],
        },
      },
    }),
  );
}

describe("messages", () => {
  test("cross in both directions, in order", async () => {
    const stream = await dial(await serve(echo));
    const numbers = Array.from({ length: 1000 }, (_, i) => `${i}`);
    for (const number of numbers) stream.send(heartbeat(Number(number)));
    const messages = stream.messages[Symbol.asyncIterator]();
    for (const number of numbers) expect(await nextGroup(messages)).toBe(number);
  });

  test("carry 64-bit numbers unchanged", async () => {
    const received = Promise.withResolvers<ConnectRequest>();
    const server = await serve(async ({ requests }) => {
      for await (const request of requests) received.resolve(request);
    });
    const stream = await dial(server);
    const request: ConnectRequest = {
      message: {
        $case: "ack",
        value: { kind: "ACK_KIND_LEAVE", group: "10.0.0.1", epoch: { term: 2n ** 64n - 1n, counter: 2n ** 53n + 1n } },
      },
    };
    stream.send(request);
    expect(await received.promise).toEqual(request);
  });

  test("can go to many streams, encoded once", async () => {
    const message = revoke("10.0.0.1");
    const server = await serve(async ({ requests, send }) => {
      send(message);
      await all(requests);
    });
    const streams = await Promise.all([dial(server), dial(server), dial(server)]);
    const groups = streams.map((stream) => nextGroup(stream.messages[Symbol.asyncIterator]()));
    expect(await Promise.all(groups)).toEqual(["10.0.0.1", "10.0.0.1", "10.0.0.1"]);
  });

  test("a snapshot of 10,000 groups arrives whole, and a reply sent meanwhile waits for one chunk at most", async () => {
    const chunks = snapshotOf(10_000);
    const server = await serve(async ({ requests, send, flushed }) => {
      const sending = (async () => {
        for (const chunk of chunks) {
          send(chunk);
          await flushed();
        }
      })();
      for await (const { message } of requests) {
        if (message?.$case === "heartbeat") send(revoke("reply"));
      }
      await sending;
    });
    const stream = await dial(server);
    const seen: string[] = [];
    const ids = new Set<string>();
    for await (const { message } of stream.messages) {
      seen.push(message?.$case ?? "");
      if (message?.$case === "snapshotChunk") {
        for (const { id } of message.value.groups) ids.add(id);
        if (message.value.index === 0) stream.send(heartbeat(1));
      }
      if (seen.includes("revoke") && ids.size === 10_000) break;
    }
    expect(chunks.every((chunk) => chunk.length <= 2 * CHUNK_BYTES)).toBe(true);
    expect(seen.indexOf("revoke")).toBeLessThan(seen.length - 1);
  });

  test("to a reader that does not read wait at the sender, which can see it", async () => {
    const seen = Promise.withResolvers<{ before: number; isFlushed: boolean; after: number }>();
    const server = await serve(async (stream) => {
      for (const chunk of snapshotOf(100_000)) stream.send(chunk);
      const before = stream.buffered;
      await all(stream.requests);
      const isFlushed = await Promise.race([stream.flushed().then(() => true), systemClock.sleep(0).then(() => false)]);
      seen.resolve({ before, isFlushed, after: stream.buffered });
    });
    // A client's inbox is bounded too, but larger than this snapshot has chunks; TCP's and HTTP/2's windows are not.
    const stream = await dial(server);
    const received: string[] = [];
    for await (const { message } of stream.messages) {
      received.push(message?.$case ?? "");
      if (message?.$case === "snapshotChunk" && message.value.last) break;
    }
    await stream.close();
    const { before, isFlushed } = await seen.promise;
    expect(received).toHaveLength(125);
    expect(before).toBeGreaterThan(3e6);
    expect(isFlushed).toBe(true);
  });
});

describe("the end of a stream", () => {
  test("comes after the Bye that was sent before a close", async () => {
    const ends: (string | undefined)[] = [];
    const server = await serve(async ({ requests }) => {
      ends.push((await all(requests)).at(-1)?.message?.$case);
    });
    for (let i = 0; i < 50; i++) {
      const stream = await dial(server);
      stream.send(heartbeat(1));
      stream.send(bye);
      await stream.close();
    }
    expect(ends).toEqual(Array.from({ length: 50 }, () => "bye"));
  });

  test("is seen by both sides at once when the client aborts", async () => {
    const end = Promise.withResolvers<string>();
    const server = await serve(async ({ requests, send, signal }) => {
      send(revoke("first"));
      await all(requests);
      end.resolve(signal.aborted ? "without a word" : "in good order");
    });
    const abort = new AbortController();
    const stream = await dial(server, {}, abort.signal);
    const messages = stream.messages[Symbol.asyncIterator]();
    await messages.next();
    abort.abort();
    expect(await messages.next()).toMatchObject({ done: true });
    expect(await end.promise).toBe("without a word");
  });

  test("has no error when the server's handler is done", async () => {
    const server = await serve(async ({ send }) => send(revoke("last")));
    const stream = await dial(server);
    expect(await all(stream.messages)).toHaveLength(1);
  });

  test("tells the client why, after everything sent before", async () => {
    const server = await serve(async ({ send }) => {
      send(revoke("last"));
      throw new StreamError("alreadyExists", "REPLACED");
    });
    const stream = await dial(server);
    const messages = stream.messages[Symbol.asyncIterator]();
    expect(await nextGroup(messages)).toBe("last");
    await expect(messages.next()).rejects.toMatchObject({
      name: "StreamError",
      code: "alreadyExists",
      message: "REPLACED",
    });
  });

  test("tells the client nothing of a bug in the handler, but the log", async () => {
    const log = recordingLogger();
    const server = await serve(
      async () => {
        throw new RangeError("secret");
      },
      { log },
    );
    const stream = await dial(server);
    await expect(all(stream.messages)).rejects.toMatchObject({ code: "internal", message: "internal error" });
    expect(log.entries).toMatchObject([{ level: "error", message: "stream handler failed" }]);
  });

  test("makes sending a word to nobody", async () => {
    const gone = Promise.withResolvers<boolean>();
    const server = await serve(async ({ requests, send, flushed, signal }) => {
      send(revoke("first"));
      await all(requests);
      send(revoke("10.0.0.1"));
      await flushed();
      gone.resolve(signal.aborted);
    });
    const abort = new AbortController();
    const stream = await dial(server, {}, abort.signal);
    await stream.messages[Symbol.asyncIterator]().next();
    abort.abort();
    stream.send(heartbeat(1));
    await stream.close();
    expect(await gone.promise).toBe(true);
  });
});

describe("a server that ends", () => {
  test("ends live streams as unavailable, closes their connections and takes no more", async () => {
    const server = await serve(echo);
    const streams = [await dial(server), await dial(server)];
    for (const stream of streams) stream.send(heartbeat(1));
    const ends = streams.map((stream) => all(stream.messages));
    await systemClock.sleep(20);
    server.stop();
    for (const end of ends) await expect(end).rejects.toMatchObject({ code: "unavailable" });
    await server.closed;
    await expect(dial(server)).rejects.toMatchObject({ name: "DialError", code: "unreachable" });
  });

  test("does not wait for a client that neither reads nor closes", async () => {
    const server = await serve(echo, { closeTimeoutMs: 50 });
    const socket = connect(server.port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    server.stop();
    await server.closed;
    socket.destroy();
  });
});

describe("sockets", () => {
  test("are shown to both sides by descriptor", async () => {
    const fds: number[] = [];
    const server = await serve(echo, { onSocket: (fd) => fds.push(fd) });
    await dial(server, { onSocket: (fd) => fds.push(fd) });
    expect(fds).toHaveLength(2);
    for (const fd of fds) expect(readlinkSync(`/proc/self/fd/${fd}`)).toMatch(/^socket:/);
  });

  test("tell the server the client's plain address, also on a dual-stack listener", async () => {
    const peer = Promise.withResolvers<unknown>();
    const server = await serve(
      async ({ peer: found, requests }) => {
        peer.resolve(found);
        await all(requests);
      },
      { address: "::" },
    );
    await dial(server);
    expect(await peer.promise).toEqual({ address: "127.0.0.1", port: expect.any(Number), certificateNames: undefined });
  });

  test("can be IPv6 ones", async () => {
    const server = await serve(echo, { address: "::1" });
    const stream = await dial(server, { address: "::1" });
    stream.send(heartbeat(5));
    expect(await nextGroup(stream.messages[Symbol.asyncIterator]())).toBe("5");
  });

  test("a port that is taken is the caller's to handle", async () => {
    const { port } = await serve(echo);
    await expect(serve(echo, { port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

test("a speaker that says nothing at all is hung up on", async () => {
  const clock = new FakeClock();
  const server = await serve(echo, { clock });
  const stream = await dial(server);
  const said = all(stream.messages);
  const busy = await dial(server);
  busy.send(heartbeat(1));
  const messages = busy.messages[Symbol.asyncIterator]();
  await nextGroup(messages);
  await clock.advance(10_000);
  await expect(said).rejects.toMatchObject({ code: "timeout", message: "no message within 10000 ms" });
  busy.send(heartbeat(2));
  expect(await nextGroup(messages)).toBe("2");
});
