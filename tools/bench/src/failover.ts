import { type Host, monotonicMs, startProber, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import type { Result } from "./result.ts";
import { ownerOf, type Site, setUp, writeServices } from "./site.ts";
import { percentile } from "./statistics.ts";

/** How often each fault is injected. */
export interface FailoverOptions {
  readonly kills: number;
  readonly silences: number;
  readonly stops: number;
}

/** Longer than the rounds of gratuitous packets that follow a move, so that one run's do not count in the next. */
const QUIET_MS = 600;

/**
 * What a client notices when the owner of an address goes: killed (takeover is timed from the signal to the new owner's
 * first announcement at the switch), silent (both its ports down) and stopped in order.
 */
export async function failover({ kills, silences, stops }: FailoverOptions): Promise<Result[]> {
  await using site = await setUp({ name: "bench-failover", nodes: 3 });
  const { lab, herald } = site;
  writeServices(site, 1, ["ipv4", "ipv6"]);
  await herald.startController();
  for (const node of lab.nodes) herald.startSpeaker(node);
  for (const node of lab.nodes) await herald.ready(node, herald.speaker(node));
  const [address] = (await herald.given("service-0", 2)) as [Ip, Ip];
  const killed = await repeat(site, address, kills, kill);
  const silent = await repeat(site, address, silences, silence);
  const stopped = await repeat(site, address, stops, stop);
  const takeover = killed.map((run) => run.takeoverMs);
  const upstream = "MetalLB 0.16 on such a machine: 5000-6900 ms";
  return [
    result(`SIGKILL: takeover p50 of ${kills}`, percentile(takeover, 0.5), "ms", undefined, upstream),
    result(`SIGKILL: takeover p99 of ${kills}`, percentile(takeover, 0.99), "ms", "<= 100", upstream),
    result("SIGKILL: longest outage at the client", max(killed.map((run) => run.outageMs)), "ms"),
    result(
      `silent: outage p50 of ${silences}`,
      percentile(
        silent.map((run) => run.outageMs),
        0.5,
      ),
      "ms",
    ),
    result(`silent: outage max of ${silences}`, max(silent.map((run) => run.outageMs)), "ms", "<= 500", upstream),
    result(
      `planned stop: probes lost, most of ${stops}`,
      max(stopped.map((run) => run.lost)),
      "probes at 10 ms",
      "<= 1",
    ),
    result(
      `planned stop: takeover p50 of ${stops}`,
      percentile(
        stopped.map((run) => run.takeoverMs),
        0.5,
      ),
      "ms",
    ),
  ];
}

interface Run {
  /** From the fault to the first gratuitous packet of another node. */
  readonly takeoverMs: number;
  readonly outageMs: number;
  readonly lost: number;
}

/** A fault, and how it is mended afterwards. */
interface Fault {
  readonly intervalMs: number;
  strike(site: Site, node: Host): Promise<void>;
  mend(site: Site, node: Host): Promise<void>;
}

async function restart({ herald }: Site, node: Host): Promise<void> {
  await herald.speaker(node).exited;
  await herald.ready(node, herald.startSpeaker(node));
}

const kill: Fault = {
  intervalMs: 5,
  strike: async ({ herald }, node) => herald.speaker(node).kill("SIGKILL"),
  mend: restart,
};

const silence: Fault = {
  intervalMs: 5,
  async strike({ lab }, node) {
    // Management first: a speaker that can still say "no carrier" is not silent.
    await lab.setPort(node, "mgmt", "down");
    await lab.setPort(node, "lan", "down");
  },
  async mend({ lab, herald }, node) {
    await Promise.all((["lan", "mgmt"] as const).map((network) => lab.setPort(node, network, "up")));
    await herald.ready(node, herald.speaker(node));
  },
};

const stop: Fault = {
  intervalMs: 10,
  strike: async ({ herald }, node) => herald.speaker(node).kill("SIGTERM"),
  mend: restart,
};

async function repeat(site: Site, address: Ip, times: number, fault: Fault): Promise<Run[]> {
  const { lab, client } = site;
  const runs: Run[] = [];
  for (let i = 0; i < times; i++) {
    const owner = await ownerOf(site, address);
    await using capture = await lab.capture("lan");
    await using prober = await startProber(client, [address], { intervalMs: fault.intervalMs });
    await prober.answered(address, { since: 0 });
    const struck = monotonicMs();
    await fault.strike(site, owner);
    const claim = await until(
      `another node than ${owner.name} announced ${address}`,
      () => capture.claims(address, struck).find(({ mac, to }) => mac !== owner.mac && to === "group"),
      { timeoutMs: 20_000 },
    );
    await prober.answered(address, { since: claim.at, not: owner.name }, { timeoutMs: 20_000 });
    await until("some more probes were sent", () => monotonicMs() > claim.at + QUIET_MS);
    await prober.stop();
    const { longestOutageMs, lost } = prober.summary(address);
    runs.push({ takeoverMs: claim.at - struck, outageMs: longestOutageMs, lost });
    await fault.mend(site, owner);
    const mended = monotonicMs();
    await until("the speaker had been fit for a while", () => monotonicMs() > mended + QUIET_MS);
  }
  return runs;
}

const max = (values: readonly number[]): number => Math.max(...values);

function result(name: string, value: number, unit: string, goal?: string, beside?: string): Result {
  return { suite: "failover", name, value, unit, goal, beside };
}
