import type { Clock, Logger } from "@heraldlb/runtime";

/** A speaker that was not let in. */
export interface Refusal {
  /** The node that it says it speaks for. */
  readonly node: string;
  /** Where it dialled from. */
  readonly address: string;
  readonly reason: string;
}

const REPEAT_MS = 60_000;
// Whoever dials chooses the names.
const MOST_REMEMBERED = 1_000;
const LONGEST_NAME = 253;

/**
 * Logs refused speakers. One that is refused dials again and again: the same refusal is logged once, then at most once
 * a minute with how often it has been repeated.
 */
export class Refusals {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #told = new Map<string, { at: number; repeats: number }>();

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  note({ node, address, reason }: Refusal): void {
    const fields = { node: node.slice(0, LONGEST_NAME), address, reason };
    const key = Object.values(fields).join("\n");
    const now = this.#clock.now();
    const told = this.#told.get(key);
    if (told && now - told.at < REPEAT_MS) {
      told.repeats++;
      return;
    }
    this.#log.warn("speaker refused", { ...fields, ...(told && { repeats: told.repeats + 1 }) });
    this.#told.delete(key);
    this.#told.set(key, { at: now, repeats: 0 });
    const [oldest] = this.#told.keys();
    if (this.#told.size > MOST_REMEMBERED && oldest !== undefined) this.#told.delete(oldest);
  }
}
