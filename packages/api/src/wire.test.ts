import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { systemClock } from "@heraldlb/runtime";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { ConnectRequest, ConnectResponse, type Hello, HoldingState, type Reply, Role } from "./index.ts";
import { afterwards, cleanUp, dial, echo, heartbeat, nextGroup, serve } from "./stream.test.fixture.ts";

afterEach(cleanUp);

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const u32 = fc.nat({ max: 2 ** 32 - 1 });
const epoch = fc.record({ term: u64, counter: u64 });
const holding = fc.record({
  group: fc.string(),
  epoch,
  state: fc.constantFrom(HoldingState.OWNER, HoldingState.VERIFY, HoldingState.LEAVING, HoldingState.YIELDED),
  conflictMac: fc.option(fc.string(), { nil: undefined }),
});
const link = fc.record({
  ...{ name: fc.string(), ifindex: u32, present: fc.boolean(), up: fc.boolean(), carrier: fc.boolean() },
  ...{ mac: fc.string(), arp: fc.boolean(), ndp: fc.boolean() },
});
const hello: fc.Arbitrary<Hello> = fc.record({
  ...{ node: fc.string(), instance: fc.string(), bootId: fc.string(), startedAtMs: u64, maxTerm: u64 },
  ...{ termHolder: fc.string(), holdingsRevision: u64, holdings: fc.array(holding), links: fc.array(link) },
  ...{ appliedRevision: u64, revisionHolder: fc.string(), stamp: u64 },
});
const reply: fc.Arbitrary<Reply> = fc.record({
  ...{ role: fc.constantFrom(Role.LEADER, Role.STANDBY), term: u64, holder: fc.string(), firm: fc.boolean() },
  ...{ intervalMs: u32, detectionMs: u32, echo: u64 },
});

describe("encoding and decoding", () => {
  test("gives the same Hello", () => {
    fc.assert(
      fc.property(hello, (value) => {
        const request: ConnectRequest = { message: { $case: "hello", value } };
        expect(ConnectRequest.decode(ConnectRequest.encode(request).finish())).toEqual(request);
      }),
    );
  });

  test("gives the same Reply", () => {
    fc.assert(
      fc.property(reply, (value) => {
        const response: ConnectResponse = { message: { $case: "reply", value } };
        expect(ConnectResponse.decode(ConnectResponse.encode(response).finish())).toEqual(response);
      }),
    );
  });

  test("of any bytes gives a message or an Error, and ends", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          ConnectRequest.decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("a message and a value of a later version are recognizable as such", () => {
    // Field 100, length-delimited, empty.
    expect(ConnectResponse.decode(Uint8Array.of(0xa2, 0x06, 0x00))).toEqual({ message: undefined });
    // reply { role: 99 }
    expect(ConnectResponse.decode(Uint8Array.of(0x0a, 0x02, 0x08, 99))).toMatchObject({
      message: { $case: "reply", value: { role: "UNRECOGNIZED" } },
    });
  });
});

describe("a hostile speaker", () => {
  async function open(port: number): Promise<{ session: ClientHttp2Session; stream: ClientHttp2Stream }> {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on("error", () => {});
    afterwards(async () => session.destroy());
    const stream = session.request({
      ":method": "POST",
      ":path": "/herald.v1.SpeakerService/Connect",
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("error", () => {});
    return { session, stream };
  }

  async function statusOf(stream: ClientHttp2Stream): Promise<unknown> {
    const headers = once(stream, "response").then(([found]) => found["grpc-status"]);
    const trailers = once(stream, "trailers").then(([found]) => found["grpc-status"]);
    stream.resume();
    return (await headers) ?? (await trailers);
  }

  test.each([
    ["that is no protobuf", Uint8Array.of(0, 0, 0, 0, 2, 0xff, 0xff), "13"],
    ["that says it is compressed and is not", Uint8Array.of(1, 0, 0, 0, 2, 0xff, 0xff), "13"],
    ["larger than is allowed", Uint8Array.of(0, 0x7f, 0xff, 0xff, 0xff, 0), "8"],
  ])("that sends a message %s is hung up on; others notice nothing", async (_what, bytes, status) => {
    const server = await serve(echo);
    const other = await dial(server);
    const { stream } = await open(server.port);
    stream.write(bytes);
    expect(`${await statusOf(stream)}`).toBe(status);
    other.send(heartbeat(1));
    expect(await nextGroup(other.messages[Symbol.asyncIterator]())).toBe("1");
  });

  test("that sends faster than it is read is made to wait", async () => {
    const release = Promise.withResolvers<void>();
    let count = 0;
    const server = await serve(async ({ requests }) => {
      await release.promise;
      for await (const _ of requests) if (++count === 50_000) return;
    });
    const { stream } = await open(server.port);
    // An empty message is one without a meaning, of a later version perhaps.
    for (let i = 0; i < 50_000; i++) stream.write(Uint8Array.of(0, 0, 0, 0, 0));
    await systemClock.sleep(300);
    expect(stream.writableLength).toBeGreaterThan(100_000);
    release.resolve();
    stream.end();
    expect(await statusOf(stream)).toBe("0");
    expect(count).toBe(50_000);
  });
});
