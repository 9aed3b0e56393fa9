import { type Ip, type Mac, parseIp, parseMac } from "@heraldlb/net";
import { formatEpoch } from "../epoch.ts";
import type { GroupId } from "../group.ts";
import type { Link } from "../link.ts";
import type { ControllerMessage } from "../message.ts";
import type { AnswerMode, DialId, SavedGroup, SavedOwnership, SpeakerEffect, SpeakerEvent } from "../speaker/event.ts";
import { initialSpeaker, type SpeakerConfig, type SpeakerRule, type SpeakerState } from "../speaker/state.ts";
import { isSpeakerStalled, stepSpeaker } from "../speaker/step.ts";
import { DEFAULT_SPEAKER_TIMERS } from "../timers.ts";
import type { ControllerHost } from "./controller-host.ts";
import type { Network } from "./network.ts";
import { Process } from "./process.ts";
import { Stream, type StreamEnd } from "./stream.ts";

/** The shell of a speaker's machine on the virtual network. */
export class SpeakerHost extends Process implements StreamEnd {
  readonly index: number;
  readonly mac: Mac;
  readonly modes: Map<GroupId, AnswerMode> = new Map();
  /** Rules switched off at the next start. */
  without: ReadonlySet<SpeakerRule> = new Set();
  hasCarrier = true;
  bootId = "boot-1";
  /** Assigns are not announced: a broken data path or a hung pacer. */
  isMute = false;
  state!: SpeakerState;
  exitCode: number | undefined;
  readonly #streams = new Map<DialId, Stream>();
  readonly #dials = new Map<Stream, DialId>();
  readonly #waiting = new Set<DialId>();
  #config!: SpeakerConfig;
  #disk: { readonly groups: Map<GroupId, SavedGroup>; saved: SavedOwnership } | undefined;

  constructor(network: Network, index: number) {
    super(network, `s${index}`, `n${index}`);
    this.index = index;
    this.mac = parseMac(`02:00:00:00:00:0${index + 1}`) as Mac;
  }

