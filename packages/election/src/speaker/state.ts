import type { Ip, Mac } from "@heraldlb/net";
import { type Epoch, NO_EPOCH } from "../epoch.ts";
import type { GroupAddress, GroupId, HoldingState, NodeName } from "../group.ts";
import type { Link } from "../link.ts";
import type { ByeReason, Reply } from "../message.ts";
import { Repeats } from "../repeats.ts";
import { Schedule } from "../schedule.ts";
import type { SpeakerTimers } from "../timers.ts";
import type { DialId, ReplicaId, SavedOwnership, SpeakerEffect } from "./event.ts";

/** What distinguishes one speaker process, and its timers. */
export interface SpeakerConfig {
  readonly node: NodeName;
  /** Random, drawn once per process. */
  readonly instance: string;
  /** The kernel's boot id. */
  readonly bootId: string;
  /** Milliseconds from boot to the start of the process. */
  readonly startedAt: number;
  readonly timers: SpeakerTimers;
  /** For simulations that show what each rule is good for; a real speaker leaves it out. */
  readonly without?: ReadonlySet<SpeakerRule>;
}

/** Rules that a simulation may switch off to see what happens without them. */
export type SpeakerRule = "fresh" | "sentinel" | "firm" | "bye" | "stall" | "tieBreak" | "verify" | "probeBack";

/** By whose word a speaker answers. 2: a firm leader echoed a stamp within D; 1: a leader that is not firm; 0: nobody. */
export type Authority = 0 | 1 | 2;

/** A group's record at the speaker. */
export interface SpeakerGroup {
  readonly id: GroupId;
  addresses: readonly GroupAddress[];
  refreshMs: number | undefined;
  /** When the owner repeats its announcements next; a refresh that falls due before was put off. */
  refreshAt: number;
  state: HoldingState | "none";
  epoch: Epoch;
  /** Grows with every change of state; what was scheduled in an earlier stint is void. */
  stint: number;
  /** The epoch of the first round that is not on the wire yet, and what to acknowledge then. */
  announcing: Epoch | undefined;
  ack: { readonly dial: DialId; readonly epoch: Epoch } | undefined;
  /** A rival's claims under less than full authority: since when they are borne. */
  conflictSince: number | undefined;
  conflictMac: Mac | undefined;
  /** Verification is under way: our first probe is out. */
  probing: boolean;
  /** Verification no longer waits for the leader. */
  impatient: boolean;
  /** Last claim by another while yielded. */
  claimedAt: number;
  probedBackAt: number;
  defendedAt: number;
  /** While leaving: the new owner's claim was heard. */
  lingering: boolean;
}

/** One controller replica, as the speaker sees it. */
export interface Replica {
  readonly id: ReplicaId;
  dial: DialId | undefined;
  phase: "idle" | "dialling" | "connected" | "open";
  /** When the phase has lasted too long: for `idle`, when to dial. */
  deadline: number;
  dialledAt: number;
  failures: number;
  heardAt: number;
  reply: Reply | undefined;
  refusedAt: number;
}

/** What falls due for one group, in one stint of it. */
export type GroupDue =
  | "round"
  | "refresh"
  | "verifyHold"
  | "verifyProbe"
  | "verified"
  | "yieldedProbe"
  | "conflictProbe"
  | "conflictLapse"
  | "lingered";

/** An entry of the speaker's schedule. */
export type SpeakerDue =
  | { readonly type: GroupDue; readonly group: SpeakerGroup; readonly stint: number }
  | { readonly type: "interfaceRound"; readonly name: string; readonly series: number; readonly owned: Stints };

/** Groups, each in one stint of it. */
export type Stints = ReadonlyMap<SpeakerGroup, number>;

