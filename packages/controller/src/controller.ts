import type { ControllerConfig, ControllerStatus } from "@heraldlb/election";
import { RecurrentLog } from "@heraldlb/runtime";
import { Cluster, type Remembered } from "./cluster.ts";
import { NO_OBSERVER } from "./cluster-observer.ts";
import type { ControllerDependencies, ControllerOptions, ServedStream } from "./controller-ports.ts";
import { Definitions } from "./definitions.ts";
import { Hub, type HubStatus } from "./hub.ts";
import { Ledger } from "./ledger.ts";
import type { AppliedError, Greeting, Request } from "./messages.ts";
import { OwnershipMachine } from "./ownership-machine.ts";
import { Peers } from "./peers.ts";
import type { PlanChanges } from "./plan.ts";
import { Reports } from "./reports.ts";
import type { Session } from "./session.ts";
import type { SourceChange, SourceReading } from "./source-object.ts";
import { SpeakerStreams } from "./speaker-streams.ts";

// A speaker that was away for a while gets what it lacks.
const REMEMBERED_CHANGES = 50_000;
const SNAPSHOTS_AT_A_TIME = 4;
// A move of no more than the first number is ordered in the turn that decides it.
const ORDERS = { least: 64, most: 1_024, slowMs: 60 } as const;

/**
 * One controller replica: readings of the source and what speakers say come in, orders for speakers go out.
 *
 * Every event is followed to its end in the turn in which it comes. It begins as a standby.
 */
export class Controller {
  readonly #dependencies: ControllerDependencies;
  readonly #config: ControllerConfig;
  readonly #cluster: Cluster;
  readonly #definitions = new Definitions(REMEMBERED_CHANGES);
  readonly #hub: Hub;
  readonly #machine: OwnershipMachine;
  readonly #log: RecurrentLog;
  readonly #ending = new AbortController();
  readonly #streams: SpeakerStreams;
  readonly #reports = new Reports();
  readonly #peers: Peers;
  #ledger: Ledger;
  readonly #firstRead = Promise.withResolvers<void>();
  #hasBegun = false;
  #isProceeding = false;

