import { type Host, monotonicMs, type Observation, observe, until } from "@heraldlb/lab";
import type { Scene, ServiceAddresses } from "./scene.ts";

/** What is done to the lab, and what must come of it. */
export interface Act {
  /** What the step is called, given who owned the addresses before. */
  title(owner: string): string;
  perform(owner: Host): Promise<void>;
  /** Waited for, until `settled` or not at all, after `perform`. */
  readonly moves: boolean;
  /** How many answered as time went by is worth a picture. */
  readonly pictured?: boolean;
  /** Bounds: far above what is usual, for a demo on a busy machine must not fail. */
  readonly most: {
    readonly lost?: number;
    readonly outageMs?: number;
    readonly takeoverMs?: number;
    readonly doubleMs: number;
  };
}

/** What came of an act. */
export interface Outcome {
  readonly title: string;
  readonly from: string;
  readonly to: string;
  readonly sent: number;
  readonly lost: number;
  /** What the client went without, the worse of the two families. */
  readonly outageMs: number;
  /** From the act to the first frame in which another node says that the address is its own; undefined without a move. */
  readonly takeoverMs: number | undefined;
  /** For how long two nodes answered at once. */
  readonly doubleMs: number;
  /** How many nodes answered, every {@link PICTURE_STEP_MS} from shortly before the act, the IPv4 address's; empty unless pictured. */
  readonly answering: readonly number[];
  /** Empty: all was well. */
  readonly complaints: readonly string[];
}

/** What one number of a picture stands for. */
export const PICTURE_STEP_MS = 50;

const BEFORE_MS = 200;

/** How long the act's consequences are looked at, so that what must not happen has time to. */
const AFTERMATH_MS = 1500;

/** Performs an act under observation. `onStart` is told of the observation, to show it live. */
export async function performAct(
  scene: Scene,
  addresses: ServiceAddresses,
  act: Act & { readonly owner: Host; readonly onStart: (observation: Observation) => void },
): Promise<Outcome> {
  const { lab, client, witness } = scene;
  const both = [addresses.ipv4, addresses.ipv6];
  await using observation = await observe(lab, { client, witness, addresses: both, at: witness });
  act.onStart(observation);
  const began = monotonicMs();
  await act.perform(act.owner);
  if (act.moves) {
    for (const address of both) await observation.prober.answered(address, { since: began, not: act.owner.name });
  }
  const settled = monotonicMs() + AFTERMATH_MS;
  await until("the dust had settled", () => monotonicMs() > settled);
  await observation.end();

  const summaries = both.map((address) => observation.summary(address));
  const claims = both.map((address) =>
    observation.capture.claims(address, began).find(({ mac }) => mac !== act.owner.mac),
  );
  const takeovers = claims.flatMap((claim) => (claim ? [claim.at - began] : []));
  const outcome = {
    title: act.title(act.owner.name),
    from: act.owner.name,
    to: summaries[0]?.answeredBy.at(-1) ?? "nobody",
    sent: summaries.reduce((sum, { sent }) => sum + sent, 0),
    lost: summaries.reduce((sum, { lost }) => sum + lost, 0),
    outageMs: Math.max(...summaries.map(({ longestOutageMs }) => longestOutageMs)),
    takeoverMs: act.moves && takeovers.length > 0 ? Math.max(...takeovers) : undefined,
    doubleMs: Math.max(...both.map((address) => observation.answers(address).doubleMs)),
    answering: act.pictured
      ? observation.answersOverTime(addresses.ipv4, { from: began - BEFORE_MS, to: settled, stepMs: PICTURE_STEP_MS })
      : [],
  };
  const moved = summaries.some(({ answeredBy }) => answeredBy.length > 1);
  return { ...outcome, complaints: complaintsAbout(outcome, act, moved) };
}

/** What is not as it must be, in words. */
export function complaintsAbout(
  { lost, outageMs, takeoverMs, doubleMs }: Omit<Outcome, "complaints">,
  { moves, most }: Pick<Act, "moves" | "most">,
  moved: boolean,
): string[] {
  const complaints: string[] = [];
  if (moved && !moves) complaints.push("the addresses moved");
  if (lost > (most.lost ?? Number.POSITIVE_INFINITY)) complaints.push(`${lost} probes lost`);
  if (outageMs > (most.outageMs ?? Number.POSITIVE_INFINITY))
    complaints.push(`${Math.round(outageMs)} ms without an answer`);
  if ((takeoverMs ?? 0) > (most.takeoverMs ?? Number.POSITIVE_INFINITY)) {
    complaints.push(`taken over after ${Math.round(takeoverMs ?? 0)} ms only`);
  }
  if (doubleMs > most.doubleMs) complaints.push(`two nodes answered for ${Math.round(doubleMs)} ms`);
  return complaints;
}
