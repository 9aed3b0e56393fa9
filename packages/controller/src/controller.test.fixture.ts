import {
  AckKind,
  type ConnectRequest,
  ConnectResponse,
  type Encoded,
  type Group,
  type Holding,
  HoldingState,
  type Peer,
  type StreamError,
} from "@heraldlb/api";
import { DEFAULT_CONTROLLER_TIMERS } from "@heraldlb/election";
import type { FileObject, FileProblem, Reading } from "@heraldlb/files";
import { FakeClock, type RecordingLogger, recordingLogger } from "@heraldlb/runtime/testing";
import type { Remembered } from "./cluster.ts";
import { Controller } from "./controller.ts";
import type { ControllerOptions } from "./controller-ports.ts";
import type { StatusRecord } from "./ledger.ts";
import { singly } from "./order.test.fixture.ts";

type Json = Record<string, unknown>;

/** An IPAddressPool. */
export const pool = (name: string, addresses: readonly string[], spec: Json = {}): Json => ({
  ...{ apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool" },
  metadata: { name, namespace: "metallb-system" },
  spec: { addresses, ...spec },
});

/** An L2Advertisement. */
export const advertisement = (name = "all", spec: Json = {}): Json => ({
  ...{ apiVersion: "metallb.io/v1beta1", kind: "L2Advertisement" },
  metadata: { name, namespace: "metallb-system" },
  spec,
});

/** A Service of type LoadBalancer in the namespace `default`. */
export const service = (name: string, spec: Json = {}, metadata: Json = {}): Json => ({
  ...{ apiVersion: "v1", kind: "Service" },
  metadata: { name, namespace: "default", ...metadata },
  spec: { type: "LoadBalancer", ports: [{ port: 80, protocol: "TCP" }], ...spec },
});

/** An EndpointSlice with one ready endpoint on each node. */
export const slice = (name: string, nodes: readonly string[]): Json => ({
  ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4" },
  metadata: { name: `${name}-1`, namespace: "default", labels: { "kubernetes.io/service-name": name } },
  endpoints: nodes.map((nodeName) => ({ nodeName, addresses: ["10.244.0.1"], conditions: { ready: true } })),
});

/** A Node. */
export const node = (name: string, labels: Record<string, string> = {}): Json => ({
  ...{ apiVersion: "v1", kind: "Node" },
  metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
});

/** A complete reading of these objects, each in a file of its own name. */
export function reading(objects: readonly Json[], problems: readonly FileProblem[] = []): Reading {
  const files = objects.map((json): FileObject => {
    const { kind, metadata } = json as { kind: string; metadata: { name: string } };
    const file = `${kind}-${metadata.name}.yaml`;
    return { file, document: 0, position: 0, line: 1, json, lineOf: () => 4 };
  });
  return { complete: true, objects: files, problems };
}

const options: ControllerOptions = {
  ...{ identity: "leader-1", namespace: undefined, loadBalancerClass: undefined },
  ...{ ignoreExcludeLabel: false, onStranded: "keep", timers: DEFAULT_CONTROLLER_TIMERS },
};

/** A controller with what surrounds it. */
export interface Kit {
  readonly controller: Controller;
  readonly clock: FakeClock;
  readonly log: RecordingLogger;
  /** Status files, by key of the Service. */
  readonly stored: ReadonlyMap<string, StatusRecord>;
  /** Speakers' names, as they were to be stored. */
  readonly heard: readonly (readonly string[])[];
  readonly steppedDown: readonly number[];
  readonly bugs: readonly unknown[];
  /** How many conflicts were counted. */
  conflicts(): number;
  /** Leads and decides, with what is remembered. */
  lead(term: number, remembered?: Partial<Remembered>): void;
  /** Lets time pass as in a process: with a tick every 25 ms. */
  advance(ms: number): Promise<void>;
  dial(node: string, hello?: HelloParts, peer?: Partial<Peer>): FakeSpeaker;
}

/** A controller on a fake clock, which stores into memory at once. */
export function startController(changed: Partial<ControllerOptions> = {}): Kit {
  const clock = new FakeClock();
  const log = recordingLogger();
  const stored = new Map<string, StatusRecord>();
  const heard: string[][] = [];
  const steppedDown: number[] = [];
  const bugs: unknown[] = [];
  let conflicts = 0;
  const observer = {
    ...{ onUpdate: () => {}, onUpdateError: () => {}, onOwner: () => {} },
    ...{ onItemError: () => {}, onConflict: () => void conflicts++ },
  };
  const controller = new Controller(
    { ...options, ...changed },
    {
      ...{ clock, log, observer, wallClock: () => clock.now() },
      store: {
        writeStatus: async (_manifest, record) => void stored.set(`${record.namespace}/${record.name}`, record),
        deleteStatus: async (namespace, name) => void stored.delete(`${namespace}/${name}`),
        writeFreed: async () => {},
      },
      onSpeakers: (names) => void heard.push([...names]),
      onStepDown: (above) => void steppedDown.push(above),
      onBug: (error) => void bugs.push(error),
    },
  );
  async function advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 25) {
      await clock.advance(25);
      controller.tick();
      await clock.advance(0);
      for (const speaker of speakers) if (speaker.beats) speaker.beat();
      await settle();
    }
  }
  const speakers: FakeSpeaker[] = [];
  const dial = (name: string, hello: HelloParts = {}, peer?: Partial<Peer>) => {
    const speaker = new FakeSpeaker(name, () => clock.now(), hello);
    speakers.push(speaker);
    speaker.serve(controller, peer);
    return speaker;
  };
  const lead = (term: number, remembered: Partial<Remembered> = {}) => {
    controller.lead(term);
    controller.begin({ statuses: [], freed: [], speakers: [], manifests: [], ...remembered });
  };
  return { controller, clock, log, stored, heard, steppedDown, bugs, conflicts: () => conflicts, lead, advance, dial };
}

