import type { Mac } from "@heraldlb/net";
import type { Epoch } from "../epoch.ts";
import type { GroupId, Holding, NodeName } from "../group.ts";
import type { Link } from "../link.ts";
import type { Role } from "../message.ts";
import { Repeats } from "../repeats.ts";
import { Schedule } from "../schedule.ts";
import type { ControllerTimers } from "../timers.ts";
import type { ControllerEffect, GroupSpec, StreamId } from "./event.ts";

/** Who this controller process is, and its timers. */
export interface ControllerConfig {
  /** The lease identity: random, drawn once per process. */
  readonly identity: string;
  readonly timers: ControllerTimers;
  /** For simulations that show what each rule is good for; a real controller leaves it out. */
  readonly without?: ReadonlySet<ControllerRule>;
}

/** Rules that a simulation may switch off to see what happens without them. */
export type ControllerRule = "stall" | "grace" | "mass" | "holder" | "unacknowledged" | "startHold";

/** What the controller knows of one node's speaker. */
export interface Speaker {
  readonly node: NodeName;
  stream: StreamId | undefined;
  instance: string;
  bootId: string;
  startedAt: number;
  /** When it was last heard; never set back, and in the future after a stall of this process. */
  last: number;
  live: boolean;
  /** When its stream ended without Bye. */
  closedAt: number | undefined;
  lastClose: number;
  /** When its latest long gap between messages ended. */
  gapEnd: number;
  /** Since when it could take over groups without a break. */
  fitSince: number;
  echo: number;
  links: readonly Link[];
  holdings: Map<GroupId, Holding>;
  holdingsRev: number;
  /** When Revoke was last sent for a holding that is not its to have. */
  readonly revokedAt: Map<GroupId, number>;
  draining: boolean;
  isDrained: boolean;
  /** Since when an order without an Ack is one that it does not obey: its last Ack, as a rule. */
  ackingSince: number;
  readonly unacknowledged: Repeats;
  readonly owned: Set<GroupId>;
  /** Groups that are being handed over to it. */
  readonly incoming: Set<GroupId>;
}

/** A planned move: the old owner leaves, then the new one takes, and only then is the old one revoked. */
export interface HandOver {
  readonly to: NodeName;
  readonly stage: "leaving" | "taking";
  readonly at: number;
  readonly epoch: Epoch;
  /** As in {@link Owner}. */
  staleTold: number;
}

/** Who owns a group by the leader's latest decision. */
export interface Owner {
  readonly node: NodeName;
  readonly epoch: Epoch;
  readonly assignedAt: number;
  /** The stream that the decision was told on; undefined while there was none. */
  readonly toldOn: StreamId | undefined;
  acked: boolean;
  /** How often it has been told again because what it was told was too old when it came. */
  staleTold: number;
}

/** A group at the leader. */
export interface Group {
  readonly id: GroupId;
  spec: GroupSpec;
  /** Nobody can hold it yet. */
  isFresh: boolean;
  owner: Owner | undefined;
  handOver: HandOver | undefined;
  /** Nodes that did not acknowledge, and until when they get nothing of it. */
  readonly failed: Map<NodeName, number>;
  preferFrom: number;
  /** When it is looked at again at the earliest; 0 when nothing is scheduled. */
  nextLook: number;
}

/** What falls due: one group; all that want for an owner; all that want for a better one. */
export type ControllerDue =
  | { readonly type: "group"; readonly group: GroupId }
  | { readonly type: "wanting" | "preferring" };

