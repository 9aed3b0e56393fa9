import { Schedule } from "@heraldlb/election";

/** Virtual time, in milliseconds from 0: things happen in order, and nothing in between takes any. */
export class VirtualClock {
  now = 0;
  readonly #schedule = new Schedule<() => void>();

  /** Does something after `ms`; among equal times, first come first served. */
  after(ms: number, run: () => void): void {
    this.#schedule.add(this.now + Math.max(0, ms), run);
  }

  /** Lets time pass, and looks at the world after everything that happens. */
  pass(until: number, look: () => void): void {
    for (let next = this.#schedule.takeBefore(until); next; next = this.#schedule.takeBefore(until)) {
      this.now = next.at;
      next.item();
      look();
    }
    this.now = until;
  }
}