  protected boot(): void {
    const { network, name, bootId } = this;
    this.#config = {
      node: name,
      instance: `${name}/${this.life}`,
      bootId,
      startedAt: network.now,
      timers: DEFAULT_SPEAKER_TIMERS,
      without: this.without,
    };
    this.modes.clear();
    this.#streams.clear();
    this.#dials.clear();
    this.exitCode = undefined;
    const saved = this.#disk && { ...this.#disk.saved, groups: [...this.#disk.groups.values()] };
    this.state = initialSpeaker(this.#config, saved);
    if (saved?.bootId !== bootId) this.#disk = undefined;
    this.step({ type: "links", links: [this.#link()], now: network.now });
    for (const id of network.groupIds) {
      this.step({ type: "define", group: { id, addresses: addressesOf(id) }, now: network.now });
    }
    this.step({
      type: "replicas",
      replicas: network.controllers.map((controller) => controller.name),
      now: network.now,
    });
  }

  protected tick(): void {
    this.step({ type: "tick", now: this.network.now });
  }

  protected hangUpAll(says: boolean): void {
    for (const stream of this.#streams.values()) stream.close(this, says);
  }

  /** The state folder is lost, or belongs to an earlier boot. */
  reboot(): void {
    this.bootId = `boot-${this.life + 1}`;
  }

  setCarrier(isUp: boolean): void {
    this.hasCarrier = isUp;
    if (this.isUp) this.step({ type: "links", links: [this.#link()], now: this.network.now });
  }

  drain(): void {
    this.step({ type: "drain", now: this.network.now });
  }

  onStreamMessage(stream: Stream, message: unknown): void {
    const dial = this.#dials.get(stream);
    if (dial === undefined) return;
    this.step({ type: "received", dial, message: message as ControllerMessage, now: this.network.now });
    const { type } = message as ControllerMessage;
    if (type === "assign" || type === "revoke") this.network.watch.onOrder(this, message as ControllerMessage);
  }

  onStreamEnd(stream: Stream): void {
    const dial = this.#dials.get(stream);
    if (dial === undefined) return;
    this.#streams.delete(dial);
    this.step({ type: "closed", dial, replaced: false, now: this.network.now });
  }

  onFrame(kind: "claim" | "probe", group: GroupId, address: Ip, from: SpeakerHost): void {
    if (!this.hasCarrier) return;
    if (kind === "probe" && this.modes.get(group) === "all") this.#transmit(from, "claim", group, address);
    this.step({ type: kind, address, mac: from.mac, interface: "eth0", now: this.network.now });
  }

  step(event: SpeakerEvent): void {
    if (event.type !== "tick" && isSpeakerStalled(this.state, event.now)) this.tick();
    const { state, effects } = stepSpeaker(this.state, event, this.#config);
    this.state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: SpeakerEffect): void {
    switch (effect.type) {
      case "log":
        this.network.log(this.name, `${effect.message} ${JSON.stringify(effect.fields)}`);
        return;
      case "send":
        this.#streams.get(effect.dial)?.send(this, effect.message);
        return;
      case "dial": {
        const wait = effect.delayMs * (1 - effect.jitter * this.network.random.next());
        this.#waiting.add(effect.dial);
        this.later(wait, () => this.#dial(effect.dial, effect.replica));
        return;
      }
      case "close":
        this.#waiting.delete(effect.dial);
        this.#streams.get(effect.dial)?.close(this);
        this.#streams.delete(effect.dial);
        return;
      case "answer":
        this.modes.set(effect.group, effect.mode);
        this.network.touch();
        return;
      case "announce":
        this.#broadcast("claim", effect.group);
        if (effect.confirm && this.hasCarrier && !this.isMute) {
          const { group, epoch } = effect;
          this.later(0.1, () => this.step({ type: "announced", group, epoch, now: this.network.now }));
        }
        return;
      case "probe":
        this.#probe(effect);
        return;
      case "dropFrames":
        this.dropFrames();
        return;
      case "persist":
        this.#disk ??= { groups: new Map(), saved: { bootId: this.bootId, maxTerm: 0, termHolder: "", groups: [] } };
        for (const group of effect.saved) this.#disk.groups.set(group.id, group);
        for (const id of effect.forgotten) this.#disk.groups.delete(id);
        this.#disk.saved = { bootId: this.bootId, maxTerm: effect.maxTerm, termHolder: effect.termHolder, groups: [] };
        return;
      case "exit":
        this.exitCode = effect.code;
        this.later(0, () => this.kill());
        return;
      case "unknownGroup":
        this.network.log(this.name, `unknown group ${effect.group} ${formatEpoch(effect.epoch)}`);
        return;
    }
  }

  #dial(dial: DialId, replica: string): void {
    const { network } = this;
    const controller = network.controllers.find(({ name }) => name === replica);
    if (!controller || !this.#waiting.has(dial)) return;
    const { life } = controller;
    const roundTrip = 2 * network.managementDelay(this.host, controller.host);
    if (!this.#canTalk(controller) || network.random.next() < network.managementLoss) return;
    this.later(roundTrip, () => {
      if (!this.#waiting.has(dial)) return;
      if (!controller.isUp) this.#waiting.delete(dial);
      const type = controller.isUp ? "connected" : "closed";
      this.step({ type, dial, replaced: false, now: network.now });
    });
    // A controller that is stopped has its TCP set up by the kernel, and goes on with TLS when it continues.
    network.after(roundTrip, () =>
      controller.deliver(life, "message", () => this.later(roundTrip, () => this.#open(dial, controller, life))),
    );
  }

  #open(dial: DialId, controller: ControllerHost, life: number): void {
    const { network } = this;
    if (!this.#waiting.delete(dial) || !this.#canTalk(controller)) return;
    if (!controller.isUp || controller.life !== life) return;
    const stream = new Stream(network, this, controller);
    this.#streams.set(dial, stream);
    this.#dials.set(stream, dial);
    this.step({ type: "opened", dial, now: network.now });
  }

  #canTalk(controller: ControllerHost): boolean {
    const { network, host } = this;
    return network.canReach(host, controller.host) && network.canReach(controller.host, host);
  }

  #probe({ group, to }: Extract<SpeakerEffect, { type: "probe" }>): void {
    const target = to === undefined ? undefined : this.network.speakers.find(({ mac }) => mac === to);
    if (!target) this.#broadcast("probe", group);
    else for (const { address } of addressesOf(group)) this.#transmit(target, "probe", group, address);
  }

  #broadcast(kind: "claim" | "probe", group: GroupId): void {
    for (const other of this.network.speakers) {
      if (other !== this) for (const { address } of addressesOf(group)) this.#transmit(other, kind, group, address);
    }
  }

  #transmit(to: SpeakerHost, kind: "claim" | "probe", group: GroupId, address: Ip): void {
    const { network } = this;
    if (!network.canHear(this, to) || network.random.next() < network.dataLoss) return;
    to.later(
      network.random.between(0.1, network.options.dataMs),
      () => to.onFrame(kind, group, address, this),
      "frame",
    );
  }

  #link(): Link {
    const { mac, hasCarrier } = this;
    return { name: "eth0", ifindex: 2, present: true, up: true, carrier: hasCarrier, mac, arp: true, ndp: true };
  }
}

const addressesOf = (id: GroupId): readonly { readonly address: Ip; readonly interfaces: "all" }[] => [
  { address: parseIp(id) as Ip, interfaces: "all" },
];
