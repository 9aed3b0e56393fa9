import { KubeError } from "@heraldlb/kube";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, describe, expect, test } from "vitest";
import { settle } from "../controller.test.fixture.ts";
import { Candidacy } from "./candidacy.ts";
import { FakeCluster } from "./fake-cluster.test.fixture.ts";

const LEASES = "/apis/coordination.k8s.io/v1/namespaces/herald/leases";
const PATH = `${LEASES}/controller`;

const endings: AbortController[] = [];
afterEach(() => {
  for (const ending of endings.splice(0)) ending.abort();
});

/** A process that takes part, from now on. */
function start(kube: FakeCluster, clock: FakeClock, identity: string) {
  const told: string[] = [];
  const log = recordingLogger();
  // What passes for this process while it gets no processor time.
  const pause = { ms: 0 };
  const candidacy = new Candidacy({
    ...{ kube, namespace: "herald", name: "controller", identity, log, highestTerm: () => 0, canLead: () => true },
    clock: {
      now: () => clock.now() + pause.ms,
      sleep: (ms, signal) => clock.sleep(ms, signal),
      timer: (ms, act) => clock.timer(ms, act),
    },
    onLead: (term) => void told.push(`lead ${term}`),
    onFirm: (firm) => void told.push(firm ? "firm" : "not firm"),
    onStandby: () => void told.push("standby"),
  });
  const ending = new AbortController();
  endings.push(ending);
  const running = candidacy.run(ending.signal);
  const end = async () => {
    ending.abort();
    await running;
  };
  return { candidacy, told, log, pause, end };
}

async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 25) {
    await clock.advance(25);
    await settle();
  }
}

/** A Lease that nobody holds, and who leads by it since a second. */
async function leading() {
  const kube = new FakeCluster();
  const clock = new FakeClock();
  kube.put(LEASES, { metadata: { name: "controller" }, spec: { holderIdentity: "", leaseTransitions: 6 } });
  const leader = start(kube, clock, "a");
  await pass(clock, 1_000);
  return { kube, clock, ...leader };
}

describe("a candidate", () => {
  test("takes a Lease that nobody holds, and leads in a later term", async () => {
    const { kube, told, candidacy } = await leading();
    expect(told).toEqual(["lead 7"]);
    expect(candidacy.isFirm()).toBe(true);
    expect(kube.object(PATH)?.spec).toMatchObject({
      ...{ holderIdentity: "a", leaseTransitions: 7, leaseDurationSeconds: 3 },
      acquireTime: expect.any(String),
    });
  });

  test("leaves the time that it took the Lease when it renews it", async () => {
    const { kube, clock } = await leading();
    const lease = kube.object(PATH);
    kube.put(LEASES, { metadata: { name: "controller" }, spec: { ...lease?.spec, acquireTime: "then" } });
    await pass(clock, 2_000);
    expect(kube.object(PATH)?.spec).toMatchObject({ holderIdentity: "a", acquireTime: "then" });
  });

  test("waits while another one leads, and leads at once when that one gives the Lease up", async () => {
    const { kube, clock, candidacy, end } = await leading();
    const other = start(kube, clock, "b");
    await pass(clock, 10_000);
    expect(other.told).toEqual([]);
    expect(other.candidacy.isFirm()).toBe(false);
    await end();
    await candidacy.release();
    await pass(clock, 600);
    expect(other.told).toEqual(["lead 8"]);
    expect(candidacy.isFirm()).toBe(false);
  });

  test("stands by when somebody else has written the Lease", async () => {
    const { kube, clock, told, candidacy } = await leading();
    kube.put(LEASES, { metadata: { name: "controller" }, spec: { holderIdentity: "b", leaseTransitions: 8 } });
    await pass(clock, 600);
    expect(told).toEqual(["lead 7", "standby"]);
    expect(candidacy.isFirm()).toBe(false);
  });

  test("leads again in a later term when speakers know of one", async () => {
    const { clock, told, candidacy } = await leading();
    candidacy.stepDown(9);
    expect(candidacy.isFirm()).toBe(false);
    await pass(clock, 100);
    expect(told).toEqual(["lead 7", "lead 10"]);
    expect(candidacy.isFirm()).toBe(true);
  });

  test("stands by when the one that speakers know of has the Lease", async () => {
    const { kube, clock, told, candidacy } = await leading();
    candidacy.stepDown(8);
    kube.put(LEASES, { metadata: { name: "controller" }, spec: { holderIdentity: "b", leaseTransitions: 8 } });
    await pass(clock, 600);
    expect(told).toEqual(["lead 7", "standby"]);
  });
});

describe("a leader", () => {
  test("is not firm two seconds after it could renew the Lease last, and is again with the next renewal", async () => {
    const { kube, clock, told, candidacy, log } = await leading();
    kube.before = () => {
      throw new KubeError("no answer", { status: 0 });
    };
    await pass(clock, 2_600);
    expect(told).toEqual(["lead 7", "not firm"]);
    expect(candidacy.isFirm()).toBe(false);
    expect(log.entries).toContainEqual(expect.objectContaining({ level: "debug", message: "lease request failed" }));
    kube.before = () => {};
    await pass(clock, 600);
    expect(told).toEqual(["lead 7", "not firm", "firm"]);
  });

  test("that was paused knows so before any timer tells it", async () => {
    const { told, candidacy, pause } = await leading();
    pause.ms = 2_000;
    expect(candidacy.isFirm()).toBe(false);
    expect(told).toEqual(["lead 7", "not firm"]);
  });

  test("gives the Lease up after a renewal that is under way", async () => {
    const { kube, clock, candidacy, end } = await leading();
    const held = Promise.withResolvers<void>();
    kube.before = (method) => (method === "PATCH" ? held.promise : undefined);
    const { length } = kube.requests;
    while (kube.requests.length === length) await pass(clock, 25);
    await end();
    kube.before = () => {};
    const released = candidacy.release();
    held.resolve();
    await released;
    expect(kube.object(PATH)?.spec).not.toHaveProperty("holderIdentity");
    expect(kube.object(PATH)?.spec).toMatchObject({ leaseTransitions: 7 });
  });

  test("ends without an API server, too", async () => {
    const { kube, clock, candidacy, end } = await leading();
    kube.before = () => new Promise(() => {});
    await end();
    const released = candidacy.release();
    await pass(clock, 2_500);
    await expect(released).resolves.toBeUndefined();
  });
});
