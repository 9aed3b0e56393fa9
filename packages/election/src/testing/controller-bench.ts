import { type Mac, parseMac } from "@heraldlb/net";
import type {
  Candidate,
  ControllerEffect,
  ControllerEvent,
  GroupSpec,
  OwnerReason,
  StreamId,
} from "../controller/event.ts";
import { type ControllerConfig, type ControllerState, initialController } from "../controller/state.ts";
import { ownerOf, stepController } from "../controller/step.ts";
import type { Epoch } from "../epoch.ts";
import type { GroupId, Holding, HoldingState, NodeName } from "../group.ts";
import type { Link } from "../link.ts";
import type { ControllerMessage, Hello, SpeakerMessage } from "../message.ts";
import { DEFAULT_CONTROLLER_TIMERS } from "../timers.ts";

export const GROUP: GroupId = "192.0.2.1";

export const candidate = (node: NodeName, change: Partial<Candidate> = {}): Candidate => ({
  node,
  preference: 0,
  score: node,
  interfaces: { ipv4: "all" },
  ...change,
});

export const groupSpec = (
  id: GroupId,
  nodes: readonly (NodeName | Candidate)[],
  change: Partial<GroupSpec> = {},
): GroupSpec => ({
  id,
  families: ["ipv4"],
  fresh: false,
  candidates: nodes.map((node) => (typeof node === "string" ? candidate(node) : node)),
  ...change,
});

export const holding = (state: HoldingState, epoch: Epoch, group: GroupId = GROUP): Holding => ({
  group,
  epoch,
  state,
});

const link = (node: NodeName, change: Partial<Link> = {}): Link => ({
  name: "eth0",
  ifindex: 2,
  present: true,
  up: true,
  carrier: true,
  mac: parseMac(`02:00:00:00:00:${node.charCodeAt(0).toString(16)}`) as Mac,
  arp: true,
  ndp: true,
  ...change,
});

type Happening = ControllerEvent extends infer E ? (E extends ControllerEvent ? Omit<E, "now"> : never) : never;

/** A speaker that does as it is told, unless a test says otherwise. */
export class FakeSpeaker {
  readonly node: NodeName;
  stream: StreamId | undefined;
  readonly held: Map<GroupId, Holding> = new Map();
  rev = 0;
  /** It sends heartbeats. */
  beats = true;
  /** It acknowledges, and reports its holdings. */
  obeys = true;
  readonly heard: ControllerMessage[] = [];

  constructor(node: NodeName) {
    this.node = node;
  }
}

/** One controller's machine on a bench, with speakers a, b, c, …; messages take no time. */
export class ControllerBench {
  readonly config: ControllerConfig = { identity: "me", timers: DEFAULT_CONTROLLER_TIMERS };
  state: ControllerState = initialController(this.config);
  now = 50_000;
  readonly speakers: Map<NodeName, FakeSpeaker> = new Map();
  effects: ControllerEffect[] = [];
  #nextStream = 1;

