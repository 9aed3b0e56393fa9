// Where generated protobuf types of routers and routes meet Herald's own.
import {
  type Delta,
  DynamicAsn,
  type BfdProfile as ProtoBfdProfile,
  type BgpPeer as ProtoPeer,
  type BgpRoute as ProtoRoute,
  type BgpService as ProtoService,
  type SnapshotChunk,
} from "@heraldlb/api";
import { type Ip, parseIp, parseIpv4, parsePrefix } from "@heraldlb/net";
import type { BfdProfile } from "./bfd/desired-session.ts";
import type { BgpRoute } from "./bgp/desired.ts";
import { type NodeBgp, type NodeChange, type NodePeer, peerLabel, routeLabel } from "./bgp-definitions.ts";
import type { ItemError, ReceivedBgp } from "./definitions.ts";
import type { RoutedService } from "./service-names.ts";

// So many bytes per second for each of a node's endpoints: only ratios count.
const BYTES_AN_ENDPOINT = 125_000;

/** Routers and routes of a part of a snapshot; undefined if there are none. */
export function bgpFromChunk({ bgpPeers, bgpRoutes }: SnapshotChunk): ReceivedBgp<NodeBgp> | undefined {
  if (bgpPeers.length === 0 && bgpRoutes.length === 0) return undefined;
  const errors: ItemError[] = [];
  return { items: read(bgpPeers, bgpRoutes, errors), errors };
}

/** Changed routers and routes; undefined if there are none. */
export function bgpFromDelta(delta: Delta): ReceivedBgp<readonly NodeChange[]> | undefined {
  const errors: ItemError[] = [];
  const { peers, routes } = read(delta.changedBgpPeers, delta.changedBgpRoutes, errors);
  const items: NodeChange[] = [
    ...delta.removedBgpRoutes.map((id) => ({ type: "routeGone", id }) as const),
    ...routes.map((route) => ({ type: "route", route }) as const),
    ...delta.removedBgpPeers.map((name) => ({ type: "peerGone", name }) as const),
    ...peers.map((peer) => ({ type: "peer", peer }) as const),
  ];
  return items.length > 0 || errors.length > 0 ? { items, errors } : undefined;
}

function read(peers: readonly ProtoPeer[], routes: readonly ProtoRoute[], errors: ItemError[]): NodeBgp {
  return {
    peers: peers.flatMap((peer) => keep(fromPeer(peer), errors)),
    routes: routes.flatMap((route) => keep(fromRoute(route), errors)),
  };
}

function keep<T>(read: T | ItemError, errors: ItemError[]): readonly T[] {
  if (!isError(read)) return [read];
  errors.push(read);
  return [];
}

const isError = <T>(read: T | ItemError): read is ItemError =>
  typeof read === "object" && read !== null && "reason" in read;

function invalid(group: string, message: string): ItemError {
  return { group, reason: "invalidGroup", message };
}

function fromPeer(peer: ProtoPeer): NodePeer | ItemError {
  const { name, port, asn, peerAsn, dynamicAsn, holdSeconds, keepaliveSeconds, connectRetrySeconds } = peer;
  const fail = (message: string) => invalid(peerLabel(name), message);
  if (name === "") return fail("a router without a name");
  const address = optionalIp(peer.address);
  const sourceAddress = optionalIp(peer.sourceAddress);
  if (address === "wrong" || sourceAddress === "wrong") return fail("not an address");
  if (!address && peer.interface === "") return fail("a router without address and interface");
  const asns = { [DynamicAsn.INTERNAL]: "internal", [DynamicAsn.EXTERNAL]: "external" } as const;
  const dynamic = dynamicAsn === DynamicAsn.INTERNAL || dynamicAsn === DynamicAsn.EXTERNAL;
  const bgp = {
    name,
    address,
    interface: peer.interface || undefined,
    port,
    asn,
    peerAsn: dynamic ? asns[dynamicAsn] : peerAsn,
    sourceAddress,
    routerId: parseIpv4(peer.routerId),
    holdSeconds,
    keepaliveSeconds,
    connectRetrySeconds: connectRetrySeconds || undefined,
    password: peer.password || undefined,
    vrf: peer.vrf || undefined,
    isMultiHop: peer.multiHop,
    ttlSecurityHops: peer.ttlSecurityHops || undefined,
    isDualStack: peer.dualStack,
    hasGracefulRestart: peer.gracefulRestart,
    hasAddPath: peer.addPath,
  };
  return { bgp, bfd: peer.bfd && fromBfdProfile(peer.bfd), gracefulShutdownMs: peer.gracefulShutdownMs };
}

