import {
  AckKind,
  type Ack as ApiAck,
  type Bye as ApiBye,
  type Epoch as ApiEpoch,
  type Hello as ApiHello,
  type Holding as ApiHolding,
  type Link as ApiLink,
  type Report as ApiReport,
  BgpSessionState,
  ByeReason,
  type ConnectRequest,
  HoldingState,
  ItemErrorReason,
  StreamError,
} from "@heraldlb/api";
import {
  type Ack,
  type Epoch,
  type Holding,
  type HoldingChange,
  type Link,
  NO_EPOCH,
  type SpeakerMessage,
} from "@heraldlb/election";
import { parseMac, ZERO_MAC } from "@heraldlb/net";

/** Definitions that a speaker has applied, and the items that it could not. */
interface Applied {
  readonly type: "applied";
  readonly revision: number;
  readonly errors: readonly AppliedError[];
}

/** One item that a speaker could not apply. */
export interface AppliedError {
  readonly group: string;
  readonly reason: "unknownGroup" | "invalidGroup" | "noInterface" | "wire" | "unknown";
  readonly message: string;
}

/** What is on the wire at one speaker: what changed, or a part of all there is. */
export interface Report {
  readonly type: "report";
  /** Without interfaces: it does not answer. */
  readonly groups: readonly { readonly group: string; readonly interfaces: readonly string[] }[];
  readonly conflicts: readonly Conflict[];
  /** Its sessions with routers. `gone`: there is none any more. */
  readonly peers: readonly {
    readonly name: string;
    readonly state: "down" | "established" | "gone";
    readonly reason: string;
  }[];
  /** Which routers hear of a route. Without: none. */
  readonly routes: readonly { readonly route: string; readonly peers: readonly string[] }[];
  /** A part of all there is. The first report that is none ends it. */
  readonly complete: boolean;
}

/** Another host claims an address that a speaker answers for. */
interface Conflict {
  readonly group: string;
  readonly address: string;
  readonly interface: string;
  readonly mac: string;
}

/** A hello as it comes: the machine's part, and which definitions the speaker has. */
export interface Greeting {
  readonly type: "greeting";
  readonly hello: Extract<SpeakerMessage, { type: "hello" }>;
  readonly appliedRevision: number;
  readonly revisionHolder: string;
}

/** Orders are in force. */
interface Acks {
  readonly type: "acks";
  readonly acks: readonly Ack[];
}

/** What a speaker says. */
export type Request = Greeting | Exclude<SpeakerMessage, { type: "hello" | "ack" }> | Acks | Applied | Report;

/**
 * Understands a speaker's message; undefined for one of a later version.
 *
 * @throws StreamError `invalidArgument` for a message that makes no sense
 */
export function fromRequest({ message }: ConnectRequest): Request | undefined {
  switch (message?.$case) {
    case undefined:
      return undefined;
    case "hello":
      return greeting(message.value);
    case "heartbeat": {
      const { stamp, maxTerm, termHolder, holdingsRevision, workerAgeMs } = message.value;
      return {
        type: "heartbeat",
        stamp: toNumber(stamp),
        maxTerm: toNumber(maxTerm),
        termHolder,
        holdingsRev: toNumber(holdingsRevision),
        workerAge: workerAgeMs,
      };
    }
    case "holdings":
      return {
        type: "holdings",
        rev: toNumber(message.value.revision),
        changed: message.value.changed.map(holdingChange),
      };
    case "links":
      return { type: "links", links: message.value.links.map(link) };
    case "ack":
      return { type: "acks", acks: acks([message.value]) };
    case "acks":
      return { type: "acks", acks: acks(message.value.acks) };
    case "bye":
      return { type: "bye", reason: byeReason(message.value.reason) };
    case "drain":
      return { type: "drain" };
    case "applied":
      return {
        type: "applied",
        revision: toNumber(message.value.revision),
        errors: message.value.errors.map(({ group, reason, message }) => ({ group, reason: ERRORS[reason], message })),
      };
    case "report":
      return report(message.value);
    default:
      return undefined;
  }
}