  constructor({ identity, timers, ...options }: ControllerOptions, dependencies: ControllerDependencies) {
    const { clock, wallClock, log, observer, onStepDown, authenticator, credentials } = dependencies;
    this.#dependencies = dependencies;
    this.#log = new RecurrentLog(clock, log);
    this.#config = { identity, timers };
    const orders = { ...ORDERS, patienceMs: timers.intervalMs * timers.misses };
    this.#hub = new Hub({ clock, definitions: this.#definitions, identity, snapshots: SNAPSHOTS_AT_A_TIME, orders });
    this.#machine = new OwnershipMachine(this.#config, { clock, log: this.#log, hub: this.#hub, observer, onStepDown });
    this.#streams = new SpeakerStreams({
      ...{ clock, log, hub: this.#hub, authenticator, credentials },
      onRequest: (session, request) => this.#turn(() => this.#hear(session, request)),
      onEnd: ({ id, node }, byHub) =>
        this.#turn(() => {
          if (!byHub) this.#machine.step({ type: "closed", stream: id });
          if (node !== undefined) this.#reports.lost({ node, stream: id });
        }),
    });
    const macs = () => this.#machine.macs();
    this.#peers = new Peers({ clock, macs, tell: (macs) => this.#hub.tellPeers(macs) });
    this.#ledger = this.#newLedger();
    this.#cluster = new Cluster(options, {
      ...{ log, wallClock, definitions: this.#definitions, observer: dependencies.clusterObserver ?? NO_OBSERVER },
      store: (entries) => this.#ledger.enter(entries),
      newest: (groups) => this.#machine.newest(groups),
    });
  }

  /** What is on the wire. */
  get reports(): Reports {
    return this.#reports;
  }

  /** What should be. */
  get cluster(): Cluster {
    return this.#cluster;
  }

  /** Resolves when the source was read completely. */
  get firstRead(): Promise<void> {
    return this.#firstRead.promise;
  }

  status(): ControllerStatus & { readonly hub: HubStatus; readonly revision: number } {
    return { ...this.#machine.status(), hub: this.#hub.status(), revision: this.#definitions.revision };
  }

  /** How many groups nobody owns though some node may; 0 unless this process leads. */
  unowned(): number {
    return this.#machine.unowned();
  }

  /** The lowest term in which this process may lead, after the one that is stored. */
  nextTerm(stored: number): number {
    return this.#machine.nextTerm(stored);
  }

  /** Takes a reading of the source in. */
  take(reading: SourceReading): void {
    if (!reading.complete) this.#dependencies.observer.onUpdateError();
    this.#takeIn(() => this.#cluster.take(reading));
  }

  /** Takes in what became different in the source; the first time that is everything. */
  change(change: SourceChange): void {
    this.#takeIn(() => this.#cluster.change(change));
  }

  /** Leads from now on, in a term that is stored. Decides nothing before `begin`. */
  lead(term: number): void {
    this.#peers.note();
    this.#turn(() => this.#machine.step({ type: "lead", term }));
  }

  /** Takes up what is remembered, and decides from now on. Only after a complete reading. */
  begin(remembered: Remembered): void {
    this.#turn(() => {
      this.#takeUp(remembered);
      this.#machine.step({ type: "synced" });
      this.#dependencies.onSpeakers(this.#cluster.speakers);
    });
  }

  /** Leads in a term that is stored and decides from now on, in one go: as often as a standby becomes the leader. */
  takeOver(term: number, remembered: Remembered): void {
    this.#peers.note();
    this.#turn(() => {
      // What the machine still knows of an earlier term must be right before it leads: a holding of a group that it
      // does not know is revoked.
      this.#takeUp(remembered);
      this.#machine.step({ type: "lead", term });
      this.#machine.step({ type: "synced" });
      this.#dependencies.onSpeakers(this.#cluster.speakers);
    });
  }

  /** It is surely the leader, or it is not sure any more: then nothing is stored until it is again. */
  firm(firm: boolean): void {
    this.#ledger.open(firm);
    this.#turn(() => this.#machine.step({ type: "firm", firm }));
  }

  /** Another process leads: nothing is decided, stored or told of definitions any more. Streams go on. */
  standBy(): void {
    this.#ledger.end();
    this.#ledger = this.#newLedger();
    this.#turn(() => {
      this.#hasBegun = false;
      this.#cluster.rest();
      this.#hub.shut();
      this.#machine.standBy();
    });
  }

  /** The Service's status is not what was decided: it is stored again. */
  reassert(service: string): void {
    this.#turn(() => this.#cluster.reassert(service));
  }

  /** What time brings; call it every `tickMs`. */
  tick(): void {
    this.#turn(() => {
      this.#machine.follow(this.#cluster.tick());
      this.#machine.step({ type: "tick" });
    });
  }

  /** Tells speakers that nothing is certain from now on, ends their streams, and stores nothing more. */
  end(): void {
    this.#ending.abort();
    this.#ledger.end();
    this.#log.flush();
    this.#peers.end();
    this.#turn(() => {
      const { identity, timers } = this.#config;
      const { role, term } = this.status();
      const detectionMs = timers.intervalMs * timers.misses;
      const lastWord = { role, term, holder: identity, firm: false, intervalMs: timers.intervalMs, detectionMs };
      this.#hub.endAll(role === "leader" ? { type: "reply", ...lastWord } : undefined);
    });
  }

  /** Serves one speaker until its stream ends. Rejects with a StreamError that the speaker is to be told. */
  async serve(stream: ServedStream): Promise<void> {
    await this.#streams.serve(stream);
  }

  #hear(session: Session, request: Request): void {
    const { node } = session;
    this.#hub.note(session, request);
    switch (request.type) {
      case "greeting":
        this.#reports.noteLinks({ node: request.hello.node, stream: session.id }, request.hello.links);
        this.#greet(request);
        this.#machine.step({ type: "received", stream: session.id, message: request.hello });
        this.#peers.note();
        break;
      case "applied":
        this.#noteApplied(node, request.errors);
        break;
      case "report":
        if (node !== undefined) this.#reports.note({ node, stream: session.id }, request);
        for (const conflict of request.conflicts) {
          this.#dependencies.observer.onConflict();
          this.#dependencies.log.warn("address claimed by another host", { node, ...conflict });
        }
        break;
      case "acks":
        for (const message of request.acks) this.#machine.step({ type: "received", stream: session.id, message });
        break;
      default:
        this.#machine.step({ type: "received", stream: session.id, message: request });
        if (request.type === "links") {
          this.#peers.note();
          if (node !== undefined) this.#reports.noteLinks({ node, stream: session.id }, request.links);
        }
        // It cannot acknowledge what waits here.
        if (request.type === "heartbeat" && session.window.waiting > 0)
          this.#machine.step({ type: "ordersWait", stream: session.id });
    }
  }

  /** Errors are those of an order, or all that there are of definitions by now. */
  #noteApplied(node: string | undefined, errors: readonly AppliedError[]): void {
    const ofDefinitions = errors.filter(({ reason }) => reason === "invalidGroup");
    const isOfOrder = ofDefinitions.length < errors.length;
    const told = isOfOrder || node === undefined ? errors : this.#reports.noteApplied(node, ofDefinitions);
    for (const { group, reason, message } of told) {
      this.#dependencies.observer.onItemError(reason);
      this.#log.write("warn", "item not applied", { node, group, reason, detail: message });
    }
  }

  #greet({ hello }: Greeting): void {
    const { speakers } = this.#cluster.world;
    const known = speakers.size;
    this.#machine.follow(this.#cluster.hear(hello.node));
    if (speakers.size > known && this.#hasBegun) this.#dependencies.onSpeakers(this.#cluster.speakers);
  }

  #takeIn(take: () => PlanChanges): void {
    this.#turn(() => {
      this.#dependencies.observer.onUpdate();
      this.#machine.follow(take());
      if (this.#cluster.isRead) this.#firstRead.resolve();
    });
  }

  #takeUp(remembered: Remembered): void {
    this.#hasBegun = true;
    this.#definitions.clear();
    const changes = this.#cluster.begin(remembered);
    this.#machine.step({ type: "expect", nodes: this.#cluster.nodes });
    this.#machine.replaceGroups(changes);
    this.#hub.open();
  }

  #newLedger(): Ledger {
    const { store, clock, log, observer } = this.#dependencies;
    return new Ledger({
      ...{ store, clock, log },
      onStored: (record) => this.#turn(() => this.#machine.follow(this.#cluster.confirm(record))),
      onFailure: () => observer.onUpdateError(),
    });
  }

  /** Follows an event to its end: what it changed is told before the next event is read. */
  #turn(act: () => void): void {
    try {
      act();
      this.#cluster.endTurn();
      this.#hub.endTurn();
      this.#reports.endTurn();
      this.#proceed();
    } catch (error) {
      this.#dependencies.onBug(error);
    }
  }

  /** Goes on placing groups, in turns of their own. */
  #proceed(): void {
    if (this.#isProceeding || !this.#cluster.isPlanStale || this.#ending.signal.aborted) return;
    this.#isProceeding = true;
    this.#dependencies.clock.timer(0, () => {
      this.#isProceeding = false;
      this.#turn(() => this.#machine.follow(this.#cluster.proceed()));
    });
  }
}
