import {
  ByeReason,
  type ConnectRequest,
  type ConnectResponse,
  type ControllerStream,
  StreamError,
} from "@heraldlb/api";
import type { DialId, ReplicaId } from "@heraldlb/election";
import type { Clock, Logger } from "@heraldlb/runtime";
import type { UnprotectedDial } from "./credentials/credentials.ts";
import { type Outgoing, OutgoingQueue, type Statement } from "./outgoing.ts";

/** What {@link Streams} needs of the outside. */
export interface StreamDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  /** From 0 up to, not including, 1. */
  random(): number;
  /** Where a replica is; undefined if it is none any more. */
  locate(replica: ReplicaId): Omit<UnprotectedDial, "clock" | "onSocket"> | undefined;
  /** As `connectSpeaker`, with the credentials that there are. */
  connect(options: UnprotectedDial, signal: AbortSignal): Promise<ControllerStream>;
  /** Sets options on a connected socket. */
  onSocket(fd: number): void;
  /** Puts a statement as it leaves into its form on the wire; undefined if it is better not sent any more. */
  encode(outgoing: Outgoing, replica: ReplicaId): ConnectRequest | undefined;
}

/** Who is told what becomes of dials. */
export interface StreamListener {
  /** TCP stands. */
  connected(dial: DialId): void;
  /** The stream takes messages. */
  opened(dial: DialId, replica: ReplicaId): void;
  /** A message has come. The next one waits until it is dealt with. An error ends the stream, to be dialled again. */
  received(dial: DialId, message: ConnectResponse): void | Promise<void>;
  /** The attempt failed or the stream ended; not after `close`. `replaced`: a newer process of this node is there. */
  closed(dial: DialId, replaced: boolean): void;
}

/** An order to dial. */
export interface DialOrder {
  readonly dial: DialId;
  readonly replica: ReplicaId;
  readonly delayMs: number;
  readonly jitter: number;
}

interface Dial {
  readonly replica: ReplicaId;
  readonly ended: AbortController;
  stream: ControllerStream | undefined;
  /** Whether the controller has said anything: it has not refused the stream. */
  isAnswered: boolean;
  /** What waits for the event loop's next turn. */
  readonly outgoing: OutgoingQueue;
  /** How many messages went out in this turn. */
  written: number;
  done: Promise<void>;
}

const CLOSE_MS = 100;
// What grpc-js does for a message it sends grows with the number of those that have not left yet. Spread over the turns
// of the event loop, ten thousand messages take 0.3 s; at once they would take several.
const MESSAGES_PER_TURN = 128;

/** The streams to the controllers. When to dial, to give up and to close is the ownership machine's decision. */
export class Streams {
  readonly #dependencies: StreamDependencies;
  readonly #listener: StreamListener;
  readonly #dials = new Map<DialId, Dial>();
  readonly #closing = new Set<Promise<void>>();
  readonly #failing = new Map<ReplicaId, string>();

  constructor(dependencies: StreamDependencies, listener: StreamListener) {
    this.#dependencies = dependencies;
    this.#listener = listener;
  }

