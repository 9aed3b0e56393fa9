import {
  type AnswerMode,
  type ControllerMessage,
  type DialId,
  type GroupId,
  initialSpeaker,
  isSpeakerStalled,
  type Link,
  type SpeakerConfig,
  type SpeakerEffect,
  type SpeakerEvent,
  type SpeakerMessage,
  type SpeakerState,
  stepSpeaker,
} from "@heraldlb/election";
import { type Mac, parseMac } from "@heraldlb/net";
import type { Cluster } from "./cluster.ts";
import type { ControllerHost } from "./controller-host.ts";
import { addressOf } from "./group.ts";
import { Process } from "./process.ts";
import type { Frame, Port } from "./segment.ts";
import { StateFolder } from "./state-folder.ts";
import { logStory, orderStory } from "./story.ts";
import { Stream, type StreamEnd, type StreamEnding } from "./stream.ts";

/** The shell of a speaker's machine: the answering worker, with the main thread that carries its messages. */
export class SpeakerHost extends Process implements StreamEnd, Port {
  readonly node: string;
  readonly mac: Mac;
  readonly modes: Map<GroupId, AnswerMode> = new Map();
  readonly folder: StateFolder = new StateFolder();
  hasCarrier = true;
  bootId = "boot-1";
  /** Its frames don't leave, though nothing says so. */
  isMute = false;
  state!: SpeakerState;
  exitCode: number | undefined;
  #config!: SpeakerConfig;
  readonly #streams = new Map<DialId, Stream>();
  readonly #dials = new Map<Stream, DialId>();
  readonly #waiting = new Set<DialId>();
  /** What the main thread has yet to do, while it hangs. */
  #mainThread: (() => void)[] | undefined;
  #announcedAt = 0;

  /** The first process of node `index`, or with a `name` another one of it. */
  constructor(cluster: Cluster, index: number, name: string = `s${index}`) {
    super(cluster, name, `n${index}`);
    this.node = `n${index}`;
    this.mac = parseMac(`02:00:00:00:00:${(index + 1).toString(16).padStart(2, "0")}`) as Mac;
    cluster.segment.attach(this);
  }

  protected boot(): void {
    const { cluster, bootId } = this;
    this.#config = {
      node: this.node,
      instance: `${this.name}/${this.life}`,
      bootId,
      startedAt: this.now,
      timers: cluster.speakerTimers,
      without: cluster.without.speaker,
    };
    this.modes.clear();
    this.#streams.clear();
    this.#dials.clear();
    this.#waiting.clear();
    this.#mainThread = undefined;
    this.exitCode = undefined;
    this.state = initialSpeaker(this.#config, this.folder.load(bootId));
    this.step({ type: "links", links: [this.#link()], now: this.now });
    for (const id of cluster.groupIds) {
      this.step({
        type: "define",
        group: { id, addresses: [{ address: addressOf(id), interfaces: "all" }] },
        now: this.now,
      });
    }
    this.step({ type: "peers", macs: cluster.nodeMacs, now: this.now });
    this.step({ type: "replicas", replicas: cluster.controllers.map(({ name }) => name), now: this.now });
  }

  protected tick(): void {
    this.step({ type: "tick", now: this.now });
  }

  protected hangUpAll(says: boolean): void {
    for (const stream of this.#streams.values()) stream.close(this, says ? "fin" : undefined);
  }

  /** The node starts again: another boot, with the state folder of the last one. */
  reboot(): void {
    this.bootId = `boot-${this.life + 1}`;
  }

  setCarrier(isUp: boolean): void {
    this.hasCarrier = isUp;
    if (this.isUp) this.deliver(this.life, "message", () => this.#onLinks());
  }

  /** SIGTERM. */
  drain(): void {
    if (this.isUp) this.deliver(this.life, "message", () => this.step({ type: "drain", now: this.now }));
  }

  /** The main thread hangs: nothing gets in or out of the streams, while the worker answers on. */
  hangMainThread(): void {
    if (this.isUp) this.#mainThread ??= [];
  }

  get isMainThreadHung(): boolean {
    return this.#mainThread !== undefined;
  }

  /** The main thread goes on. */
  freeMainThread(): void {
    const tasks = this.#mainThread ?? [];
    this.#mainThread = undefined;
    for (const task of tasks) task();
  }

  onStreamMessage(stream: Stream, message: unknown): void {
    this.#throughMainThread(() => {
      const dial = this.#dials.get(stream);
      // A stream carries what its other end sends: a ControllerHost.
      const order = message as ControllerMessage;
      if (dial === undefined) return;
      this.cluster.tell(this.name, () => orderStory(order));
      this.step({ type: "received", dial, message: order, now: this.now });
      this.cluster.watch.onOrder(this, order);
    });
  }

  onStreamEnd(stream: Stream, ending: StreamEnding): void {
    this.#throughMainThread(() => {
      const dial = this.#dials.get(stream);
      if (dial === undefined) return;
      this.#streams.delete(dial);
      this.step({ type: "closed", dial, replaced: ending === "replaced", now: this.now });
    });
  }

  arrive(frame: Frame): void {
    if (this.isUp && this.hasCarrier) this.deliver(this.life, "frame", () => this.#onFrame(frame));
  }

  /** Steps the machine, and carries out what it says. */
  step(event: SpeakerEvent): void {
    if (event.type !== "tick" && isSpeakerStalled(this.state, event.now)) this.tick();
    const { state, effects } = stepSpeaker(this.state, event, this.#config);
    this.state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #onLinks(): void {
    this.step({ type: "links", links: [this.#link()], now: this.now });
    if (this.hasCarrier) this.step({ type: "networkUp", now: this.now });
  }

  #onFrame(frame: Frame): void {
    const { kind, address, mac, group } = frame;
    const mode = this.modes.get(group) ?? "none";
    if (kind === "request" ? mode !== "none" : kind === "probe" && mode === "all") {
      this.cluster.watch.onAnswer(this, frame);
      this.#transmit("claim", group, mac);
    }
    if (kind !== "request") this.step({ type: kind, address, mac, interface: "eth0", now: this.now });
  }

  #throughMainThread(task: () => void): void {
    if (this.#mainThread) this.#mainThread.push(task);
    else task();
  }

  #perform(effect: SpeakerEffect): void {
    const { cluster } = this;
    switch (effect.type) {
      case "log":
        cluster.tell(this.name, () => logStory(effect));
        return;
      case "send":
        this.#send(effect.dial, effect.message);
        return;
      case "dial": {
        const wait = effect.delayMs * (1 - effect.jitter * cluster.random.next());
        this.#waiting.add(effect.dial);
        this.later(wait, () => this.#throughMainThread(() => this.#dial(effect.dial, effect.replica)));
        return;
      }
      case "close":
        this.#waiting.delete(effect.dial);
        this.#throughMainThread(() => {
          this.#streams.get(effect.dial)?.close(this, "fin");
          this.#streams.delete(effect.dial);
        });
        return;
      case "answer":
        this.modes.set(effect.group, effect.mode);
        cluster.touch(effect.group);
        return;
      case "announce":
        this.#announce(effect);
        return;
      case "probe":
        cluster.watch.onProbe(this, effect);
        this.#transmit("probe", effect.group, effect.to);
        return;
      case "dropFrames":
        this.dropFrames();
        return;
      case "persist":
        this.folder.save(this.bootId, effect);
        return;
      case "exit":
        this.exitCode = effect.code;
        this.later(0, () => this.kill());
        return;
      case "orderError":
        return;
    }
  }

  #send(dial: DialId, message: SpeakerMessage): void {
    const sentAt = this.now;
    this.#throughMainThread(() => {
      const workerAge = this.now - sentAt;
      this.#streams.get(dial)?.send(this, message.type === "heartbeat" ? { ...message, workerAge } : message);
    });
  }

