import type { Network } from "./network.ts";

type Kind = "tick" | "frame" | "message" | "other";

/** A process on a host: it can be killed, started again, stopped and continued. What happens meanwhile waits for it. */
export abstract class Process {
  readonly network: Network;
  readonly name: string;
  readonly host: string;
  isUp = false;
  isPaused = false;
  /** Grows with every start: what was meant for an earlier life is lost. */
  life = 0;
  #inbox: { readonly kind: Kind; readonly run: () => void }[] = [];
  #dropsFrames = false;

  constructor(network: Network, name: string, host: string) {
    this.network = network;
    this.name = name;
    this.host = host;
  }

  protected abstract boot(): void;
  protected abstract tick(): void;
  protected abstract hangUpAll(says: boolean): void;

  start(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.isPaused = false;
    this.#inbox = [];
    this.life++;
    this.boot();
    this.#loop();
    this.network.touch();
  }

  /** Ends the process; its kernel closes its streams, unless the whole host died. */
  kill(says = true): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.life++;
    this.hangUpAll(says);
    this.network.touch();
  }

  pause(): void {
    this.isPaused = true;
    this.network.touch();
  }

  /** Continues: the stall is noticed before anything else is read. */
  resume(): void {
    if (!this.isUp || !this.isPaused) return;
    this.isPaused = false;
    const inbox = this.#inbox.toSorted((a, b) => Number(a.kind !== "tick") - Number(b.kind !== "tick"));
    this.#inbox = [];
    this.#dropsFrames = false;
    for (const { kind, run } of inbox) if (!(kind === "frame" && this.#dropsFrames)) run();
    this.network.touch();
  }

  /** Frames that wait are lost. */
  protected dropFrames(): void {
    this.#dropsFrames = true;
  }

  later(ms: number, run: () => void, kind: Kind = "other"): void {
    const { life } = this;
    this.network.after(ms, () => this.deliver(life, kind, run));
  }

  deliver(life: number, kind: Kind, run: () => void): void {
    if (!this.isUp || life !== this.life) return;
    if (this.isPaused) this.#inbox.push({ kind, run });
    else run();
  }

  #loop(): void {
    this.tick();
    this.later(25, () => this.#loop(), "tick");
  }
}
