import {
  type BfdControl,
  type BfdState,
  type BfdStateName,
  diagnosticName,
  ECHO_KEY_LENGTH,
  encodeControl,
  encodeEcho,
} from "@heraldlb/bfd";
import type { Ip } from "@heraldlb/net";
import type { Clock, Logger } from "@heraldlb/runtime";
import { configOf, type DesiredSession, deviceOf, hasEcho } from "./desired-session.ts";
import type { EchoPorts } from "./echo-ports.ts";
import { problemOf } from "./listeners.ts";
import { BFD_PORTS, type BfdNetwork, type BfdSender, type Listening } from "./network.ts";
import { SessionRunner } from "./session-runner.ts";

/** How a session stands. */
export interface BfdReport {
  readonly session: DesiredSession;
  readonly state: BfdStateName;
  /** Why, by the name of RFC 5880's diagnostic. */
  readonly diagnostic: string;
  /** What the other side says of itself. After `adminDown` BGP should go on without BFD (RFC 5882 section 4.2). */
  readonly remoteState: BfdStateName | undefined;
  readonly remoteDiagnostic: string | undefined;
  /** What keeps packets from being received or sent, by the kernel's name, such as `EADDRINUSE`. */
  readonly problem: string | undefined;
}

/** What a session has counted since it began, for MetalLB's metrics. */
export interface BfdStatistics {
  readonly peer: Ip;
  readonly vrf: string;
  readonly isUp: boolean;
  readonly controlPacketsReceived: number;
  readonly controlPacketsSent: number;
  readonly echoPacketsReceived: number;
  readonly echoPacketsSent: number;
  readonly upEvents: number;
  readonly downEvents: number;
  readonly reports: number;
}

/** What a {@link LiveSession} needs of the outside. */
export interface LiveDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly network: BfdNetwork;
  readonly echoes: EchoPorts;
  random(): number;
  drained(): Promise<void>;
  /** What keeps packets from being received. */
  problem(): string | undefined;
  onReport(report: BfdReport): void;
}

// RFC 5881 section 4.
const FIRST_PORT = 49_152;
const LAST_PORT = 65_535;
const PORT_ATTEMPTS = 10;
const LONGEST_GOODBYE_MS = 10_000;

