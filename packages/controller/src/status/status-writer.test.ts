import { expect, test } from "vitest";
import type { DesiredStatus } from "./desired-status.ts";
import { objectPath, type StatusTarget } from "./status-kind.ts";
import { l2, onNode, start, state } from "./status-writer.test.fixture.ts";

const pool: StatusTarget = { kind: "IPAddressPool", namespace: "herald", name: "p" };
const valid: DesiredStatus = { labels: { a: "b" }, status: { result: "Valid" } };

test("an object that is missing is made, then its status", async () => {
  const { writer, pass, made, server } = start();
  writer.set(state("controller"), valid);
  await pass(5_000);
  expect(made()).toEqual(["POST herald/configurationstates", "PATCH controller/status"]);
  expect(server.objects.get(objectPath(state("controller")))).toMatchObject({
    metadata: { labels: { a: "b" } },
    status: { result: "Valid" },
  });
});

test("nothing is written while all is as it should be", async () => {
  const { writer, pass, server } = start();
  writer.set(state("controller"), valid);
  await pass(2_000);
  const count = server.requests.length;
  writer.set(state("controller"), { labels: { a: "b" }, status: { result: "Valid" } });
  await pass(60_000);
  expect(server.requests).toHaveLength(count);
});

test("a kind is left alone until it is known what there is", async () => {
  const { writer, pass, server, made } = start({ syncs: false });
  server.put(objectPath(state("controller")), { status: { result: "Valid" }, labels: { a: "b" } });
  writer.set(state("controller"), valid);
  await pass(5_000);
  expect(made()).toEqual([]);
  writer.synced("ConfigurationState", [...server.objects.values()]);
  await pass(5_000);
  expect(made()).toEqual([]);
});

test("many changes within a second are one write, with what is wanted in the end", async () => {
  const { writer, pass, made, statusOf } = start();
  writer.set(state("controller"), valid);
  await pass(100);
  for (let i = 0; i < 20; i++) writer.set(state("controller"), { status: { result: "Valid", errorSummary: `${i}` } });
  await pass(500);
  expect(made()).toHaveLength(2);
  await pass(1_000);
  expect(made()).toHaveLength(3);
  expect(statusOf(state("controller"))).toEqual({ result: "Valid", errorSummary: "19" });
});

test.each([
  ["a changed field", { result: "Invalid" }],
  ["a field that should not be there", { result: "Valid", errorSummary: "by hand" }],
  ["an empty status", {}],
])("what somebody edits is put right: %s", async (_, status) => {
  const { writer, pass, server, statusOf } = start();
  writer.set(state("controller"), valid);
  await pass(2_000);
  server.put(objectPath(state("controller")), { status });
  await pass(2_000);
  expect(statusOf(state("controller"))).toEqual({ result: "Valid" });
});

test("labels that somebody takes away come back, others stay", async () => {
  const { writer, pass, server } = start();
  writer.set(state("controller"), valid);
  await pass(2_000);
  server.put(objectPath(state("controller")), { status: { result: "Valid" }, labels: { a: "x", mine: "yes" } });
  await pass(2_000);
  expect(server.objects.get(objectPath(state("controller")))?.metadata.labels).toEqual({ a: "b", mine: "yes" });
});

test("what somebody deletes comes back", async () => {
  const { writer, pass, server, statusOf } = start();
  writer.set(state("controller"), valid);
  await pass(2_000);
  server.remove(objectPath(state("controller")));
  await pass(2_000);
  expect(statusOf(state("controller"))).toEqual({ result: "Valid" });
});

test("what is not wanted any more is deleted, a second later", async () => {
  const { writer, pass, server } = start();
  writer.set(l2("x"), onNode("n1"));
  await pass(2_000);
  writer.set(l2("x"), undefined);
  await pass(900);
  expect(server.objects.size).toBe(1);
  await pass(200);
  expect(server.objects.size).toBe(0);
});

