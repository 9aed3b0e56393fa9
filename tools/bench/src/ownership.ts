import { doubleClaimMs, longestGapMs, monotonicMs, pass } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { FAULTS, ONE_INTERFACE_FAULTS, type OwnershipFault } from "./ownership-fault.ts";
import { moves } from "./ownership-moves.ts";
import { takeovers } from "./ownership-takeover.ts";
import type { Result } from "./result.ts";
import { ownerOf, ready, type Site, setUp, writeServices } from "./site.ts";
import { percentile, round } from "./statistics.ts";

/** How much is measured. */
export interface OwnershipOptions {
  /** How often each fault is injected. */
  readonly runs: number;
  /** How long four busy processes compete with Herald, in minutes. */
  readonly minutes: number;
  readonly lossSeconds: number;
  /** Addresses of a node that is killed. */
  readonly addresses: number;
  /** Measure only this part. */
  readonly only?: OwnershipPart | undefined;
}

/** The parts that can be measured alone. */
export const OWNERSHIP_PARTS = ["faults", "takeover", "moves"] as const;

export type OwnershipPart = (typeof OWNERSHIP_PARTS)[number];

/** Claims of one host that are at most this far apart belong to the same stretch. */
const PATIENCE_MS = 100;
const ASK_EVERY_MS = 5;
const WARM_UP_MS = 200;
const SETTLE_MS = 1000;
const PROMISED_MS = 500;

/**
 * For how long two nodes, or none, answer for an address around each fault, as a host hears it that asks every 5 ms,
 * beside the worst case of the protocol's model; how fast thousands of addresses are taken over; and whether addresses
 * move although no node has failed.
 */
export async function ownership(options: OwnershipOptions): Promise<Result[]> {
  const parts: Readonly<Record<OwnershipPart, () => Promise<Result[]>>> = {
    faults: async () => [
      ...(await five(FAULTS, options.runs)),
      ...(await five(ONE_INTERFACE_FAULTS, options.runs, "shared")),
    ],
    takeover: () => takeovers(options.addresses),
    moves: () => moves({ busyMinutes: options.minutes, lossSeconds: options.lossSeconds }),
  };
  const results: Result[] = [];
  for (const part of OWNERSHIP_PARTS) {
    if (options.only === undefined || options.only === part) results.push(...(await parts[part]()));
  }
  return results;
}

async function five(
  faults: readonly OwnershipFault[],
  runs: number,
  management: "separate" | "shared" = "separate",
): Promise<Result[]> {
  await using site = await setUp({ name: `bench-${management}`, nodes: 5, controllers: 2, management });
  await ready(site);
  writeServices(site, 1, ["ipv4"]);
  const [address] = (await site.herald.given("service-0", 1)) as [Ip];
  const results: Result[] = [];
  for (const fault of faults) {
    if (fault.standby && site.herald.controllerHosts.length < 2) {
      await site.herald.startController({ host: site.lab.host("controller2") });
    }
    const seen: Seen[] = [];
    for (let run = 0; run < runs; run++) seen.push(await play(site, address, fault, run));
    results.push(...resultsOf(fault, seen));
  }
  return results;
}

/** What one run came to. */
interface Seen {
  readonly twoMs: number;
  readonly nobodyMs: number;
  readonly moved: boolean;
}

async function play(site: Site, address: Ip, fault: OwnershipFault, run: number): Promise<Seen> {
  const { lab, herald, witness } = site;
  await herald.mend();
  const owner = await ownerOf(site, address);
  await using capture = await lab.capture(witness);
  await using _asker = lab.ask(witness, address, ASK_EVERY_MS);
  await capture.claimed(address, 0);
  await pass(WARM_UP_MS);
  const others = lab.nodes.filter(({ name }) => name !== owner.name);
  await fault.strike({ site, address, owner, others, capture, began: monotonicMs(), run });
  await capture.claimed(address, monotonicMs());
  await pass(SETTLE_MS);
  await capture.stop();
  const claims = capture.claims(address);
  const last = claims.at(-1);
  return {
    twoMs: doubleClaimMs(claims, PATIENCE_MS),
    nobodyMs: longestGapMs(claims),
    moved: last !== undefined && lab.hostOf(last.mac) !== owner.name,
  };
}

function resultsOf({ name, model, moves }: OwnershipFault, seen: readonly Seen[]): Result[] {
  const beside = (values: readonly number[], worst: number | undefined) =>
    `p50 ${round(percentile(values, 0.5))}${worst === undefined ? "" : `; model at most ${worst}`}`;
  const [two, nobody] = [seen.map(({ twoMs }) => twoMs), seen.map(({ nobodyMs }) => nobodyMs)];
  const wrong = seen.filter(({ moved }) => moves !== undefined && moved !== moves).length;
  const figure = (what: string, value: number, unit: string, goal?: string, note?: string): Result => {
    return { suite: "ownership", name: `${name}: ${what}`, value, unit, goal, beside: note };
  };
  return [
    figure(`two answer, max of ${seen.length}`, Math.max(...two), "ms", `<= ${PROMISED_MS}`, beside(two, model?.twoMs)),
    figure("nobody answers, max", Math.max(...nobody), "ms", undefined, beside(nobody, model?.nobodyMs)),
    ...(wrong > 0 ? [figure(moves ? "did not move" : "moved", wrong, "runs", "0")] : []),
  ];
}
