import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { beforeAll, describe, expect, test } from "vitest";
import type { StateFile } from "../state-folder.ts";
import { type Authority, createAuthority } from "./authority.test.fixture.ts";
import { CertificateKeeper } from "./certificate-keeper.ts";
import { createKey } from "./client-certificate.ts";

const HOUR_MS = 3_600_000;
// Certificates count seconds.
const START = Date.UTC(2026, 0, 1);

let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority();
});

function start(files = new Map<StateFile, string>()) {
  const clock = new FakeClock();
  const wallClock = () => START + clock.now();
  const log = recordingLogger();
  const asked: Uint8Array[] = [];
  const used: string[] = [];
  const ignored: string[] = [];
  const controller = { isThere: true };
  const keeper = new CertificateKeeper({
    ...{ node: "node-a", clock, wallClock, log },
    folder: {
      read: (file) => {
        const text = files.get(file);
        return text === undefined ? undefined : new TextEncoder().encode(text);
      },
      ignore: (file, cause) => ignored.push(`${file}: ${(cause as Error).message}`),
      write: (file, content) => void files.set(file, String(content())),
    },
    ask: (publicKey) => {
      if (controller.isThere) asked.push(publicKey);
      return controller.isThere;
    },
    onCertificate: ({ cert }) => void used.push(cert),
  });
  /** What the controller says to the last request: good for a day. */
  const answer = async (name = "node-a", from = wallClock()) => {
    const key = asked.at(-1) ?? createKey().publicKey;
    const cert = await authority.sign(key, name, { from, to: from + 24 * HOUR_MS });
    keeper.received(cert);
    return cert;
  };
  return { keeper, clock, log, asked, used, ignored, files, controller, answer };
}

test("the first controller that takes a stream is asked, and its certificate is used and kept", async () => {
  const { keeper, asked, used, files, answer } = start();
  expect([asked, keeper.current]).toEqual([[], undefined]);
  keeper.controllerAnswered();
  expect(asked).toHaveLength(1);
  const cert = await answer();
  keeper.controllerAnswered();
  expect(asked).toHaveLength(1);
  expect(keeper.current).toMatchObject({ cert, expiresAt: START + 24 * HOUR_MS });
  expect(used).toEqual([cert]);
  expect([...files]).toEqual([
    ["client.key", keeper.current?.key],
    ["client.crt", cert],
  ]);
});

test("it is renewed at half of its life, with another key, and used until there is another", async () => {
  const { keeper, clock, asked, answer } = start();
  keeper.controllerAnswered();
  const first = await answer();
  await clock.advance(12 * HOUR_MS - 1);
  expect(asked).toHaveLength(1);
  await clock.advance(60_000);
  expect(asked).toHaveLength(2);
  expect(asked[1]).not.toEqual(asked[0]);
  expect(keeper.current?.cert).toBe(first);
  const second = await answer();
  expect(keeper.current?.cert).toBe(second);
});

test("a controller that does not answer is asked again after a minute", async () => {
  const { keeper, clock, asked } = start();
  keeper.controllerAnswered();
  await clock.advance(59_999);
  expect(asked).toHaveLength(1);
  await clock.advance(1);
  expect(asked).toEqual([asked[0], asked[0]]);
});

test("whatever became of the stream on which a controller was asked, the next one is asked too, for the same key", async () => {
  const { keeper, asked, answer } = start();
  keeper.controllerAnswered();
  keeper.controllerAnswered();
  expect(asked).toEqual([asked[0], asked[0]]);
  const cert = await answer();
  await answer();
  expect(keeper.current).toMatchObject({ cert });
});

test("without a controller the next one that takes a stream is asked at once", async () => {
  const { keeper, asked, controller } = start();
  controller.isThere = false;
  keeper.controllerAnswered();
  controller.isThere = true;
  keeper.controllerAnswered();
  expect(asked).toHaveLength(1);
});

test("a certificate that is refused is replaced by the next controller that takes a stream", async () => {
  const { keeper, asked, answer } = start();
  keeper.controllerAnswered();
  await answer();
  keeper.refused();
  expect(keeper.current).toBeDefined();
  keeper.controllerAnswered();
  expect(asked).toHaveLength(2);
  await answer();
  keeper.controllerAnswered();
  expect(asked).toHaveLength(2);
});

test("an expired certificate is not shown", async () => {
  const { keeper, clock, controller, answer } = start();
  keeper.controllerAnswered();
  await answer();
  controller.isThere = false;
  await clock.advance(24 * HOUR_MS);
  expect(keeper.current).toBeUndefined();
});

describe("what is no certificate of this node and key is not used", () => {
  test.each<[what: string, answer: (answer: ReturnType<typeof start>["answer"]) => Promise<unknown>, reason: string]>([
    ["another node's", (answer) => answer("node-b"), "the certificate is not that of node-a"],
    [
      "one that has expired",
      (answer) => answer("node-a", START - 25 * HOUR_MS),
      "it has expired, or this machine's clock is wrong",
    ],
  ])("%s", async (_what, act, reason) => {
    const { keeper, log, answer, used } = start();
    keeper.controllerAnswered();
    await act(answer);
    expect([keeper.current, used]).toEqual([undefined, []]);
    expect(log.entries).toMatchObject([{ message: "client certificate not usable", fields: { reason } }]);
  });

  test("one of another key, or none at all", async () => {
    const { keeper, log } = start();
    keeper.controllerAnswered();
    keeper.received(await authority.sign(createKey().publicKey, "node-a"));
    keeper.received("nonsense");
    keeper.received("");
    expect(keeper.current).toBeUndefined();
    expect(log.entries).toHaveLength(3);
  });

  test("one that nobody has asked for", async () => {
    const { keeper, answer, log } = start();
    await answer();
    expect([keeper.current, log.entries]).toEqual([undefined, []]);
  });

  test("one whose date is long ago does not make it ask on and on", async () => {
    const { keeper, clock, asked, answer } = start();
    keeper.controllerAnswered();
    await answer("node-a", START - 23 * HOUR_MS);
    keeper.controllerAnswered();
    await answer("node-a", START - 23 * HOUR_MS);
    await clock.advance(59_000);
    expect(asked).toHaveLength(2);
  });
});

describe("after a restart", () => {
  test("the certificate that was kept is used, and nobody is asked", async () => {
    const first = start();
    first.keeper.controllerAnswered();
    const cert = await first.answer();
    const { keeper, asked, used } = start(first.files);
    keeper.controllerAnswered();
    expect([keeper.current?.cert, used, asked]).toEqual([cert, [cert], []]);
  });

  test.each<[what: string, spoil: (files: Map<StateFile, string>) => unknown, said: string[]]>([
    ["only one of the files is there", (files) => files.delete("client.key"), []],
    [
      "the files do not fit",
      (files) => files.set("client.key", createKey().key),
      ["client.crt: the certificate is not that of the key"],
    ],
    ["a file is damaged", (files) => files.set("client.crt", "x"), [expect.stringMatching(/^client.crt: ./)]],
  ])("when %s a new one is asked for", async (_what, spoil, said) => {
    const first = start();
    first.keeper.controllerAnswered();
    await first.answer();
    spoil(first.files);
    const { keeper, asked, ignored } = start(first.files);
    keeper.controllerAnswered();
    expect(keeper.current).toBeUndefined();
    expect(asked).toHaveLength(1);
    expect(ignored).toEqual(said);
  });
});
