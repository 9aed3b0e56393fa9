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
import type { Controller } from "./controller.ts";
import { singly } from "./order.test.fixture.ts";

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
