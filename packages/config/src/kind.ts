import type { z } from "zod";
import { endpointSlice, namespace, node } from "./cluster.ts";
import { ipAddressPool } from "./ip-address-pool.ts";
import { l2Advertisement } from "./l2-advertisement.ts";
import type { Resource } from "./resource.ts";
import { service } from "./service.ts";

/** What Herald does with a kind that it knows. */
export interface KnownKind {
  /** Group and kind, `metallb.io/IPAddressPool`; core kinds begin with `/`. */
  readonly id: string;
  /** In ascending order of age. */
  readonly versions: readonly string[];
  readonly namespaced: boolean;
  /** Absent: recognized, but nothing acts on it yet. */
  readonly schema?: z.ZodType<Resource>;
  /** Whether fields outside the schema are worth a warning: Herald reads the kind as a whole. */
  readonly whole?: boolean;
}

const KINDS: readonly KnownKind[] = [
  { id: "metallb.io/IPAddressPool", versions: ["v1beta1"], namespaced: true, schema: ipAddressPool, whole: true },
  { id: "metallb.io/L2Advertisement", versions: ["v1beta1"], namespaced: true, schema: l2Advertisement, whole: true },
  { id: "/Service", versions: ["v1"], namespaced: true, schema: service },
  { id: "discovery.k8s.io/EndpointSlice", versions: ["v1"], namespaced: true, schema: endpointSlice },
  { id: "/Node", versions: ["v1"], namespaced: false, schema: node },
  { id: "/Namespace", versions: ["v1"], namespaced: false, schema: namespace },
  { id: "metallb.io/BGPPeer", versions: ["v1beta2", "v1beta1"], namespaced: true },
  { id: "metallb.io/BGPAdvertisement", versions: ["v1beta1"], namespaced: true },
  { id: "metallb.io/BFDProfile", versions: ["v1beta1"], namespaced: true },
  { id: "metallb.io/Community", versions: ["v1beta1"], namespaced: true },
  { id: "metallb.io/ServiceL2Status", versions: ["v1beta1"], namespaced: true },
  { id: "metallb.io/ServiceBGPStatus", versions: ["v1beta1"], namespaced: true },
  { id: "metallb.io/ConfigurationState", versions: ["v1beta1"], namespaced: true },
];

const BY_ID: ReadonlyMap<string, KnownKind> = new Map(KINDS.map((kind) => [kind.id, kind]));

/** Looks a kind up, whatever its version. */
export function knownKind(group: string, kind: string): KnownKind | undefined {
  return BY_ID.get(`${group}/${kind}`);
}

/** The names of all kinds of a group. */
export function kindsOfGroup(group: string): string[] {
  return KINDS.filter(({ id }) => id.startsWith(`${group}/`)).map(({ id }) => id.slice(group.length + 1));
}
