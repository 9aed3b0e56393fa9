import { type Ip, type Mac, parseIp, parseMac } from "@heraldlb/net";
import type { Epoch } from "../epoch.ts";
import type { GroupDefinition, GroupId, HoldingState } from "../group.ts";
import type { Link } from "../link.ts";
import type { ControllerMessage, Reply, SpeakerMessage } from "../message.ts";
import type { DialId, SavedOwnership, SpeakerEffect, SpeakerEvent } from "../speaker/event.ts";
import { type Authority, initialSpeaker, type SpeakerConfig, type SpeakerState } from "../speaker/state.ts";
import { holdingOf, stepSpeaker } from "../speaker/step.ts";
import { DEFAULT_SPEAKER_TIMERS } from "../timers.ts";

/** The group and the address that most tests are about. */
export const GROUP: GroupId = "192.0.2.1";
export const ADDRESS: Ip = parseIp(GROUP) as Ip;
export const OWN_MAC: Mac = parseMac("02:00:00:00:00:05") as Mac;
export const LOWER_MAC: Mac = parseMac("02:00:00:00:00:01") as Mac;
export const HIGHER_MAC: Mac = parseMac("02:00:00:00:00:09") as Mac;

export const link = (change: Partial<Link> = {}): Link => ({
  name: "eth0",
  ifindex: 2,
  present: true,
  up: true,
  carrier: true,
  mac: OWN_MAC,
  arp: true,
  ndp: true,
  ...change,
});

export const definition = (id: GroupId = GROUP): GroupDefinition => ({
  id,
  addresses: [{ address: parseIp(id) as Ip, interfaces: "all" }],
});

/** An event without its time. */
export type Happening = SpeakerEvent extends infer E ? (E extends SpeakerEvent ? Omit<E, "now"> : never) : never;

/** One speaker's machine on a bench: a test says what happens and when, and looks at the effects. */
export class SpeakerBench {
  readonly config: SpeakerConfig = {
    node: "n1",
    instance: "i1",
    bootId: "boot-1",
    startedAt: 1_000,
    timers: DEFAULT_SPEAKER_TIMERS,
  };
  state: SpeakerState;
  now = 100_000;
  /** All effects since the last {@link take}. */
  effects: SpeakerEffect[] = [];
  /** While set, every heartbeat is answered like this. */
  reply: Partial<Reply> | undefined;
  dial: DialId = 0;

  constructor(saved?: SavedOwnership) {
    this.state = initialSpeaker(this.config, saved);
    this.step({ type: "links", links: [link()] });
    this.step({ type: "define", group: definition() });
    this.step({ type: "replicas", replicas: ["c1"] });
  }

  step(happening: Happening): readonly SpeakerEffect[] {
    const { state, effects } = stepSpeaker(this.state, { ...happening, now: this.now } as SpeakerEvent, this.config);
    this.state = state;
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.type === "dial") this.dial = effect.dial;
      if (effect.type === "send" && effect.message.type === "heartbeat" && this.reply) this.hear(this.replyNow());
    }
    return effects;
  }

  /** Lets time pass, with its ticks. */
  pass(ms: number): readonly SpeakerEffect[] {
    const before = this.effects.length;
    for (const end = this.now + ms; this.now < end; ) {
      this.now = Math.min(end, this.now + 25);
      this.step({ type: "tick" });
    }
    return this.effects.slice(before);
  }

  /** Time passes, and the process does not run in it. */
  stall(ms: number): readonly SpeakerEffect[] {
    this.now += ms;
    return this.step({ type: "tick" });
  }

  hear(message: ControllerMessage): readonly SpeakerEffect[] {
    return this.step({ type: "received", dial: this.dial, message });
  }

  replyNow(): Reply {
    return {
      type: "reply",
      role: "leader",
      term: 1,
      holder: "leader-1",
      firm: true,
      intervalMs: 100,
      detectionMs: 300,
      echo: this.now,
      ...this.reply,
    };
  }

  /** Connects to the replica, which answers from now on. */
  connect(reply: Partial<Reply> = {}): void {
    this.reply = reply;
    this.step({ type: "connected", dial: this.dial });
    this.step({ type: "opened", dial: this.dial });
    this.hear(this.replyNow());
  }

  /** The replica falls silent, and its stream ends. */
  loseController(): void {
    this.reply = undefined;
    this.step({ type: "closed", dial: this.dial, replaced: false });
  }

  /** Has this authority from now on. */
  setAuthority(authority: Authority): void {
    if (authority === 0) {
      if (this.reply) this.loseController();
      return;
    }
    const reply = { firm: authority === 2 };
    if (this.reply) this.hear({ ...this.replyNow(), ...reply });
    else this.connect(reply);
    this.reply = reply;
  }

  assign(counter: number, group: GroupId = GROUP): readonly SpeakerEffect[] {
    return this.hear({ type: "assign", group, epoch: epoch(counter), echo: this.now });
  }

  leave(counter: number): readonly SpeakerEffect[] {
    return this.hear({ type: "leave", group: GROUP, epoch: epoch(counter), echo: this.now });
  }

  revoke(counter: number): readonly SpeakerEffect[] {
    return this.hear({ type: "revoke", group: GROUP, epoch: epoch(counter) });
  }

  claim(mac: Mac, address: Ip = ADDRESS): readonly SpeakerEffect[] {
    return this.step({ type: "claim", address, mac, interface: "eth0" });
  }

  probe(mac: Mac): readonly SpeakerEffect[] {
    return this.step({ type: "probe", address: ADDRESS, mac, interface: "eth0" });
  }

  announced(counter: number): readonly SpeakerEffect[] {
    return this.step({ type: "announced", group: GROUP, epoch: epoch(counter) });
  }

  get held(): HoldingState | "none" {
    return holdingOf(this.state, GROUP)?.state ?? "none";
  }
}

export const epoch = (counter: number, term = 1): Epoch => ({ term, counter });

/** A speaker that is this to {@link GROUP}, by epoch 1.10, under this authority. */
export function speakerIn(state: HoldingState | "none", authority: Authority): SpeakerBench {
  const silent = state === "verify" || state === "yielded";
  const bench = new SpeakerBench(silent ? saved() : undefined);
  bench.connect();
  if (state === "owner" || state === "leaving") {
    bench.assign(10);
    bench.announced(10);
  }
  if (state === "leaving") bench.leave(10);
  if (state === "yielded") bench.claim(LOWER_MAC);
  if (authority !== 2) bench.setAuthority(authority);
  bench.effects = [];
  return bench;
}

export const saved = (bootId = "boot-1"): SavedOwnership => ({
  bootId,
  maxTerm: 1,
  termHolder: "leader-1",
  groups: [{ ...definition(), epoch: epoch(10) }],
});

/** The messages among effects. */
export const sent = (effects: readonly SpeakerEffect[]): readonly SpeakerMessage[] =>
  effects.flatMap((effect) => (effect.type === "send" ? [effect.message] : []));

/** The effects of one type. */
export const only = <T extends SpeakerEffect["type"]>(
  effects: readonly SpeakerEffect[],
  type: T,
): readonly Extract<SpeakerEffect, { type: T }>[] =>
  effects.filter((effect): effect is Extract<SpeakerEffect, { type: T }> => effect.type === type);
