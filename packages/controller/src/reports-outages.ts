import type { Clock } from "@heraldlb/runtime";

/** What {@link Outages} works with. */
export interface OutagesOptions {
  readonly clock: Clock;
  /** How long something is to be missing before it counts, in milliseconds. */
  readonly limitMs: number;
  /** Something that was asked for is missing for that long by now. */
  onLasting(): void;
}

/**
 * Which speakers and sessions are missing for long: each is from when it was first asked for in vain until it is there
 * again. What is missing for a moment, or as long as a process has only just begun to look, says nothing.
 */
export class Outages {
  readonly #options: OutagesOptions;
  readonly #speakers = new Map<string, number>();
  readonly #sessions = new Map<string, Map<string, number>>();
  #timer: Disposable | undefined;

  constructor(options: OutagesOptions) {
    this.#options = options;
  }

  /** The node's speaker is not heard: whether that has lasted. */
  isSpeakerMissing(node: string): boolean {
    return this.#isMissing(this.#speakers, node);
  }

  /** The session of a node whose speaker is heard is not up: whether that has lasted. */
  isSessionMissing(node: string, peer: string): boolean {
    const sessions = this.#sessions.get(node) ?? new Map<string, number>();
    this.#sessions.set(node, sessions);
    return this.#isMissing(sessions, peer);
  }

  /** The node's speaker is heard, and has these sessions up. */
  heard(node: string, sessions: Iterable<string>): void {
    this.#speakers.delete(node);
    for (const peer of sessions) this.#sessions.get(node)?.delete(peer);
  }

  /** The node's speaker is not heard. When it is again, it is to have time for its sessions. */
  lost(node: string): void {
    this.#sessions.delete(node);
  }

  /** Nothing is asked for any more. */
  clear(): void {
    this.#speakers.clear();
    this.#sessions.clear();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #isMissing(since: Map<string, number>, key: string): boolean {
    const { clock, limitMs } = this.#options;
    const known = since.get(key);
    if (known !== undefined) return clock.now() - known >= limitMs;
    since.set(key, clock.now());
    this.#arm();
    return false;
  }

  #arm(): void {
    if (this.#timer) return;
    const { clock, limitMs, onLasting } = this.#options;
    const now = clock.now();
    const all = [this.#speakers, ...this.#sessions.values()].flatMap((since) => [...since.values()]);
    const rest = all.map((since) => since + limitMs - now).filter((ms) => ms > 0);
    if (rest.length === 0) return;
    // What begins together, as when a router restarts, is told together.
    this.#timer = clock.timer(
      rest.reduce((a, b) => Math.min(a, b)),
      () => {
        this.#timer = undefined;
        onLasting();
        this.#arm();
      },
    );
  }
}