/** Lets promises that are due settle. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** What a Hello says that is not the usual. */
export interface HelloParts {
  readonly holdings?: readonly Holding[];
  readonly maxTerm?: bigint;
  readonly termHolder?: string;
  readonly startedAtMs?: bigint;
  readonly instance?: string;
}

const STATES = { assign: HoldingState.OWNER, leave: HoldingState.LEAVING, revoke: HoldingState.UNSPECIFIED };

/** A group as `orders` has it: with how often it is to be repeated, if it is. */
const named = ({ id, refreshMs }: Group): string => (refreshMs > 0 ? `${id}@${refreshMs}` : id);

/** A speaker that says what its test says, acknowledges what it is told, and beats while `beats`. */
export class FakeSpeaker {
  readonly node: string;
  /** What it was told, replies left out. */
  readonly orders: string[] = [];
  /** The nodes' MAC addresses, as it was told last. */
  peers: readonly string[] | undefined;
  readonly replies: { readonly role: string; readonly term: number; readonly firm: boolean }[] = [];
  beats = true;
  acknowledges = true;
  error: StreamError | undefined;
  hasEnded = false;
  readonly #now: () => number;
  readonly #queue: ConnectRequest[] = [];
  #wake: () => void = () => {};
  #isGone = false;
  #revision = 1n;

  constructor(node: string, now: () => number, hello: HelloParts) {
    this.node = node;
    this.#now = now;
    this.say({
      $case: "hello",
      value: {
        ...{ node, instance: `${node}-1`, bootId: "boot", startedAtMs: 1_000n, maxTerm: 0n, termHolder: "" },
        ...{
          holdingsRevision: this.#revision,
          holdings: [],
          appliedRevision: 0n,
          revisionHolder: "",
          stamp: this.#stamp(),
        },
        links: [
          {
            ...{ name: "eth0", ifindex: 2, present: true, up: true, carrier: true, arp: true, ndp: true },
            mac: `02:00:00:00:00:0${node.at(-1)}`,
          },
        ],
        ...hello,
      },
    });
  }

  /** Hands the stream to the controller. */
  serve(controller: Controller, peer: Partial<Peer> = {}): void {
    const stream = {
      peer: { address: "192.0.2.1", port: 1, certificateNames: undefined, ...peer },
      requests: this.#requests(),
      send: (bytes: Encoded) => {
        for (const message of singly(ConnectResponse.decode(bytes).message)) this.#receive(message);
      },
      flushed: async () => {},
      buffered: 0,
    };
    controller.serve(stream).then(
      () => this.#end(),
      (error: StreamError) => {
        this.error = error;
        this.#end();
      },
    );
  }

  say(message: NonNullable<ConnectRequest["message"]>): void {
    this.#queue.push({ message });
    this.#wake();
  }

  beat(): void {
    const value = {
      maxTerm: 0n,
      termHolder: "",
      holdingsRevision: this.#revision,
      workerAgeMs: 0,
      stamp: this.#stamp(),
    };
    this.say({ $case: "heartbeat", value });
  }

  /** Somebody else claims an address of a group that it answers for. */
  claimed(group: string, conflictMac: string): void {
    const change = { group, epoch: { term: 1n, counter: 1n }, state: HoldingState.OWNER, conflictMac };
    this.say({ $case: "holdings", value: { revision: ++this.#revision, changed: [change] } });
  }

  /** The process dies: its stream ends without a word. */
  kill(): void {
    this.#isGone = true;
    this.beats = false;
    this.#wake();
  }

  get #isOver(): boolean {
    return this.#isGone && this.#queue.length === 0;
  }

  async *#requests(): AsyncGenerator<ConnectRequest, void, undefined> {
    while (!this.#isOver) {
      const next = this.#queue.shift();
      if (next) yield next;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #receive(message: ConnectResponse["message"]): void {
    switch (message?.$case) {
      case "reply": {
        const { role, term, firm } = message.value;
        this.replies.push({ role, term: Number(term), firm });
        break;
      }
      case "assign":
      case "leave":
      case "revoke": {
        const { group, epoch } = message.value;
        this.orders.push(`${message.$case} ${group} ${epoch?.term}.${epoch?.counter}`);
        if (!this.acknowledges) break;
        const kind = { assign: AckKind.ASSIGN, leave: AckKind.LEAVE, revoke: AckKind.REVOKE }[message.$case];
        const state = STATES[message.$case];
        this.say({ $case: "holdings", value: { revision: ++this.#revision, changed: [{ group, epoch, state }] } });
        this.say({ $case: "ack", value: { kind, group, epoch } });
        break;
      }
      case "peers":
        this.peers = message.value.macs;
        break;
      case "snapshotChunk":
        this.orders.push(`snapshot ${message.value.groups.map(named).join(" ")}`.trimEnd());
        break;
      case "delta": {
        const { changed, removed } = message.value;
        this.orders.push(
          `delta ${[...changed.map((group) => `+${named(group)}`), ...removed.map((id) => `-${id}`)].join(" ")}`,
        );
        break;
      }
      default:
        this.orders.push(`${message?.$case}`);
    }
  }

  #end(): void {
    this.hasEnded = true;
    this.#isGone = true;
    this.beats = false;
  }

  #stamp(): bigint {
    return BigInt(Math.round(this.#now()));
  }
}
