import {
  BFD_START,
  type BfdConfig,
  type BfdControl,
  type BfdEffect,
  type BfdEvent,
  type BfdState,
  type BfdTimer,
  stepBfd,
} from "@heraldlb/bfd";
import type { Clock } from "@heraldlb/runtime";

/** What a {@link SessionRunner} needs of the outside. */
export interface RunnerDependencies {
  readonly clock: Clock;
  /** Between 0 and 1. */
  random(): number;
  /** Resolves when all that has arrived so far has been handed to its session. */
  drained(): Promise<void>;
  send(packet: BfdControl): void;
  sendEcho(sequence: number): void;
  /** Called for each step that changes the state of either side. */
  onState(state: BfdState, before: BfdState): void;
}

interface Running {
  deadlineMs: number;
  firesAtMs: number;
  handle: Disposable;
}

/** Runs one session: all decisions are `stepBfd`'s. */
export class SessionRunner {
  readonly #dependencies: RunnerDependencies;
  readonly #timers = new Map<BfdTimer, Running>();
  #state = BFD_START;
  #config: BfdConfig;

  /** Says its first packet at once, unless it is passive. */
  constructor(config: BfdConfig, dependencies: RunnerDependencies) {
    this.#config = config;
    this.#dependencies = dependencies;
    this.configure(config);
  }

  get state(): BfdState {
    return this.#state;
  }

  /** Changes what is wanted of the session, without resetting it. */
  configure(config: BfdConfig): void {
    this.#config = config;
    this.#step({ type: "configured", atMs: this.#dependencies.clock.now() });
  }

  /** Takes a packet of this session. */
  receive(packet: BfdControl): void {
    this.#step({ type: "received", packet, atMs: this.#dependencies.clock.now() });
  }

  /** Takes an echo packet that has come back. */
  echoed(sequence: number): void {
    this.#step({ type: "echoed", sequence, atMs: this.#dependencies.clock.now() });
  }

  /** Ends without a word. */
  stop(): void {
    for (const { handle } of this.#timers.values()) handle[Symbol.dispose]();
    this.#timers.clear();
  }

  #step(event: BfdEvent): void {
    const before = this.#state;
    const { state, effects } = stepBfd(before, event, this.#config);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    if (state.name !== before.name || state.remote?.state !== before.remote?.state) {
      this.#dependencies.onState(state, before);
    }
  }

  #perform(effect: BfdEffect): void {
    switch (effect.type) {
      case "send":
        this.#dependencies.send(effect.packet);
        break;
      case "sendEcho":
        this.#dependencies.sendEcho(effect.sequence);
        break;
      case "disarm":
        this.#disarm(effect.timer);
        break;
      case "arm": {
        const { timer, sinceMs, intervalMs, jitter } = effect;
        const [least, most] = jitter;
        this.#arm(timer, sinceMs + intervalMs * (least + this.#dependencies.random() * (most - least)));
      }
    }
  }

  #arm(timer: BfdTimer, deadlineMs: number): void {
    const running = this.#timers.get(timer);
    // The detection time begins anew with each packet: it is enough to look at it when the first one would have ended.
    if (running && running.firesAtMs <= deadlineMs) {
      running.deadlineMs = deadlineMs;
      return;
    }
    this.#disarm(timer);
    this.#timers.set(timer, this.#start(timer, deadlineMs));
  }

  #disarm(timer: BfdTimer): void {
    this.#timers.get(timer)?.handle[Symbol.dispose]();
    this.#timers.delete(timer);
  }

  #start(timer: BfdTimer, deadlineMs: number): Running {
    const { clock } = this.#dependencies;
    const handle = clock.timer(Math.max(0, deadlineMs - clock.now()), () => this.#fire(timer, running));
    const running: Running = { deadlineMs, firesAtMs: deadlineMs, handle };
    return running;
  }

  #fire(timer: BfdTimer, running: Running): void {
    if (this.#isLeft(timer, running)) return;
    if (timer === "transmit" || timer === "echo") {
      this.#expire(timer);
      return;
    }
    // After a stall the packets that prove the other side alive may still be in the socket. Nobody waits for this: what
    // it finds is a step like any other.
    void this.#dependencies.drained().then(() => {
      if (this.#timers.get(timer) === running && !this.#isLeft(timer, running)) this.#expire(timer);
    });
  }

  /** Whether the wait has meanwhile become longer; then it goes on. */
  #isLeft(timer: BfdTimer, { deadlineMs }: Running): boolean {
    if (deadlineMs <= this.#dependencies.clock.now()) return false;
    this.#timers.set(timer, this.#start(timer, deadlineMs));
    return true;
  }

  #expire(timer: BfdTimer): void {
    this.#timers.delete(timer);
    this.#step({ type: "expired", timer, atMs: this.#dependencies.clock.now() });
  }
}