  /** The open streams, by replica. */
  get open(): readonly ReplicaId[] {
    return [...this.#dials.values()].filter(({ stream }) => stream).map(({ replica }) => replica);
  }

  /** Starts an attempt. */
  dial(order: DialOrder): void {
    const dial: Dial = {
      replica: order.replica,
      ended: new AbortController(),
      stream: undefined,
      isAnswered: false,
      outgoing: new OutgoingQueue(),
      written: 0,
      done: Promise.resolve(),
    };
    this.#dials.set(order.dial, dial);
    dial.done = this.#run(order, dial);
  }

  /** The open stream to a replica. */
  find(replica: ReplicaId): DialId | undefined {
    for (const [id, dial] of this.#dials) if (dial.replica === replica && dial.stream) return id;
    return undefined;
  }

  /** Says something, if the stream still stands. `at`: when it was said. */
  send(id: DialId, statement: Statement, at: number): void {
    const dial = this.#dials.get(id);
    if (!dial?.stream) return;
    dial.outgoing.put(statement, at);
    if (dial.written > 0) return;
    this.#write(dial, 1);
    setImmediate(() => this.#nextTurn(dial));
  }

  /** Sends what is not of the ownership protocol; false if there is no such stream. */
  request(id: DialId, message: ConnectRequest): boolean {
    const stream = this.#dials.get(id)?.stream;
    stream?.send(message);
    return stream !== undefined;
  }

  /** Abandons an attempt, or ends a stream once what was sent has left. The listener hears no more of it. */
  close(id: DialId): void {
    const dial = this.#dials.get(id);
    if (!dial) return;
    this.#dials.delete(id);
    const closed = (async () => {
      this.#write(dial, dial.outgoing.length);
      await dial.stream?.close(CLOSE_MS);
      dial.ended.abort();
      await dial.done;
    })();
    this.#closing.add(closed);
    void closed.finally(() => this.#closing.delete(closed));
  }

  /** Ends all streams in good order. */
  async closeAll(): Promise<void> {
    for (const id of [...this.#dials.keys()]) this.close(id);
    await Promise.all(this.#closing);
  }

  /** What came in this turn leaves now, a bounded part of it. */
  #nextTurn(dial: Dial): void {
    this.#write(dial, MESSAGES_PER_TURN);
    if (dial.written > 0) setImmediate(() => this.#nextTurn(dial));
  }

  #write(dial: Dial, most: number): void {
    const { encode } = this.#dependencies;
    dial.written = 0;
    for (let next = dial.outgoing.take(); next; next = dial.outgoing.take()) {
      const message = encode(next, dial.replica);
      if (message) dial.stream?.send(message);
      if (++dial.written >= most) return;
    }
  }

  async #run(order: DialOrder, dial: Dial): Promise<void> {
    const { log } = this.#dependencies;
    const { replica } = order;
    let replaced = false;
    try {
      await this.#carry(order, dial);
      if (this.#dials.has(order.dial)) log.info("stream ended", { replica });
    } catch (error) {
      replaced = error instanceof StreamError && error.code === "alreadyExists";
      if (this.#dials.has(order.dial)) this.#logFailure(replica, dial.isAnswered, error);
    }
    dial.ended.abort();
    if (this.#dials.delete(order.dial)) this.#listener.closed(order.dial, replaced);
  }

  async #carry({ dial: id, replica, delayMs, jitter }: DialOrder, dial: Dial): Promise<void> {
    const { clock, random, locate, connect, onSocket } = this.#dependencies;
    const { signal } = dial.ended;
    if (delayMs > 0) await clock.sleep(delayMs * (1 - jitter * random()), signal);
    const where = locate(replica);
    if (!where) throw new Error("not a controller's address any more");
    const options: UnprotectedDial = {
      ...where,
      clock,
      onSocket: (fd) => {
        onSocket(fd);
        this.#listener.connected(id);
      },
    };
    dial.stream = await connect(options, signal);
    if (!this.#dials.has(id)) return;
    this.#listener.opened(id, replica);
    await this.#read(id, dial, dial.stream);
  }

  async #read(id: DialId, dial: Dial, stream: ControllerStream): Promise<void> {
    for await (const message of stream.messages) {
      if (!dial.isAnswered) {
        dial.isAnswered = true;
        this.#failing.delete(dial.replica);
        this.#dependencies.log.info("stream opened", { replica: dial.replica });
      }
      try {
        await this.#listener.received(id, message);
      } catch (error) {
        // This process lives, and says so: a stream that just ends belongs to a dead one.
        stream.send({ message: { $case: "bye", value: { reason: ByeReason.LOST_CONTROLLER } } });
        await stream.close(CLOSE_MS);
        throw error;
      }
    }
  }

  /** A controller that is away, or refuses this speaker, is dialled five times a second: the same failure is told once. */
  #logFailure(replica: ReplicaId, wasOpen: boolean, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (!wasOpen && this.#failing.get(replica) === reason) return;
    if (!wasOpen) this.#failing.set(replica, reason);
    this.#dependencies.log.warn(wasOpen ? "stream lost" : "controller not reached", { replica, reason });
  }
}
