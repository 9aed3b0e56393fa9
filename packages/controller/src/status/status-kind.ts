/** A kind of which Herald writes the status. */
export type StatusKind = "IPAddressPool" | "ConfigurationState" | "ServiceL2Status" | "ServiceBGPStatus" | "Service";

/** Which object's status is meant. */
export interface StatusTarget {
  readonly kind: StatusKind;
  readonly namespace: string;
  readonly name: string;
}

interface KindFacts {
  readonly apiVersion: string;
  readonly plural: string;
  /** Herald creates and deletes such objects; of others it writes its own fields of the status, and no other. */
  readonly owned: boolean;
  /** Fields of the status that, once set, stay as they are: a change takes another object. */
  readonly immutable: readonly string[];
  /** Fields of the status that are looked at and written; undefined: all. */
  readonly fields?: readonly string[];
}

const METALLB = "metallb.io/v1beta1";
const POOL_FIELDS = ["assignedIPv4", "assignedIPv6", "availableIPv4", "availableIPv6"];
const SERVICE_ON_NODE = ["node", "serviceName", "serviceNamespace"];

const STATUS_KINDS: Readonly<Record<StatusKind, KindFacts>> = {
  IPAddressPool: { apiVersion: METALLB, plural: "ipaddresspools", owned: false, immutable: [], fields: POOL_FIELDS },
  ConfigurationState: { apiVersion: METALLB, plural: "configurationstates", owned: true, immutable: [] },
  ServiceL2Status: { apiVersion: METALLB, plural: "servicel2statuses", owned: true, immutable: SERVICE_ON_NODE },
  ServiceBGPStatus: { apiVersion: METALLB, plural: "servicebgpstatuses", owned: true, immutable: SERVICE_ON_NODE },
  Service: { apiVersion: "v1", plural: "services", owned: false, immutable: [], fields: ["conditions"] },
};

/** What there is to know about a kind. */
export function factsOf(kind: StatusKind): KindFacts {
  return STATUS_KINDS[kind];
}

/** Path of the kind's objects in the namespace. */
export function collectionPath({ kind, namespace }: Omit<StatusTarget, "name">): string {
  const { apiVersion, plural } = factsOf(kind);
  const root = apiVersion.includes("/") ? "apis" : "api";
  return `/${root}/${apiVersion}/namespaces/${namespace}/${plural}`;
}

/** Path of the object. */
export function objectPath(target: StatusTarget): string {
  return `${collectionPath(target)}/${target.name}`;
}

/** The target as one string, usable as a Map key. */
export function targetKey({ kind, namespace, name }: StatusTarget): string {
  return `${kind} ${namespace}/${name}`;
}

/** `namespace/name`, by which Services are known. */
export const serviceKey = ({
  namespace = "",
  name,
}: {
  readonly namespace?: string | undefined;
  readonly name: string;
}): string => `${namespace}/${name}`;

/** The Service of that key. */
export function serviceTarget(key: string): StatusTarget {
  const [namespace = "", name = ""] = key.split("/");
  return { kind: "Service", namespace, name };
}
