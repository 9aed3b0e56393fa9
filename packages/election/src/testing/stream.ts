import type { Network } from "./network.ts";
import type { Process } from "./process.ts";

/** One end of a {@link Stream}. */
export interface StreamEnd extends Process {
  onStreamMessage(stream: Stream, message: unknown): void;
  onStreamEnd(stream: Stream): void;
}

type Segment = { readonly message: unknown } | "fin" | "rst";

interface Direction {
  readonly queue: Segment[];
  lastArrival: number;
  timeoutMs: number;
  isRetrying: boolean;
}

/** A TCP stream: FIFO, head-of-line blocking, retransmission with back-off. End 0 is the speaker. */
export class Stream {
  readonly #network: Network;
  readonly ends: readonly [StreamEnd, StreamEnd];
  readonly #open: [boolean, boolean] = [true, true];
  /** A deliberate close goes on reading for a while: data for a closed socket would reset the other end before the Bye. */
  readonly #lingersUntil: [number, number] = [0, 0];
  readonly #directions: readonly [Direction, Direction] = [newDirection(), newDirection()];

  constructor(network: Network, speaker: StreamEnd, controller: StreamEnd) {
    this.#network = network;
    this.ends = [speaker, controller];
  }

  send(from: StreamEnd, message: unknown): void {
    this.#send(from, { message });
  }

  close(by: StreamEnd, says = true): void {
    const end = this.#end(by);
    if (!this.#open[end]) return;
    if (says) this.#send(by, "fin");
    if (by.isUp) this.#lingersUntil[end] = this.#network.now + 2_000;
    this.#open[end] = false;
  }

  /** Both ends find the stream reset. */
  reset(): void {
    const { random } = this.#network;
    for (const to of [0, 1] as const) {
      const process = this.ends[to];
      process.later(random.between(0, 8), () => this.#read(to, "rst"), "message");
    }
  }

  #send(from: StreamEnd, segment: Segment): void {
    const end = this.#end(from);
    if (!this.#open[end]) return;
    const to = end === 0 ? 1 : 0;
    const direction = this.#directions[to];
    const isLost = this.#network.random.next() < this.#network.managementLoss;
    if (direction.queue.length === 0 && !isLost && this.#network.canReach(this.ends[end].host, this.ends[to].host)) {
      this.#carry(to, segment);
      return;
    }
    direction.queue.push(segment);
    if (direction.isRetrying) return;
    direction.isRetrying = true;
    this.#network.after(isLost ? 110 : direction.timeoutMs, () => this.#retry(to));
  }

  #retry(to: 0 | 1): void {
    const from = to === 0 ? 1 : 0;
    const direction = this.#directions[to];
    direction.isRetrying = false;
    if (!this.#open[0] && !this.#open[1]) return;
    if (!this.#network.canReach(this.ends[from].host, this.ends[to].host)) {
      direction.timeoutMs *= 2;
      direction.isRetrying = true;
      this.#network.after(direction.timeoutMs, () => this.#retry(to));
      return;
    }
    direction.timeoutMs = 200;
    for (const segment of direction.queue.splice(0)) this.#carry(to, segment);
  }

  #carry(to: 0 | 1, segment: Segment): void {
    const direction = this.#directions[to];
    const delay = this.#network.managementDelay(this.ends[0].host, this.ends[1].host);
    direction.lastArrival = Math.max(direction.lastArrival, this.#network.now + delay);
    const { life } = this.ends[to];
    this.#network.after(direction.lastArrival - this.#network.now, () => this.#arrive(to, segment, life));
  }

  #arrive(to: 0 | 1, segment: Segment, life: number): void {
    const process = this.ends[to];
    const from = to === 0 ? 1 : 0;
    if (process.isUp && life === process.life && this.#open[to]) {
      process.deliver(life, "message", () => this.#read(to, segment));
    } else if (process.isUp && life === process.life && this.#network.now < this.#lingersUntil[to]) {
      return;
    } else if (segment !== "rst" && this.#open[from] && this.#network.canReach(process.host, this.ends[from].host)) {
      this.#directions[from].queue.length = 0;
      this.#carry(from, "rst");
    }
  }

  #read(to: 0 | 1, segment: Segment): void {
    if (!this.#open[to]) return;
    if (segment !== "fin" && segment !== "rst") {
      this.ends[to].onStreamMessage(this, segment.message);
      return;
    }
    this.#open[to] = false;
    this.ends[to].onStreamEnd(this);
  }

  #end(process: StreamEnd): 0 | 1 {
    return process === this.ends[0] ? 0 : 1;
  }
}

const newDirection = (): Direction => ({ queue: [], lastArrival: 0, timeoutMs: 200, isRetrying: false });