function optionalIp(text: string): Ip | "wrong" | undefined {
  return text === "" ? undefined : (parseIp(text) ?? "wrong");
}

function fromBfdProfile({ passive, echoIntervalMs, ...profile }: ProtoBfdProfile): BfdProfile {
  return { ...profile, echoIntervalMs: echoIntervalMs || undefined, isPassive: passive };
}

function fromRoute(route: ProtoRoute): BgpRoute | ItemError {
  const { id, peers, localPref, med, communities, largeCommunities, prepend, weight } = route;
  const prefix = parsePrefix(route.prefix);
  if (id === "" || !prefix) return invalid(routeLabel(id), `not a prefix: ${route.prefix}`);
  const attributes = {
    localPref: localPref || undefined,
    med,
    communities,
    largeCommunities: largeCommunities.map(({ globalAdministrator, localData1, localData2 }) => {
      return { administrator: globalAdministrator, local1: localData1, local2: localData2 };
    }),
    prepend,
    linkBandwidth: weight > 0 ? weight * BYTES_AN_ENDPOINT : undefined,
  };
  return { id, prefix, peers: peers.length > 0 ? peers : undefined, attributes };
}

/** The Services that routes are for. What is no address is left out: metrics alone would tell it. */
export const routedFrom = (services: readonly ProtoService[]): RoutedService[] =>
  services.map(({ name, addresses, routes }) => ({
    name,
    // In no longer lists than need be: they are kept.
    addresses: addresses.flatMap((text) => parseIp(text) ?? []).slice(),
    routes: routes.slice(),
  }));

/** Routers, routes and whom these are for, in the form of a snapshot, for the state folder. */
export function bgpToChunk(
  { peers, routes }: NodeBgp,
  services: readonly RoutedService[] = [],
): Pick<SnapshotChunk, "bgpPeers" | "bgpRoutes" | "bgpServices"> {
  return { bgpPeers: peers.map(toPeer), bgpRoutes: routes.map(toRoute), bgpServices: services };
}

function toPeer({ bgp, bfd, gracefulShutdownMs }: NodePeer): ProtoPeer {
  const { peerAsn } = bgp;
  const asns = { internal: DynamicAsn.INTERNAL, external: DynamicAsn.EXTERNAL } as const;
  return {
    name: bgp.name,
    address: bgp.address ?? "",
    interface: bgp.interface ?? "",
    port: bgp.port,
    asn: bgp.asn,
    peerAsn: typeof peerAsn === "number" ? peerAsn : 0,
    dynamicAsn: typeof peerAsn === "number" ? DynamicAsn.UNSPECIFIED : asns[peerAsn],
    sourceAddress: bgp.sourceAddress ?? "",
    routerId: bgp.routerId ?? "",
    holdSeconds: bgp.holdSeconds,
    keepaliveSeconds: bgp.keepaliveSeconds,
    connectRetrySeconds: bgp.connectRetrySeconds ?? 0,
    password: bgp.password ?? "",
    vrf: bgp.vrf ?? "",
    multiHop: bgp.isMultiHop ?? false,
    ttlSecurityHops: bgp.ttlSecurityHops ?? 0,
    dualStack: bgp.isDualStack ?? false,
    gracefulRestart: bgp.hasGracefulRestart ?? false,
    addPath: bgp.hasAddPath ?? false,
    gracefulShutdownMs,
    bfd: bfd && toBfdProfile(bfd),
  };
}

function toBfdProfile({ isPassive, echoIntervalMs = 0, ...profile }: BfdProfile): ProtoBfdProfile {
  return { ...profile, echoIntervalMs, passive: isPassive };
}

function toRoute({ id, prefix, peers = [], attributes }: BgpRoute): ProtoRoute {
  const {
    localPref = 0,
    med = 0,
    communities = [],
    largeCommunities = [],
    prepend = 0,
    linkBandwidth = 0,
  } = attributes;
  return {
    ...{ id, prefix, peers, localPref, med, communities, prepend, weight: linkBandwidth / BYTES_AN_ENDPOINT },
    largeCommunities: largeCommunities.map(({ administrator, local1, local2 }) => {
      return { globalAdministrator: administrator, localData1: local1, localData2: local2 };
    }),
  };
}
