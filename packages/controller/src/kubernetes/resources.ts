import type { KubeObject } from "@heraldlb/kube";

/** A kind that the controller watches. */
export interface WatchedResource {
  readonly kind: string;
  /** The API server's path of the collection. */
  path(namespace: string): string;
  /** The parts of an object that anybody reads: nothing else is kept in memory. */
  trim(object: KubeObject): KubeObject;
}

/** Any object, with the fields that are looked for in one. */
interface Json {
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly ports?: unknown;
  readonly endpoints?: unknown;
  readonly conditions?: unknown;
  readonly ingress?: unknown;
  readonly password?: unknown;
  readonly annotations?: unknown;
  readonly [field: string]: unknown;
}

/** What is watched for the configuration: all of it in all namespaces, for an object in the wrong one is told of. */
const CONFIGURATION: readonly (readonly [kind: string, plural: string, version: string])[] = [
  ["IPAddressPool", "ipaddresspools", "v1beta1"],
  ["L2Advertisement", "l2advertisements", "v1beta1"],
  ["BGPPeer", "bgppeers", "v1beta2"],
  ["BGPAdvertisement", "bgpadvertisements", "v1beta1"],
  ["BFDProfile", "bfdprofiles", "v1beta1"],
  ["Community", "communities", "v1beta1"],
];

/** The annotation that Herald writes itself. Whoever may edit a Service may write it too. */
export const POOL_ANNOTATION = "metallb.io/ip-allocated-from-pool";

/** Where MetalLB wrote the same before 0.14.9; later ones neither read it nor take it away. */
export const OLD_POOL_ANNOTATION = "metallb.universe.tf/ip-allocated-from-pool";

const READ_ANNOTATIONS = /^(?:metallb\.io|metallb\.universe\.tf|heraldlb\.io)\//;

/** Everything that a controller watches, and nothing else. */
export const WATCHED: readonly WatchedResource[] = [
  { kind: "Service", path: () => "/api/v1/services", trim: trimService },
  { kind: "EndpointSlice", path: () => "/apis/discovery.k8s.io/v1/endpointslices", trim: trimSlice },
  { kind: "Node", path: () => "/api/v1/nodes", trim: trimNode },
  { kind: "Namespace", path: () => "/api/v1/namespaces", trim: (object) => pick(object, {}) },
  { kind: "Secret", path: (namespace) => `/api/v1/namespaces/${namespace}/secrets`, trim: trimSecret },
  ...CONFIGURATION.map(
    ([kind, plural, version]): WatchedResource => ({
      ...{ kind, path: () => `/apis/metallb.io/${version}/${plural}` },
      trim: trimConfiguration,
    }),
  ),
];

/** An object with what everybody needs of its metadata, and these parts. */
function pick(object: KubeObject, parts: Json): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp, labels, annotations } = object.metadata;
  const kept = Object.entries((annotations ?? {}) as Record<string, string>).filter(([key]) =>
    READ_ANNOTATIONS.test(key),
  );
  const { apiVersion, kind } = object;
  return {
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(kind === undefined ? {} : { kind }),
    metadata: {
      ...{ name, uid, resourceVersion },
      ...(namespace === undefined ? {} : { namespace }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      ...(labels === undefined ? {} : { labels }),
      ...(kept.length > 0 ? { annotations: Object.fromEntries(kept) } : {}),
    },
    ...parts,
  };
}

/** Of the kinds here only pools have a status that Herald writes. */
function trimConfiguration(object: KubeObject): KubeObject {
  const { spec, status } = object as Json;
  return pick(object, object.kind === "IPAddressPool" ? defined({ spec, status }) : { spec });
}

function trimService(object: KubeObject): KubeObject {
  const spec = recordOf((object as Json).spec);
  const { type, loadBalancerClass, loadBalancerIP, clusterIP, clusterIPs, ipFamilies } = spec;
  const { ipFamilyPolicy, externalTrafficPolicy, selector } = spec;
  const ports = listOf(spec.ports).map((port) => {
    const { port: number, protocol } = recordOf(port);
    return { port: number, protocol };
  });
  const kept = { type, loadBalancerClass, loadBalancerIP, clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy };
  const { loadBalancer, conditions } = recordOf((object as Json).status);
  return pick(object, {
    spec: defined({ ...kept, externalTrafficPolicy, selector, ports }),
    status: defined({ loadBalancer, conditions }),
  });
}

function trimSlice(object: KubeObject): KubeObject {
  const endpoints = listOf((object as Json).endpoints).map((endpoint) => {
    const { addresses, nodeName, conditions } = recordOf(endpoint);
    const { ready, serving } = recordOf(conditions);
    // The first address tells endpoints apart, of whichever slice.
    return defined({ addresses: listOf(addresses).slice(0, 1), nodeName, conditions: defined({ ready, serving }) });
  });
  const name = object.metadata.labels?.["kubernetes.io/service-name"];
  const labels: Record<string, string> = name === undefined ? {} : { "kubernetes.io/service-name": name };
  const { annotations: _, ...metadata } = object.metadata;
  return pick({ ...object, metadata: { ...metadata, labels } }, { endpoints });
}