/** One session on the wire: its state machine, the socket that it sends from, and what it counts. */
export class LiveSession {
  readonly discriminator: number;
  readonly #dependencies: LiveDependencies;
  readonly #key: Uint8Array;
  #runner: SessionRunner | undefined;
  #desired: DesiredSession;
  #goodbye: Disposable | undefined;
  #sender: BfdSender | undefined;
  #sourcePort: number | undefined;
  #sendProblem: string | undefined;
  #counts = {
    controlPacketsReceived: 0,
    controlPacketsSent: 0,
    echoPacketsReceived: 0,
    echoPacketsSent: 0,
    upEvents: 0,
    downEvents: 0,
    reports: 0,
  };

  constructor(desired: DesiredSession, discriminator: number, dependencies: LiveDependencies) {
    this.#desired = desired;
    this.discriminator = discriminator;
    this.#dependencies = dependencies;
    this.#key = Uint8Array.from({ length: ECHO_KEY_LENGTH }, () => Math.floor(dependencies.random() * 256));
  }

  get desired(): DesiredSession {
    return this.#desired;
  }

  /** It is no longer wanted, and is telling the other side so. */
  get isEnding(): boolean {
    return this.#goodbye !== undefined;
  }

  /** Whether its packets arrive there. */
  isOn({ local, port, device }: Listening): boolean {
    const wanted = this.#desired.isMultihop ? BFD_PORTS.multihop : BFD_PORTS.singleHop;
    return local === this.#desired.local && device === deviceOf(this.#desired) && port === wanted;
  }

  start(): void {
    const { clock, drained, random } = this.#dependencies;
    this.#watchEchoes();
    this.#runner = new SessionRunner(configOf(this.#desired, this.discriminator, "up"), {
      clock,
      random,
      drained,
      send: (packet) => this.#send(packet),
      sendEcho: (sequence) => this.#sendEcho(sequence),
      onState: (state, before) => this.#onState(state, before),
    });
    if (this.#dependencies.problem() !== undefined) this.report();
  }

  /** Takes up another profile; one that was ending lives again. */
  change(desired: DesiredSession): void {
    this.#goodbye?.[Symbol.dispose]();
    this.#goodbye = undefined;
    this.#desired = desired;
    this.#watchEchoes();
    this.#runner?.configure(configOf(desired, this.discriminator, "up"));
  }

  /** Tells the other side that it is held down (RFC 5880 section 6.8.16). */
  adminDown(): void {
    this.#runner?.configure(configOf(this.#desired, this.discriminator, "down"));
  }

  /** Ends when the other side has had its detection time to hear of it. */
  end(onEnded: () => void): void {
    if (this.#goodbye) return;
    const { transmitIntervalMs, detectMultiplier } = this.#desired.profile;
    const theirsMs = (this.#runner?.state.remote?.requiredMinRxUs ?? 0) / 1_000;
    const detectionMs = Math.min(detectMultiplier * Math.max(transmitIntervalMs, theirsMs), LONGEST_GOODBYE_MS);
    this.adminDown();
    this.#goodbye = this.#dependencies.clock.timer(detectionMs, () => {
      this.stop();
      onEnded();
    });
  }

  /** Ends without a word. */
  stop(): void {
    this.#goodbye?.[Symbol.dispose]();
    this.#runner?.stop();
    this.#sender?.close();
    this.#sender = undefined;
    this.#dependencies.echoes.unwatch(this.discriminator);
  }

  receive(packet: BfdControl): void {
    this.#counts.controlPacketsReceived++;
    this.#runner?.receive(packet);
  }

  /** An echo packet of the other side's has been returned to it. */
  mirrored(): void {
    this.#counts.echoPacketsReceived++;
    this.#counts.echoPacketsSent++;
  }

  report(): void {
    const { state } = this.#runner ?? {};
    this.#counts.reports++;
    this.#dependencies.onReport({
      session: this.#desired,
      state: state?.name ?? "down",
      diagnostic: diagnosticName(state?.diagnostic ?? 0),
      remoteState: state?.remote?.state,
      remoteDiagnostic: state?.remote && diagnosticName(state.remote.diagnostic),
      problem: this.#dependencies.problem() ?? this.#sendProblem,
    });
  }

  statistics(): BfdStatistics {
    const { remote, vrf = "default" } = this.#desired;
    return { peer: remote, vrf, isUp: this.#runner?.state.name === "up", ...this.#counts };
  }

  #onState(state: BfdState, before: BfdState): void {
    if (state.name !== before.name) {
      if (state.name === "up") this.#counts.upEvents++;
      if (before.name === "up" && state.name !== "adminDown") this.#counts.downEvents++;
      const { local, remote } = this.#desired;
      this.#dependencies.log.info("BFD session changed", {
        local,
        remote,
        interface: deviceOf(this.#desired),
        from: before.name,
        to: state.name,
        reason: diagnosticName(state.diagnostic),
        remoteState: state.remote?.state,
      });
    }
    this.report();
  }

  #send(packet: BfdControl): void {
    this.#sender ??= this.#openSender();
    if (!this.#sender) return;
    this.#counts.controlPacketsSent++;
    this.#sender.send(encodeControl(packet));
  }

  #openSender(): BfdSender | undefined {
    const { network, random } = this.#dependencies;
    const { local, remote, isMultihop } = this.#desired;
    const port = isMultihop ? BFD_PORTS.multihop : BFD_PORTS.singleHop;
    for (let attempt = 1; ; attempt++) {
      const sourcePort = this.#sourcePort ?? FIRST_PORT + Math.floor(random() * (LAST_PORT + 1 - FIRST_PORT));
      try {
        const from = { local, sourcePort, remote, port, device: deviceOf(this.#desired) };
        const sender = network.openSender(from, (error) => {
          if (error) this.#lose(sender, error);
          else this.#setSendProblem(undefined);
        });
        this.#sourcePort = sourcePort;
        return sender;
      } catch (error) {
        const problem = problemOf(error);
        if (problem === "EADDRINUSE" && attempt < PORT_ATTEMPTS) {
          this.#sourcePort = undefined;
          continue;
        }
        // The next packet tries again.
        this.#setSendProblem(problem);
        return undefined;
      }
    }
  }

  /** An interface that went away, for instance. The next packet opens another socket, with the same port. */
  #lose(sender: BfdSender, error: Error): void {
    sender.close();
    if (this.#sender === sender) this.#sender = undefined;
    this.#setSendProblem(problemOf(error));
  }

  #setSendProblem(problem: string | undefined): void {
    if (this.#sendProblem === problem) return;
    this.#sendProblem = problem;
    const { local, remote } = this.#desired;
    const { log } = this.#dependencies;
    if (problem === undefined) log.info("BFD packets leave again", { local, remote });
    else log.warn("cannot send BFD packets", { local, remote, problem });
    this.report();
  }

  #watchEchoes(): void {
    const { echoes } = this.#dependencies;
    const { interface: name, local, remote } = this.#desired;
    if (!hasEcho(this.#desired) || name === undefined) {
      echoes.unwatch(this.discriminator);
      return;
    }
    echoes.watch(this.discriminator, {
      interface: name,
      local,
      remote,
      key: this.#key,
      onEcho: (sequence) => {
        this.#counts.echoPacketsReceived++;
        this.#runner?.echoed(sequence);
      },
    });
  }

  #sendEcho(sequence: number): void {
    const echo = encodeEcho({ discriminator: this.discriminator, sequence, key: this.#key });
    if (this.#dependencies.echoes.send(this.discriminator, echo)) this.#counts.echoPacketsSent++;
  }
}
