import { type ConnectRequest, Role } from "@heraldlb/api";
import type { DialId } from "@heraldlb/election";

/** Sends a message on a stream; false if the stream is gone. */
export type SendOn = (dial: DialId, request: ConnectRequest) => boolean;

// Streams that are gone are forgotten in time; one that is not, and is forgotten, answers again soon.
const MOST = 64;

/** The streams that controllers have taken, since they answer on them. */
export class AnsweringStreams {
  readonly #send: SendOn;
  readonly #roles = new Map<DialId, Role>();

  constructor(send: SendOn) {
    this.#send = send;
  }

  /** A controller has answered. Returns whether that is new on this stream. */
  note(dial: DialId, role: Role): boolean {
    const isFirst = !this.#roles.has(dial);
    this.#roles.set(dial, role);
    const [oldest] = this.#roles.keys();
    if (this.#roles.size > MOST && oldest !== undefined) this.#roles.delete(oldest);
    return isFirst;
  }

  /** Sends a message to one controller, to the leader if there is one; false if there is none at all. */
  ask(request: ConnectRequest): boolean {
    const isLeader = ([, role]: readonly [DialId, Role]) => role === Role.LEADER;
    const streams = [...this.#roles];
    for (const [dial] of [...streams.filter(isLeader), ...streams]) if (this.#sendOn(dial, request)) return true;
    return false;
  }

  /** Sends a message to every controller. */
  tell(request: ConnectRequest): void {
    for (const dial of [...this.#roles.keys()]) this.#sendOn(dial, request);
  }

  #sendOn(dial: DialId, request: ConnectRequest): boolean {
    const isThere = this.#send(dial, request);
    if (!isThere) this.#roles.delete(dial);
    return isThere;
  }
}