/** A node's heartbeats change nothing of this. */
function trimNode(object: KubeObject): KubeObject {
  const conditions = listOf(recordOf((object as Json).status).conditions)
    .map(recordOf)
    .filter(({ type }) => type === "NetworkUnavailable")
    .map(({ type, status }) => ({ type, status }));
  return pick(object, { status: { conditions } });
}

/** A cluster's other secrets are nobody's business here: only a router's password is kept. */
function trimSecret(object: KubeObject): KubeObject {
  const { type, data } = object as { readonly type?: unknown; readonly data?: unknown };
  const password = type === "kubernetes.io/basic-auth" ? recordOf(data).password : undefined;
  return pick(object, { type, data: password === undefined ? {} : { password } });
}

const recordOf = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const defined = (record: Json): Json =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));

/** What an API server says about a Service beside what it asks for. */
export interface ServiceFacts {
  readonly uid: string;
  readonly resourceVersion: string;
  /** The addresses in its status. */
  readonly addresses: readonly string[];
  /** They are all there is, written as Herald writes them: no host names, ports or proxies beside them. */
  readonly isPlain: boolean;
  /** The pool that it says they are from. */
  readonly pool: string | undefined;
  /** The pool that it says so in the way of MetalLB before 0.14.9. */
  readonly oldPool: string | undefined;
  /** Conditions in its status, whoever wrote them. */
  readonly conditions: readonly Json[];
}

/** The facts of a Service as it came, or as trimmed. */
export function serviceFacts(object: KubeObject): ServiceFacts {
  const { uid, resourceVersion, annotations } = object.metadata;
  const { loadBalancer, conditions } = recordOf((object as Json).status);
  const entries = listOf(recordOf(loadBalancer).ingress).map(recordOf);
  const addresses = entries.flatMap(({ ip }) => (typeof ip === "string" && ip !== "" ? [ip] : []));
  const notes = recordOf(annotations) as Readonly<Record<string, string | undefined>>;
  return {
    ...{ uid, resourceVersion },
    ...{ addresses, isPlain: entries.every(isPlainAddress) },
    pool: notes[POOL_ANNOTATION],
    oldPool: notes[OLD_POOL_ANNOTATION],
    conditions: listOf(conditions).map(recordOf),
  };
}

/** An API server adds `ipMode: VIP` to what Herald writes. */
const isPlainAddress = ({ ip, hostname, ipMode = "VIP", ports }: Json): boolean =>
  Boolean(ip) && !hostname && ipMode === "VIP" && !ports;

/** An object for whoever understands resources. */
export interface PlainObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: { readonly uid: string; readonly annotations?: unknown; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** The object without what is {@link serviceFacts} only, and without what changes by itself. */
export function withoutFacts(object: KubeObject): PlainObject {
  const { resourceVersion: _, ...metadata } = object.metadata;
  const { status, ...rest } = object as KubeObject & Json;
  if (object.kind === "Node") return { ...rest, metadata, status };
  if (object.kind !== "Service") return { ...rest, metadata };
  const { loadBalancer } = recordOf(status);
  return { ...rest, metadata, status: defined({ loadBalancer }) };
}

/** What whoever writes statuses looks at. */
export function statusPart(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  const status = (object as Json).status;
  const { conditions } = recordOf(status);
  return {
    metadata: { name, uid, resourceVersion, ...(namespace === undefined ? {} : { namespace }) },
    status: object.kind === "Service" ? defined({ conditions }) : status,
  };
}

/** An object as text, for thousands are kept. Two that are equal read the same as long as an API server orders their keys. */
export interface ObjectText {
  /** What it asks for. */
  readonly asks: string;
  /** What Herald writes into it itself; empty: nothing. */
  readonly shows: string;
}

/** The object as text. */
export function writeObject(object: PlainObject): ObjectText {
  if (object.kind !== "Service") return { asks: JSON.stringify(object), shows: "" };
  const { status, ...rest } = object;
  const { [POOL_ANNOTATION]: pool, ...annotations } = recordOf(object.metadata.annotations);
  return {
    asks: JSON.stringify({ ...rest, metadata: { ...object.metadata, annotations } }),
    shows: JSON.stringify({ status, pool }),
  };
}

/** The object that was written. */
export function readObject({ asks, shows }: ObjectText): PlainObject {
  const object = JSON.parse(asks) as PlainObject;
  if (shows === "") return object;
  const { status, pool } = JSON.parse(shows) as { readonly status?: unknown; readonly pool?: unknown };
  const annotations = defined({ ...recordOf(object.metadata.annotations), [POOL_ANNOTATION]: pool });
  return { ...object, metadata: { ...object.metadata, annotations }, ...(status === undefined ? {} : { status }) };
}
