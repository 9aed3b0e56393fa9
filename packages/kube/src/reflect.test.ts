import { expect, test } from "vitest";
import { failureOf, listOf, service, statusOf } from "./api-server.test.fixture.ts";
import { type KubeObject, reflect } from "./index.ts";
import { startReflecting } from "./reflect.test.fixture.ts";

const added = (object: KubeObject) => ({ type: "ADDED", object });
const modified = (object: KubeObject) => ({ type: "MODIFIED", object });
const deleted = (object: KubeObject) => ({ type: "DELETED", object });
const bookmark = (resourceVersion: string) => ({ type: "BOOKMARK", object: { metadata: { resourceVersion } } });

test("lists in pages, tells the whole once, and watches from the list's version", async () => {
  const reflecting = await startReflecting({ query: { labelSelector: "a=b" } });
  const first = await reflecting.request();
  expect(first.query).toEqual({ labelSelector: "a=b", limit: "500" });
  first.answer(200, listOf([service("a", "1")], "10", "more"));
  const second = await reflecting.request();
  expect(second.query).toEqual({ labelSelector: "a=b", limit: "500", continue: "more" });
  expect(reflecting.untold()).toEqual([]);
  second.answer(200, listOf([service("b", "2")], "10"));
  expect(await reflecting.told()).toEqual({ synced: ["default/a@1", "default/b@2"] });
  const watch = await reflecting.request();
  expect(watch.query).toEqual({
    labelSelector: "a=b",
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: "10",
    timeoutSeconds: "300",
  });
});

test("an empty list is told too", async () => {
  const reflecting = await startReflecting();
  (await reflecting.request()).answer(200, { ...listOf([], "10"), items: null });
  expect(await reflecting.told()).toEqual({ synced: [] });
});

test("what an object lacks comes from its list, and managedFields go before trim sees them", async () => {
  const seen: unknown[] = [];
  const trim = (object: KubeObject) => {
    seen.push(object);
    return { ...object, spec: undefined };
  };
  const reflecting = await startReflecting({ trim });
  const { metadata } = service("a", "1");
  const item = { metadata: { ...metadata, managedFields: [{}] }, spec: { type: "LoadBalancer" } };
  const watch = await reflecting.sync([item], "10");
  const whole = { apiVersion: "v1", kind: "Service", metadata, spec: { type: "LoadBalancer" } };
  expect(seen).toEqual([whole]);
  expect(reflecting.objects).toEqual([{ ...whole, spec: undefined }]);
  await reflecting.told();
  watch.send({
    type: "MODIFIED",
    object: { ...item, kind: "Service", metadata: { ...item.metadata, resourceVersion: "11" } },
  });
  await reflecting.told();
  expect(reflecting.objects).toEqual([
    { kind: "Service", metadata: { ...metadata, resourceVersion: "11" }, spec: undefined },
  ]);
});

test("events that arrive together are told together", async () => {
  const reflecting = await startReflecting();
  const watch = await reflecting.sync([service("a", "1"), service("b", "2")], "10");
  await reflecting.told();
  watch.send(added(service("c", "11")), modified(service("a", "12")), deleted(service("b", "13")), bookmark("14"));
  expect(await reflecting.told()).toEqual({ changed: ["c@11", "a@12"], removed: ["b@13"] });
});

test("a watch that ends is resumed after the last event or bookmark, without a list and without trouble", async () => {
  const reflecting = await startReflecting();
  const watch = await reflecting.sync([], "10");
  await reflecting.told();
  watch.send(added(service("a", "11")), bookmark("15"));
  await reflecting.told();
  await reflecting.clock.advance(300_000 / 3);
  watch.response.end();
  const resumed = await reflecting.request();
  expect(resumed.query).toMatchObject({ watch: "true", resourceVersion: "15" });
  resumed.send(modified(service("a", "16")));
  expect(await reflecting.told()).toEqual({ changed: ["a@16"], removed: [] });
});

test("a connection that breaks is resumed where it was, after a pause, and told as trouble until it stands", async () => {
  const reflecting = await startReflecting();
  const watch = await reflecting.sync([], "10");
  await reflecting.told();
  watch.send(added(service("a", "11")));
  await reflecting.told();
  reflecting.server.disconnect();
  expect(await reflecting.told()).toMatchObject({ trouble: expect.stringContaining("/api/v1/services") });
  const resumed = await reflecting.request();
  expect(resumed.query).toMatchObject({ resourceVersion: "11" });
  resumed.send();
  expect(await reflecting.told()).toEqual({ trouble: undefined });
});

