import { claimOf, type Host, monotonicMs, pass, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { cpuSeconds } from "./process-usage.ts";
import type { Result } from "./result.ts";
import { setUp, writeServices } from "./site.ts";
import { percentile, round } from "./statistics.ts";

const SETTLE_MS = 3000;
const READ_EVERY_MS = 20;
const LIMIT_MS = 60_000;

/** How many nodes, and what is wanted: in a lab all nodes share the machine, which real ones do not. */
const LABS = [
  { nodes: 3, goal: "<= 1000" },
  { nodes: 5, goal: undefined },
] as const;

/** Results for {@link LABS}. */
export async function takeovers(count: number): Promise<Result[]> {
  const results: Result[] = [];
  for (const lab of LABS) results.push(...(await takeover(count, lab)));
  return results;
}

/**
 * A node that owns every address is killed: from the signal to the first announcement of the last address by one of
 * the others.
 */
async function takeover(count: number, { nodes, goal }: (typeof LABS)[number]): Promise<Result[]> {
  await using site = await setUp({ name: "bench-takeover", nodes });
  const { lab, herald } = site;
  const [owner, ...others] = lab.nodes as [Host, ...Host[]];
  await herald.startController();
  herald.startSpeaker(owner);
  await herald.ready(owner, herald.speaker(owner));
  writeServices(site, count, ["ipv4"]);
  await herald.given(`service-${count - 1}`, 1, { timeoutMs: 120_000 });
  await until("the node owned everything", async () => (await owned(herald.metrics(owner))) === count, {
    timeoutMs: 120_000,
    everyMs: 500,
  });
  for (const node of others) herald.startSpeaker(node);
  for (const node of others) await herald.ready(node, herald.speaker(node), { timeoutMs: 60_000 });
  await pass(SETTLE_MS);
  await using capture = await lab.capture("lan", "arp");
  const processes = [herald.controller(), ...others.map((node) => herald.speaker(node))];
  const usage = () => processes.reduce((sum, { id }) => sum + cpuSeconds(id.pid), 0);
  const usedBefore = usage();
  // On a busy machine some may have gone to another node meanwhile, which announces them no more.
  const owns = await owned(herald.metrics(owner));
  if (owns < count) console.error(`${count - owns} of the addresses had moved before`);
  const began = monotonicMs();
  herald.speaker(owner).kill("SIGKILL");
  const claimed = new Map<Ip, number>();
  let read = 0;
  const readOn = (): boolean => {
    for (; read < capture.frames.length; read++) {
      const frame = capture.frames[read];
      const claim = frame && claimOf(frame.bytes, frame.at);
      if (claim?.to !== "group" || claim.mac === owner.mac || claim.at < began) continue;
      if (!claimed.has(claim.address)) claimed.set(claim.address, claim.at - began);
    }
    return claimed.size >= owns;
  };
  // What is still missing after that is a result, and a bad one.
  while (!readOn() && monotonicMs() < began + LIMIT_MS) await pass(READ_EVERY_MS);
  const used = usage() - usedBefore;
  await capture.stop();
  if (capture.dropped > 0) console.error(`${capture.dropped} frames were not captured: what follows may be too much`);
  const times = [...claimed.values()];
  const name = `${count} addresses of one of ${nodes} nodes, killed`;
  const missing = owns - times.length;
  const held = missing > 0 ? await Promise.all(others.map((node) => owned(herald.metrics(node)))) : [];
  return [
    {
      suite: "ownership",
      name: `${name}: first announcement of the last`,
      value: Math.max(...times),
      unit: "ms",
      goal,
      beside: `half after ${round(percentile(times, 0.5))}; ${round(used)} s of processor time`,
    },
    ...(missing > 0
      ? [
          {
            suite: "ownership",
            name: `${name}: not seen announced`,
            value: missing,
            unit: "addresses",
            goal: "0",
            beside: `the others own ${held.join(" + ")}; ${capture.dropped} frames were not captured`,
          },
        ]
      : []),
  ];
}

async function owned(metrics: Promise<string>): Promise<number> {
  return Number(/^herald_speaker_holdings\{state="owner"\} (\d+)$/m.exec(await metrics)?.[1]);
}
