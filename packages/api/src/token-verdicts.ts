import { createHash } from "node:crypto";
import type { Clock } from "@heraldlb/runtime";

/** How {@link TokenVerdicts} come about. */
export interface TokenVerdictsOptions<V> {
  readonly clock: Clock;
  /** Finds out about a token. All who want to know of it meanwhile get the same answer. */
  ask(token: string): Promise<V>;
  /** For how long a verdict counts, in ms; 0: only for those who wait for it. */
  keepMs(verdict: V): number;
  /** How many tokens are asked about at once; others wait. */
  readonly atOnce: number;
}

// Whoever shows ever new tokens can make others be asked about again, but not fill the memory.
const MOST_KEPT = 4096;
const MOST_WAITING = 2048;

/** What was found out about bearer tokens, for a while. Keeps no token, but a hash of it. */
export class TokenVerdicts<V> {
  readonly #options: TokenVerdictsOptions<V>;
  readonly #kept = new Map<string, { readonly verdict: V; readonly until: number }>();
  readonly #asked = new Map<string, Promise<V>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: TokenVerdictsOptions<V>) {
    this.#options = options;
  }

  /** The verdict on a token. Rejects as `ask` does, and when far too many wait. */
  async of(token: string): Promise<V> {
    const key = createHash("sha256").update(token).digest("base64");
    const kept = this.#kept.get(key);
    if (kept && this.#options.clock.now() < kept.until) return kept.verdict;
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    if (this.#asked.size >= MOST_WAITING) throw new Error("too many tokens wait for their review");
    const asking = this.#ask(key, token);
    this.#asked.set(key, asking);
    return asking;
  }

  async #ask(key: string, token: string): Promise<V> {
    try {
      const verdict = await this.#inTurn(token);
      this.#keep(key, verdict);
      return verdict;
    } finally {
      this.#asked.delete(key);
    }
  }

  async #inTurn(token: string): Promise<V> {
    const { ask, atOnce } = this.#options;
    while (this.#running >= atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      return await ask(token);
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  #keep(key: string, verdict: V): void {
    const { clock, keepMs } = this.#options;
    const ms = keepMs(verdict);
    this.#kept.delete(key);
    if (ms <= 0) return;
    this.#kept.set(key, { verdict, until: clock.now() + ms });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }
}