  /** One round. Many go out one after the other, as fast as the shell's pace allows. */
  #announce({ group, epoch, confirm }: Extract<SpeakerEffect, { type: "announce" }>): void {
    const { announceMs } = this.cluster.options;
    const go = () => {
      if (this.modes.get(group) !== "all") return;
      this.#transmit("claim", group);
      if (!confirm || !this.hasCarrier || this.isMute) return;
      this.later(0.1, () => this.step({ type: "announced", group, epoch, now: this.now }));
    };
    if (announceMs === undefined) {
      go();
      return;
    }
    this.#announcedAt = Math.max(this.#announcedAt + announceMs, this.cluster.now);
    this.later(this.#announcedAt - this.cluster.now, go);
  }

  #dial(dial: DialId, replica: string): void {
    const { cluster, host } = this;
    const { management } = cluster;
    const controller = cluster.controllers.find(({ name }) => name === replica);
    if (!controller || !this.#waiting.has(dial)) return;
    const { life } = controller;
    const roundTrip = 2 * management.delay(host, controller.host);
    if (!management.reachesBothWays(host, controller.host) || management.losesNext()) return;
    this.later(roundTrip, () => {
      if (!this.#waiting.has(dial)) return;
      if (!controller.isUp) this.#waiting.delete(dial);
      this.step({ type: controller.isUp ? "connected" : "closed", dial, replaced: false, now: this.now });
    });
    // A controller that is stopped has its TCP set up by the kernel, and goes on with TLS when it continues.
    cluster.clock.after(roundTrip, () =>
      controller.deliver(life, "message", () => this.later(roundTrip, () => this.#open(dial, controller, life))),
    );
  }

  #open(dial: DialId, controller: ControllerHost, life: number): void {
    const { cluster, host } = this;
    if (!this.#waiting.delete(dial) || !cluster.management.reachesBothWays(host, controller.host)) return;
    if (!controller.isUp || controller.life !== life) return;
    const stream = new Stream(cluster, this, controller);
    this.#streams.set(dial, stream);
    this.#dials.set(stream, dial);
    this.#throughMainThread(() => this.step({ type: "opened", dial, now: this.now }));
  }

  #transmit(kind: Frame["kind"], group: GroupId, to?: Mac): void {
    if (!this.isMute) this.cluster.segment.transmit(this, { kind, group, address: addressOf(group) }, to);
  }

  #link(): Link {
    const { mac, hasCarrier } = this;
    return { name: "eth0", ifindex: 2, present: true, up: true, carrier: hasCarrier, mac, arp: true, ndp: true };
  }
}
