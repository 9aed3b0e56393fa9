import {
  type ControllerEffect,
  type ControllerMessage,
  compareEpochs,
  controllerStatus,
  type Epoch,
  formatEpoch,
  type GroupId,
  holdingOf,
  type OwnerReason,
  ownerOf,
  type SpeakerEffect,
} from "@heraldlb/election";
import type { Cluster } from "./cluster.ts";
import type { ControllerHost } from "./controller-host.ts";
import { canBeMended, canTalk } from "./mending.ts";
import type { Frame } from "./segment.ts";
import type { SpeakerHost } from "./speaker-host.ts";

/**
 * What is timed for each group, in ms: two that hear each other answer; the same in a hand-over, or where only one
 * hears the other; nobody answers though a leader could mend it; nobody answers, for whatever reason.
 */
export type Measure = "two" | "handOver" | "oneWay" | "gap" | "none";

const MEASURES: readonly Measure[] = ["two", "handOver", "oneWay", "gap", "none"];
const SAMPLE_MS = 25;
/** A frame that waited so much longer than the detection time was queued while the process was stopped. */
const STALE_MS = 100;
/** Decisions for which the controller was free to choose. */
const CHOSEN: ReadonlySet<OwnerReason> = new Set([
  "ranked",
  "ownerDead",
  "ownerUnable",
  "notPermitted",
  "unacknowledged",
]);

