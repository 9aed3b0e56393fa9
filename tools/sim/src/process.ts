import type { Cluster } from "./cluster.ts";

/** What may wait for a process that is stopped. */
export type Happening = "tick" | "frame" | "message" | "other";

const TICK_MS = 25;

/** A process on a host: it can be killed, started again, stopped and continued. What happens meanwhile waits for it. */
export abstract class Process {
  readonly cluster: Cluster;
  readonly name: string;
  readonly host: string;
  isUp = false;
  isPaused = false;
  /** Grows with every start and every end: what was meant for an earlier life is lost. */
  life = 0;
  #inbox: { readonly kind: Happening; readonly run: () => void }[] = [];
  #dropsFrames = false;
  #frozenAt: number | undefined;
  #lostMs = 0;

  constructor(cluster: Cluster, name: string, host: string) {
    this.cluster = cluster;
    this.name = name;
    this.host = host;
  }

  protected abstract boot(): void;
  protected abstract tick(): void;
  protected abstract hangUpAll(says: boolean): void;

  /** Monotonic time as the process reads it. */
  get now(): number {
    return this.cluster.now - this.#lostMs;
  }

  /** Its clock has lost time to a freeze, of which it knows nothing. */
  get hadClockStopped(): boolean {
    return this.#lostMs > 0;
  }

  get isRunning(): boolean {
    return this.isUp && !this.isPaused;
  }

  start(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.isPaused = false;
    this.#inbox = [];
    this.life++;
    this.boot();
    this.#loop();
    this.cluster.touch();
  }

  /** Ends the process; its kernel closes its streams, unless the whole host died. */
  kill(says = true): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.life++;
    this.hangUpAll(says);
    this.cluster.touch();
  }

  /** SIGSTOP. */
  pause(): void {
    this.isPaused = true;
    this.cluster.touch();
  }

  /** SIGCONT: the stall is noticed before anything else is read. */
  resume(): void {
    if (!this.isUp || !this.isPaused) return;
    this.isPaused = false;
    const inbox = this.#inbox.toSorted((a, b) => Number(a.kind !== "tick") - Number(b.kind !== "tick"));
    this.#inbox = [];
    this.#dropsFrames = false;
    for (const { kind, run } of inbox) if (!(kind === "frame" && this.#dropsFrames)) run();
    this.cluster.touch();
  }

  /** The whole virtual machine stops, its clocks too. */
  freeze(): void {
    this.#frozenAt = this.cluster.now;
    this.cluster.management.down.add(this.host);
    this.pause();
  }

  /** It goes on where it was. */
  thaw(): void {
    this.#lostMs += this.cluster.now - (this.#frozenAt ?? this.cluster.now);
    this.#frozenAt = undefined;
    this.cluster.management.down.delete(this.host);
    this.resume();
  }

  /** Frames that wait are lost. */
  protected dropFrames(): void {
    this.#dropsFrames = true;
  }

  /** Does something after `ms`, if this life of the process lasts so long. */
  later(ms: number, run: () => void, kind: Happening = "other"): void {
    const { life } = this;
    this.cluster.clock.after(ms, () => this.deliver(life, kind, run));
  }

  deliver(life: number, kind: Happening, run: () => void): void {
    if (!this.isUp || life !== this.life) return;
    if (this.isPaused) this.#inbox.push({ kind, run });
    else run();
  }

  #loop(): void {
    this.tick();
    this.later(TICK_MS, () => this.#loop(), "tick");
  }
}
