import type { z } from "zod";
import { bfdProfile } from "./bfd-profile.ts";
import { bgpAdvertisement } from "./bgp-advertisement.ts";
import { bgpPeer } from "./bgp-peer.ts";
import { endpointSlice, namespace, node } from "./cluster.ts";
import { community } from "./community.ts";
import { configurationState } from "./configuration-state.ts";
import { ipAddressPool } from "./ip-address-pool.ts";
import { l2Advertisement } from "./l2-advertisement.ts";
import type { Resource } from "./resource.ts";
import { service } from "./service.ts";
import { serviceBgpStatus } from "./service-bgp-status.ts";
import { serviceL2Status } from "./service-l2-status.ts";

/** What Herald does with a kind that it knows. */
export interface KnownKind {
  /** Group and kind, `metallb.io/IPAddressPool`; core kinds begin with `/`. */
  readonly id: string;
  /** In ascending order of age. */
  readonly versions: readonly string[];
  readonly namespaced: boolean;
  readonly schema: z.ZodType<Resource>;
  /** Whether fields outside the schema are worth a warning: Herald reads the kind as a whole. */
  readonly whole?: boolean;
}

const METALLB: Readonly<Record<string, z.ZodType<Resource>>> = {
  IPAddressPool: ipAddressPool,
  L2Advertisement: l2Advertisement,
  BGPPeer: bgpPeer,
  BGPAdvertisement: bgpAdvertisement,
  BFDProfile: bfdProfile,
  Community: community,
  ServiceL2Status: serviceL2Status,
  ServiceBGPStatus: serviceBgpStatus,
  ConfigurationState: configurationState,
};

const KINDS: readonly KnownKind[] = [
  ...Object.entries(METALLB).map(([kind, schema]) => ({
    id: `metallb.io/${kind}`,
    versions: kind === "BGPPeer" ? ["v1beta2"] : ["v1beta1"],
    namespaced: true,
    schema,
    whole: true,
  })),
  { id: "/Service", versions: ["v1"], namespaced: true, schema: service },
  { id: "discovery.k8s.io/EndpointSlice", versions: ["v1"], namespaced: true, schema: endpointSlice },
  { id: "/Node", versions: ["v1"], namespaced: false, schema: node },
  { id: "/Namespace", versions: ["v1"], namespaced: false, schema: namespace },
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
