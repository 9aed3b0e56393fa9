import {
  type ControllerRule,
  type ControllerTimers,
  DEFAULT_CONTROLLER_TIMERS,
  DEFAULT_SPEAKER_TIMERS,
  type GroupId,
  type LeaseRule,
  type NodeName,
  type SpeakerRule,
  type SpeakerTimers,
} from "@heraldlb/election";
import type { Mac } from "@heraldlb/net";
import { ApiServer } from "./api-server.ts";
import { Client } from "./client.ts";
import { VirtualClock } from "./clock.ts";
import { ControllerHost } from "./controller-host.ts";
import { groupId, groupSpec } from "./group.ts";
import { Management } from "./management.ts";
import { Random } from "./random.ts";
import { Segment } from "./segment.ts";
import { SpeakerHost } from "./speaker-host.ts";
import { Watch } from "./watch.ts";

/** Rules of each machine that are switched off. */
export interface WithoutRules {
  readonly speaker: ReadonlySet<SpeakerRule>;
  readonly controller: ReadonlySet<ControllerRule>;
  readonly lease: ReadonlySet<LeaseRule>;
}

/** What a virtual cluster consists of, and how its networks behave. */
export interface ClusterOptions {
  readonly seed: string;
  readonly speakers: number;
  readonly controllers: number;
  readonly groups: number;
  /** The longest delay one way. */
  readonly managementMs: number;
  readonly dataMs: number;
  /** The least time that TCP waits for an acknowledgement: 20 ms where the kernel lets Herald set it, else 200 ms. */
  readonly retransmitMs: number;
  /** Controllers take turns by a lock and a term file, not by a Lease. */
  readonly file?: boolean;
  /** Controllers run on the speakers' nodes. */
  readonly onNodes?: boolean;
  readonly speakerTimers?: Partial<SpeakerTimers>;
  readonly controllerTimers?: Partial<ControllerTimers>;
  /** How long a round of announcements of one group keeps the next one waiting. */
  readonly announceMs?: number;
  readonly without?: Partial<WithoutRules>;
  readonly trace?: (line: string) => void;
}

/**
 * A cluster on a virtual clock: the real machines, a management network of TCP streams between them, and one segment
 * on which the speakers hear each other. Deterministic from its seed.
 */
export class Cluster {
  readonly options: ClusterOptions;
  readonly random: Random;
  readonly clock: VirtualClock = new VirtualClock();
  readonly management: Management;
  readonly segment: Segment;
  readonly api: ApiServer = new ApiServer();
  readonly speakers: SpeakerHost[];
  readonly controllers: readonly ControllerHost[];
  readonly nodes: readonly NodeName[];
  readonly groupIds: readonly GroupId[];
  readonly speakerTimers: SpeakerTimers;
  readonly controllerTimers: ControllerTimers;
  readonly without: WithoutRules;
  /** The node that each group prefers. */
  readonly preferred: Map<GroupId, NodeName> = new Map();
  readonly watch: Watch;
  /** What the term file says. */
  fileTerm = 0;
  #lock: { readonly holder: ControllerHost; readonly life: number } | undefined;

  constructor(options: ClusterOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.speakerTimers = { ...DEFAULT_SPEAKER_TIMERS, ...options.speakerTimers };
    this.controllerTimers = { ...DEFAULT_CONTROLLER_TIMERS, ...options.controllerTimers };
    this.without = { speaker: new Set(), controller: new Set(), lease: new Set(), ...options.without };
    this.nodes = Array.from({ length: options.speakers }, (_, i) => `n${i}`);
    this.groupIds = Array.from({ length: options.groups }, (_, i) => groupId(i + 1));
    const controllerHosts = Array.from({ length: options.controllers }, (_, i) =>
      options.onNodes ? `n${i}` : `k${i}`,
    );
    this.management = new Management(this.random, options, [...this.nodes, ...controllerHosts, "api"]);
    this.segment = new Segment(this.clock, this.random, options.dataMs);
    this.speakers = this.nodes.map((_, i) => new SpeakerHost(this, i));
    this.controllers = controllerHosts.map((host, i) => new ControllerHost(this, i, host));
    this.watch = new Watch(this);
    new Client(this).begin();
  }

  get now(): number {
    return this.clock.now;
  }

  get nodeMacs(): readonly Mac[] {
    return this.speakers.map(({ mac }) => mac);
  }

  /** Adds a line to the story; the text is made only if somebody listens. */
  tell(who: string, what: () => string | undefined): void {
    const { trace } = this.options;
    const text = trace && what();
    if (text) trace(`${this.now.toFixed(1).padStart(9)} ms  ${who.padEnd(3)} ${text}`);
  }

  /** Does something at a point of time, and says so in the story. */
  at(time: number, what: string, run: () => void): void {
    this.clock.after(time - this.now, () => {
      this.tell("##", () => what);
      run();
      this.touch();
    });
  }

  /** Something may have changed in who answers, for one group or for all. */
  touch(group?: GroupId): void {
    this.watch.touch(group);
  }

  run(until: number): void {
    this.clock.pass(until, () => this.watch.look());
  }

  /** Takes the folder's lock, which a process holds until it ends. */
  takeLock(host: ControllerHost): boolean {
    if (this.#lock && this.#lock.holder.life === this.#lock.life) return false;
    this.#lock = { holder: host, life: host.life };
    return true;
  }

  /** From now on the source prefers a node for the group. */
  prefer(group: GroupId, node: NodeName): void {
    this.preferred.set(group, node);
    for (const controller of this.controllers) controller.upsert(groupSpec(group, this.nodes, node));
  }

  /** Another process of a node's speaker, with a state folder of its own. */
  addTwin(of: SpeakerHost): SpeakerHost {
    const twin = new SpeakerHost(this, this.speakers.indexOf(of), `${of.name}'`);
    this.speakers.push(twin);
    return twin;
  }

  /** Both networks work again. */
  heal(): void {
    this.management.cuts.clear();
    this.segment.cuts.clear();
  }

  get isWhole(): boolean {
    return this.management.cuts.isEmpty && this.segment.cuts.isEmpty;
  }

  /** The leader that runs; undefined when none does. */
  get leader(): ControllerHost | undefined {
    return this.controllers
      .filter((controller) => controller.isRunning && controller.state.role === "leader")
      .toSorted((a, b) => b.state.term - a.state.term)[0];
  }

  /** Which nodes say that they own each group: one name, several joined, or none. */
  owners(): Readonly<Record<GroupId, string>> {
    return Object.fromEntries(
      this.groupIds.map((id) => {
        const owners = this.speakers.filter(({ isRunning, modes }) => isRunning && modes.get(id) === "all");
        return [id, [...new Set(owners.map(({ node }) => node))].join("+")];
      }),
    );
  }
}
