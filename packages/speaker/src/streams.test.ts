import {
  type ConnectRequest,
  type ConnectResponse,
  type ControllerStream,
  DialError,
  StreamError,
} from "@heraldlb/api";
import { Mailbox } from "@heraldlb/runtime";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import type { UnprotectedDial } from "./credentials/credentials.ts";
import { Streams } from "./streams.ts";

const REPLICA = "198.51.100.1:7600";
const reply: ConnectResponse = { message: { $case: "drained", value: {} } };

function fakeStream() {
  const ended = new AbortController();
  const inbox = new Mailbox<ConnectResponse>();
  const sent: (string | undefined)[] = [];
  async function* messages(): AsyncGenerator<ConnectResponse, void, undefined> {
    yield* inbox.take(ended.signal);
    if (ended.signal.reason instanceof StreamError) throw ended.signal.reason;
  }
  const stream: ControllerStream = {
    messages: messages(),
    send: ({ message }: ConnectRequest) => void sent.push(message?.$case),
    close: async () => {
      sent.push("closed");
      ended.abort();
    },
  };
  return { stream, inbox, sent, end: (error?: Error) => ended.abort(error) };
}

function start() {
  const clock = new FakeClock();
  const log = recordingLogger();
  const events: string[] = [];
  const dials: { options: UnprotectedDial; signal: AbortSignal; result: PromiseWithResolvers<ControllerStream> }[] = [];
  const trouble = { onReceived: undefined as Error | undefined };
  const streams = new Streams(
    {
      clock,
      log,
      random: () => 0.5,
      locate: (replica) =>
        replica === REPLICA
          ? { address: "198.51.100.1", port: 7600, connectTimeoutMs: 200, setupTimeoutMs: 1_000 }
          : undefined,
      connect: (options, signal) => {
        const result = Promise.withResolvers<ControllerStream>();
        signal.addEventListener("abort", () => result.reject(signal.reason));
        dials.push({ options, signal, result });
        return result.promise;
      },
      onSocket: () => events.push("socket"),
      encode: ({ statement }) => (statement.type === "drain" ? { message: { $case: "drain", value: {} } } : undefined),
    },
    {
      connected: (dial) => events.push(`connected ${dial}`),
      opened: (dial, replica) => events.push(`opened ${dial} ${replica}`),
      received: (dial, { message }) => {
        events.push(`received ${dial} ${message?.$case}`);
        if (trouble.onReceived) throw trouble.onReceived;
      },
      closed: (dial, replaced) => events.push(`closed ${dial} ${replaced}`),
    },
  );
  return { clock, log, events, dials, streams, trouble };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const order = { dial: 1, replica: REPLICA, delayMs: 0, jitter: 0 };

test("a dial becomes a stream, told step by step", async () => {
  const { clock, events, dials, streams } = start();
  const { stream, inbox, sent } = fakeStream();
  streams.dial(order);
  await clock.advance(0);
  dials[0]?.options.onSocket?.(7);
  dials[0]?.result.resolve(stream);
  await clock.advance(0);
  inbox.put(reply);
  await clock.advance(0);
  expect(events).toEqual(["socket", "connected 1", `opened 1 ${REPLICA}`, "received 1 drained"]);
  streams.send(1, { type: "drain" }, 0);
  streams.send(1, { type: "bye", reason: "shutdown" }, 0);
  await turn();
  expect(sent).toEqual(["drain"]);
  expect(streams.find(REPLICA)).toBe(1);
});

test("a dial waits as long as told, less the jitter drawn", async () => {
  const { clock, dials, streams } = start();
  streams.dial({ ...order, delayMs: 100, jitter: 0.5 });
  await clock.advance(74);
  expect(dials).toHaveLength(0);
  await clock.advance(1);
  expect(dials).toHaveLength(1);
});

test("a failed dial is closed, and the same failure is logged once", async () => {
  const { clock, events, dials, streams, log } = start();
  for (let dial = 1; dial <= 3; dial++) {
    streams.dial({ ...order, dial });
    await clock.advance(0);
    dials.at(-1)?.result.reject(new DialError("unreachable", "refused"));
    await clock.advance(0);
  }
  expect(events).toEqual(["closed 1 false", "closed 2 false", "closed 3 false"]);
  expect(log.entries.map(({ message }) => message)).toEqual(["controller not reached"]);
});

test("a replica that is none any more is closed", async () => {
  const { clock, events, streams } = start();
  streams.dial({ ...order, replica: "203.0.113.1:1" });
  await clock.advance(0);
  expect(events).toEqual(["closed 1 false"]);
});

test.each([
  ["the controller hangs up", undefined, false],
  ["the connection is lost", new StreamError("unavailable", "reset"), false],
  ["a newer process of the node is there", new StreamError("alreadyExists", "REPLACED"), true],
])("when %s, the stream is closed", async (_what, error, replaced) => {
  const { clock, events, dials, streams } = start();
  const { stream, end } = fakeStream();
  streams.dial(order);
  await clock.advance(0);
  dials[0]?.result.resolve(stream);
  await clock.advance(0);
  end(error);
  await clock.advance(0);
  expect(events.at(-1)).toBe(`closed 1 ${replaced}`);
  expect(streams.find(REPLICA)).toBeUndefined();
});

test("nothing is heard of an attempt that was closed, nor of a stream", async () => {
  const { clock, events, dials, streams } = start();
  streams.dial(order);
  await clock.advance(0);
  streams.close(1);
  await clock.advance(0);
  expect(dials[0]?.signal.aborted).toBe(true);
  const { stream, sent } = fakeStream();
  streams.dial({ ...order, dial: 2 });
  await clock.advance(0);
  dials[1]?.result.resolve(stream);
  await clock.advance(0);
  streams.close(2);
  await clock.advance(0);
  expect(sent).toEqual(["closed"]);
  expect(events).toEqual([`opened 2 ${REPLICA}`]);
});

test("a stream that cannot go on is ended with a goodbye, so that it does not look like a death", async () => {
  const { clock, events, dials, streams, trouble } = start();
  const { stream, sent, inbox } = fakeStream();
  streams.dial(order);
  await clock.advance(0);
  dials[0]?.result.resolve(stream);
  trouble.onReceived = new Error("a gap");
  inbox.put(reply);
  await clock.advance(0);
  expect(sent).toEqual(["bye", "closed"]);
  expect(events.at(-1)).toBe("closed 1 false");
});

test("closing all waits until every stream has ended in good order", async () => {
  const { clock, dials, streams } = start();
  const { stream, sent } = fakeStream();
  streams.dial(order);
  await clock.advance(0);
  dials[0]?.result.resolve(stream);
  await clock.advance(0);
  await streams.closeAll();
  expect(sent).toEqual(["closed"]);
});

test("of many messages a part goes out in each turn of the event loop, in order, and all before a close", async () => {
  const { clock, dials, streams } = start();
  const { stream, sent } = fakeStream();
  streams.dial(order);
  await clock.advance(0);
  dials[0]?.result.resolve(stream);
  await clock.advance(0);
  for (let i = 0; i < 300; i++) streams.send(1, { type: "drain" }, 0);
  expect(sent).toHaveLength(1);
  await turn();
  expect(sent).toHaveLength(129);
  await turn();
  expect(sent).toHaveLength(257);
  streams.close(1);
  await clock.advance(0);
  expect(sent).toHaveLength(301);
  expect(sent.at(-1)).toBe("closed");
});
