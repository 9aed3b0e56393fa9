import { backoff, type Clock } from "@heraldlb/runtime";

/** What insisting needs. */
export interface InsistenceOptions {
  readonly clock: Pick<Clock, "timer">;
  /** Puts right what has this key. */
  act(key: string): void;
}

interface Attempt {
  /** Asked for again since. */
  isAsked: boolean;
  /** Nothing is done for the key yet, whoever asks. */
  isResting: boolean;
  readonly number: number;
}

const RESTS = { initialMs: 1_000, maxMs: 60_000 } as const;

/** Puts things right at once, and ever more seldom what does not stay so: another process may insist on the opposite. */
export class Insistence {
  readonly #options: InsistenceOptions;
  readonly #attempts = new Map<string, Attempt>();

  constructor(options: InsistenceOptions) {
    this.#options = options;
  }

  /** Something is not right. */
  ask(key: string): void {
    const last = this.#attempts.get(key);
    if (last?.isResting) last.isAsked = true;
    else this.#attempt(key, last ? last.number + 1 : 0);
  }

  #attempt(key: string, number: number): void {
    const { clock, act } = this.#options;
    const attempt: Attempt = { isAsked: false, isResting: true, number };
    const restMs = backoff(RESTS, number, 0);
    this.#attempts.set(key, attempt);
    clock.timer(restMs, () => {
      attempt.isResting = false;
      if (attempt.isAsked) this.#attempt(key, number + 1);
      else clock.timer(restMs, () => this.#attempts.get(key) === attempt && this.#attempts.delete(key));
    });
    act(key);
  }
}
