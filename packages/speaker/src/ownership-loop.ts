import {
  type AnswerMode,
  type GroupId,
  initialSpeaker,
  isSpeakerStalled,
  type SpeakerConfig,
  type SpeakerEffect,
  type SpeakerEvent,
  type SpeakerState,
  speakerStatus,
  stepSpeaker,
} from "@heraldlb/election";
import type { InterfaceEvent } from "@heraldlb/link";
import { type Clock, type Logger, RecurrentLog } from "@heraldlb/runtime";
import { compact } from "./definitions.ts";
import { Layer2, type Layer2Dependencies } from "./layer2.ts";
import type { FromWorker, ToWorker, WorkerSettings, WorkerStatistics } from "./worker-messages.ts";

/** An event without its time, for any member of the union. */
type Untimed<E> = E extends unknown ? Omit<E, "now"> : never;

/** What {@link OwnershipLoop} needs of the outside. */
export interface OwnershipDependencies extends Omit<Layer2Dependencies, "admit"> {
  readonly clock: Clock;
  readonly log: Logger;
  /** Tells the main thread. */
  post(message: FromWorker): void;
  /** The time that the main thread can compare with its own, in milliseconds. */
  postedAt(): number;
}

const STATISTICS_MS = 1_000;
// What is not urgent travels in pieces, one in a millisecond, so that making and reading one is soon done.
const ITEMS_A_PIECE = 250;
const PIECE_MS = 1;
// After a stop the kernel's buffers hold some thousand frames; reading past them takes far less than this.
const DISCARD_LIMIT_MS = 200;

/**
 * The ownership machine of this node with its hands on the wire. One thread runs it and nothing else, so that neither
 * an answer nor a heartbeat waits for anything.
 */
export class OwnershipLoop {
  readonly #dependencies: OwnershipDependencies;
  readonly #config: SpeakerConfig;
  readonly #layer2: Layer2;
  readonly #events: SpeakerEvent[] = [];
  readonly #pieces: FromWorker[] = [];
  readonly #log: RecurrentLog;
  readonly #orderErrors: Extract<SpeakerEffect, { type: "orderError" }>[] = [];
  /** How groups are answered for, as the main thread is yet to be told. */
  readonly #answers = new Map<GroupId, AnswerMode>();
  #state: SpeakerState;
  #stepping = false;
  #discarding: { readonly since: number; quiet: boolean } | undefined;
  #discarded = 0;
  #latenessMs = 0;
  #nextTick: number;
  #ended = false;

  constructor(config: SpeakerConfig, saved: WorkerSettings["saved"], dependencies: OwnershipDependencies) {
    this.#dependencies = dependencies;
    this.#config = config;
    this.#log = new RecurrentLog(dependencies.clock, dependencies.log);
    this.#layer2 = new Layer2(
      { ...dependencies, admit: (frames) => this.#admit(frames) },
      {
        links: (links) => {
          dependencies.post({ type: "links", links });
          this.#put({ type: "links", links });
        },
        networkUp: () => this.#put({ type: "networkUp" }),
        heard: (type, address, mac, name) => this.#put({ type, address, mac, interface: name }),
        announced: (group, epoch) => this.#put({ type: "announced", group, epoch }),
        notSent: (group, epoch) => this.#put({ type: "notSent", group, epoch }),
      },
    );
    for (const group of saved?.bootId === config.bootId ? saved.groups : []) {
      this.#layer2.define(group);
      this.#layer2.hold(group.id);
    }
    this.#state = initialSpeaker(config, saved);
    this.#nextTick = dependencies.clock.now();
    this.#tick();
    dependencies.clock.timer(STATISTICS_MS, () => this.#report());
  }

  /** Carries out what the main thread says. */
  handle(message: Exclude<ToWorker, { type: "bfd" }>): void {
    this.#noticeStall();
    if (message.type === "define") this.#define(message);
    else this.#put(message);
  }

  /** Takes note of a change of the node's interfaces. */
  interfaceEvent(event: InterfaceEvent): void {
    this.#noticeStall();
    this.#layer2.interfaceEvent(event);
  }

  /** Stops answering and closes all sockets. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#layer2.close();
  }

  /** Definitions come before the orders that name them; those of a group that is gone end it. */
  #define({ changed, removed }: Extract<ToWorker, { type: "define" }>): void {
    for (const group of removed) {
      this.#put({ type: "undefine", group });
      this.#layer2.undefine(group);
    }
    for (const group of changed.map(compact)) {
      this.#layer2.define(group);
      this.#put({ type: "define", group });
    }
  }