test("what is wanted again within a second stays", async () => {
  const { writer, pass, made } = start();
  writer.set(l2("x"), onNode("n1"));
  await pass(2_000);
  writer.set(l2("x"), undefined);
  await pass(500);
  writer.set(l2("x"), onNode("n1"));
  await pass(5_000);
  expect(made()).toHaveLength(2);
});

test("fields that may not change take another object", async () => {
  const { writer, pass, server, statusOf } = start();
  writer.set(l2("x"), onNode("n1"));
  await pass(2_000);
  const before = server.objects.get(objectPath(l2("x")))?.metadata.uid;
  writer.set(l2("x"), onNode("n2"));
  await pass(2_000);
  expect(statusOf(l2("x"))).toMatchObject({ node: "n2" });
  expect(server.objects.get(objectPath(l2("x")))?.metadata.uid).not.toBe(before);
});

test("a pool is neither made nor deleted, and only Herald's fields of its status are written", async () => {
  const { writer, pass, server, made, statusOf } = start();
  writer.set(pool, { status: { assignedIPv4: 1n } });
  await pass(2_000);
  expect(made()).toEqual([]);
  server.put(objectPath(pool), { status: { other: "stays" }, labels: { a: "b" } });
  await pass(2_000);
  expect(statusOf(pool)).toEqual({ assignedIPv4: 1, other: "stays" });
  writer.set(pool, undefined);
  await pass(5_000);
  expect(server.objects.size).toBe(1);
});

test("the greatest int64 is written to the last digit, once", async () => {
  const { writer, pass, server } = start();
  let text = "";
  const request = server.request.bind(server);
  server.request = (method, path, options) => {
    text = JSON.stringify(options?.body);
    return request(method, path, options);
  };
  server.put(objectPath(pool), {});
  writer.set(pool, { status: { availableIPv6: 2n ** 63n - 1n } });
  await pass(5_000);
  expect(text).toContain('"availableIPv6":9223372036854775807');
  expect(server.requests).toHaveLength(1);
});

test("the time of a condition changes only with its status", async () => {
  const { writer, pass, statusOf } = start();
  const condition = (status: "True" | "False", message: string): DesiredStatus => ({
    status: { conditions: [{ type: "valid", status, reason: "R", message }] },
  });
  const since = () => {
    const { conditions } = statusOf(state("controller")) as { conditions: { lastTransitionTime: string }[] };
    return conditions[0]?.lastTransitionTime;
  };
  writer.set(state("controller"), condition("True", "a"));
  await pass(60_000);
  const first = since();
  expect(first).toMatch(/^2026-01-01T00:00:1\dZ$/);
  writer.set(state("controller"), condition("True", "b"));
  await pass(60_000);
  expect(since()).toBe(first);
  writer.set(state("controller"), condition("False", "b"));
  await pass(60_000);
  expect(since()).toMatch(/^2026-01-01T00:02:1\dZ$/);
});

test("conditions of a Service that others write stay, its own go when they no longer hold", async () => {
  const { writer, pass, server, statusOf } = start();
  const service: StatusTarget = { kind: "Service", namespace: "default", name: "web" };
  const foreign = { type: "example.com/x", status: "True", reason: "R", message: "" };
  server.put(objectPath(service), { status: { loadBalancer: {}, conditions: [foreign] } });
  const own = { type: "own", status: "True", reason: "r", message: "m" } as const;
  writer.set(service, { status: { conditions: [own] }, conditionTypes: ["own"] });
  await pass(2_000);
  const lastTransitionTime = expect.any(String);
  expect(statusOf(service)).toEqual({ loadBalancer: {}, conditions: [foreign, { ...own, lastTransitionTime }] });
  writer.set(service, { status: { conditions: [] }, conditionTypes: ["own"] });
  await pass(2_000);
  expect(statusOf(service)).toEqual({ loadBalancer: {}, conditions: [foreign] });
});