/** Opaque: read it through {@link controllerStatus} and {@link ownerOf}. A step consumes it. */
export interface ControllerState {
  lastTick: number | undefined;
  role: Role;
  term: number;
  counter: number;
  firm: boolean;
  isSynced: boolean;
  leadingSince: number;
  highestTerm: number;
  massAt: number;
  isFrozen: boolean;
  /** Until then a death may be noticed late, because this process was stalled itself. */
  quietUntil: number;
  /** When a closed stream is to be judged at the earliest, if before the next tick. */
  judgeAt: number;
  expected: ReadonlySet<NodeName>;
  /** Expected nodes whose speakers this process has not heard yet. */
  readonly awaited: Set<NodeName>;
  readonly speakers: Map<NodeName, Speaker>;
  readonly streams: Map<StreamId, Speaker>;
  readonly groups: Map<GroupId, Group>;
  readonly holders: Map<GroupId, Set<Speaker>>;
  readonly schedule: Schedule<ControllerDue>;
  /** Groups to look at before the step ends. */
  readonly unsettled: Set<GroupId>;
  /** Groups to look at again as soon as some speaker can do more than before. */
  readonly wanting: Set<GroupId>;
  /** Groups for which another node would be preferred to the owner. */
  readonly preferring: Set<GroupId>;
  readonly draining: Set<Speaker>;
  /** Some speaker can do more than at the last tick. */
  hasGained: boolean;
}

/** One step under way. */
export interface ControllerContext {
  readonly state: ControllerState;
  readonly config: ControllerConfig;
  readonly now: number;
  readonly effects: ControllerEffect[];
}

/** The state of a controller process that has just started: a standby that knows nobody. */
export function initialController(_config: ControllerConfig): ControllerState {
  return {
    lastTick: undefined,
    role: "standby",
    term: 0,
    counter: 0,
    firm: false,
    isSynced: false,
    leadingSince: Number.POSITIVE_INFINITY,
    highestTerm: 0,
    massAt: Number.NEGATIVE_INFINITY,
    isFrozen: false,
    quietUntil: Number.NEGATIVE_INFINITY,
    judgeAt: Number.POSITIVE_INFINITY,
    expected: new Set(),
    awaited: new Set(),
    speakers: new Map(),
    streams: new Map(),
    groups: new Map(),
    holders: new Map(),
    schedule: new Schedule(),
    unsettled: new Set(),
    wanting: new Set(),
    preferring: new Set(),
    draining: new Set(),
    hasGained: false,
  };
}

/** A speaker that has just said its first Hello. */
export const newSpeaker = (node: NodeName): Speaker => ({
  node,
  stream: undefined,
  instance: "",
  bootId: "",
  startedAt: 0,
  last: Number.NEGATIVE_INFINITY,
  live: false,
  closedAt: undefined,
  lastClose: Number.NEGATIVE_INFINITY,
  gapEnd: Number.NEGATIVE_INFINITY,
  fitSince: Number.POSITIVE_INFINITY,
  echo: 0,
  links: [],
  holdings: new Map(),
  holdingsRev: 0,
  revokedAt: new Map(),
  draining: false,
  isDrained: false,
  ackingSince: Number.NEGATIVE_INFINITY,
  unacknowledged: new Repeats(),
  owned: new Set(),
  incoming: new Set(),
});

/** D: after so much silence a speaker counts as gone. */
export const detectionMs = ({ timers }: ControllerConfig): number => timers.intervalMs * timers.misses;

/** Everybody's time to come back after mass silence: long enough to notice the loss, redial and be heard. */
export const graceMs = (config: ControllerConfig): number => Math.max(config.timers.graceMs, detectionMs(config) + 700);

/** Whether a rule holds; see {@link ControllerConfig.without}. */
export const keeps = (config: ControllerConfig, rule: ControllerRule): boolean => !config.without?.has(rule);

/** The next decision's epoch. */
export const nextEpoch = (state: ControllerState): Epoch => ({ term: state.term, counter: ++state.counter });

/** MACs of all speakers' links, for the rule about foreign claims; O(links). */
export const knownMacs = ({ speakers }: ControllerState): ReadonlySet<Mac> =>
  new Set(Array.from(speakers.values(), ({ links }) => links.map(({ mac }) => mac)).flat());