  #tick(): void {
    if (this.#ended) return;
    const { clock } = this.#dependencies;
    const now = clock.now();
    this.#latenessMs = Math.max(this.#latenessMs, now - this.#nextTick);
    this.#put({ type: "tick" });
    this.#postAnswers();
    this.#postErrors();
    const { tickMs } = this.#config.timers;
    // Ticks that were missed are not made up for.
    this.#nextTick = Math.max(this.#nextTick + tickMs, now);
    clock.timer(this.#nextTick - now, () => this.#tick());
  }

  /** A process that was stopped must know it before it reads what has queued up meanwhile. */
  #noticeStall(): void {
    if (isSpeakerStalled(this.#state, this.#dependencies.clock.now())) this.#put({ type: "tick" });
  }

  #admit(frames: number): boolean {
    this.#noticeStall();
    if (!this.#discarding) return true;
    this.#discarding.quiet = false;
    this.#discarded += frames;
    return false;
  }

  /** Throws frames away until a turn of the event loop has brought none: then the queues are empty. */
  #discard(): void {
    const { clock } = this.#dependencies;
    if (!this.#discarding) clock.timer(1, () => this.#endDiscard());
    this.#discarding = { since: clock.now(), quiet: true };
  }

  #endDiscard(): void {
    const { clock } = this.#dependencies;
    const current = this.#discarding;
    if (!current || current.quiet || clock.now() - current.since >= DISCARD_LIMIT_MS) {
      this.#discarding = undefined;
      return;
    }
    current.quiet = true;
    clock.timer(1, () => this.#endDiscard());
  }

  /** Steps the machine. What an effect brings about is stepped after the effects before it have been carried out. */
  #put(event: Untimed<SpeakerEvent>): void {
    this.#events.push({ ...event, now: this.#dependencies.clock.now() });
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#events.shift(); next; next = this.#events.shift()) this.#step(next);
    } finally {
      this.#stepping = false;
    }
  }

  #step(event: SpeakerEvent): void {
    const { state, effects } = stepSpeaker(this.#state, event, this.#config);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: SpeakerEffect): void {
    const { post, postedAt } = this.#dependencies;
    switch (effect.type) {
      case "answer":
        this.#layer2.answer(effect.group, effect.mode);
        if (effect.mode !== "none") this.#layer2.hold(effect.group);
        this.#answers.set(effect.group, effect.mode);
        break;
      case "announce":
        this.#layer2.announce(effect);
        break;
      case "probe":
        this.#layer2.probe(effect);
        break;
      case "dropFrames":
        this.#discard();
        break;
      case "persist":
        for (const { id } of effect.saved) this.#layer2.hold(id);
        for (const group of effect.forgotten) this.#layer2.release(group);
        this.#postPieces([
          { ...effect, saved: [] },
          ...pieces(effect.saved).map((saved) => ({ ...effect, saved, forgotten: [] })),
        ]);
        break;
      case "send":
        post({ type: "send", dial: effect.dial, message: effect.message, at: postedAt() });
        break;
      case "close":
        post({ type: "close", dial: effect.dial });
        break;
      case "log":
        this.#log.write(effect.level, effect.message, effect.fields);
        break;
      case "dial":
        post(effect);
        break;
      case "orderError":
        this.#orderErrors.push(effect);
        break;
      case "exit":
        this.#log.flush();
        post(effect);
        break;
    }
  }

  /** The main thread only shows it: some in a tick, and none in a rush. */
  #postAnswers(): void {
    if (this.#layer2.isRushed) return;
    for (const [group, mode] of this.#answers.entries().take(ITEMS_A_PIECE)) {
      this.#answers.delete(group);
      this.#dependencies.post({ type: "answer", group, mode });
    }
  }

  #postErrors(): void {
    const some = this.#orderErrors.splice(0, ITEMS_A_PIECE);
    for (const [replica, errors] of Map.groupBy(some, (error) => error.replica)) {
      this.#dependencies.post({ type: "orderErrors", replica, errors });
    }
  }

  #postPieces(messages: readonly FromWorker[]): void {
    const isIdle = this.#pieces.length === 0;
    this.#pieces.push(...messages);
    if (isIdle) this.#postPiece();
  }

  #postPiece(): void {
    const next = this.#pieces.shift();
    if (!next || this.#ended) return;
    this.#dependencies.post(next);
    if (this.#pieces.length > 0) this.#dependencies.clock.timer(PIECE_MS, () => this.#postPiece());
  }

  #report(): void {
    if (this.#ended) return;
    // The sockets' own counters are asked for in the kernel or in another process; nobody waits for them.
    void this.#statistics().then((statistics) => {
      this.#dependencies.post({ type: "statistics", statistics });
      this.#postPieces(pieces(this.#layer2.takeCounts()).map((counts) => ({ type: "counts", counts })));
      this.#dependencies.clock.timer(STATISTICS_MS, () => this.#report());
    });
  }

  async #statistics(): Promise<WorkerStatistics> {
    const dropped = new Map<string, number>();
    for (const port of this.#layer2.ports) {
      const found = await port.statistics().catch(() => undefined);
      if (found) dropped.set(port.link.name, found.dropped);
    }
    const { authority, maxTerm, counts } = speakerStatus(this.#state);
    const [latenessMs, discarded] = [this.#latenessMs, this.#discarded];
    this.#latenessMs = 0;
    this.#discarded = 0;
    return {
      authority,
      maxTerm,
      holdings: counts,
      verdicts: this.#layer2.takeVerdicts(),
      discarded,
      dropped,
      latenessMs,
    };
  }
}

function pieces<T>(items: readonly T[]): (readonly T[])[] {
  const found: (readonly T[])[] = [];
  for (let at = 0; at < items.length; at += ITEMS_A_PIECE) found.push(items.slice(at, at + ITEMS_A_PIECE));
  return found;
}
