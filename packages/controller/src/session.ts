import { type Encoded, type SpeakerStream, StreamError } from "@heraldlb/api";
import type { Assign, StreamId } from "@heraldlb/election";
import { OrderWindow, type OrderWindowOptions } from "./order-window.ts";

// Several snapshots of the largest cluster.
const MOST_BUFFERED_BYTES = 16 * 1024 * 1024;

/** The part of a speaker's stream that the hub uses. */
export type SessionStream = Pick<SpeakerStream, "send" | "flushed" | "buffered">;

/**
 * How far a stream's definitions are: `idle`: nothing is told yet; `waiting` for its snapshot to be admitted; `sending`
 * it; `current`: the rest are deltas; `gone`: it has ended.
 */
export type SessionPhase = "idle" | "waiting" | "sending" | "current" | "gone";

/** One speaker's stream, and what is known of the other end. */
export class Session {
  readonly id: StreamId;
  readonly stream: SessionStream;
  /** Resolves when the controller has ended the stream; rejects when the speaker is to be told why. */
  readonly ended: Promise<void>;
  readonly #ending = Promise.withResolvers<void>();
  /** From the Hello on. */
  node: string | undefined;
  phase: SessionPhase = "idle";
  /** The revision up to which the speaker was told everything that concerns it. */
  sent = 0;
  /** The revision of the last message that it was told; others did not concern it. */
  told = 0;
  /** The revision that the speaker has said it applied. */
  applied = 0;
  /** The MAC addresses of nodes that the speaker was told, as one text. */
  peers: string | undefined;
  /** The last stamp heard. */
  stamp = 0;
  /** Groups that the speaker holds, so that it knows what they are. */
  readonly holds: Set<string> = new Set();
  /** Assigns that wait for their definitions, by group. */
  readonly orders: Map<string, Assign> = new Map();
  /** Orders that need nothing but their turn. */
  readonly window: OrderWindow;

  constructor(id: StreamId, stream: SessionStream, orders: OrderWindowOptions) {
    this.id = id;
    this.window = new OrderWindow(orders);
    this.stream = stream;
    this.ended = this.#ending.promise;
    // Whoever serves the stream may be gone by now.
    this.ended.catch(() => {});
  }

  /** The speaker has everything up to this revision. */
  startAt(revision: number): void {
    this.phase = "current";
    this.sent = revision;
    this.told = revision;
  }

  /** Sends a message; ends the stream of a speaker that has long stopped reading. */
  send(message: Encoded): void {
    this.stream.send(message);
    if (this.stream.buffered > MOST_BUFFERED_BYTES) {
      this.end(new StreamError("resourceExhausted", "what was sent is not read"));
    }
  }

  /** Ends the stream; with an error the speaker is told it. */
  end(error?: StreamError): void {
    if (error) this.#ending.reject(error);
    else this.#ending.resolve();
  }
}
