import type { ControllerRule } from "../controller/state.ts";
import type { SpeakerRule } from "../speaker/state.ts";
import { Network } from "./network.ts";
import type { SpeakerHost } from "./speaker-host.ts";

/** A class of faults: schedules what happens on a network. Nothing may move in those that are `still`. */
export interface Fault {
  readonly name: string;
  readonly still?: boolean;
  /** Alone with a term file instead of two controllers with a Lease. */
  readonly file?: boolean;
  readonly onNodes?: boolean;
  readonly until?: number;
  readonly script: (scene: Scene) => void;
}

/** A network that has settled at `start`, and its most interesting speaker: the owner of the first group. */
export interface Scene {
  readonly network: Network;
  readonly start: number;
  readonly victim: () => SpeakerHost;
  readonly leader: () => Network["controllers"][number];
  at(time: number, what: string, run: () => void): void;
  between(least: number, most: number): number;
}

/** How one run differs from the usual. */
export interface RunOptions {
  /** Delays of a real segment instead of up to 50 ms. */
  readonly lan?: boolean;
  readonly trace?: (line: string) => void;
  /** Rules switched off, to see what they are good for. */
  readonly without?: readonly (SpeakerRule | ControllerRule)[];
}

/** Builds the network of one run, from a seed, and lets it settle. */
export function stage(fault: Fault, seed: number, options: RunOptions = {}): Network {
  const random = seeded(`${seed}/${fault.name}`);
  const network = new Network({
    seed: `${seed}/${fault.name}`,
    speakers: random.pick([3, 3, 4, 5]),
    groups: random.pick([2, 3]),
    controllers: fault.file ? 1 : 2,
    managementMs: options.lan ? 1 : random.pick([1, 5, 20, 50]),
    dataMs: options.lan ? 0.5 : random.pick([0.5, 0.5, 5, 50]),
    ...(fault.onNodes && { onNodes: true }),
    ...(options.trace && { trace: options.trace }),
  });
  const without = new Set<string>(options.without);
  for (const process of [...network.controllers, ...network.speakers]) process.without = without as Set<never>;
  const between = (least: number, most: number) => network.random.between(least, most);
  for (const process of [...network.controllers, ...network.speakers]) {
    network.at(between(0, 300), `start ${process.name}`, () => process.start());
  }
  const settled = fault.file ? 4_500 : 5_000;
  let victim: SpeakerHost | undefined;
  let leader: Network["controllers"][number] | undefined;
  network.at(settled - 10, "mark", () => {
    network.watch.begin();
    const owner = network.owners()[network.groupIds[0] as string];
    victim = network.speakers.find(({ name }) => name === owner) ?? network.speakers[0];
    leader = network.leader ?? network.controllers[0];
  });
  fault.script({
    network,
    start: settled + between(0, 400),
    victim: () => victim as SpeakerHost,
    leader: () => leader as Network["controllers"][number],
    at: (time, what, run) => network.at(time, what, run),
    between,
  });
  return network;
}

/** Runs it to its end. */
export function play(fault: Fault, seed: number, options: RunOptions = {}): Network {
  const network = stage(fault, seed, options);
  network.run(fault.until ?? 14_000);
  return network;
}

const seeded = (seed: string) =>
  new Network({ seed, speakers: 0, controllers: 0, groups: 0, managementMs: 1, dataMs: 1 }).random;
