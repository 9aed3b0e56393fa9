import {
  AckKind,
  type Ack as ApiAck,
  type BgpPeer as ApiBgpPeer,
  type BgpRoute as ApiBgpRoute,
  type Bye as ApiBye,
  type Epoch as ApiEpoch,
  type Group as ApiGroup,
  type Hello as ApiHello,
  type Holding as ApiHolding,
  type Link as ApiLink,
  ByeReason,
  type ConnectRequest,
  type Encoded,
  encodeResponse,
  HoldingState,
  ItemErrorReason,
  Role,
  StreamError,
} from "@heraldlb/api";
import {
  type Ack,
  type ControllerMessage,
  type Epoch,
  type Holding,
  type HoldingChange,
  type Link,
  NO_EPOCH,
  type SpeakerMessage,
} from "@heraldlb/election";
import { parseMac, ZERO_MAC } from "@heraldlb/net";
import { apiBgpPeer, apiBgpRoute } from "./bgp-messages.ts";
import type { Definition, DefinitionKey, GroupDefinition } from "./definitions.ts";
import type { Order } from "./order-window.ts";

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

/** What is on the wire at one speaker: only what changed. */
interface Report {
  readonly type: "report";
  readonly groups: readonly { readonly group: string; readonly interfaces: readonly string[] }[];
  readonly conflicts: readonly Conflict[];
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
      return { type: "report", ...message.value };
  }
}

/** The bytes of a message of the ownership protocol that is no order. */
export function encodeMessage(message: Exclude<ControllerMessage, Order>): Encoded {
  if (message.type === "drained") return encodeResponse({ message: { $case: "drained", value: {} } });
  const { type: _, role, term, echo, ...rest } = message;
  const value = { ...rest, role: ROLES[role], term: BigInt(term), echo: BigInt(echo) };
  return encodeResponse({ message: { $case: "reply", value } });
}

/** What orders that travel together have in common: the term, and the last stamp heard of whom they are for. */
export interface OrderContext {
  readonly term: number;
  readonly stamp: number;
}

/** The bytes of orders. */
export function encodeOrders(orders: readonly Order[], { term, stamp }: OrderContext): Encoded {
  const echo = BigInt(stamp);
  const [only] = orders;
  if (only && orders.length === 1) {
    const { type, group, epoch } = only;
    if (type === "revoke")
      return encodeResponse({ message: { $case: type, value: { group, epoch: apiEpoch(epoch) } } });
    return encodeResponse({ message: { $case: type, value: { group, epoch: apiEpoch(epoch), echo } } });
  }
  const items = orders.map(({ type, group, epoch }) => ({ kind: KINDS[type], group, counter: BigInt(epoch.counter) }));
  return encodeResponse({ message: { $case: "orders", value: { term: BigInt(term), echo, orders: items } } });
}

/** A part of a snapshot. */
export interface Chunk {
  readonly revision: number;
  readonly index: number;
  readonly last: boolean;
  readonly definitions: readonly Definition[];
  /** The controller process that numbers the revisions. */
  readonly holder: string;
}

/** The bytes of a part of a snapshot. */
export function encodeChunk({ revision, index, last, definitions, holder }: Chunk): Encoded {
  const { groups, peers: bgpPeers, routes: bgpRoutes } = sort(definitions);
  const value = { revision: BigInt(revision), index, last, groups, revisionHolder: holder, bgpPeers, bgpRoutes };
  return encodeResponse({ message: { $case: "snapshotChunk", value } });
}

/** Changed definitions, complete for whoever has `base`. */
export interface DeltaPart {
  readonly base: number;
  readonly revision: number;
  readonly changed: readonly Definition[];
  readonly removed: readonly DefinitionKey[];
}

/** The bytes of changed definitions. */
export function encodeDelta({ base, revision, changed, removed }: DeltaPart): Encoded {
  const { groups, peers, routes } = sort(changed);
  const gone = (kind: DefinitionKey["type"]) => removed.filter(({ type }) => type === kind).map(({ id }) => id);
  const value = {
    baseRevision: BigInt(base),
    revision: BigInt(revision),
    changed: groups,
    removed: gone("group"),
    changedBgpPeers: peers,
    removedBgpPeers: gone("peer"),
    changedBgpRoutes: routes,
    removedBgpRoutes: gone("route"),
  };
  return encodeResponse({ message: { $case: "delta", value } });
}

const ROLES = { leader: Role.LEADER, standby: Role.STANDBY } as const;

const KINDS = { assign: AckKind.ASSIGN, leave: AckKind.LEAVE, revoke: AckKind.REVOKE } as const;

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

const apiEpoch = ({ term, counter }: Epoch): ApiEpoch => ({ term: BigInt(term), counter: BigInt(counter) });

function sort(definitions: readonly Definition[]): Sorted {
  const [groups, peers, routes]: [ApiGroup[], ApiBgpPeer[], ApiBgpRoute[]] = [[], [], []];
  for (const definition of definitions) {
    if (definition.type === "group") groups.push(apiGroup(definition));
    else if (definition.type === "peer") peers.push(apiBgpPeer(definition));
    else routes.push(apiBgpRoute(definition));
  }
  return { groups, peers, routes };
}

interface Sorted {
  readonly groups: readonly ApiGroup[];
  readonly peers: readonly ApiBgpPeer[];
  readonly routes: readonly ApiBgpRoute[];
}

function apiGroup({ id, addresses, interfaces }: GroupDefinition): ApiGroup {
  const where = interfaces === "all" ? { allInterfaces: true, interfaces: [] } : { allInterfaces: false, interfaces };
  return { id, addresses: addresses.map((address) => ({ address, ...where })) };
}

function toNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new StreamError("invalidArgument", `a number that is too large: ${value}`);
  return number;
}
