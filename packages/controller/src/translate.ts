import type { AnnouncedService, Endpoint, Layer2Advertisement, Layer2World } from "@heraldlb/announce";
import {
  backendKey,
  type EndpointSlice,
  heraldSetting,
  type IpAddressPool,
  type L2Advertisement,
  poolNamespaces,
  poolRanges,
  poolSettings,
  readResource,
  toSelector,
} from "@heraldlb/config";
import { type PoolInput, type PoolSet, parseServiceIp, type ServiceInput } from "@heraldlb/ipam";
import type { Family, Ip } from "@heraldlb/net";
import type { KnownService, World } from "./world.ts";

/** What is remembered of the addresses that a Service was given. */
export interface Memory {
  readonly addresses: readonly Ip[];
  /** Empty if unknown. */
  readonly pool: string;
  /** Only the Service's manifest says so. */
  readonly isHearsay?: boolean | undefined;
}

const FAMILIES: Readonly<Record<"IPv4" | "IPv6", Family>> = { IPv4: "ipv4", IPv6: "ipv6" };

/** The pools as the allocator sees them. */
export function poolSet(world: World): PoolSet {
  return { pools: [...world.pools].map((pool) => poolInput(pool, world)), setAside: world.poolSetAside };
}

function poolInput(pool: IpAddressPool, world: World): PoolInput {
  const { autoAssign, avoidBuggyIPs, serviceAllocation } = pool.spec;
  const input: PoolInput = {
    name: pool.metadata.name,
    ranges: poolRanges(pool),
    autoAssign,
    avoidBuggyIps: avoidBuggyIPs,
    ...poolSettings(pool),
  };
  if (!serviceAllocation) return input;
  const allocation = {
    priority: serviceAllocation.priority,
    namespaces: poolNamespaces(pool, world.namespaces),
    serviceSelectors: serviceAllocation.serviceSelectors.map(toSelector),
  };
  return { ...input, allocation };
}

/** A Service as the allocator sees it, with the addresses that it is known to have. */
export function serviceInput({ service, request, origin, unclear }: KnownService, memory: Memory): ServiceInput {
  const { metadata, spec } = service;
  const created = Date.parse(metadata.creationTimestamp ?? "");
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    namespace: metadata.namespace,
    labels: metadata.labels,
    clusterIps: clusterIps(spec),
    ipFamilies: spec.ipFamilies.map((family) => FAMILIES[family]),
    ipFamilyPolicy: spec.ipFamilyPolicy,
    requestedPool: request.pool,
    requestedIps: request.loadBalancerIps,
    loadBalancerIp: spec.loadBalancerIP,
    sharingKey: request.sharingKey,
    backendKey: backendKey(service),
    ports: spec.ports,
    assigned: memory.addresses,
    isHearsay: memory.isHearsay,
    assignedPool: memory.pool,
    reassign: request.reassign,
    unclear,
    createdAt: Number.isNaN(created) ? undefined : created,
    position: `${origin.file ?? ""} ${String(origin.position ?? 0).padStart(6, "0")}`,
  };
}

/** What the Service's own manifest says it was given. */
export function writtenMemory({ service, request }: KnownService): Memory {
  const addresses = parseAddresses(service.status.loadBalancer.ingress.map(({ ip = "" }) => ip));
  return { addresses, pool: request.allocatedFromPool, isHearsay: true };
}

/** The addresses among the texts of a status. */
export function parseAddresses(texts: readonly string[]): Ip[] {
  return texts.map(parseServiceIp).filter((address) => address !== undefined);
}

/** What decides about nodes, as announcing sees it. */
export function layer2World(world: World, ignoreExcludeLabel: boolean): Layer2World {
  return {
    advertisements: [...world.advertisements].map(layer2Advertisement),
    pools: world.announcedPools,
    nodes: world.nodes(),
    ignoreExcludeLabel,
  };
}

/**
 * A Service with addresses from a pool, as announcing sees it, and no more than announcing looks at: many Services look
 * alike then. `looksAtLabels`: some advertisement selects Services.
 */
export function announcedService(
  world: World,
  key: string,
  { pool, looksAtLabels }: { readonly pool: string; readonly looksAtLabels: boolean },
): AnnouncedService | undefined {
  const known = world.service(key);
  if (!known) return undefined;
  const { metadata, spec } = known.service;
  return {
    key,
    labels: looksAtLabels ? metadata.labels : {},
    pool,
    externalTrafficPolicy: spec.externalTrafficPolicy,
    sharingRequested: known.request.sharingRequested,
    endpoints: endpoints(world.endpointSlices(key), spec.externalTrafficPolicy),
    refreshMs: heraldSetting(metadata.annotations, "heraldlb.io/refresh"),
  };
}

function clusterIps({ clusterIPs, clusterIP }: KnownService["service"]["spec"]): readonly string[] | undefined {
  if (clusterIPs.length > 0) return clusterIPs;
  return clusterIP ? [clusterIP] : undefined;
}

// Where it came from, to be stored with what it announced last.
const sources = new WeakMap<Layer2Advertisement, L2Advertisement>();

/** An advertisement as announcing sees it. */
export function layer2Advertisement(resource: L2Advertisement): Layer2Advertisement {
  const { metadata, spec } = resource;
  const advertisement = {
    name: metadata.name,
    pools: spec.ipAddressPools,
    poolSelectors: spec.ipAddressPoolSelectors.map(toSelector),
    nodeSelectors: spec.nodeSelectors.map(toSelector),
    serviceSelectors: spec.serviceSelectors.map(toSelector),
    interfaces: spec.interfaces,
    preferredNodes: spec.preferredNodeSelectors.map(({ weight, preference }) => ({
      weight,
      selector: toSelector(preference),
    })),
    refreshMs: heraldSetting(metadata.annotations, "heraldlb.io/refresh"),
  };
  sources.set(advertisement, resource);
  return advertisement;
}

/** Manifests of advertisements as `layer2Advertisement` made them. */
export function advertisementManifests(advertisements: readonly Layer2Advertisement[]): readonly unknown[] {
  return advertisements.flatMap((advertisement): unknown[] => {
    const source = sources.get(advertisement);
    if (!source) return [];
    const { apiVersion, kind, spec } = source;
    const { name, namespace, annotations } = source.metadata;
    return [{ apiVersion, kind, metadata: { name, namespace, annotations }, spec }];
  });
}

/** The advertisements of these manifests, as far as they are right. */
export function advertisementsOf(manifests: readonly unknown[]): readonly Layer2Advertisement[] {
  return manifests.flatMap((manifest) => {
    const outcome = readResource(manifest, { defaultNamespace: "default" });
    const isRight = outcome.type === "resource" && outcome.resource.kind === "L2Advertisement";
    return isRight ? [layer2Advertisement(outcome.resource as L2Advertisement)] : [];
  });
}

/** Endpoints that differ; with the policy `Cluster` it does not matter where they are. */
function endpoints(slices: Iterable<EndpointSlice>, policy: "Cluster" | "Local"): readonly Endpoint[] {
  const distinct = new Map<string, Endpoint>();
  for (const slice of slices) {
    for (const { nodeName, conditions } of slice.endpoints) {
      const { ready, serving } = conditions;
      const node = policy === "Local" ? nodeName : undefined;
      distinct.set(`${node} ${ready} ${serving}`, { node, ready, serving });
    }
  }
  return Array.from(distinct.keys().toArray().sort(), (key) => distinct.get(key) as Endpoint);
}
