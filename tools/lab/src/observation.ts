import type { Ip } from "@heraldlb/net";
import type { Capture } from "./capture.ts";
import { claimantsOverTime, doubleClaimMs, longestGapMs, runsOf } from "./claims.ts";
import type { Host } from "./host.ts";
import type { Lab } from "./lab.ts";
import { monotonicMs } from "./monotonic.ts";
import type { ProbeSummary } from "./outage.ts";
import { type Prober, startProber, type Window } from "./prober.ts";
import { until } from "./until.ts";

/** Who looks on, and at what. */
export interface ObservationOptions {
  /** Probes the addresses. */
  readonly client: Host;
  /** Keeps asking who has them; another host than the client, whose kernel would learn from the answers. */
  readonly witness: Host;
  readonly addresses: readonly Ip[];
  /** Default 10. */
  readonly intervalMs?: number | undefined;
  /** Where claims are listened for. Default `lan`: what any host sends. A host: only what reaches it. */
  readonly at?: "lan" | Host | undefined;
}

/** Who claimed an address, as the switch saw it. */
export interface Answers {
  /** Names of hosts, in order, without repetition in a row. */
  readonly order: readonly string[];
  /** For how long two hosts answered at once. */
  readonly doubleMs: number;
  /** The longest that nobody answered, from the first claim to the last. */
  readonly gapMs: number;
}

/** A witness asks every 20 ms: an answer within this time of the one before belongs to the same stretch. */
const PATIENCE_MS = 150;
const WARM_UP_MS = 300;

/** Addresses under observation: a client probes them, a witness asks for them, the switch records who claims them. */
export interface Observation extends AsyncDisposable {
  readonly prober: Prober;
  readonly capture: Capture;
  /** What the client went through. Complete after `end`. */
  summary(address: Ip, window?: Window): ProbeSummary;
  /** Who claimed the address. */
  answers(address: Ip, window?: Window): Answers;
  /** How many answered for the address as time went by, one number for each step. */
  answersOverTime(
    address: Ip,
    window: { readonly from: number; readonly to: number; readonly stepMs: number },
  ): number[];
  /** Ends the observation: every probe is answered or lost, every frame is there. */
  end(): Promise<void>;
}

/** Begins to observe addresses that are served, and waits until every one of them has answered. */
export async function observe(
  lab: Lab,
  { client, witness, addresses, intervalMs, at = "lan" }: ObservationOptions,
): Promise<Observation> {
  await using stack = new AsyncDisposableStack();
  const capture = stack.use(await lab.capture(at));
  const prober = stack.use(await startProber(client, addresses, { intervalMs }));
  for (const address of addresses) stack.use(lab.ask(witness, address));
  for (const address of addresses) await prober.answered(address, { since: 0 });
  const warm = monotonicMs() + WARM_UP_MS;
  await until("the observers were warm", () => monotonicMs() > warm);
  const all = stack.move();
  return {
    prober,
    capture,
    summary: (address, window) => prober.summary(address, window),
    answers(address, { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = {}) {
      const claims = capture.claims(address, from).filter(({ at }) => at < to);
      return {
        order: runsOf(claims).map(({ mac }) => lab.hostOf(mac)),
        doubleMs: doubleClaimMs(claims, PATIENCE_MS),
        gapMs: longestGapMs(claims),
      };
    },
    answersOverTime: (address, window) => claimantsOverTime(capture.claims(address), PATIENCE_MS, window),
    async end() {
      await prober.stop();
      await capture.stop();
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
