import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { expect, onTestFinished, test } from "vitest";
import { startApiServer } from "./api-server.test.fixture.ts";
import { EventRecorder, type EventRecorderOptions, type Kube, KubeError, type KubeEvent } from "./index.ts";

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: {
    readonly count?: number;
    readonly metadata?: { readonly name: string };
    readonly involvedObject?: { readonly name: string };
  };
}

const object = { apiVersion: "v1", kind: "Service", namespace: "web", name: "shop", uid: "uid-1" };
const allocated: KubeEvent = { object, type: "Normal", reason: "IPAllocated", message: 'Assigned IP ["192.0.2.1"]' };
const about = (name: string): KubeEvent => ({ ...allocated, object: { ...object, name } });

/** A recorder that runs, on an API server that answers with what `answer` throws, or accepts. */
function start(answer: (sent: Sent) => void = () => {}, options: Partial<EventRecorderOptions> = {}) {
  const clock = new FakeClock();
  const sent: Sent[] = [];
  let success = Promise.withResolvers<void>();
  const kube: Pick<Kube, "request" | "nextSuccess"> = {
    nextSuccess: () => success.promise,
    request: async (method, path, { body, paced } = {}) => {
      expect(paced).toBe(true);
      const request = { method, path, body: body as Sent["body"] };
      sent.push(request);
      answer(request);
      return {};
    },
  };
  const date = () => new Date(Date.UTC(2026, 10, 26) + clock.now());
  const log = recordingLogger();
  const recorder = new EventRecorder(kube, {
    component: "herald-controller",
    instance: "pod-1",
    clock,
    log,
    date,
    ...options,
  });
  const stop = new AbortController();
  const done = recorder.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await done;
  });
  const succeed = () => {
    success.resolve();
    success = Promise.withResolvers();
  };
  return { recorder, sent, clock, log, succeed };
}

test("an event says about what, by whom and when", async () => {
  const { recorder, sent, clock } = start();
  await clock.advance(1_500);
  recorder.record(allocated);
  await clock.advance(0);
  expect(sent).toEqual([
    {
      method: "POST",
      path: "/api/v1/namespaces/web/events",
      body: {
        apiVersion: "v1",
        kind: "Event",
        metadata: { name: expect.stringMatching(/^shop\.[0-9a-f]{13,20}$/), namespace: "web" },
        involvedObject: object,
        type: "Normal",
        reason: "IPAllocated",
        message: 'Assigned IP ["192.0.2.1"]',
        source: { component: "herald-controller" },
        reportingComponent: "herald-controller",
        reportingInstance: "pod-1",
        firstTimestamp: "2026-11-26T00:00:01Z",
        lastTimestamp: "2026-11-26T00:00:01Z",
        count: 1,
      },
    },
  ]);
});

test("an event of an object outside namespaces is in the namespace default, and long texts are cut", async () => {
  const { recorder, sent, clock } = start();
  const node = { apiVersion: "v1", kind: "Node", name: `${"n".repeat(235)}.${"x".repeat(17)}`, uid: "uid-2" };
  recorder.record({ object: node, type: "Warning", reason: "Odd", message: "m".repeat(5_000) });
  await clock.advance(0);
  expect(sent[0]?.path).toBe("/api/v1/namespaces/default/events");
  expect(sent[0]?.body).toMatchObject({
    metadata: { name: expect.stringMatching(/^n{235}\.[0-9a-f]{13,20}$/) },
    message: "m".repeat(1_024),
  });
});

test("a repeated event counts up the one that is there; another message is another event", async () => {
  const { recorder, sent, clock } = start();
  recorder.record(allocated);
  await clock.advance(2_000);
  recorder.record(allocated);
  recorder.record({ ...allocated, message: "other" });
  recorder.record(allocated);
  await clock.advance(0);
  const name = sent[0]?.body.metadata?.name;
  expect(sent.map(({ method }) => method)).toEqual(["POST", "PATCH", "POST"]);
  expect(sent[1]).toEqual({
    method: "PATCH",
    path: `/api/v1/namespaces/web/events/${name}`,
    body: { count: 3, lastTimestamp: "2026-11-26T00:00:02Z" },
  });
});

test("an event that has expired is made again", async () => {
  const gone = new KubeError("gone", { status: 404 });
  const { recorder, sent, clock } = start(({ method }) => {
    if (method === "PATCH") throw gone;
  });
  recorder.record(allocated);
  await clock.advance(0);
  recorder.record(allocated);
  await clock.advance(0);
  expect(sent.map(({ method, body }) => [method, body.count])).toEqual([
    ["POST", 1],
    ["PATCH", 2],
    ["POST", 1],
  ]);
});