test("410 in a watch leads to a list, of which only differences are told", async () => {
  const reflecting = await startReflecting();
  const watch = await reflecting.sync([service("a", "1"), service("b", "2"), service("c", "3")], "10");
  await reflecting.told();
  watch.send({ type: "ERROR", object: statusOf(410, "Expired", "too old resource version") });
  const again = await reflecting.request();
  expect(again.query).toEqual({ limit: "500" });
  again.answer(200, listOf([service("a", "1"), service("b", "21")], "30", "more"));
  const rest = await reflecting.request();
  rest.answer(200, listOf([service("d", "22")], "30"));
  expect(await reflecting.told()).toEqual({ changed: ["b@21", "d@22"], removed: ["c@3"] });
  expect((await reflecting.request()).query).toMatchObject({ watch: "true", resourceVersion: "30" });
  expect(reflecting.untold()).toEqual([]);
});

test("410 as the answer to a watch leads to a list, and if nothing differs nothing is told", async () => {
  const reflecting = await startReflecting();
  (await reflecting.request()).answer(200, listOf([service("a", "1")], "10"));
  (await reflecting.request()).answer(410, statusOf(410, "Expired"));
  (await reflecting.request()).answer(200, listOf([service("a", "1")], "30"));
  await reflecting.request();
  expect(reflecting.untold()).toEqual([{ synced: ["default/a@1"] }]);
});

test("410 again and again is not answered with lists without a pause", async () => {
  const reflecting = await startReflecting();
  for (let i = 0; i < 5; i++) {
    (await reflecting.request()).answer(200, listOf([], "10"));
    (await reflecting.request()).answer(410, statusOf(410, "Expired"));
  }
  await reflecting.request();
  expect(reflecting.clock.slept).toEqual([500, 1_000, 2_000, 4_000]);
});

test("pages that expire while they are read are given up for one list of everything", async () => {
  const reflecting = await startReflecting();
  (await reflecting.request()).answer(200, listOf([service("a", "1")], "10", "more"));
  (await reflecting.request()).answer(410, statusOf(410, "Expired"));
  const whole = await reflecting.request();
  expect(whole.query).toEqual({});
  whole.answer(200, listOf([service("b", "2")], "20"));
  expect(await reflecting.told()).toEqual({ synced: ["default/b@2"] });
});

test.each([
  ["a line that is not JSON", "{"],
  ["a line that is no event", "[]"],
  ["an event of an unknown type", { type: "MOVED", object: service("a", "11") }],
  ["an object without identity", { type: "ADDED", object: { metadata: {} } }],
  ["null", "null"],
  ["an error that is not 410", { type: "ERROR", object: statusOf(500, "InternalError") }],
  ["an error without anything", { type: "ERROR" }],
])("%s in a watch leads to a list after a pause", async (_, line) => {
  const reflecting = await startReflecting();
  const watch = await reflecting.sync([service("a", "1")], "10");
  await reflecting.told();
  watch.send(added(service("b", "11")), line);
  expect(await reflecting.told()).toMatchObject({ trouble: expect.stringContaining("KubeError") });
  const again = await reflecting.request();
  expect(again.query).toEqual({ limit: "500" });
  again.answer(200, listOf([service("a", "1"), service("b", "11")], "12"));
  expect(await reflecting.told()).toEqual({ trouble: undefined });
  expect(await reflecting.told()).toEqual({ changed: ["b@11"], removed: [] });
});

test.each([
  ["null", null],
  ["no list", { metadata: {} }],
  ["items that are no list", { ...listOf([], "1"), items: {} }],
  ["an item without identity", listOf([{ metadata: { name: "x" } }], "1")],
])("a list that is %s is asked for again", async (_, body) => {
  const reflecting = await startReflecting();
  (await reflecting.request()).answer(200, body);
  expect(await reflecting.told()).toMatchObject({ trouble: expect.stringContaining("unreadable answer") });
  (await reflecting.request()).answer(200, listOf([], "1"));
  expect(await reflecting.told()).toEqual({ trouble: undefined });
});

