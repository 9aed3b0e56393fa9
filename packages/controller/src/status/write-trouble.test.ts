import { KubeError } from "@heraldlb/kube";
import { expect, test } from "vitest";
import type { DesiredStatus } from "./desired-status.ts";
import { objectPath } from "./status-kind.ts";
import { l2, onNode, start, state } from "./status-writer.test.fixture.ts";

const valid: DesiredStatus = { labels: { a: "b" }, status: { result: "Valid" } };

test("an outage is told once, one object at a time finds out that it is over, and then all are written without a burst", async () => {
  const { writer, pass, server, log, clock } = start();
  let most = 0;
  server.onConcurrency = (count) => {
    most = Math.max(most, count);
  };
  server.fault = () => new KubeError("connection refused", { status: 0 });
  for (let i = 0; i < 1_000; i++) writer.set(l2(`s${i}`), onNode("n1"));
  await pass(120_000);
  expect(server.requests.length).toBeLessThan(100);
  expect(log.entries.map(({ message }) => message)).toEqual(["statuses cannot be written"]);
  server.fault = () => undefined;
  await pass(30_000);
  expect(server.objects.size).toBe(1_000);
  expect(most).toBeLessThanOrEqual(4);
  expect(log.entries).toHaveLength(2);
  expect(clock.pending).toBe(0);
});

test("a server that asks for patience gets it", async () => {
  const { writer, pass, server } = start();
  server.fault = () => new KubeError("too many requests", { status: 429, retryAfterMs: 20_000 });
  writer.set(state("controller"), valid);
  await pass(19_000);
  expect(server.requests).toHaveLength(1);
});

test("a kind that is not there is told of once and asked for seldom, and others go on", async () => {
  const { writer, pass, server, log, statusOf } = start();
  server.fault = ({ path }) =>
    path.includes("servicel2statuses") ? new KubeError("no such resource", { status: 404 }) : undefined;
  for (let i = 0; i < 100; i++) writer.set(l2(`s${i}`), onNode("n1"));
  writer.set(state("controller"), valid);
  await pass(10_000);
  expect(statusOf(state("controller"))).toEqual({ result: "Valid" });
  expect(server.requests.length).toBeLessThan(10);
  expect(log.entries.map(({ message }) => message)).toEqual(["no such kind or namespace for statuses"]);
  server.fault = () => undefined;
  await pass(60_000);
  expect(server.objects.size).toBe(101);
});

test("what is refused for good is told of once, and tried ever more seldom", async () => {
  const { writer, pass, server, log } = start();
  server.fault = () => new KubeError("forbidden", { status: 403, reason: "Forbidden" });
  for (let i = 0; i < 10; i++) writer.set(l2(`s${i}`), onNode("n1"));
  await pass(600_000);
  expect(log.entries).toHaveLength(1);
  expect(server.requests.length).toBeLessThan(10 * 25);
});

test("an object that a webhook is in the way of holds up no other one", async () => {
  const { writer, pass, server, log } = start();
  const message = 'Internal error occurred: failed calling webhook "policy.example.com": EOF';
  server.fault = ({ body }) =>
    JSON.stringify(body).includes('"bad"') ? new KubeError(message, { status: 500 }) : undefined;
  writer.set(l2("bad"), onNode("n1"));
  for (let i = 0; i < 20; i++) writer.set(l2(`s${i}`), onNode("n1"));
  await pass(1_000);
  expect(server.objects.size).toBe(20);
  expect(log.entries.map((entry) => entry.message)).toEqual(["status refused"]);
});

test("what a policy of the cluster undoes each time is tried ever more seldom", async () => {
  const { writer, pass, server, made } = start();
  const request = server.request.bind(server);
  server.request = async (method, path, options) => {
    const answer = await request(method, path, options);
    server.put(objectPath(state("controller")), { labels: { a: "not b" }, status: { result: "Valid" } });
    return answer && server.objects.get(objectPath(state("controller")));
  };
  writer.set(state("controller"), valid);
  await pass(120_000);
  expect(made().length).toBeGreaterThan(2);
  expect(made().length).toBeLessThan(20);
});
