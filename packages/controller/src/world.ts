import { isDeepStrictEqual } from "node:util";
import { EXCLUDE_LABEL } from "@heraldlb/announce";
import {
  type Configuration,
  type EndpointSlice,
  type InForce,
  type IpAddressPool,
  type L2Advertisement,
  type LostPool,
  type Namespace,
  type Node,
  type Origin,
  type Resource,
  type Service,
  type ServiceRequest,
  serviceRequest,
} from "@heraldlb/config";

const SERVICE_NAME_LABEL = "kubernetes.io/service-name";
const HOSTNAME_LABEL = "kubernetes.io/hostname";

/** What became different. */
export interface WorldChanges {
  /** Keys of Services that came, went or changed. */
  readonly services: ReadonlySet<string>;
  /** Keys of Services whose endpoints changed. */
  readonly endpoints: ReadonlySet<string>;
  /** Pools, or the namespaces that they are pinned to. */
  readonly pools: boolean;
  /** Advertisements, the pools and nodes that they select. */
  readonly layer2: boolean;
  /** Routers, BGP advertisements and what they refer to, the pools and nodes that they select. */
  readonly bgp: boolean;
}

/** A Service in force, what it asks for, and where it is written. */
export interface KnownService {
  readonly service: Service;
  readonly request: ServiceRequest;
  readonly origin: Origin;
  /** As in {@link InForce}. */
  readonly unclear?: string | undefined;
}

/** Everything in force, indexed. */
export class World {
  readonly #listsNodes: boolean;
  readonly #ignoreExcludeLabel: boolean;
  #inForce: ReadonlyMap<string, InForce> = new Map();
  #poolSetAside = false;
  #lostPools: Configuration["lostPools"] = [];
  readonly #services = new Map<string, KnownService>();
  readonly #slices = new Map<string, Map<string, EndpointSlice>>();
  readonly #pools = new Map<string, IpAddressPool>();
  readonly #advertisements = new Map<string, L2Advertisement>();
  readonly #namespaces = new Map<string, Namespace>();
  /** How many Services are in a namespace. */
  readonly #inhabited = new Map<string, number>();
  readonly #nodes = new Map<string, Node>();
  readonly #speakers = new Set<string>();

  /** `listsNodes`: the source lists all nodes there are; else a node that a speaker is heard from is one as well. */
  constructor({
    listsNodes,
    ignoreExcludeLabel = false,
  }: {
    readonly listsNodes: boolean;
    readonly ignoreExcludeLabel?: boolean;
  }) {
    this.#listsNodes = listsNodes;
    this.#ignoreExcludeLabel = ignoreExcludeLabel;
  }

  /** Some pool is not in force as it is written: nothing may be released for want of a pool. */
  get poolSetAside(): boolean {
    return this.#poolSetAside;
  }

  /** Everything in force. */
  get inForce(): Iterable<InForce> {
    return this.#inForce.values();
  }

  get pools(): Iterable<IpAddressPool> {
    return this.#pools.values();
  }

