// The one place where generated protobuf types and Herald's own meet.
import {
  AckKind,
  ByeReason,
  type ConnectRequest,
  type ConnectResponse,
  HoldingState,
  ItemErrorReason,
  type Ack as ProtoAck,
  type Delta as ProtoDelta,
  type Epoch as ProtoEpoch,
  type Holding as ProtoHolding,
  type ItemError as ProtoItemError,
  type Orders as ProtoOrders,
  Role,
  SnapshotChunk,
} from "@heraldlb/api";
import type { Ack, ControllerMessage, Epoch, HoldingChange } from "@heraldlb/election";
import { type Mac, parseMac } from "@heraldlb/net";
import { bgpFromChunk, bgpFromDelta, bgpToChunk, routedFrom } from "./bgp-translate.ts";
import type {
  DefinitionChunk,
  DefinitionDelta,
  DefinitionPosition,
  ItemError,
  SavedDefinitions,
} from "./definitions.ts";
import { fromGroup, namesOf, toGroup } from "./group-translate.ts";
import type { SentStatement } from "./outgoing.ts";
import { toReport } from "./report-translate.ts";

/** What a message says beside what the ownership machine wrote. */
export interface RequestContext {
  /** How far definitions are applied. */
  readonly applied: DefinitionPosition;
  /** How long the message waited to be sent, in milliseconds. */
  readonly ageMs: number;
}

/** What a controller says. */
export type Received =
  | { readonly type: "orders"; readonly messages: readonly ControllerMessage[] }
  | { readonly type: "chunk"; readonly chunk: DefinitionChunk }
  | { readonly type: "delta"; readonly delta: DefinitionDelta }
  | { readonly type: "peers"; readonly macs: readonly Mac[] };

/** A statement as it is sent. */
export function toRequest(statement: SentStatement, context: RequestContext): ConnectRequest {
  return { message: toRequestMessage(statement, context) };
}

/** Reads a message of a controller; undefined if it is one of a later version, or makes no sense. */
export function fromResponse({ message }: ConnectResponse): Received | undefined {
  if (!message) return undefined;
  switch (message.$case) {
    case "snapshotChunk":
      return { type: "chunk", chunk: fromChunk(message.value) };
    case "delta":
      return { type: "delta", delta: fromDelta(message.value) };
    case "orders":
      return { type: "orders", messages: fromOrders(message.value) };
    case "peers":
      return { type: "peers", macs: message.value.macs.flatMap((mac) => parseMac(mac) ?? []) };
    default: {
      const order = fromOrder(message);
      return order && { type: "orders", messages: [order] };
    }
  }
}

/** Definitions in the form of the state folder's `desired.bin`: a snapshot of one chunk. */
export function encodeDefinitions(saved: SavedDefinitions): Uint8Array {
  const { position, groups, bgp = { peers: [], routes: [] }, services } = saved;
  return SnapshotChunk.encode({
    revision: position.revision,
    index: 0,
    last: true,
    groups: groups.map((group) => toGroup(group, services)),
    revisionHolder: position.holder,
    ...bgpToChunk(bgp, services?.routed),
  }).finish();
}

/** Reads what `encodeDefinitions` wrote. Throws if it is anything else. */
export function decodeDefinitions(bytes: Uint8Array): SavedDefinitions {
  const { revision, holder, last, groups, bgp, routed = [] } = fromChunk(SnapshotChunk.decode(bytes));
  if (!last) throw new Error("not a complete snapshot");
  return {
    position: { revision, holder },
    groups: groups.flatMap((item) => (item.type === "group" ? [item.group] : [])),
    ...(bgp && { bgp: bgp.items }),
    services: { ofAddresses: new Map(groups.flatMap(namesOf)), routed },
  };
}

const HOLDING_STATES = {
  none: HoldingState.UNSPECIFIED,
  verify: HoldingState.VERIFY,
  owner: HoldingState.OWNER,
  leaving: HoldingState.LEAVING,
  yielded: HoldingState.YIELDED,
} as const;

const ACK_KINDS = {
  assign: AckKind.ASSIGN,
  leave: AckKind.LEAVE,
  revoke: AckKind.REVOKE,
  stale: AckKind.STALE,
} as const;

const BYE_REASONS = {
  lostController: ByeReason.LOST_CONTROLLER,
  shutdown: ByeReason.SHUTDOWN,
  replaced: ByeReason.REPLACED,
} as const;

const ITEM_ERROR_REASONS = {
  invalidGroup: ItemErrorReason.INVALID_GROUP,
  unknownGroup: ItemErrorReason.UNKNOWN_GROUP,
  noInterface: ItemErrorReason.NO_INTERFACE,
  wire: ItemErrorReason.WIRE,
} as const;

