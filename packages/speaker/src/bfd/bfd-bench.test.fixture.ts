import { type BfdControl, decodeControl, encodeControl } from "@heraldlb/bfd";
import { LinkError } from "@heraldlb/link";
import type { Ip } from "@heraldlb/net";
import { FakeClock, type RecordingLogger, recordingLogger } from "@heraldlb/runtime/testing";
import { BfdSessions } from "./bfd-sessions.ts";
import type { BfdProfile, DesiredSession } from "./desired-session.ts";
import { FakeNetwork } from "./fake-network.test.fixture.ts";
import type { BfdReport } from "./live-session.ts";

/** 100 ms × 3 both ways. */
export const profile: BfdProfile = {
  receiveIntervalMs: 100,
  transmitIntervalMs: 100,
  detectMultiplier: 3,
  echoIntervalMs: undefined,
  isPassive: false,
  minimumTtl: 254,
};
/** A session with a router on the segment. */
export const near: DesiredSession = {
  local: "192.0.2.1" as Ip,
  remote: "192.0.2.2" as Ip,
  interface: "eth0",
  isMultihop: false,
  profile,
};
/** One with another router on it, from the same address. */
export const other: DesiredSession = { ...near, remote: "192.0.2.3" as Ip };
/** One over several hops. */
export const far: DesiredSession = { local: near.local, remote: "198.51.100.9" as Ip, isMultihop: true, profile };

/** All sessions of a node, over a network in memory. */
export class BfdBench {
  readonly clock: FakeClock = new FakeClock();
  readonly network: FakeNetwork = new FakeNetwork();
  readonly log: RecordingLogger = recordingLogger();
  readonly reports: BfdReport[] = [];
  readonly sessions: BfdSessions;

  constructor() {
    let drawn = 0;
    this.sessions = new BfdSessions({
      clock: this.clock,
      log: this.log,
      network: this.network,
      openFrames: () => Promise.reject(new LinkError("gone", "no frames here", { errno: "ENODEV" })),
      // Nearly the greatest share of each interval, and never the same number, so that ports and discriminators differ.
      random: () => 1 - ++drawn / 10_000,
      onReport: (report) => this.reports.push(report),
    });
  }

  /** The last packet of the session with that address. */
  last(remote: Ip): BfdControl {
    const sent = this.network.senders.findLast(({ from }) => from.remote === remote)?.sent.at(-1);
    if (!sent) throw new Error(`nothing was sent to ${remote}`);
    return decodeControl(sent);
  }

  /** The other side says something to the session. */
  say(session: DesiredSession, fields: Partial<BfdControl>): void {
    const { myDiscriminator } = this.last(session.remote);
    const packet: BfdControl = {
      ...this.last(session.remote),
      multiplier: 3,
      desiredMinTxUs: 100_000,
      requiredMinRxUs: 100_000,
      isPoll: false,
      myDiscriminator: 77,
      yourDiscriminator: myDiscriminator,
      ...fields,
    };
    const receiver = this.network.on(session.isMultihop ? 4784 : 3784, session.local);
    receiver.deliver(encodeControl(packet), { source: session.remote, port: 50_000 });
  }

  /** Brings a session up, with its poll answered. */
  bringUp(session: DesiredSession): void {
    this.say(session, { state: "init" });
    this.say(session, { state: "up", isFinal: true });
  }

  /** As it was reported last. */
  stateOf(session: DesiredSession): BfdReport["state"] | undefined {
    return this.reports.findLast((report) => report.session.remote === session.remote)?.state;
  }
}
