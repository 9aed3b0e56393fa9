import {
  AckKind,
  type BgpPeer as ApiBgpPeer,
  type BgpRoute as ApiBgpRoute,
  type BgpService as ApiBgpService,
  type Epoch as ApiEpoch,
  type Group as ApiGroup,
  type Encoded,
  encodeResponse,
  Role,
} from "@heraldlb/api";
import type { ControllerMessage, Epoch } from "@heraldlb/election";
import type { Mac } from "@heraldlb/net";
import { apiBgpPeer, apiBgpRoute, apiBgpService } from "./bgp-messages.ts";
import type { Definition, DefinitionKey, GroupDefinition } from "./definitions.ts";
import type { Order } from "./order-window.ts";

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

/** The bytes of the MAC addresses of all nodes. */
export const encodePeers = (macs: readonly Mac[]): Encoded =>
  encodeResponse({ message: { $case: "peers", value: { macs } } });

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
  const { groups, peers: bgpPeers, routes: bgpRoutes, services: bgpServices } = sort(definitions);
  const position = { revision: BigInt(revision), index, last, revisionHolder: holder };
  const value = { ...position, groups, bgpPeers, bgpRoutes, bgpServices };
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
  const { groups, peers, routes, services } = sort(changed);
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
    changedBgpServices: services,
    removedBgpServices: gone("service"),
  };
  return encodeResponse({ message: { $case: "delta", value } });
}

const ROLES = { leader: Role.LEADER, standby: Role.STANDBY } as const;

const KINDS = { assign: AckKind.ASSIGN, leave: AckKind.LEAVE, revoke: AckKind.REVOKE } as const;

const apiEpoch = ({ term, counter }: Epoch): ApiEpoch => ({ term: BigInt(term), counter: BigInt(counter) });

function sort(definitions: readonly Definition[]): Sorted {
  const groups: ApiGroup[] = [];
  const peers: ApiBgpPeer[] = [];
  const routes: ApiBgpRoute[] = [];
  const services: ApiBgpService[] = [];
  for (const definition of definitions) {
    if (definition.type === "group") groups.push(apiGroup(definition));
    else if (definition.type === "peer") peers.push(apiBgpPeer(definition));
    else if (definition.type === "route") routes.push(apiBgpRoute(definition));
    else services.push(apiBgpService(definition));
  }
  return { groups, peers, routes, services };
}

interface Sorted {
  readonly groups: readonly ApiGroup[];
  readonly peers: readonly ApiBgpPeer[];
  readonly routes: readonly ApiBgpRoute[];
  readonly services: readonly ApiBgpService[];
}

function apiGroup({ id, addresses, holders, interfaces, refreshMs = 0 }: GroupDefinition): ApiGroup {
  const where = interfaces === "all" ? { allInterfaces: true, interfaces: [] } : { allInterfaces: false, interfaces };
  return {
    id,
    addresses: addresses.map((address, i) => ({ address, ...where, services: holders?.[i] ?? [] })),
    refreshMs,
  };
}