test("a conflict is read again and tried again", async () => {
  const { writer, server, wait, made, statusOf } = start();
  server.put(objectPath(state("controller")), { status: { result: "Unknown" }, labels: { a: "b" } });
  writer.synced("ConfigurationState", [...server.objects.values()]);
  // The watch is late.
  server.put(objectPath(state("controller")), { status: { result: "Invalid" } });
  writer.set(state("controller"), valid);
  await wait(3_000);
  expect(made()).toEqual(["PATCH controller/status", "GET configurationstates/controller", "PATCH controller/status"]);
  expect(statusOf(state("controller"))).toEqual({ result: "Valid" });
});

test("what a late watch tells of is not taken for news", async () => {
  const { writer, wait, deliver, made } = start();
  writer.set(state("controller"), valid);
  await wait(3_000);
  writer.set(state("controller"), undefined);
  await wait(3_000);
  deliver();
  await wait(10_000);
  expect(made()).toHaveLength(3);
});

test("a change that comes while another is written waits its second", async () => {
  const { writer, pass, server, made } = start();
  writer.set(state("controller"), valid);
  await pass(2_000);
  let count = 0;
  server.fault = () => {
    writer.set(state("controller"), { status: { result: "Valid", errorSummary: `${count++}` } });
    return undefined;
  };
  writer.set(state("controller"), { status: { result: "Invalid" } });
  await pass(10_000);
  expect(made().length).toBeGreaterThan(8);
  expect(made().length).toBeLessThan(2 + 12);
});

test("only a leader writes, and goes on with what is wanted by then", async () => {
  let leads = false;
  const { writer, pass, made, statusOf } = start({ mayWrite: () => leads });
  writer.set(state("controller"), { status: { result: "Unknown" } });
  await pass(5_000);
  writer.set(state("controller"), valid);
  expect(made()).toEqual([]);
  leads = true;
  await pass(1_000);
  expect(statusOf(state("controller"))).toEqual({ result: "Valid" });
  expect(made()).toHaveLength(2);
});

test("what a former leader wanted is not written when it leads again", async () => {
  let leads = true;
  const { writer, pass, server, statusOf, made } = start({ mayWrite: () => leads });
  writer.set(state("controller"), valid);
  await pass(2_000);
  leads = false;
  writer.rest();
  server.put(objectPath(state("controller")), { status: { result: "Invalid" } });
  await pass(2_000);
  leads = true;
  await pass(5_000);
  expect(made()).toHaveLength(2);
  writer.set(state("controller"), { status: { result: "Unknown" } });
  await pass(1_000);
  expect(statusOf(state("controller"))).toEqual({ result: "Unknown" });
});

test("a bug ends it", async () => {
  const { writer, server, ended, clock } = start();
  server.request = () => Promise.reject(new TypeError("a bug"));
  const outcome = expect(ended).rejects.toThrow("a bug");
  writer.set(state("controller"), valid);
  await clock.advance(0);
  await outcome;
});

test("what had to wait for its turn is not sent when another process leads by then, and that is no trouble", async () => {
  let leads = true;
  const { writer, pass, server, log, statusOf } = start({ mayWrite: () => leads });
  server.onConcurrency = () => {
    leads = false;
  };
  writer.set(state("controller"), valid);
  await pass(2_000);
  expect([server.requests.length, server.objects.size, log.entries]).toEqual([1, 0, []]);
  server.onConcurrency = () => {};
  leads = true;
  await pass(2_000);
  expect(statusOf(state("controller"))).toEqual({ result: "Valid" });
});

test("after etcd was restored from a backup, what is read counts, though its version is an older one", async () => {
  const { writer, wait, server, statusOf } = start();
  writer.set(state("controller"), { status: { result: "Valid" } });
  await wait(5_000);
  const path = objectPath(state("controller"));
  const { metadata, ...rest } = server.objects.get(path) ?? expect.fail("it is not there");
  server.objects.set(path, { ...rest, metadata: { ...metadata, resourceVersion: "0" } });
  writer.set(state("controller"), { status: { result: "Invalid" } });
  await wait(5_000);
  expect(statusOf(state("controller"))).toEqual({ result: "Invalid" });
});
