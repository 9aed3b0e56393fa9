import type { Cluster } from "./cluster.ts";
import type { Process } from "./process.ts";

/** How a stream ends: in order, reset, or in order with the status ALREADY_EXISTS. */
export type StreamEnding = "fin" | "rst" | "replaced";

/** One end of a {@link Stream}. */
export interface StreamEnd extends Process {
  onStreamMessage(stream: Stream, message: unknown): void;
  onStreamEnd(stream: Stream, ending: StreamEnding): void;
}

type Segment = { readonly message: unknown } | StreamEnding;

interface Direction {
  readonly queue: Segment[];
  lastArrival: number;
  timeoutMs: number;
  isRetrying: boolean;
}

// A single lost segment is noticed by the next heartbeat's acknowledgement, if not by the timer.
const FAST_RETRANSMIT_MS = 110;
const LINGER_MS = 2_000;

/** A TCP stream: FIFO, head-of-line blocking, retransmission with back-off. End 0 is the speaker. */
export class Stream {
  readonly #cluster: Cluster;
  readonly ends: readonly [StreamEnd, StreamEnd];
  readonly #open: [boolean, boolean] = [true, true];
  /** A deliberate close goes on reading for a while: data for a closed socket would reset the other end before the Bye. */
  readonly #lingersUntil: [number, number] = [0, 0];
  readonly #directions: readonly [Direction, Direction];

  constructor(cluster: Cluster, speaker: StreamEnd, controller: StreamEnd) {
    this.#cluster = cluster;
    this.ends = [speaker, controller];
    const newDirection = () => ({
      queue: [],
      lastArrival: 0,
      timeoutMs: cluster.management.retransmitMs,
      isRetrying: false,
    });
    this.#directions = [newDirection(), newDirection()];
  }

  send(from: StreamEnd, message: unknown): void {
    this.#send(from, { message });
  }

  /** Half-closes behind what was sent; without an ending nobody is told. */
  close(by: StreamEnd, ending?: StreamEnding): void {
    const end = this.#end(by);
    if (!this.#open[end]) return;
    if (ending) this.#send(by, ending);
    if (by.isUp) this.#lingersUntil[end] = this.#cluster.now + LINGER_MS;
    this.#open[end] = false;
  }

  /** Both ends find the stream reset. */
  reset(): void {
    const { random } = this.#cluster;
    for (const to of [0, 1] as const) {
      this.ends[to].later(random.between(0, 8), () => this.#read(to, "rst"), "message");
    }
  }

  #send(from: StreamEnd, segment: Segment): void {
    const { management, clock } = this.#cluster;
    const end = this.#end(from);
    if (!this.#open[end]) return;
    const to = end === 0 ? 1 : 0;
    const direction = this.#directions[to];
    const isLost = management.losesNext();
    if (direction.queue.length === 0 && !isLost && management.reaches(this.ends[end].host, this.ends[to].host)) {
      this.#carry(to, segment);
      return;
    }
    direction.queue.push(segment);
    if (direction.isRetrying) return;
    direction.isRetrying = true;
    const { timeoutMs } = direction;
    clock.after(isLost ? Math.min(timeoutMs, FAST_RETRANSMIT_MS) : timeoutMs, () => this.#retry(to));
  }

  #retry(to: 0 | 1): void {
    const { management, clock } = this.#cluster;
    const from = to === 0 ? 1 : 0;
    const direction = this.#directions[to];
    direction.isRetrying = false;
    if (!this.#open[0] && !this.#open[1]) return;
    if (!management.reaches(this.ends[from].host, this.ends[to].host) || management.losesNext()) {
      direction.timeoutMs *= 2;
      direction.isRetrying = true;
      clock.after(direction.timeoutMs, () => this.#retry(to));
      return;
    }
    direction.timeoutMs = management.retransmitMs;
    for (const segment of direction.queue.splice(0)) this.#carry(to, segment);
  }

  #carry(to: 0 | 1, segment: Segment): void {
    const { management, clock } = this.#cluster;
    const direction = this.#directions[to];
    const delay = management.delay(this.ends[to === 0 ? 1 : 0].host, this.ends[to].host);
    direction.lastArrival = Math.max(direction.lastArrival, clock.now + delay);
    const { life } = this.ends[to];
    clock.after(direction.lastArrival - clock.now, () => this.#arrive(to, segment, life));
  }

  #arrive(to: 0 | 1, segment: Segment, life: number): void {
    const { management, now } = this.#cluster;
    const process = this.ends[to];
    const from = to === 0 ? 1 : 0;
    const isSame = process.isUp && life === process.life;
    if (isSame && this.#open[to]) {
      process.deliver(life, "message", () => this.#read(to, segment));
      return;
    }
    if (isSame && now < this.#lingersUntil[to]) return;
    if (segment === "rst" || !this.#open[from] || !management.reaches(process.host, this.ends[from].host)) return;
    this.#directions[from].queue.length = 0;
    this.#carry(from, "rst");
  }

  #read(to: 0 | 1, segment: Segment): void {
    if (!this.#open[to]) return;
    if (typeof segment === "object") {
      this.ends[to].onStreamMessage(this, segment.message);
      return;
    }
    this.#open[to] = false;
    this.ends[to].onStreamEnd(this, segment);
  }

  #end(process: StreamEnd): 0 | 1 {
    return process === this.ends[0] ? 0 : 1;
  }
}
