import type { ControllerTimers, SpeakerTimers } from "@heraldlb/election";
import { Cluster, type ClusterOptions, type WithoutRules } from "./cluster.ts";
import type { ControllerHost } from "./controller-host.ts";
import { Random } from "./random.ts";
import type { Rule } from "./rules.ts";
import type { SpeakerHost } from "./speaker-host.ts";
import type { Measure } from "./watch.ts";

/** A class of faults: what happens in a cluster, at random within its bounds. */
export interface FaultClass {
  readonly name: string;
  /** What happens, for people. */
  readonly what: string;
  /** No group may have another owner at any time (I3). */
  readonly still?: boolean;
  /** The most that each measure may reach, in ms, where it is not the invariants' own bound. */
  readonly bounds?: Readonly<Partial<Record<Measure, number>>>;
  /** The same with the delays of one LAN, where the bound does not hold for delays of up to 50 ms. */
  readonly lanBounds?: Readonly<Partial<Record<Measure, number>>>;
  /** Controllers: two with a Lease, unless said otherwise. */
  readonly controllers?: 1 | 2;
  readonly file?: boolean;
  readonly onNodes?: boolean;
  /** The longest delay one way on the management network, where it must not be up to 50 ms. */
  readonly managementMs?: readonly number[];
  /** How many nodes; 3 to 5 unless said otherwise. */
  readonly nodes?: number;
  /** How many groups; 2 or 3 unless said otherwise. */
  readonly groups?: readonly number[];
  readonly speakerTimers?: Partial<SpeakerTimers>;
  readonly controllerTimers?: Partial<ControllerTimers>;
  readonly announceMs?: number;
  /** Virtual time at which the run ends, in ms. */
  readonly until?: number;
  readonly script: (scene: Scene) => void;
}

/** A cluster that has settled at `start`, and its most interesting speaker: the owner of the first group. */
export interface Scene {
  readonly cluster: Cluster;
  readonly start: number;
  readonly victim: () => SpeakerHost;
  readonly leader: () => ControllerHost;
  at(time: number, what: string, run: () => void): void;
  between(least: number, most: number): number;
  /** One of several, all as likely. */
  pick<T>(items: readonly T[]): T;
}

/** How one run differs from the usual. */
export interface RunOptions {
  /** Delays of a real segment, up to 1 ms, instead of up to 50 ms. */
  readonly lan?: boolean;
  readonly trace?: (line: string) => void;
  /** Rules switched off, to see what they are good for. */
  readonly without?: readonly Rule[];
}

const MANAGEMENT_MS = [1, 5, 20, 50];
const DATA_MS = [0.5, 0.5, 5, 50];

/** Builds the cluster of one run, from a class and a seed, and says what will happen in it. */
export function stage(fault: FaultClass, seed: number, options: RunOptions = {}): Cluster {
  const random = new Random(`${seed}/${fault.name}/cluster`);
  const cluster = new Cluster({
    seed: `${seed}/${fault.name}`,
    speakers: fault.nodes ?? random.pick([3, 3, 4, 5]),
    groups: random.pick(fault.groups ?? [2, 3]),
    controllers: fault.controllers ?? 2,
    managementMs: options.lan ? 1 : random.pick(fault.managementMs ?? MANAGEMENT_MS),
    dataMs: options.lan ? 0.5 : random.pick(DATA_MS),
    retransmitMs: random.pick([20, 200]),
    without: withoutRules(options.without ?? []),
    ...pickDefined(fault),
    ...(options.trace && { trace: options.trace }),
  });
  const between = (least: number, most: number) => cluster.random.between(least, most);
  for (const process of [...cluster.controllers, ...cluster.speakers]) {
    cluster.at(between(0, 300), `${process.name} is started`, () => process.start());
  }
  const settled = fault.file ? 4_500 : 5_000;
  let victim: SpeakerHost | undefined;
  let leader: ControllerHost | undefined;
  cluster.at(settled - 10, "from here on it counts", () => {
    cluster.watch.begin();
    const owner = cluster.owners()[cluster.groupIds[0] as string];
    victim = cluster.speakers.find(({ node }) => node === owner) ?? cluster.speakers[0];
    leader = cluster.leader ?? cluster.controllers[0];
  });
  fault.script({
    cluster,
    start: settled + between(0, 400),
    victim: () => victim as SpeakerHost,
    leader: () => leader as ControllerHost,
    at: (time, what, run) => cluster.at(time, what, run),
    between,
    pick: (items) => cluster.random.pick(items),
  });
  return cluster;
}

/** Runs it to its end. */
export function play(fault: FaultClass, seed: number, options: RunOptions = {}): Cluster {
  const cluster = stage(fault, seed, options);
  cluster.run(fault.until ?? 14_000);
  return cluster;
}

function pickDefined({
  file,
  onNodes,
  speakerTimers,
  controllerTimers,
  announceMs,
}: FaultClass): Partial<ClusterOptions> {
  return {
    ...(file !== undefined && { file }),
    ...(onNodes !== undefined && { onNodes }),
    ...(speakerTimers && { speakerTimers }),
    ...(controllerTimers && { controllerTimers }),
    ...(announceMs !== undefined && { announceMs }),
  };
}

function withoutRules(rules: readonly Rule[]): WithoutRules {
  const of = (machine: string) =>
    rules.filter((rule) => rule.startsWith(`${machine}.`)).map((rule) => rule.slice(machine.length + 1));
  // The template type of a rule says which names follow which machine.
  return {
    speaker: new Set(of("speaker")) as ReadonlySet<string> as WithoutRules["speaker"],
    controller: new Set(of("controller")) as ReadonlySet<string> as WithoutRules["controller"],
    lease: new Set(of("lease")) as ReadonlySet<string> as WithoutRules["lease"],
  };
}
