import {
  backendKey,
  type Configuration,
  type IpAddressPool,
  type ObjectProblem,
  objectId,
  poolRanges,
  requestPath,
  type Service,
  serviceRequest,
} from "@heraldlb/config";
import {
  Allocator,
  type PoolInput,
  parseServiceIp,
  type Refusal,
  type RefusalReason,
  type ServiceInput,
} from "@heraldlb/ipam";

/** What is wrong with what a Service asks for; the fix stands behind the semicolon. */
export type RequestProblem = Omit<ObjectProblem, "code"> & { readonly code: RefusalReason };

/** What no other object can put right. */
const ERRORS: ReadonlySet<RefusalReason> = new Set(["invalidRequest", "conflictingRequests"]);

const FIXES: { readonly [R in RefusalReason]?: (pools: string) => string } = {
  invalidRequest: () => "write one address, or one of each family with a comma between them",
  conflictingRequests: () => "use one of the two",
  unknownPool: (pools) => `ask for a pool that there is: ${pools}`,
  addressOutsidePools: (pools) => `ask for addresses of one pool: ${pools}`,
  requestedPoolMismatch: () => "ask for an address of the pool, or for its pool",
  addressInUse: () => "ask for another one, or share it with the same key, policy and selector",
  portInUse: () => "ask for another one, or use another port",
};

const MOST_POOLS = 5;

/**
 * What the allocator would say of the addresses and pools that Services without a class ask for. Of pools nothing is said
 * if there are none, or one is wrong: there may be others elsewhere.
 */
export function requestProblems({ inForce, poolSetAside }: Configuration): RequestProblem[] {
  const pools: PoolInput[] = [];
  const askers = new Map<string, { readonly service: Service; readonly origin: ObjectProblem["origin"] }>();
  const inputs: ServiceInput[] = [];
  for (const { resource, origin, unclear } of inForce.values()) {
    if (resource.kind === "IPAddressPool") pools.push(poolInput(resource));
    if (resource.kind !== "Service" || unclear !== undefined || !isOurs(resource)) continue;
    const input = serviceInput(resource, askers.size);
    if (!input.requestedIps && !input.loadBalancerIp && !input.requestedPool) continue;
    askers.set(input.key, { service: resource, origin });
    inputs.push(input);
  }
  const names = pools.slice(0, MOST_POOLS).map(({ name }) => name);
  const knowsPools = pools.length > 0 && !poolSetAside;
  const allocator = new Allocator({ onStranded: "keep" });
  const services = inputs.map((service) => ({ type: "service", service }) as const);
  const actions = allocator.apply([{ type: "pools", set: { pools, setAside: poolSetAside } }, ...services], 0);
  return actions.flatMap((action): RequestProblem[] => {
    const asker = askers.get(action.service);
    if (action.type !== "refuse" || !asker || !(knowsPools || ERRORS.has(action.reason))) return [];
    const told = describe(asker.service, action, names.join(", "));
    return told ? [{ ...told, id: objectId(asker.service), origin: asker.origin }] : [];
  });
}

/** Undefined: it is no fault of the request. */
function describe(
  service: Service,
  { reason: code, message }: Refusal,
  pools: string,
): Omit<RequestProblem, "id" | "origin"> | undefined {
  const fix = FIXES[code]?.(pools);
  if (fix === undefined) return undefined;
  const path = requestPath(service, code === "unknownPool" ? "address-pool" : "loadBalancerIPs");
  const severity = ERRORS.has(code) ? "error" : "warning";
  return { severity, path: path ?? "spec.loadBalancerIP", code, message: `${message}; ${fix}` };
}

/** Of a class nobody can say here whose it is. */
function isOurs({ spec: { type, loadBalancerClass } }: Service): boolean {
  return type === "LoadBalancer" && !loadBalancerClass;
}

/** To whom it is pinned, Namespaces say that may not be given. */
function poolInput(pool: IpAddressPool): PoolInput {
  const { autoAssign, avoidBuggyIPs } = pool.spec;
  return { name: pool.metadata.name, ranges: poolRanges(pool), autoAssign, avoidBuggyIps: avoidBuggyIPs };
}

/** The Service, with the families that it asks for: which it has, a cluster says. */
function serviceInput(service: Service, position: number): ServiceInput {
  const { metadata, spec } = service;
  const { pool, loadBalancerIps, sharingKey } = serviceRequest(service);
  const texts = (loadBalancerIps || spec.loadBalancerIP).split(",");
  const requested = texts.map((text) => parseServiceIp(text.trim())).filter((address) => address !== undefined);
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    ...{ namespace: metadata.namespace, labels: metadata.labels },
    clusterIps: undefined,
    ipFamilies: requested.map((address) => (address.includes(":") ? "ipv6" : "ipv4")),
    ipFamilyPolicy: "SingleStack",
    ...{ requestedPool: pool, requestedIps: loadBalancerIps, loadBalancerIp: spec.loadBalancerIP },
    ...{ sharingKey, backendKey: backendKey(service), ports: spec.ports },
    ...{ assigned: [], position: String(position).padStart(9, "0") },
  };
}
