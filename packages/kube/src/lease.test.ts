import { expect, test } from "vitest";
import { failureOf, startApiServer, statusOf } from "./api-server.test.fixture.ts";
import { readLease, writeLease } from "./index.ts";

const LEASES = "/apis/coordination.k8s.io/v1/namespaces/herald/leases";
const date = new Date("2026-11-26T01:02:03.004Z");
const leaseOf = (spec: object) => ({ metadata: { name: "l", resourceVersion: "7" }, spec });
const counted = (leaseTransitions: number, count: string) => ({
  metadata: { name: "l", resourceVersion: "7", annotations: { "heraldlb.io/lease-transitions": count } },
  spec: { leaseTransitions },
});

test.each([
  [leaseOf({ holderIdentity: "me", leaseTransitions: 3 }), { holder: "me", transitions: 3, version: "7" }],
  [leaseOf({ holderIdentity: "" }), { holder: undefined, transitions: 0, version: "7" }],
  [leaseOf({}), { holder: undefined, transitions: 0, version: "7" }],
  [counted(2 ** 31 - 1, `${2 ** 40}`), { holder: undefined, transitions: 2 ** 40, version: "7" }],
  [counted(5, "4"), { holder: undefined, transitions: 5, version: "7" }],
  [counted(5, "many"), { holder: undefined, transitions: 5, version: "7" }],
  [counted(5, `${2 ** 53}`), { holder: undefined, transitions: 5, version: "7" }],
])("reads a Lease", async (body, record) => {
  const server = await startApiServer();
  const read = readLease(await server.connect(), "herald", "l");
  const exchange = await server.next();
  exchange.answer(200, body);
  expect(await read).toEqual(record);
  expect([exchange.method, exchange.path]).toEqual(["GET", `${LEASES}/l`]);
});

test("a Lease that is not there is undefined, and one that cannot be read is a failure", async () => {
  const server = await startApiServer();
  const kube = await server.connect();
  const absent = readLease(kube, "herald", "l");
  (await server.next()).answer(404, statusOf(404, "NotFound"));
  expect(await absent).toBeUndefined();
  for (const [status, body, expected] of [
    [500, {}, 500],
    [200, {}, 0],
  ] as const) {
    const failure = failureOf(readLease(kube, "herald", "l"));
    (await server.next()).answer(status, body);
    expect(await failure).toMatchObject({ name: "KubeError", status: expected });
  }
});

test("is created where there is none, with the time it was acquired", async () => {
  const server = await startApiServer();
  const write = { holder: "me", transitions: 1, expected: undefined, durationSeconds: 2.5, date };
  const written = writeLease(await server.connect(), "herald", "l", write);
  const { method, path, body, answer } = await server.next();
  answer(201, leaseOf({ holderIdentity: "me", leaseTransitions: 1 }));
  expect(await written).toEqual({ holder: "me", transitions: 1, version: "7" });
  expect({ method, path, body }).toEqual({
    method: "POST",
    path: LEASES,
    body: {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace: "herald", name: "l" },
      spec: {
        holderIdentity: "me",
        leaseDurationSeconds: 3,
        leaseTransitions: 1,
        renewTime: "2026-11-26T01:02:03.004000Z",
        acquireTime: "2026-11-26T01:02:03.004000Z",
      },
    },
  });
});

test("is written on the condition that it is as expected; the time it was acquired only by a new holder", async () => {
  const server = await startApiServer();
  const kube = await server.connect();
  const write = { transitions: 2, expected: "6", date };
  const bodies: unknown[] = [];
  for (const each of [{ holder: "me", isTakeover: true }, { holder: "me" }, { holder: undefined }]) {
    const written = writeLease(kube, "herald", "l", { ...write, ...each });
    const exchange = await server.next();
    expect([exchange.method, exchange.path, exchange.headers["content-type"]]).toEqual([
      "PATCH",
      `${LEASES}/l`,
      "application/merge-patch+json",
    ]);
    bodies.push(exchange.body);
    exchange.answer(200, leaseOf({}));
    await written;
  }
  const renewTime = "2026-11-26T01:02:03.004000Z";
  const spec = { holderIdentity: "me", leaseDurationSeconds: 15, leaseTransitions: 2, renewTime };
  expect(bodies).toEqual([
    { metadata: { resourceVersion: "6" }, spec: { ...spec, acquireTime: renewTime } },
    { metadata: { resourceVersion: "6" }, spec },
    { metadata: { resourceVersion: "6" }, spec: { ...spec, holderIdentity: null } },
  ]);
});

test.each([
  ["written by somebody else", "6", 409, 409],
  ["created by somebody else", undefined, 409, 409],
  ["deleted by somebody else", "6", 404, 409],
  ["in a namespace that is not there", undefined, 404, 404],
  ["forbidden", "6", 403, 403],
])("a write of a Lease that is %s fails with the status that tells so", async (_, expected, status, told) => {
  const server = await startApiServer();
  const failure = failureOf(
    writeLease(await server.connect(), "herald", "l", { holder: "me", transitions: 1, expected }),
  );
  (await server.next()).answer(status, statusOf(status, ""));
  expect(await failure).toMatchObject({ name: "KubeError", status: told });
});

test.each([
  [2 ** 31 - 1, undefined],
  [2 ** 31, { "heraldlb.io/lease-transitions": "2147483648" }],
  [2 ** 53 - 1, { "heraldlb.io/lease-transitions": "9007199254740991" }],
])("%d transitions are written, in an annotation if the field cannot hold them", async (transitions, annotations) => {
  const server = await startApiServer();
  const kube = await server.connect();
  for (const expected of [undefined, "6"]) {
    const written = writeLease(kube, "herald", "l", { holder: "me", transitions, expected });
    const { body, answer } = await server.next();
    answer(200, leaseOf({}));
    await written;
    expect(body).toMatchObject({ spec: { leaseTransitions: 2 ** 31 - 1 } });
    expect((body as { readonly metadata: { readonly annotations?: unknown } }).metadata.annotations).toEqual(
      annotations,
    );
  }
});

test.each([2 ** 53, -1, 0.5, Number.NaN])("%d transitions are refused before anything is sent", async (transitions) => {
  const server = await startApiServer();
  const failure = failureOf(
    writeLease(await server.connect(), "herald", "l", { holder: "me", transitions, expected: "1" }),
  );
  expect(await failure).toMatchObject({
    reason: "Overflow",
    message: `${transitions} transitions: a Lease counts from 0 to 9007199254740991`,
  });
});
