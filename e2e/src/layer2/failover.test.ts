import { type Host, monotonicMs, type Observation, observe, pass, processesIn, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { owner, printLogs, type Site, setUp, startHerald, writeService } from "../site.fixture.ts";

// Goals (shown by the bench): 100 ms after a process death, 500 ms after a silent one. A test machine may be busy.
const PROCESS_DEATH_MS = 500;
const SILENT_DEATH_MS = 2500;

describe.each(["packet", "pcap"] as const)("with frames by %s", (frames) => {
  let site: Site;
  let web: readonly [Ip, Ip];

  beforeAll(async () => {
    site = await setUp(`failover-${frames}`);
    writeService(site, { name: "web" });
    await startHerald(site, { frames });
    web = (await site.herald.given("web", 2)) as [Ip, Ip];
    await owner(site, web[0]);
  });
  afterAll(() => site[Symbol.asyncDispose]());
  beforeEach(async ({ onTestFailed }) => {
    onTestFailed(() => printLogs(site));
    await site.herald.mend({ frames });
  });

  function watched(): Promise<Observation> {
    return observe(site.lab, { client: site.client, witness: site.witness, addresses: web });
  }

  test("the owner's link flaps: the client is served again, and told so at once", async () => {
    const before = await owner(site, web[0]);
    await using watch = await watched();
    await site.lab.setPort(before, "lan", "down");
    await pass(1500);
    await site.lab.setPort(before, "lan", "up");
    await pass(1500);
    await watch.end();
    for (const address of web) {
      expect(watch.summary(address).longestOutageMs).toBeLessThan(SILENT_DEATH_MS);
      expect(watch.summary(address).answeredBy).toHaveLength(2);
      expect(watch.answers(address).doubleMs).toBe(0);
    }
  });

  test("the owner's interface is deleted and made anew: it answers again when it is its turn", async () => {
    const before = await owner(site, web[0]);
    await site.lab.unplug(before, "lan");
    const next = await owner(site, web[0]);
    expect(next.name).not.toBe(before.name);
    await site.lab.plugIn(before, "lan");
    // With the others gone, only the node with the new interface is left to answer. One after the other: two deaths of
    // three at once would be a mass silence, in which nothing moves for 10 s.
    const [other] = site.lab.nodes.filter(({ name }) => name !== before.name && name !== next.name);
    for (const node of [other ?? next, next]) {
      site.herald.speaker(node).kill("SIGKILL");
      await pass(500);
    }
    for (const address of web) expect((await owner(site, address)).name).toBe(before.name);
    for (const address of web) expect(await site.client.curl(address)).toBe(before.name);
  });

  test("a killed speaker leaves no process behind", async () => {
    const [node] = site.lab.nodes as [Host];
    site.herald.speaker(node).kill("SIGKILL");
    await site.herald.speaker(node).exited;
    await until("only the backend was left", () => {
      const left = processesIn([node.plan.namespace]).filter(({ pid }) => pid !== site.lab.backend(node).id.pid);
      return left.length === 0;
    });
  });

  if (frames === "pcap") return;

  test("the owner's process is killed: another node serves, and the returning one does not take back", async () => {
    const before = await owner(site, web[0]);
    await using watch = await watched();
    const killed = monotonicMs();
    site.herald.speaker(before).kill("SIGKILL");
    for (const address of web) {
      const claim = await watch.capture.claimed(address, killed, { fits: ({ mac }) => mac !== before.mac });
      expect(claim.at - killed).toBeLessThan(PROCESS_DEATH_MS);
    }
    const after = await owner(site, web[0]);
    expect((await owner(site, web[1])).name).toBe(after.name);
    for (const address of web) {
      await watch.prober.answered(address, { since: killed, by: [after.name] });
      expect(await site.client.curl(address)).toBe(after.name);
      expect(await site.client.neighbour(address)).toMatchObject({ mac: after.mac });
    }
    const returned = monotonicMs();
    site.herald.startSpeaker(before, { frames });
    await site.herald.ready(before, site.herald.speaker(before));
    await pass(2000);
    await watch.end();
    for (const address of web) {
      expect(watch.summary(address).longestOutageMs).toBeLessThan(PROCESS_DEATH_MS);
      expect(watch.summary(address).answeredBy).toEqual([before.name, after.name]);
      expect(watch.answers(address).order).toEqual([before.name, after.name]);
      expect(watch.answers(address, { from: returned }).order).toEqual([after.name]);
    }
  });

  test("the owner falls silent and comes back: another node serves, nobody else ever answers again", async () => {
    const before = await owner(site, web[0]);
    await using watch = await watched();
    const silent = monotonicMs();
    // The management network first: through it the speaker would tell of the other one.
    await site.lab.setPort(before, "mgmt", "down");
    await site.lab.setPort(before, "lan", "down");
    const after = await watch.prober.answered(web[0], { since: silent, not: before.name });
    await watch.prober.answered(web[1], { since: silent, by: [after.by] });
    await pass(2000);
    const returned = monotonicMs();
    await site.lab.setPort(before, "mgmt", "up");
    await site.lab.setPort(before, "lan", "up");
    await site.herald.ready(before, site.herald.speaker(before));
    await pass(2000);
    await watch.end();
    for (const address of web) {
      expect(watch.summary(address).longestOutageMs).toBeLessThan(SILENT_DEATH_MS);
      expect(watch.summary(address).answeredBy).toEqual([before.name, after.by]);
      expect(watch.answers(address, { from: returned }).order).toEqual([after.by]);
    }
  });

  test("the owner is stopped in order: at most one probe is lost, and the process ends with 0 in time", async () => {
    const before = await owner(site, web[0]);
    await using watch = await watched();
    const asked = monotonicMs();
    expect(await site.herald.speaker(before).stop()).toEqual({ code: 0, signal: undefined });
    expect(monotonicMs() - asked).toBeLessThan(5000);
    await pass(1000);
    const after = await owner(site, web[0]);
    await watch.end();
    for (const address of web) {
      expect(watch.summary(address).lost).toBeLessThanOrEqual(1);
      expect(watch.summary(address).answeredBy).toEqual([before.name, after.name]);
      expect(watch.answers(address).doubleMs).toBeLessThan(500);
    }
  });

  test("a speaker that owns nothing comes and goes: nothing moves and no probe is lost", async () => {
    const before = await owner(site, web[0]);
    const other = site.lab.nodes.find(({ name }) => name !== before.name) as Host;
    await using watch = await watched();
    site.herald.speaker(other).kill("SIGKILL");
    await pass(1000);
    site.herald.startSpeaker(other, { frames });
    await site.herald.ready(other, site.herald.speaker(other));
    await pass(1000);
    await watch.end();
    for (const address of web) {
      expect(watch.summary(address)).toMatchObject({ lost: 0, answeredBy: [before.name] });
      expect(watch.answers(address).order).toEqual([before.name]);
    }
  });
});