test("what cannot be written is tried again, less and less often, under the same name, and counted meanwhile", async () => {
  let isUp = false;
  const { recorder, sent, clock } = start(() => {
    if (!isUp) throw new KubeError("down", { status: 0 });
  });
  recorder.record(allocated);
  await clock.advance(500 + 1_000 + 2_000);
  expect(sent).toHaveLength(4);
  recorder.record(allocated);
  isUp = true;
  await clock.advance(30_000);
  expect(sent).toHaveLength(5);
  expect(new Set(sent.map(({ body }) => body.metadata?.name)).size).toBe(1);
  expect(sent.at(-1)?.body).toMatchObject({ count: 2 });
  expect(recorder.dropped).toBe(0);
});

test("after an outage events go on as soon as the server accepts anything", async () => {
  let isDown = true;
  const { recorder, sent, clock, succeed } = start(() => {
    if (isDown) throw new KubeError("connection refused", { status: 0 });
  });
  recorder.record(allocated);
  await clock.advance(120_000);
  const during = sent.length;
  expect(during).toBeLessThan(15);
  isDown = false;
  succeed();
  await clock.advance(500);
  expect(sent).toHaveLength(during + 1);
  await clock.advance(60_000);
  expect(sent).toHaveLength(during + 1);
});

test("a server that accepts everything but events is asked less and less often", async () => {
  const { recorder, sent, clock, succeed } = start(() => {
    throw new KubeError("a webhook is in the way", { status: 500 });
  });
  recorder.record(allocated);
  for (let i = 0; i < 600; i++) {
    succeed();
    await clock.advance(200);
  }
  expect(sent.length).toBeLessThan(15);
});

test("a write whose answer was lost is not made twice", async () => {
  const failures = [new KubeError("lost", { status: 0 }), new KubeError("exists", { status: 409 })];
  const { recorder, sent, clock } = start(() => {
    const failure = failures.shift();
    if (failure) throw failure;
  });
  recorder.record(allocated);
  await clock.advance(500);
  recorder.record(allocated);
  await clock.advance(0);
  expect(sent.map(({ method }) => method)).toEqual(["POST", "POST", "PATCH"]);
  expect(sent.at(-1)?.body).toMatchObject({ count: 2 });
});

test("an event that is refused is dropped, and one that always fails does not hold up the others", async () => {
  const { recorder, sent, clock } = start(({ body }) => {
    const name = body.involvedObject?.name;
    if (name === "refused") throw new KubeError("no", { status: 403 });
    if (name === "failing") throw new KubeError("oops", { status: 500 });
  });
  for (const name of ["refused", "failing", "good"]) recorder.record(about(name));
  await clock.advance(500);
  const names = sent.map(({ body }) => body.involvedObject?.name);
  expect(names.slice(0, 3)).toEqual(["refused", "failing", "good"]);
  expect(recorder.dropped).toBe(1);
});

test("what does not fit pushes out the oldest, which is counted", async () => {
  const { recorder, sent, clock } = start(() => {}, { capacity: 2 });
  for (const name of ["a", "b", "b", "c"]) recorder.record(about(name));
  await clock.advance(0);
  const names = sent.map(({ body }) => body.involvedObject?.name);
  expect(names).toEqual(["b", "c"]);
  expect(recorder.dropped).toBe(1);
});

test("what is given up is not written, and counted; what is recorded afterwards is written", async () => {
  let isUp = false;
  const { recorder, sent, clock } = start(() => {
    if (!isUp) throw new KubeError("down", { status: 0 });
  });
  for (const name of ["a", "a", "b"]) recorder.record(about(name));
  await clock.advance(0);
  recorder.giveUp();
  isUp = true;
  recorder.record(about("c"));
  await clock.advance(30_000);
  expect(sent.map(({ body }) => body.involvedObject?.name)).toEqual(["a", "c"]);
  expect(recorder.dropped).toBe(3);
});

test("events of objects long past are forgotten: the same again is a new one", async () => {
  const { recorder, sent, clock } = start();
  recorder.record(about("first"));
  await clock.advance(0);
  for (let i = 0; i < 4_096; i++) recorder.record(about(`n${i}`));
  await clock.advance(0);
  recorder.record(about("first"));
  recorder.record(about("n4095"));
  await clock.advance(0);
  expect(sent.slice(-2).map(({ method }) => method)).toEqual(["POST", "PATCH"]);
});

test("after an outage, what has gathered is written at the pace of its client, not at once", async () => {
  const clock = new FakeClock();
  const server = await startApiServer();
  const kube = await server.connect({ clock, qps: 10, burst: 5 });
  const recorder = new EventRecorder(kube, { component: "c", instance: "i", clock, log: recordingLogger() });
  for (let i = 0; i < 30; i++) recorder.record(about(`n${i}`));
  await clock.advance(60_000);
  const stop = new AbortController();
  const done = recorder.run(stop.signal);
  let written = 0;
  const serving = (async () => {
    for (; written < 30; written++) (await server.next()).answer(201, {});
  })();
  while (written < 5) await clock.advance(0);
  for (let waits = 0; waits < 20; waits++) await clock.advance(0);
  expect(written).toBe(5);
  while (written < 30) await clock.advance(10);
  expect(clock.now() - 60_000).toBeGreaterThanOrEqual(2_500);
  await serving;
  stop.abort();
  await done;
});