  /** Pools as advertisements see them: those that are in force, and those that are wrong and hold addresses. */
  get announcedPools(): readonly LostPool[] {
    const pools = Array.from(this.#pools.values(), ({ metadata: { name, labels } }) => ({ name, labels }));
    return [...pools, ...this.#lostPools.filter(({ name }) => !this.#pools.has(name))];
  }

  get advertisements(): Iterable<L2Advertisement> {
    return this.#advertisements.values();
  }

  /** All namespaces: those that are written down, and those that Services are in. */
  get namespaces(): Iterable<Namespace> {
    const inhabited = [...this.#inhabited.keys()].filter((name) => !this.#namespaces.has(name)).map(bareNamespace);
    return [...this.#namespaces.values(), ...inhabited];
  }

  /** Keys of all Services. */
  get serviceKeys(): Iterable<string> {
    return this.#services.keys();
  }

  service(key: string): KnownService | undefined {
    return this.#services.get(key);
  }

  endpointSlices(service: string): Iterable<EndpointSlice> {
    return this.#slices.get(service)?.values() ?? [];
  }

  /** All nodes: those that are written down, and unless those are all, those whose speaker was heard. */
  nodes(): NodeFacts[] {
    const written = [...this.#nodes.values()].map(
      ({ metadata: { name, labels }, status }): NodeFacts => ({
        name,
        labels,
        networkUnavailable: status.conditions.some(
          (condition) => condition.type === "NetworkUnavailable" && condition.status === "True",
        ),
      }),
    );
    if (this.#listsNodes) return written;
    const heard = [...this.#speakers]
      .filter((name) => !this.#nodes.has(name))
      .map((name): NodeFacts => ({ name, labels: { [HOSTNAME_LABEL]: name }, networkUnavailable: false }));
    return [...written, ...heard];
  }

  /** Whether there is a Node of that name. */
  hasNode(name: string): boolean {
    return this.#nodes.has(name);
  }

  /** Names of all speakers that were ever heard. */
  get speakers(): ReadonlySet<string> {
    return this.#speakers;
  }

  /** Names of the nodes that have a speaker, and a label that takes them out of load balancing. */
  get excludedSpeakers(): readonly string[] {
    if (this.#ignoreExcludeLabel) return [];
    return [...this.#speakers]
      .filter((name) => Object.hasOwn(this.#nodes.get(name)?.metadata.labels ?? {}, EXCLUDE_LABEL))
      .sort();
  }

  /** Notes that a node has a speaker. True if that makes a node that was not there. */
  hear(name: string): boolean {
    if (this.#speakers.has(name)) return false;
    this.#speakers.add(name);
    return !this.#listsNodes && !this.#nodes.has(name);
  }

  /** Takes what is in force now, and says what became different. */
  apply({ inForce, poolSetAside, lostPools }: Configuration): WorldChanges {
    const changes = {
      services: new Set<string>(),
      endpoints: new Set<string>(),
      pools: false,
      layer2: false,
      bgp: false,
    };
    const before = this.#inForce;
    let kept = 0;
    for (const [id, now] of inForce) {
      const was = before.get(id);
      if (was) kept++;
      if (was?.resource === now.resource) continue;
      if (was) this.#note(was, changes, "remove");
      else if (this.#inhabit(now.resource, 1)) changes.pools = true;
      this.#note(now, changes, "add");
    }
    if (kept < before.size) {
      for (const [id, was] of before) {
        if (inForce.has(id)) continue;
        this.#note(was, changes, "remove");
        if (this.#inhabit(was.resource, -1)) changes.pools = true;
      }
    }
    if (this.#poolSetAside !== poolSetAside) changes.pools = true;
    if (!isDeepStrictEqual(this.#lostPools, lostPools)) {
      changes.layer2 = true;
      changes.bgp = true;
    }
    this.#lostPools = lostPools;
    this.#inForce = inForce;
    this.#poolSetAside = poolSetAside;
    return changes;
  }

  #note({ resource, origin, unclear }: InForce, changes: Mutable<WorldChanges>, what: "add" | "remove"): void {
    const { name, namespace } = resource.metadata;
    switch (resource.kind) {
      case "Service": {
        const key = `${namespace}/${name}`;
        changes.services.add(key);
        put(this.#services, key, { service: resource, request: serviceRequest(resource), origin, unclear }, what);
        break;
      }
      case "EndpointSlice": {
        const service = resource.metadata.labels[SERVICE_NAME_LABEL];
        if (service === undefined) break;
        const key = `${namespace}/${service}`;
        const slices = this.#slices.get(key) ?? new Map<string, EndpointSlice>();
        changes.endpoints.add(key);
        put(slices, name, resource, what);
        put(this.#slices, key, slices, slices.size > 0 ? "add" : "remove");
        break;
      }
      case "IPAddressPool":
        changes.pools = true;
        changes.layer2 = true;
        changes.bgp = true;
        // Another one of the same name, in another namespace, may have come with the same change.
        if (what === "add" || this.#pools.get(name) === resource) put(this.#pools, name, resource, what);
        break;
      case "L2Advertisement":
        changes.layer2 = true;
        put(this.#advertisements, `${namespace}/${name}`, resource, what);
        break;
      case "Namespace":
        changes.pools = true;
        put(this.#namespaces, name, resource, what);
        break;
      case "Node":
        changes.layer2 = true;
        changes.bgp = true;
        put(this.#nodes, name, resource, what);
        break;
      case "BGPPeer":
      case "BGPAdvertisement":
      case "BFDProfile":
      case "Community":
      case "Secret":
        changes.bgp = true;
        break;
      case "ServiceL2Status":
      case "ServiceBGPStatus":
      case "ConfigurationState":
        break;
    }
  }

  /** Counts Services. True if a namespace came or went with one, and some pool looks at namespaces. */
  #inhabit({ kind, metadata: { namespace } }: Resource, by: 1 | -1): boolean {
    if (kind !== "Service") return false;
    const before = this.#inhabited.get(namespace) ?? 0;
    if (before + by > 0) this.#inhabited.set(namespace, before + by);
    else this.#inhabited.delete(namespace);
    if (before > 0 && before + by > 0) return false;
    return this.#pools.values().some(({ spec }) => (spec.serviceAllocation?.namespaceSelectors.length ?? 0) > 0);
  }
}

/** A namespace of which nothing is known but its name. */
function bareNamespace(name: string): Namespace {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, namespace: "", labels: {}, annotations: {} } };
}

/** A node, as far as announcing looks at it. */
export interface NodeFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly networkUnavailable: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends ReadonlySet<infer U> ? Set<U> : T[K] };

function put<K, V>(map: Map<K, V>, key: K, value: V, what: "add" | "remove"): void {
  if (what === "add") map.set(key, value);
  else map.delete(key);
}
