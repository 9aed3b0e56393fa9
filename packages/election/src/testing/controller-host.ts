import type { ControllerEffect, ControllerEvent, GroupSpec, StreamId } from "../controller/event.ts";
import { startHandOver } from "../controller/hand-over.ts";
import { pick } from "../controller/ranking.ts";
import {
  type ControllerConfig,
  type ControllerRule,
  type ControllerState,
  initialController,
} from "../controller/state.ts";
import { nextTerm, stepController } from "../controller/step.ts";
import { formatEpoch } from "../epoch.ts";
import type { GroupId } from "../group.ts";
import type { SpeakerMessage } from "../message.ts";
import { DEFAULT_CONTROLLER_TIMERS } from "../timers.ts";
import type { Network } from "./network.ts";
import { Process } from "./process.ts";
import type { Stream, StreamEnd } from "./stream.ts";

const LEASE_MS = 3_000;
const RENEW_MS = 2_000;
const RETRY_MS = 500;

/** The shell of a controller's machine on the virtual network, with a Lease, or alone with a term file. */
export class ControllerHost extends Process implements StreamEnd {
  readonly #index: number;
  state!: ControllerState;
  without: ReadonlySet<ControllerRule> = new Set();
  /** What is planned for each group; scenarios may change it before `start` or call {@link upsert}. */
  specs: Map<GroupId, GroupSpec> = new Map();
  #config!: ControllerConfig;
  readonly #streams = new Map<StreamId, Stream>();
  readonly #ids = new Map<Stream, StreamId>();
  #nextStream = 1;
  #observed: { readonly version: number; readonly at: number } | undefined;
  #nextLease = 0;
  #renewed = Number.NEGATIVE_INFINITY;

  constructor(network: Network, index: number, host: string) {
    super(network, `c${index}`, host);
    this.#index = index;
  }

  protected boot(): void {
    const { network } = this;
    this.#config = {
      identity: `${this.name}/${this.life}`,
      timers: DEFAULT_CONTROLLER_TIMERS,
      without: this.without,
    };
    this.#streams.clear();
    this.#ids.clear();
    this.state = initialController(this.#config);
    this.#observed = undefined;
    this.#nextLease = network.now;
    this.#renewed = Number.NEGATIVE_INFINITY;
    const nodes = network.speakers.map(({ name }) => name);
    this.step({ type: "expect", nodes, now: network.now });
    for (const id of network.groupIds) this.upsert(this.specs.get(id) ?? evenSpec(id, nodes));
    this.step({ type: "synced", now: network.now });
    if (network.controllers.length === 1) this.#leadByFile();
  }

  upsert(group: GroupSpec): void {
    this.specs.set(group.id, group);
    this.step({ type: "group", group, now: this.network.now });
  }

  protected tick(): void {
    const { network } = this;
    if (network.controllers.length > 1) {
      if (network.now >= this.#nextLease) this.#askForLease();
      const isFirm = network.now - this.#renewed < RENEW_MS;
      if (this.state.role === "leader" && this.state.firm !== isFirm) {
        this.step({ type: "firm", firm: isFirm, now: network.now });
      }
    }
    this.step({ type: "tick", now: network.now });
  }

  protected hangUpAll(says: boolean): void {
    for (const stream of this.#streams.values()) stream.close(this, says);
  }

  onStreamMessage(stream: Stream, message: unknown): void {
    let id = this.#ids.get(stream);
    if (id === undefined) {
      id = this.#nextStream++;
      this.#ids.set(stream, id);
      this.#streams.set(id, stream);
    }
    this.step({ type: "received", stream: id, message: message as SpeakerMessage, now: this.network.now });
  }

  onStreamEnd(stream: Stream): void {
    const id = this.#ids.get(stream);
    if (id === undefined) return;
    this.#streams.delete(id);
    this.step({ type: "closed", stream: id, now: this.network.now });
  }

  get streams(): Iterable<Stream> {
    return this.#streams.values();
  }

  /** A planned move of one group, as draining or a preference would begin it. */
  handOver(id: GroupId): void {
    const effects: ControllerEffect[] = [];
    const context = { state: this.state, config: this.#config, now: this.network.now, effects };
    const group = this.state.groups.get(id);
    if (!this.isUp || this.state.role !== "leader" || !group?.owner || group.handOver) return;
    const to = pick(context, group, { avoid: group.owner.node });
    if (to) startHandOver(context, group, to, "test");
    for (const effect of effects) this.#perform(effect);
  }

  step(event: ControllerEvent): void {
    const { state, effects } = stepController(this.state, event, this.#config);
    this.state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: ControllerEffect): void {
    switch (effect.type) {
      case "log":
        this.network.log(this.name, `${effect.message} ${JSON.stringify(effect.fields)}`);
        return;
      case "send":
        this.#streams.get(effect.stream)?.send(this, effect.message);
        return;
      case "close":
        this.#streams.get(effect.stream)?.close(this);
        this.#streams.delete(effect.stream);
        return;
      case "owner": {
        const { group, node, epoch, reason } = effect;
        this.network.log(this.name, `owner ${JSON.stringify({ group, node, epoch: formatEpoch(epoch), reason })}`);
        return;
      }
      case "stepDown":
        if (this.network.controllers.length === 1) this.#leadByFile();
        return;
    }
  }

  #leadByFile(): void {
    this.network.fileTerm = nextTerm(this.state, this.network.fileTerm);
    this.step({ type: "lead", term: this.network.fileTerm, now: this.network.now });
  }

  #askForLease(): void {
    const { network, host } = this;
    const sent = network.now;
    this.#nextLease = sent + RETRY_MS;
    if (!network.canReach(host, "api") || !network.canReach("api", host)) return;
    const isExpired = this.#observed !== undefined && sent - this.#observed.at >= LEASE_MS;
    const take = this.state.role !== "leader" && isExpired ? this.#observed?.version : undefined;
    this.later(2 * network.managementDelay(host, "api"), () => this.#onLease(sent, take));
  }

  #onLease(sent: number, take: number | undefined): void {
    const { network, state } = this;
    const { lease } = network;
    const { identity } = this.#config;
    if (!network.isApiUp) return;
    if (take !== undefined && lease.version === take) {
      lease.version++;
      if (lease.holder !== identity) lease.transitions++;
      lease.holder = identity;
    } else if (lease.holder === identity) lease.version++;
    if (lease.holder !== identity) {
      if (state.role === "leader") this.step({ type: "standby", now: network.now });
      if (this.#observed?.version !== lease.version) this.#observed = { version: lease.version, at: network.now };
      return;
    }
    this.#renewed = sent;
    if (state.role === "leader" || network.now - sent >= RENEW_MS) return;
    // The Lease may have been deleted or restored: no term comes twice.
    lease.transitions = Math.max(lease.transitions, nextTerm(state, 0));
    this.step({ type: "lead", term: lease.transitions, now: network.now });
  }

  get index(): number {
    return this.#index;
  }
}

/** Every node may have the group, in an order that differs from group to group. */
export const evenSpec = (id: GroupId, nodes: readonly string[]): GroupSpec => ({
  id,
  families: ["ipv4"],
  fresh: false,
  candidates: nodes.map((node, i) => ({
    node,
    preference: 0,
    score: ((i * 7 + Number(id.split(".")[3]) * 13) % 11).toString(16),
    interfaces: { ipv4: "all" },
  })),
});
