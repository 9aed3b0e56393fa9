import { compareEpochs, type Epoch, formatEpoch } from "../epoch.ts";
import type { GroupId } from "../group.ts";
import type { ControllerMessage } from "../message.ts";
import type { Network } from "./network.ts";
import type { SpeakerHost } from "./speaker-host.ts";

/** What is timed, in ms: two answer; two answer in a hand-over or one-way; nobody though a leader could mend it; nobody. */
export type Measure = "two" | "handOver" | "oneWay" | "gap" | "none";

/** Watches a network for what must not happen. */
export class Watch {
  readonly #network: Network;
  readonly worst: Record<Measure, number> = { two: 0, handOver: 0, oneWay: 0, gap: 0, none: 0 };
  /** Epochs given twice, or falling at a speaker. */
  readonly epochFaults: string[] = [];
  mark: Readonly<Record<GroupId, string>> | undefined;
  readonly #since: Record<Measure, Map<GroupId, number>> = {
    two: new Map(),
    handOver: new Map(),
    oneWay: new Map(),
    gap: new Map(),
    none: new Map(),
  };
  readonly #granted = new Map<string, string>();
  readonly #seen = new Map<string, Epoch>();

  constructor(network: Network) {
    this.#network = network;
  }

  /** From now on counts: forgets what the start was like, and remembers who owns what. */
  begin(): void {
    this.mark = this.#network.owners();
    for (const name of Object.keys(this.worst) as Measure[]) {
      this.worst[name] = 0;
      this.#since[name].clear();
    }
  }

  /** How many groups have another owner than at the mark. */
  get moves(): number {
    const now = this.#network.owners();
    return Object.entries(this.mark ?? {}).filter(([id, owner]) => now[id] !== owner).length;
  }

  /** Groups that don't have exactly one owner. */
  get unsettled(): readonly GroupId[] {
    return Object.entries(this.#network.owners())
      .filter(([, owner]) => owner === "" || owner.includes("+"))
      .map(([id]) => id);
  }

  onOrder(speaker: SpeakerHost, message: ControllerMessage): void {
    if (message.type !== "assign" && message.type !== "revoke") return;
    const group = speaker.state.groups.get(message.group);
    if (!group) return;
    const key = `${message.group}@${formatEpoch(message.epoch)}`;
    if (message.type === "assign" && group.state === "owner" && compareEpochs(group.epoch, message.epoch) === 0) {
      const first = this.#granted.get(key) ?? speaker.name;
      this.#granted.set(key, first);
      if (first !== speaker.name) this.epochFaults.push(`${key} given to ${first} and ${speaker.name}`);
    }
    const seenKey = `${speaker.name}/${speaker.life}/${message.group}`;
    const seen = this.#seen.get(seenKey);
    if (seen && compareEpochs(seen, group.epoch) > 0) this.epochFaults.push(`${seenKey} fell`);
    this.#seen.set(seenKey, group.epoch);
  }

  check(): void {
    for (const id of this.#network.groupIds) this.#checkGroup(id);
  }

  #checkGroup(id: GroupId): void {
    const network = this.#network;
    const answering = network.speakers.filter(
      ({ isUp, isPaused, hasCarrier, host, modes }) =>
        isUp && !isPaused && hasCarrier && !network.downHosts.has(host) && (modes.get(id) ?? "none") !== "none",
    );
    let [two, handOver, oneWay] = [false, false, false];
    for (const [i, a] of answering.entries()) {
      for (const b of answering.slice(i + 1)) {
        const cuts = Number(network.isDataCut(a, b)) + Number(network.isDataCut(b, a));
        if (cuts === 1) oneWay = true;
        else if (cuts === 0 && (a.modes.get(id) === "requests" || b.modes.get(id) === "requests")) handOver = true;
        else if (cuts === 0) two = true;
      }
    }
    this.#time("two", id, two);
    this.#time("handOver", id, handOver);
    this.#time("oneWay", id, oneWay);
    this.#time("gap", id, answering.length === 0 && this.#couldBeMended());
    this.#time("none", id, answering.length === 0 && this.mark !== undefined);
  }

  /** Whether a leader could give the group to somebody now: it is past its start and its graces, and hears a fit one. */
  #couldBeMended(): boolean {
    const network = this.#network;
    const { leader, now } = network;
    if (!leader) return false;
    const { state } = leader;
    if (now - state.massAt < 1_000 || now < state.quietUntil || now < state.leadingSince + 300) return false;
    if (now < state.leadingSince + 3_300 && state.awaited.size > 0) return false;
    const known = [...state.speakers.values()];
    if (known.some(({ live, last, closedAt }) => live && now - Math.max(last, closedAt ?? 0) > 500)) return false;
    return network.speakers.some((speaker) => {
      const view = state.speakers.get(speaker.name);
      if (!view?.live || view.stream === undefined || now - view.last >= 200) return false;
      if (!speaker.isUp || speaker.isPaused || !speaker.hasCarrier || speaker.state.maxTerm > state.term) return false;
      return network.canReach(speaker.host, leader.host) && network.canReach(leader.host, speaker.host);
    });
  }

  #time(name: Measure, id: GroupId, isOn: boolean): void {
    const since = this.#since[name];
    const { now } = this.#network;
    if (isOn && !since.has(id)) since.set(id, now);
    const start = since.get(id);
    if (start === undefined) return;
    this.worst[name] = Math.max(this.worst[name], now - start);
    if (!isOn) {
      since.delete(id);
      if (now - start > 400) this.#network.log("!!", `${name} ${id} ${Math.round(now - start)} ms`);
    }
  }
}