  step(happening: Happening): readonly ControllerEffect[] {
    const { state, effects } = stepController(
      this.state,
      { ...happening, now: this.now } as ControllerEvent,
      this.config,
    );
    this.state = state;
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.type === "send") this.#deliver(effect.stream, effect.message);
      if (effect.type !== "close") continue;
      for (const speaker of this.speakers.values()) if (speaker.stream === effect.stream) speaker.stream = undefined;
    }
    return effects;
  }

  /** Lets time pass: ticks every 25 ms, heartbeats of all that beat every 100 ms. */
  pass(ms: number): readonly ControllerEffect[] {
    const before = this.effects.length;
    for (const end = this.now + ms; this.now < end; ) {
      this.now = Math.min(end, this.now + 25);
      if (this.now % 100 === 0)
        for (const speaker of this.speakers.values()) if (speaker.beats) this.beat(speaker.node);
      this.step({ type: "tick" });
    }
    return this.effects.slice(before);
  }

  beat(node: NodeName, change: object = {}): readonly ControllerEffect[] {
    const { rev } = this.speaker(node);
    return this.say(node, {
      type: "heartbeat",
      stamp: this.now,
      maxTerm: 1,
      termHolder: "me",
      holdingsRev: rev,
      workerAge: 0,
      ...change,
    });
  }

  say(node: NodeName, message: SpeakerMessage): readonly ControllerEffect[] {
    const { stream } = this.speaker(node);
    return stream === undefined ? [] : this.step({ type: "received", stream, message });
  }

  speaker(node: NodeName): FakeSpeaker {
    const speaker = this.speakers.get(node) ?? new FakeSpeaker(node);
    this.speakers.set(node, speaker);
    return speaker;
  }

  /** The speaker's Hello on a new stream. */
  hello(node: NodeName, holdings: readonly Holding[] = [], change: Partial<Hello> = {}): readonly ControllerEffect[] {
    const speaker = this.speaker(node);
    const stream = this.#nextStream++;
    speaker.stream = stream;
    speaker.held.clear();
    for (const held of holdings) speaker.held.set(held.group, held);
    const message: Hello = {
      type: "hello",
      node,
      instance: `${node}-1`,
      bootId: "boot",
      startedAt: 1_000,
      stamp: this.now,
      maxTerm: 0,
      termHolder: "",
      holdingsRev: speaker.rev,
      holdings,
      links: [link(node)],
      ...change,
    };
    return this.step({ type: "received", stream, message });
  }

  setLink(node: NodeName, change: Partial<Link>): readonly ControllerEffect[] {
    return this.say(node, { type: "links", links: [link(node, change)] });
  }

  /** The speaker's state of one group changes, and it says so. */
  report(node: NodeName, state: HoldingState | "none", epoch: Epoch, group: GroupId = GROUP): void {
    const speaker = this.speaker(node);
    if (state === "none") speaker.held.delete(group);
    else speaker.held.set(group, holding(state, epoch, group));
    speaker.rev++;
    this.say(node, { type: "holdings", rev: speaker.rev, changed: [{ group, epoch, state }] });
  }

  /** The process ends: its stream does, without a goodbye. */
  kill(node: NodeName): void {
    const speaker = this.speaker(node);
    speaker.beats = false;
    const { stream } = speaker;
    speaker.stream = undefined;
    if (stream !== undefined) this.step({ type: "closed", stream });
  }

  owner(group: GroupId = GROUP): NodeName | undefined {
    return ownerOf(this.state, group)?.node;
  }

  /** What a speaker was told to do since the last `clear`, without the replies. */
  orders(node: NodeName): readonly string[] {
    return this.speaker(node).heard.flatMap(({ type }) => (type === "reply" ? [] : [type]));
  }

  /** Why owners changed since the last `clear`. */
  get reasons(): readonly OwnerReason[] {
    return this.effects.flatMap((effect) => (effect.type === "owner" ? [effect.reason] : []));
  }

  clear(): void {
    this.effects = [];
    for (const speaker of this.speakers.values()) speaker.heard.length = 0;
  }

  #deliver(stream: StreamId, message: ControllerMessage): void {
    const speaker = [...this.speakers.values()].find((other) => other.stream === stream);
    if (!speaker) return;
    speaker.heard.push(message);
    if (!speaker.obeys || message.type === "reply" || message.type === "drained") return;
    const { group, epoch, type } = message;
    const after = { assign: "owner", leave: "leaving", revoke: "none" } as const;
    this.report(speaker.node, after[type], epoch, group);
    this.say(speaker.node, { type: "ack", kind: type, group, epoch });
  }
}

/** A leader of term 1 that has settled, with these speakers and groups. */
export function leading(nodes: readonly NodeName[], specs: readonly GroupSpec[]): ControllerBench {
  const bench = new ControllerBench();
  bench.step({ type: "expect", nodes });
  for (const group of specs) bench.step({ type: "group", group });
  bench.step({ type: "synced" });
  bench.step({ type: "lead", term: 1 });
  for (const node of nodes) bench.hello(node);
  bench.pass(1_000);
  bench.clear();
  return bench;
}