function toRequestMessage(message: SentStatement, { applied, ageMs }: RequestContext): ConnectRequest["message"] {
  switch (message.type) {
    case "hello": {
      const { type: _, startedAt, stamp, maxTerm, holdingsRev, holdings, links, ...rest } = message;
      const value = {
        ...rest,
        startedAtMs: BigInt(Math.round(startedAt)),
        stamp: toStamp(stamp),
        maxTerm: BigInt(maxTerm),
        holdingsRevision: BigInt(holdingsRev),
        holdings: holdings.map(toHolding),
        links: [...links],
        appliedRevision: applied.revision,
        revisionHolder: applied.holder,
      };
      return { $case: "hello", value };
    }
    case "heartbeat": {
      const { stamp, maxTerm, termHolder, holdingsRev, workerAge } = message;
      const value = {
        stamp: toStamp(stamp),
        maxTerm: BigInt(maxTerm),
        termHolder,
        holdingsRevision: BigInt(holdingsRev),
        workerAgeMs: Math.round(workerAge + ageMs),
      };
      return { $case: "heartbeat", value };
    }
    case "holdings":
      return {
        $case: "holdings",
        value: { revision: BigInt(message.rev), changed: message.changed.map(toHolding) },
      };
    case "links":
      return { $case: "links", value: { links: [...message.links] } };
    case "acks": {
      const [only, ...others] = message.acks.map(toAck);
      if (only && others.length === 0) return { $case: "ack", value: only };
      return { $case: "acks", value: { acks: message.acks.map(toAck) } };
    }
    case "bye":
      return { $case: "bye", value: { reason: BYE_REASONS[message.reason] } };
    case "drain":
      return { $case: "drain", value: {} };
    case "report":
      return { $case: "report", value: toReport(message) };
    case "applied": {
      const { position, errors } = message;
      return { $case: "applied", value: { revision: position.revision, errors: errors.map(toItemError) } };
    }
  }
}

type ResponseMessage = NonNullable<ConnectResponse["message"]>;
type OrderMessage = Exclude<ResponseMessage, { $case: "snapshotChunk" | "delta" | "orders" | "peers" }>;

const ORDER_TYPES: { readonly [K in AckKind]?: "assign" | "leave" | "revoke" } = {
  [AckKind.ASSIGN]: "assign",
  [AckKind.LEAVE]: "leave",
  [AckKind.REVOKE]: "revoke",
};

function fromOrders({ term, echo, orders }: ProtoOrders): ControllerMessage[] {
  const common = { term: Number(term), echo: fromStamp(echo) };
  return orders.flatMap(({ kind, group, counter }): ControllerMessage[] => {
    const type = ORDER_TYPES[kind];
    if (!type) return [];
    return [{ type, group, epoch: { term: common.term, counter: Number(counter) }, echo: common.echo }];
  });
}

function fromOrder(message: OrderMessage): ControllerMessage | undefined {
  switch (message.$case) {
    case "reply": {
      const { role, term, holder, firm, intervalMs, detectionMs, echo } = message.value;
      return {
        type: "reply",
        role: role === Role.LEADER ? "leader" : "standby",
        term: Number(term),
        holder,
        firm,
        intervalMs,
        detectionMs,
        echo: fromStamp(echo),
      };
    }
    case "assign":
    case "leave": {
      const { group, epoch, echo } = message.value;
      return epoch && { type: message.$case, group, epoch: fromEpoch(epoch), echo: fromStamp(echo) };
    }
    case "revoke": {
      const { group, epoch } = message.value;
      return epoch && { type: "revoke", group, epoch: fromEpoch(epoch) };
    }
    case "drained":
      return { type: "drained" };
    default:
      return undefined;
  }
}

function fromChunk(chunk: SnapshotChunk): DefinitionChunk {
  const { revision, revisionHolder: holder, index, last, groups } = chunk;
  const routed = routedFrom(chunk.bgpServices);
  return { revision, holder, index, last, groups: groups.map(fromGroup), bgp: bgpFromChunk(chunk), routed };
}

function fromDelta(delta: ProtoDelta): DefinitionDelta {
  const { baseRevision, revision, changed, removed, changedBgpServices, removedBgpServices } = delta;
  const isSame = changedBgpServices.length + removedBgpServices.length === 0;
  const routed = isSame ? undefined : { changed: routedFrom(changedBgpServices), removed: removedBgpServices };
  return { baseRevision, revision, changed: changed.map(fromGroup), removed, bgp: bgpFromDelta(delta), routed };
}

const toHolding = ({ group, epoch, state, conflictMac }: HoldingChange): ProtoHolding => ({
  group,
  epoch: toEpoch(epoch),
  state: HOLDING_STATES[state],
  conflictMac,
});

const toAck = ({ kind, group, epoch }: Ack): ProtoAck => ({ kind: ACK_KINDS[kind], group, epoch: toEpoch(epoch) });

const toItemError = ({ group, reason, message }: ItemError): ProtoItemError => ({
  group,
  reason: ITEM_ERROR_REASONS[reason],
  message,
});

const toEpoch = ({ term, counter }: Epoch): ProtoEpoch => ({ term: BigInt(term), counter: BigInt(counter) });
const fromEpoch = ({ term, counter }: ProtoEpoch): Epoch => ({ term: Number(term), counter: Number(counter) });

// Stamps are fractions of milliseconds on this side and whole microseconds on the wire.
const toStamp = (ms: number): bigint => BigInt(Math.floor(ms * 1_000));
const fromStamp = (stamp: bigint): number => Number(stamp) / 1_000;