test.each([
  [404, "list"],
  [429, "watch"],
  [503, "watch"],
  [403, "watch"],
  [504, "list"],
  [400, "list"],
])("after %i to a watch, what is tried again is the %s", async (status, what) => {
  const reflecting = await startReflecting();
  (await reflecting.request()).answer(200, listOf([], "10"));
  await reflecting.told();
  (await reflecting.request()).answer(status, statusOf(status, ""));
  await reflecting.told();
  const { watch } = (await reflecting.request()).query;
  expect(watch === "true" ? "watch" : "list").toBe(what);
});

test("attempts that fail are ever further apart, up to ten seconds, and logged once", async () => {
  const reflecting = await startReflecting();
  for (let i = 0; i < 9; i++) {
    (await reflecting.request()).answer(503, statusOf(503, "ServiceUnavailable"));
    await reflecting.told();
  }
  await reflecting.request();
  expect(reflecting.clock.slept).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
  expect(reflecting.log.entries.filter(({ level }) => level === "warn")).toHaveLength(1);
});

test("what failed while nobody was answered does not count once somebody is", async () => {
  const { server, kube, clock, request, told } = await startReflecting();
  for (let i = 0; i < 6; i++) {
    (await request()).answer(503, statusOf(503, "ServiceUnavailable"));
    await told();
  }
  for (const waitMs of [250, 500, 1_000]) {
    const other = kube.request("GET", "/other");
    (await server.next()).answer(200, {});
    await other;
    const before = clock.now();
    const again = await request();
    expect(clock.now() - before).toBe(waitMs);
    again.answer(503, statusOf(503, "ServiceUnavailable"));
    await told();
  }
});

test("Retry-After is waited for, a minute at most", async () => {
  const reflecting = await startReflecting();
  for (const seconds of ["5", "9999"]) {
    (await reflecting.request()).answer(429, statusOf(429, "TooManyRequests"), { "Retry-After": seconds });
    await reflecting.told();
  }
  await reflecting.request();
  expect(reflecting.clock.slept).toEqual([5_000, 60_000]);
});

test("a server that says nothing, not even bookmarks, is left for another connection", async () => {
  const reflecting = await startReflecting();
  const watch = await reflecting.sync([], "10");
  await reflecting.told();
  for (const version of ["15", "20"]) {
    watch.send(added(service("a", version)));
    await reflecting.told();
    await reflecting.clock.advance(149_999);
    expect(watch.response.destroyed).toBe(false);
  }
  await reflecting.clock.advance(1);
  await watch.closed;
  // That is no trouble yet: quiet watches may end.
  await reflecting.clock.advance(250);
  expect((await reflecting.request()).query).toMatchObject({ watch: "true", resourceVersion: "20" });
  const { level, fields } = reflecting.log.entries.at(-1) ?? {};
  expect([level, fields]).toEqual(["debug", { path: "/api/v1/services", reason: expect.stringContaining("150 s") }]);
  expect(reflecting.log.entries).toHaveLength(1);
});

test("watches that end at once are not begun again without a pause", async () => {
  const reflecting = await startReflecting();
  (await reflecting.request()).answer(200, listOf([], "10"));
  for (let i = 0; i < 4; i++) {
    const watch = await reflecting.request();
    watch.send();
    watch.response.end();
  }
  await reflecting.request();
  expect(reflecting.clock.slept).toEqual([250, 500, 1_000, 2_000]);
});

test("stops in the middle of anything, and leaves no connection and no timer", async () => {
  const reflecting = await startReflecting();
  const watch = await reflecting.sync([], "10");
  await reflecting.told();
  reflecting.stop();
  await reflecting.done;
  await watch.closed;
  expect(reflecting.clock.pending).toBe(0);

  const listing = await startReflecting();
  const list = await listing.request();
  listing.stop();
  await listing.done;
  await list.closed;
  expect(listing.clock.pending).toBe(0);

  const waiting = await startReflecting();
  (await waiting.request()).answer(503, {});
  await waiting.told();
  waiting.stop();
  await waiting.done;
  expect(waiting.clock.pending).toBe(0);
});

test("what a handler throws ends the reflection", async () => {
  const { server, clock, log } = await startReflecting();
  const kube = await server.connect({ clock });
  const bug = new Error("a bug");
  const handlers = {
    onSynced: () => {
      throw bug;
    },
    onChange: () => {},
  };
  await server.next();
  const failure = failureOf(
    reflect(kube, { path: "/bug" }, handlers, { clock, log, random: () => 0 }, new AbortController().signal),
  );
  (await server.next()).answer(200, listOf([], "1"));
  expect(await failure).toBe(bug);
});
