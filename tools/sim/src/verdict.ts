import { type FaultClass, play, type RunOptions } from "./scene.ts";
import type { Measure } from "./watch.ts";

/** What one run came to. */
export interface Verdict {
  readonly fault: string;
  readonly seed: number;
  /** The longest of each, in ms. */
  readonly worst: Readonly<Record<Measure, number>>;
  /** Groups that had another owner at some time. */
  readonly moved: number;
  /** What must not have happened, in words. */
  readonly violations: readonly string[];
}

/** I1, and I2: the detection time and 200 ms. */
const BOUNDS: Readonly<Partial<Record<Measure, number>>> = { two: 500, gap: 500 };

const INVARIANTS: Readonly<Record<Measure, string>> = {
  two: "I1: two answered",
  handOver: "I1: two answered in a hand-over",
  oneWay: "I1: two answered, one deaf to the other",
  gap: "I2: nobody answered though a leader could mend it",
  none: "I2: nobody answered",
};

/** Plays one run, and judges it. */
export function judge(fault: FaultClass, seed: number, options: RunOptions = {}): Verdict {
  const cluster = play(fault, seed, options);
  const { watch } = cluster;
  const bounds = { ...BOUNDS, ...fault.bounds, ...(options.lan && fault.lanBounds) };
  const violations = [...watch.faults];
  for (const [measure, most] of Object.entries(bounds) as [Measure, number][]) {
    const ms = watch.worst[measure];
    if (ms > most) violations.push(`${INVARIANTS[measure]} for ${Math.round(ms)} ms, not ${most}`);
  }
  if (fault.still && watch.moved.size > 0) violations.push(`I3: ${[...watch.moved].join(", ")} moved`);
  const { unsettled } = watch;
  if (cluster.isWhole && unsettled.length > 0) {
    const owners = cluster.owners();
    const first = unsettled[0] as string;
    violations.push(`I5: ${unsettled.length} groups end without one owner, ${first} with ${owners[first] || "none"}`);
  }
  return { fault: fault.name, seed, worst: { ...watch.worst }, moved: watch.moved.size, violations };
}
