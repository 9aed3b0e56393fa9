import { Cuts, type Ways } from "./cuts.ts";
import type { Random } from "./random.ts";

/** The network between the hosts: delay, loss and cuts between any two. */
export class Management {
  readonly #random: Random;
  readonly #delayMs: number;
  readonly #hosts: readonly string[];
  /** After how long TCP sends again what was not acknowledged; doubled each time. */
  readonly retransmitMs: number;
  readonly cuts: Cuts = new Cuts();
  /** Hosts that have no power, or are frozen: nothing leaves, nothing arrives. */
  readonly down: Set<string> = new Set();
  #loss = 0;
  readonly #lag = new Map<string, number>();

  constructor(
    random: Random,
    { managementMs, retransmitMs }: { readonly managementMs: number; readonly retransmitMs: number },
    hosts: readonly string[],
  ) {
    this.#random = random;
    this.#delayMs = managementMs;
    this.retransmitMs = 2 * managementMs + retransmitMs;
    this.#hosts = [...new Set(hosts)];
  }

  get hosts(): readonly string[] {
    return this.#hosts;
  }

  reaches(from: string, to: string): boolean {
    return from === to || !(this.cuts.has(from, to) || this.down.has(from) || this.down.has(to));
  }

  reachesBothWays(a: string, b: string): boolean {
    return this.reaches(a, b) && this.reaches(b, a);
  }

  /** One way, drawn anew each time. */
  delay(from: string, to: string): number {
    return from === to ? 0.05 : this.#random.between(0.1, this.#delayMs) + (this.#lag.get(`${from}>${to}`) ?? 0);
  }

  /** From now on whatever goes that way takes so much longer. */
  delayBy(from: string, to: string, ms: number): void {
    this.#lag.set(`${from}>${to}`, ms);
  }

  /** From now on this share of the segments is lost. */
  lose(share: number): void {
    this.#loss = share;
  }

  losesNext(): boolean {
    return this.#loss > 0 && this.#random.next() < this.#loss;
  }

  /** Cuts (or mends) everything around a host. */
  cutOff(host: string, isCut: boolean, ways: Ways = "both"): void {
    for (const other of this.#hosts) if (other !== host) this.cuts.set(host, other, isCut, ways);
  }
}
