import type { TargetedStatus } from "./desired-status.ts";
import { labelValue, nameHash } from "./short-name.ts";
import type { StatusKind } from "./status-kind.ts";

/** A node that answers for a Service's addresses. */
export interface Layer2Announcer {
  readonly node: string;
  /** "all": no advertisement restricts them. */
  readonly interfaces: "all" | readonly string[];
}

/** A node that has sent a route of a Service. */
export interface BgpAnnouncer {
  readonly node: string;
  /** Names of BGPPeers whose sessions are established and were sent the route. */
  readonly peers: readonly string[];
}

/** A kind that says what a node does for a Service. */
export type ServiceStatusKind = Extract<StatusKind, `Service${"L2" | "BGP"}Status`>;

/** What a status is about. */
interface Subject {
  readonly kind: ServiceStatusKind;
  /** Herald's own. */
  readonly namespace: string;
  /** `namespace/name`. */
  readonly service: string;
}

const PREFIXES: Readonly<Record<ServiceStatusKind, string>> = { ServiceL2Status: "l2-", ServiceBGPStatus: "bgp-" };

/**
 * One ServiceL2Status for each node that answers for the Service: most often one, during a hand-over two. As in
 * MetalLB no interfaces are named where the node may use all.
 */
export function layer2Statuses(
  service: string,
  announcers: readonly Layer2Announcer[],
  namespace: string,
): TargetedStatus[] {
  return announcers.map(({ node, interfaces }) => {
    const names = interfaces === "all" ? [] : distinct(interfaces).map((name) => ({ name }));
    const subject: Subject = { kind: "ServiceL2Status", namespace, service };
    return onNode(subject, node, names.length > 0 ? { interfaces: names } : {});
  });
}

/** One ServiceBGPStatus for each node of which a router has heard; the peers of all the Service's routes, sorted. */
export function bgpStatuses(service: string, announcers: readonly BgpAnnouncer[], namespace: string): TargetedStatus[] {
  const byNode = Map.groupBy(announcers, ({ node }) => node);
  return [...byNode].flatMap(([node, routes]) => {
    const peers = distinct(routes.flatMap((route) => route.peers));
    return peers.length > 0 ? [onNode({ kind: "ServiceBGPStatus", namespace, service }, node, { peers })] : [];
  });
}

/** The name that Herald gives to the status of a Service on a node; names of other objects are not Herald's. */
export function serviceStatusName(kind: ServiceStatusKind, service: string, node: string): string {
  return `${PREFIXES[kind]}${nameHash(service, node)}`;
}

function onNode(
  { kind, namespace, service }: Subject,
  node: string,
  more: Readonly<Record<string, unknown>>,
): TargetedStatus {
  const [serviceNamespace = "", serviceName = ""] = service.split("/");
  return {
    target: { kind, namespace, name: serviceStatusName(kind, service, node) },
    labels: {
      "metallb.io/node": labelValue(node),
      "metallb.io/service-name": serviceName,
      "metallb.io/service-namespace": serviceNamespace,
    },
    status: { node, serviceName, serviceNamespace, ...more },
  };
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted();
}