const ACKS = {
  [AckKind.ASSIGN]: "assign",
  [AckKind.LEAVE]: "leave",
  [AckKind.REVOKE]: "revoke",
  [AckKind.STALE]: "stale",
} as const;

const ERRORS: { readonly [R in ItemErrorReason]: AppliedError["reason"] } = {
  [ItemErrorReason.UNKNOWN_GROUP]: "unknownGroup",
  [ItemErrorReason.INVALID_GROUP]: "invalidGroup",
  [ItemErrorReason.NO_INTERFACE]: "noInterface",
  [ItemErrorReason.WIRE]: "wire",
  [ItemErrorReason.UNSPECIFIED]: "unknown",
  [ItemErrorReason.UNRECOGNIZED]: "unknown",
};

const STATES = {
  [HoldingState.VERIFY]: "verify",
  [HoldingState.OWNER]: "owner",
  [HoldingState.LEAVING]: "leaving",
  [HoldingState.YIELDED]: "yielded",
  [HoldingState.UNSPECIFIED]: "none",
  [HoldingState.UNRECOGNIZED]: "none",
} as const;

const SESSIONS: { readonly [S in BgpSessionState]?: Report["peers"][number]["state"] } = {
  [BgpSessionState.DOWN]: "down",
  [BgpSessionState.ESTABLISHED]: "established",
  [BgpSessionState.GONE]: "gone",
};

function greeting(hello: ApiHello): Greeting {
  return {
    type: "greeting",
    hello: {
      type: "hello",
      node: hello.node,
      instance: hello.instance,
      bootId: hello.bootId,
      startedAt: toNumber(hello.startedAtMs),
      stamp: toNumber(hello.stamp),
      maxTerm: toNumber(hello.maxTerm),
      termHolder: hello.termHolder,
      holdingsRev: toNumber(hello.holdingsRevision),
      holdings: hello.holdings.map(holdingChange).filter(isHolding),
      links: hello.links.map(link),
    },
    appliedRevision: toNumber(hello.appliedRevision),
    revisionHolder: hello.revisionHolder,
  };
}

function report({ groups, conflicts, bgpPeers, bgpRoutes, complete }: ApiReport): Report {
  const peers = bgpPeers.flatMap(({ name, state, reason }) => {
    const known = SESSIONS[state];
    return known ? [{ name, state: known, reason }] : [];
  });
  return { type: "report", groups, conflicts, peers, routes: bgpRoutes, complete };
}

function acks(received: readonly ApiAck[]): Ack[] {
  return received.flatMap(({ kind, group, epoch }): Ack[] => {
    if (kind === AckKind.UNSPECIFIED || kind === AckKind.UNRECOGNIZED) return [];
    return [{ type: "ack", kind: ACKS[kind], group, epoch: fromEpoch(epoch) }];
  });
}

function byeReason(reason: ApiBye["reason"]): Extract<SpeakerMessage, { type: "bye" }>["reason"] {
  if (reason === ByeReason.SHUTDOWN) return "shutdown";
  return reason === ByeReason.REPLACED ? "replaced" : "lostController";
}

function holdingChange({ group, epoch, state, conflictMac }: ApiHolding): HoldingChange {
  const mac = conflictMac === undefined ? undefined : parseMac(conflictMac);
  const holding = { group, epoch: fromEpoch(epoch), state: STATES[state] };
  return mac ? { ...holding, conflictMac: mac } : holding;
}

function isHolding(change: HoldingChange): change is Holding {
  return change.state !== "none";
}

function link({ name, ifindex, present, up, carrier, mac, arp, ndp }: ApiLink): Link {
  return { name, ifindex, present, up, carrier, mac: parseMac(mac) ?? ZERO_MAC, arp, ndp };
}

// Absent is what protobuf makes of an epoch of zeros at some peers.
function fromEpoch(epoch: ApiEpoch | undefined): Epoch {
  return epoch ? { term: toNumber(epoch.term), counter: toNumber(epoch.counter) } : NO_EPOCH;
}

function toNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new StreamError("invalidArgument", `a number that is too large: ${value}`);
  return number;
}