/** Opaque: read it through {@link speakerStatus}. A step consumes it; only the state that it returns is valid. */
export interface SpeakerState {
  lastTick: number | undefined;
  intervalMs: number;
  detectionMs: number;
  /** Whether interval and detection time are a leader's, which a standby's don't replace. */
  timingIsLeaders: boolean;
  maxTerm: number;
  termHolder: string;
  authority: Authority;
  /** Since when there is no authority. */
  aloneSince: number;
  readonly groups: Map<GroupId, SpeakerGroup>;
  readonly byAddress: Map<Ip, SpeakerGroup>;
  readonly byState: Readonly<Record<HoldingState, Set<SpeakerGroup>>>;
  readonly schedule: Schedule<SpeakerDue>;
  readonly replicas: Map<ReplicaId, Replica>;
  readonly dials: Map<DialId, Replica>;
  nextDial: DialId;
  heartbeatAt: number;
  links: Map<string, Link>;
  readonly linkSeries: Map<string, number>;
  peers: ReadonlySet<Mac> | undefined;
  /** Groups in `verify` that wait for their first probe. */
  readonly toVerify: Set<SpeakerGroup>;
  verifyFrom: number;
  probeTokens: number;
  probeTokensAt: number;
  sentinelAt: number;
  sentinelTurn: Iterator<SpeakerGroup> | undefined;
  sweep: Iterator<SpeakerGroup> | undefined;
  holdingsRev: number;
  readonly changedHoldings: Set<SpeakerGroup>;
  /** A change of a report only, which can wait for the tick. */
  readonly changedReports: Set<SpeakerGroup>;
  readonly unsaved: Set<GroupId>;
  isTermUnsaved: boolean;
  readonly staleOrders: Repeats;
  drainDeadline: number | undefined;
  ended: ByeReason | undefined;
}

/** One step under way. */
export interface SpeakerContext {
  readonly state: SpeakerState;
  readonly config: SpeakerConfig;
  readonly now: number;
  readonly effects: SpeakerEffect[];
}

/** A group's record before anything happened to it. */
export const newSpeakerGroup = (id: GroupId, addresses: readonly GroupAddress[]): SpeakerGroup => ({
  id,
  addresses,
  refreshMs: undefined,
  refreshAt: Number.POSITIVE_INFINITY,
  state: "none",
  epoch: NO_EPOCH,
  stint: 0,
  announcing: undefined,
  ack: undefined,
  conflictSince: undefined,
  conflictMac: undefined,
  probing: false,
  impatient: false,
  claimedAt: Number.NEGATIVE_INFINITY,
  probedBackAt: Number.NEGATIVE_INFINITY,
  defendedAt: Number.NEGATIVE_INFINITY,
  lingering: false,
});

/**
 * The state of a speaker process that has just started, with what its state folder held.
 *
 * Groups saved in this boot begin as `verify`; after a reboot only the highest term is kept.
 */
export function initialSpeaker(config: SpeakerConfig, saved?: SavedOwnership): SpeakerState {
  const state: SpeakerState = {
    lastTick: undefined,
    intervalMs: config.timers.intervalMs,
    detectionMs: config.timers.detectionMs,
    timingIsLeaders: false,
    maxTerm: saved?.maxTerm ?? 0,
    termHolder: saved?.termHolder ?? "",
    authority: 0,
    aloneSince: Number.NEGATIVE_INFINITY,
    groups: new Map(),
    byAddress: new Map(),
    byState: { verify: new Set(), owner: new Set(), leaving: new Set(), yielded: new Set() },
    schedule: new Schedule(),
    replicas: new Map(),
    dials: new Map(),
    nextDial: 1,
    heartbeatAt: Number.NEGATIVE_INFINITY,
    links: new Map(),
    linkSeries: new Map(),
    peers: undefined,
    toVerify: new Set(),
    verifyFrom: Number.POSITIVE_INFINITY,
    probeTokens: 0,
    probeTokensAt: 0,
    sentinelAt: Number.NEGATIVE_INFINITY,
    sentinelTurn: undefined,
    sweep: undefined,
    holdingsRev: 0,
    changedHoldings: new Set(),
    changedReports: new Set(),
    unsaved: new Set(),
    isTermUnsaved: false,
    staleOrders: new Repeats(),
    drainDeadline: undefined,
    ended: undefined,
  };
  if (saved?.bootId === config.bootId)
    for (const group of saved.groups) restore(state, group.id, group.addresses, group.epoch);
  return state;
}

function restore(state: SpeakerState, id: GroupId, addresses: readonly GroupAddress[], epoch: Epoch): void {
  const group = newSpeakerGroup(id, addresses);
  group.state = "verify";
  group.epoch = epoch;
  state.groups.set(id, group);
  for (const { address } of addresses) state.byAddress.set(address, group);
  state.byState.verify.add(group);
  state.toVerify.add(group);
}

/** Whether a rule holds; see {@link SpeakerConfig.without}. */
export const keeps = (config: SpeakerConfig, rule: SpeakerRule): boolean => !config.without?.has(rule);
