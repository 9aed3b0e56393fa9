import { type BfdControl, BfdDemultiplexer, decodeControl, receptionProblem } from "@heraldlb/bfd";
import { DecodeError } from "@heraldlb/net";
import type { Clock, Logger } from "@heraldlb/runtime";
import { type DesiredSession, deviceOf, hasEcho, sessionKey } from "./desired-session.ts";
import { type EchoDependencies, EchoPorts } from "./echo-ports.ts";
import { Listeners } from "./listeners.ts";
import { type BfdReport, type BfdStatistics, LiveSession } from "./live-session.ts";
import { BFD_PORTS, type BfdNetwork, type Listening, type Origin } from "./network.ts";

/** What {@link BfdSessions} need of the outside. */
export interface BfdDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly network: BfdNetwork;
  readonly openFrames: EchoDependencies["openFrames"];
  /** Between 0 and 1, and not to be guessed: discriminators and the keys of echo packets are drawn from it too. */
  random(): number;
  /** Called when a session's state, that of its other side, or what keeps it from running has changed. */
  onReport(report: BfdReport): void;
}

// Beyond this the sockets are being flooded; what has not been read by then does not count.
const MOST_TURNS = 20;

/**
 * The BFD sessions of this node on the wire, as a list of desired sessions says.
 *
 * Belongs on the thread that nothing holds up: a packet that is sent or read too late looks like a lost one.
 */
export class BfdSessions {
  readonly #dependencies: BfdDependencies;
  readonly #sessions = new Map<string, LiveSession>();
  readonly #demultiplexer = new BfdDemultiplexer<LiveSession>();
  readonly #listeners: Listeners;
  readonly #echoes: EchoPorts;
  #received = 0;

  constructor(dependencies: BfdDependencies) {
    this.#dependencies = dependencies;
    const { clock, log, network, openFrames } = dependencies;
    this.#listeners = new Listeners({
      clock,
      log,
      network,
      onDatagram: (datagram, origin, on, reply) => {
        this.#received++;
        if (on.port === BFD_PORTS.echo) this.#mirror(datagram, origin, on, reply);
        else this.#receive(datagram, origin, on);
      },
      onProblem: (on) => {
        for (const session of this.#sessions.values()) if (session.isOn(on)) session.report();
      },
    });
    this.#echoes = new EchoPorts({ clock, log, openFrames }, () => this.#received++);
  }

  /**
   * Makes the sessions what the list says, which is all of them. A session whose profile alone differs goes on, and
   * negotiates; one that is gone says so to the other side (AdminDown). Of two with the same key the first counts.
   */
  apply(desired: readonly DesiredSession[]): void {
    const wanted = new Map<string, DesiredSession>();
    for (const session of desired) {
      const key = sessionKey(session);
      if (!wanted.has(key)) wanted.set(key, session);
    }
    for (const [key, live] of this.#sessions) if (!wanted.has(key)) this.#end(key, live);
    for (const [key, session] of wanted) {
      const live = this.#sessions.get(key);
      if (live) this.#change(live, session);
      else this.#start(key, session);
    }
  }

  /** What each session has counted, and whether it is up. */
  statistics(): readonly BfdStatistics[] {
    return [...this.#sessions.values()].filter(({ isEnding }) => !isEnding).map((session) => session.statistics());
  }

  /** Says AdminDown on every session, so that routers that restart gracefully keep their routes; then closes all. */
  async close(): Promise<void> {
    for (const session of this.#sessions.values()) session.adminDown();
    await this.#dependencies.network.turn();
    this.#listeners.close();
    for (const session of this.#sessions.values()) session.stop();
    this.#sessions.clear();
    await this.#echoes.close();
  }

  #start(key: string, desired: DesiredSession): void {
    const { clock, log, network, random, onReport } = this.#dependencies;
    const discriminator = this.#drawDiscriminator();
    const live = new LiveSession(desired, discriminator, {
      clock,
      log,
      network,
      random,
      echoes: this.#echoes,
      drained: () => this.#drained(),
      problem: () => this.#listeners.problemOf(controlOn(desired)),
      onReport,
    });
    this.#sessions.set(key, live);
    this.#demultiplexer.add(discriminator, pathOf(desired), live);
    this.#listen(key, desired);
    live.start();
  }

  #change(live: LiveSession, desired: DesiredSession): void {
    this.#listen(sessionKey(desired), desired);
    live.change(desired);
  }

  #end(key: string, live: LiveSession): void {
    live.end(() => {
      this.#sessions.delete(key);
      this.#demultiplexer.remove(live.discriminator);
      this.#listeners.remove(controlOn(live.desired), key);
      this.#listeners.remove(echoOn(live.desired), key);
    });
  }

  #listen(key: string, desired: DesiredSession): void {
    const { remote: source, isMultihop, profile } = desired;
    this.#listeners.add(controlOn(desired), key, { source, minimumHops: isMultihop ? profile.minimumTtl : 255 });
    if (hasEcho(desired)) this.#listeners.add(echoOn(desired), key, { source, minimumHops: 255 });
    else this.#listeners.remove(echoOn(desired), key);
  }

  #receive(datagram: Uint8Array, origin: Origin, on: Listening): void {
    const { source } = origin;
    const packet = decodeOrNot(datagram);
    const problem = packet ? receptionProblem(packet) : "malformed";
    if (!packet || problem) {
      this.#dependencies.log.debug("BFD packet discarded", { source, problem });
      return;
    }
    const found = this.#demultiplexer.find(packet, {
      local: on.local,
      remote: source,
      interface: on.device,
      isMultihop: on.port === BFD_PORTS.multihop,
    });
    if ("session" in found) found.session.receive(packet);
    else this.#dependencies.log.debug("BFD packet discarded", { source, problem: found.problem });
  }

  /**
   * Returns another system's echo packet. Routers forward echo packets that are addressed to themselves, and so does
   * this node's kernel; FRR up to 8.4 addresses them to us instead, and expects this.
   */
  #mirror(datagram: Uint8Array, { source }: Origin, on: Listening, reply: (datagram: Uint8Array) => void): void {
    for (const session of this.#sessions.values()) {
      if (session.desired.remote !== source || !session.isOn({ ...on, port: BFD_PORTS.singleHop })) continue;
      reply(datagram);
      session.mirrored();
      return;
    }
  }

  #drawDiscriminator(): number {
    for (;;) {
      const drawn = 1 + Math.floor(this.#dependencies.random() * 0xffff_ffff);
      if (!this.#demultiplexer.has(drawn)) return drawn;
    }
  }

  async #drained(): Promise<void> {
    for (let turns = 0; turns < MOST_TURNS; turns++) {
      const before = this.#received;
      await this.#dependencies.network.turn();
      if (this.#received === before) return;
    }
  }
}

function decodeOrNot(datagram: Uint8Array): BfdControl | undefined {
  try {
    return decodeControl(datagram);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

const pathOf = (session: DesiredSession) => ({
  local: session.local,
  remote: session.remote,
  interface: deviceOf(session),
  isMultihop: session.isMultihop,
});

const controlOn = (session: DesiredSession): Listening => ({
  local: session.local,
  port: session.isMultihop ? BFD_PORTS.multihop : BFD_PORTS.singleHop,
  device: deviceOf(session),
});

const echoOn = (session: DesiredSession): Listening => ({ ...controlOn(session), port: BFD_PORTS.echo });
