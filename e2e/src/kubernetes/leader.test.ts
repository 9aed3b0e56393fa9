import { type Host, monotonicMs, observe, pass, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { watchAddresses } from "./address-watch.fixture.ts";
import {
  Churn,
  countLogged,
  leaderOf,
  mend,
  metric,
  type Pair,
  processOf,
  type Replica,
  setPair,
  start,
  takesOver,
  undisturbed,
  writesOf,
} from "./pair.test.fixture.ts";
import { NAMESPACE, printLogs } from "./scene.fixture.ts";

// What is promised is 1 s after SIGTERM, and the Lease's 3 s and 1 s more after SIGKILL. A test machine may be busy.
const PROMPT_MS = 4_000;
const AFTER_DEATH_MS = 12_000;
// 5 s are promised. Taken for the leader's own trouble, it would take the 10 s of --mass-silence-limit more.
const BOTH_SILENT_MS = 11_000;
// For what must not happen.
const A_WHILE_MS = 2_000;
const SLOW = { timeoutMs: 60_000 };
const LOST = "another process holds the lease";
const LEASE = ["lease", "herald-controller", "-n", NAMESPACE] as const;

describe("two controllers on one API server", { timeout: 180_000 }, () => {
  let pair: Pair;

  beforeAll(async () => {
    pair = await setPair(`k8s-leader-${process.pid}`);
  }, 180_000);
  afterAll(() => pair?.[Symbol.asyncDispose]());
  beforeEach(async ({ onTestFailed }) => {
    onTestFailed(() => printLogs(pair));
    await mend(pair);
  }, 120_000);

  const isLeading = async (replica: Replica) => (await metric(replica, "herald_leader_bool")) === 1;

  test("one of them leads; the other has read everything and is ready", async () => {
    const { leader, other } = await leaderOf(pair);
    await other.herald.ready(other.host, processOf(other));
    expect(await metric(leader, "herald_firm_bool")).toBe(1);
    expect(await metric(other, "herald_firm_bool")).toBe(0);
  });

  test.for([
    ["is stopped", "SIGTERM", { code: 0, signal: undefined }, PROMPT_MS],
    ["has died", "SIGKILL", { code: undefined, signal: "SIGKILL" }, AFTER_DEATH_MS],
  ] as const)(
    "the other takes over when the leader %s, and nobody notices",
    async ([_, signal, exit, limitMs], { annotate }) => {
      const { leader, other } = await leaderOf(pair);
      await undisturbed(pair, async (watch) => {
        await using churn = new Churn(pair.cluster, signal.toLowerCase());
        await pass(A_WHILE_MS);
        const ms = await takesOver(other, () => processOf(leader).kill(signal));
        await annotate(`took over ${ms.toFixed(0)} ms after ${signal}`);
        expect(ms).toBeLessThan(limitMs);
        expect(await processOf(leader).exited).toEqual(exit);
        await pass(A_WHILE_MS);
        await churn.settle(watch);
        await start(leader);
      });
    },
  );

  test("a leader that was paused for longer than its Lease writes nothing afterwards", async ({ annotate }) => {
    const { leader, other } = await leaderOf(pair);
    await undisturbed(pair, async (watch) => {
      await using churn = new Churn(pair.cluster, "paused");
      await pass(A_WHILE_MS);
      const ms = await takesOver(other, () => processOf(leader).kill("SIGSTOP"));
      await annotate(`took over ${ms.toFixed(0)} ms after SIGSTOP`);
      await pass(A_WHILE_MS);
      const awake = Date.now();
      processOf(leader).kill("SIGCONT");
      await until("the old leader stood by", async () => !(await isLeading(leader)), SLOW);
      await pass(A_WHILE_MS);
      await churn.settle(watch);
      expect(await isLeading(other)).toBe(true);
      expect(writesOf(pair, leader, awake)).toEqual([]);
    });
    // Speakers have come back to it, too, so it leads again when it has to.
    await leaderOf(pair);
    await undisturbed(pair, async () => {
      await takesOver(leader, () => processOf(other).kill("SIGKILL"));
      await start(other);
    });
  });

  test("a leader that is cut off from the API server stops writing before another begins", async ({ annotate }) => {
    const { leader, other } = await leaderOf(pair);
    const { lab } = pair.cluster;
    const term = await metric(leader, "herald_term");
    await undisturbed(pair, async (watch) => {
      await using churn = new Churn(pair.cluster, "cut");
      await pass(A_WHILE_MS);
      const since = Date.now();
      const losses = countLogged(leader, LOST);
      const ms = await takesOver(other, () =>
        lab.setFaults([
          { type: "partition", network: "mgmt", from: [leader.host.name], to: ["server1"], direction: "both" },
        ]),
      );
      await annotate(`took over ${ms.toFixed(0)} ms after the cut`);
      expect(ms).toBeLessThan(AFTER_DEATH_MS);
      // It knew for itself, and speakers tell it of the later term.
      expect(processOf(leader).log()).toContain("lease could not be renewed");
      await until("the old leader stood by", async () => !(await isLeading(leader)), SLOW);
      await pass(A_WHILE_MS);
      expect(await metric(other, "herald_term")).toBeGreaterThan(term);
      await lab.setFaults([]);
      await until("the old leader has read the Lease", () => countLogged(leader, LOST) > losses, SLOW);
      await pass(A_WHILE_MS);
      await churn.settle(watch);
      expect(writesOf(pair, leader, since + 500)).toEqual([]);
    });
    // What it decided in its former term is forgotten.
    await undisturbed(pair, async () => {
      await takesOver(leader, () => processOf(other).kill("SIGKILL"));
      await start(other);
    });
  });

  test("what falls silent together with the leader is replaced once the other one leads", async ({ annotate }) => {
    const { leader } = await leaderOf(pair);
    const { cluster, web } = pair;
    const { lab } = cluster;
    const [client, witness] = lab.clients as [Host, Host];
    await using addresses = await watchAddresses(cluster);
    await using watch = await observe(lab, { client, witness, addresses: web });
    await pass(A_WHILE_MS);
    const owner = lab.host(watch.answers(web[0] as Ip).order.at(-1) ?? "");
    const since = monotonicMs();
    await lab.setFaults([lab.cutOff("mgmt", [leader.host, owner]), lab.cutOff("lan", [owner])]);
    for (const address of web) {
      const fits = ({ mac }: { readonly mac: string }) => mac !== owner.mac;
      const { at } = await watch.capture.claimed(address, since, { fits, timeoutMs: 30_000 });
      await annotate(`${address} went over ${(at - since).toFixed(0)} ms after its owner and the leader fell silent`);
      expect(at - since).toBeLessThan(BOTH_SILENT_MS);
    }
    expect(addresses.changes).toEqual([]);
  });

  test("a deleted Lease is made anew by whoever leads", async () => {
    const { leader, other } = await leaderOf(pair);
    await undisturbed(pair, async () => {
      await takesOver(leader, async () => void (await pair.cluster.kubectl(["delete", ...LEASE])));
      await pass(5_000);
      expect(await isLeading(other)).toBe(false);
      expect(await isLeading(leader)).toBe(true);
    });
  });

  test("a Lease that somebody gave another holder is free when nobody renews it", async () => {
    const { leader } = await leaderOf(pair);
    await undisturbed(pair, async (watch) => {
      await using churn = new Churn(pair.cluster, "edited");
      const patch = '{"spec":{"holderIdentity":"somebody"}}';
      await pair.cluster.kubectl(["patch", ...LEASE, "--type=merge", "-p", patch]);
      await until("nobody led", async () => !(await isLeading(leader)), SLOW);
      await leaderOf(pair);
      await churn.settle(watch);
    });
  });
});