/** Watches a cluster for what must not happen, after everything that happens in it. */
export class Watch {
  readonly #cluster: Cluster;
  readonly worst: Record<Measure, number> = { two: 0, handOver: 0, oneWay: 0, gap: 0, none: 0 };
  /** Epochs that were given twice or fell, frames that were answered too late, loads above the cap, floods of probes. */
  readonly faults: string[] = [];
  /** Who owned each group when the counting began. */
  mark: Readonly<Record<GroupId, string>> | undefined;
  /** Groups that somebody else has owned since. */
  readonly moved: Set<GroupId> = new Set();
  readonly #since: Readonly<Record<Measure, Map<GroupId, number>>> = {
    two: new Map(),
    handOver: new Map(),
    oneWay: new Map(),
    gap: new Map(),
    none: new Map(),
  };
  readonly #answering = new Map<GroupId, string>();
  readonly #granted = new Map<string, string>();
  readonly #seen = new Map<string, Epoch>();
  readonly #probes = new Map<SpeakerHost, { second: number; count: number }>();
  readonly #forgiven = new Map<GroupId, Epoch>();
  /** When those gaps began that late news has shortened. */
  readonly #lateSince = new Map<GroupId, number>();
  readonly #touched = new Set<GroupId>();
  #isAllTouched = true;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#sample();
  }

  /** From now on it counts: forgets what the start was like, and remembers who owns what. */
  begin(): void {
    this.mark = this.#cluster.owners();
    this.moved.clear();
    for (const measure of MEASURES) {
      this.worst[measure] = 0;
      this.#since[measure].clear();
    }
  }

  /** Groups that don't have exactly one owner. */
  get unsettled(): readonly GroupId[] {
    return Object.entries(this.#cluster.owners())
      .filter(([, owner]) => owner === "" || owner.includes("+"))
      .map(([id]) => id);
  }

  touch(group: GroupId | undefined): void {
    if (group === undefined) this.#isAllTouched = true;
    else this.#touched.add(group);
  }

  look(): void {
    if (this.#isAllTouched) for (const id of this.#cluster.groupIds) this.#checkGroup(id);
    else for (const id of this.#touched) this.#checkGroup(id);
    this.#isAllTouched = false;
    this.#touched.clear();
  }

  /** I4, after a speaker has read an order. */
  onOrder(speaker: SpeakerHost, message: ControllerMessage): void {
    if (message.type === "reply" || message.type === "drained") return;
    const { group, epoch } = message;
    const holding = holdingOf(speaker.state, group);
    if (message.type === "assign" && holding?.state === "owner" && compareEpochs(holding.epoch, epoch) === 0) {
      const key = formatEpoch(epoch);
      const what = `${group} to ${speaker.node}`;
      const first = this.#granted.get(key) ?? what;
      this.#granted.set(key, first);
      if (first !== what) this.#blame(`I4: epoch ${key} gave ${first}, and ${what}`);
    }
    if (!holding) return;
    const key = `${speaker.name}/${speaker.life}/${group}`;
    const seen = this.#seen.get(key);
    if (seen && compareEpochs(seen, holding.epoch) > 0) {
      this.#blame(`I4: ${speaker.name} fell back to epoch ${formatEpoch(holding.epoch)} of ${group}`);
    }
    this.#seen.set(key, holding.epoch);
  }

  /** A speaker answers a frame. */
  onAnswer(speaker: SpeakerHost, { sentAt, group }: Frame): void {
    const { now, speakerTimers } = this.#cluster;
    const age = now - sentAt;
    if (age < speakerTimers.detectionMs + STALE_MS || speaker.hadClockStopped) return;
    this.#blame(`I1: ${speaker.name} answered for ${group} a frame that is ${Math.round(age)} ms old`);
  }

  /** Broadcast probes keep to their rate, but for those that a conflict or the sentinel asks for: one per claim heard. */
  onProbe(speaker: SpeakerHost, { to }: Extract<SpeakerEffect, { type: "probe" }>): void {
    if (to !== undefined) return;
    const second = Math.floor(this.#cluster.now / 1_000);
    const known = this.#probes.get(speaker);
    if (known?.second !== second) {
      this.#probes.set(speaker, { second, count: 1 });
      return;
    }
    const most = 2.2 * this.#cluster.speakerTimers.probesPerSecond + 20;
    if (++known.count === Math.ceil(most)) this.#blame(`probes: ${speaker.name} sent ${known.count} in a second`);
  }

  /** Nobody that the controller was free to choose gets more than its share while others have less. */
  onOwner(controller: ControllerHost, { group, node, reason }: Extract<ControllerEffect, { type: "owner" }>): void {
    if (node === undefined || !CHOSEN.has(reason) || controller.state.groups.get(group)?.failed.size) return;
    const { groupIds, controllerTimers, preferred } = this.#cluster;
    if (preferred.size > 0) return;
    const { speakers } = controllerStatus(controller.state, controller.now);
    const detectionMs = controllerTimers.intervalMs * controllerTimers.misses;
    const fit = speakers.filter(
      (view) =>
        view.live &&
        view.connected &&
        !view.draining &&
        view.silentMs < detectionMs &&
        controller.state.speakers.get(view.node)?.links.some(({ carrier }) => carrier),
    );
    const load = speakers.find((view) => view.node === node)?.owns ?? 0;
    const share = Math.ceil((1.25 * groupIds.length) / Math.max(1, fit.length));
    const least = Math.min(...fit.map(({ owns }) => owns));
    if (load > share && load > least + 1) this.#blame(`placement: ${node} got ${load}, its share is ${share}`);
  }

  #blame(fault: string): void {
    this.faults.push(fault);
    this.#cluster.tell("!!", () => fault);
  }

  #checkGroup(id: GroupId): void {
    const cluster = this.#cluster;
    const answering = cluster.speakers.filter((speaker) => isAnswering(speaker, id));
    let [two, handOver, oneWay] = [false, false, false];
    for (const [i, a] of answering.entries()) {
      const mode = a.modes.get(id);
      if (mode === "all" && this.mark && this.mark[id] !== a.node) this.moved.add(id);
      for (let j = i + 1; j < answering.length; j++) {
        const b = answering[j] as SpeakerHost;
        if (a.node === b.node) continue;
        const { cuts } = cluster.segment;
        const cut = Number(cuts.has(a.name, b.name)) + Number(cuts.has(b.name, a.name));
        if (cut === 1) oneWay = true;
        else if (cut === 0 && (mode === "requests" || b.modes.get(id) === "requests")) handOver = true;
        else if (cut === 0) two = true;
      }
    }
    this.#time("two", id, two);
    this.#time("handOver", id, handOver);
    this.#time("oneWay", id, oneWay);
    const isNone = answering.length === 0;
    this.#time("gap", id, isNone && canBeMended(cluster));
    if (isNone) {
      this.#forgiveSecondFailure(id);
      this.#forgiveLateNews(id);
    } else this.#lateSince.delete(id);
    this.#time("none", id, isNone && this.mark !== undefined);
    if (cluster.options.trace) this.#tellAnswering(id, answering);
  }

  /**
   * A failure younger than D can't be known. Where the one that a group was given to fails before it has taken over, I2
   * begins anew with that failure, once for each decision.
   */
  #forgiveSecondFailure(id: GroupId): void {
    const { leader, speakers, now } = this.#cluster;
    const owner = leader && ownerOf(leader.state, id);
    if (!owner || owner.acked || !this.#since.gap.has(id)) return;
    const heir = speakers.find(({ node }) => node === owner.node);
    if (!heir || canTalk(heir, leader) || this.#forgiven.get(id) === owner.epoch) return;
    this.#forgiven.set(id, owner.epoch);
    this.#since.gap.set(id, now);
  }

  /**
   * What a dead owner had said before, and TCP had to send again, makes it look alive for up to one retransmission longer:
   * I2 begins when the leader has read the last of it.
   */
  #forgiveLateNews(id: GroupId): void {
    const { leader, management, options, speakers } = this.#cluster;
    const owner = leader && ownerOf(leader.state, id);
    const since = this.#lateSince.get(id) ?? this.#since.gap.get(id);
    if (!owner || since === undefined || !this.#since.gap.has(id)) return;
    if (speakers.some((speaker) => speaker.node === owner.node && canTalk(speaker, leader))) return;
    const last = leader.state.speakers.get(owner.node)?.last ?? since;
    const late = Math.min(last - since - options.managementMs, management.retransmitMs);
    if (late <= 0) return;
    this.#lateSince.set(id, since);
    this.#since.gap.set(id, Math.max(since + late, this.#since.gap.get(id) ?? 0));
  }

  #tellAnswering(id: GroupId, answering: readonly SpeakerHost[]): void {
    const names = answering.map(({ name }) => name).join(" and ") || "nobody";
    if (names === (this.#answering.get(id) ?? "nobody")) return;
    this.#answering.set(id, names);
    this.#cluster.tell("==", () => `${id} is answered by ${names}`);
  }

  #time(measure: Measure, id: GroupId, isOn: boolean): void {
    const since = this.#since[measure];
    const start = since.get(id);
    const { now } = this.#cluster;
    if (start === undefined) {
      if (isOn) since.set(id, now);
      return;
    }
    const ms = now - start;
    this.worst[measure] = Math.max(this.worst[measure], ms);
    if (isOn) return;
    since.delete(id);
    this.#cluster.tell("==", () => (ms >= 1 ? `${id}: ${NAMES[measure]} for ${Math.round(ms)} ms` : undefined));
  }

  #sample(): void {
    this.touch(undefined);
    this.#cluster.clock.after(SAMPLE_MS, () => this.#sample());
  }
}

const NAMES: Readonly<Record<Measure, string>> = {
  two: "two answered",
  handOver: "two answered in a hand-over",
  oneWay: "two answered, one deaf to the other",
  gap: "nobody answered though a leader could mend it",
  none: "nobody answered",
};

function isAnswering(speaker: SpeakerHost, id: GroupId): boolean {
  const { isRunning, hasCarrier, isMute, host, modes, cluster } = speaker;
  return (
    isRunning && (modes.get(id) ?? "none") !== "none" && hasCarrier && !isMute && !cluster.management.down.has(host)
  );
}
