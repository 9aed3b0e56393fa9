import type { Labels } from "@heraldlb/labels";
import type { BfdProfile } from "./bfd-profile.ts";
import type { BgpAdvertisement } from "./bgp-advertisement.ts";
import type { BgpPeer } from "./bgp-peer.ts";
import type { EndpointSlice, Namespace, Node } from "./cluster.ts";
import type { Community } from "./community.ts";
import type { ConfigurationState } from "./configuration-state.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import type { L2Advertisement } from "./l2-advertisement.ts";
import type { ObjectId, Problem } from "./problem.ts";
import type { Secret } from "./secret.ts";
import type { Service } from "./service.ts";
import type { ServiceBgpStatus } from "./service-bgp-status.ts";
import type { ServiceL2Status } from "./service-l2-status.ts";

/** An object that Herald reads, told apart by `kind`. */
export type Resource =
  | IpAddressPool
  | L2Advertisement
  | BgpPeer
  | BgpAdvertisement
  | BfdProfile
  | Community
  | ServiceL2Status
  | ServiceBgpStatus
  | ConfigurationState
  | Secret
  | Service
  | EndpointSlice
  | Node
  | Namespace;

/** What a JSON object turned out to be. */
export type ReadOutcome =
  | { readonly type: "resource"; readonly resource: Resource; readonly warnings: readonly Problem[] }
  /** An error in it; `id` is known if the object at least says what it is. */
  | {
      readonly type: "invalid";
      readonly id: ObjectId | undefined;
      /** As far as they can be read. */
      readonly labels: Labels;
      readonly problems: readonly Problem[];
      readonly warnings: readonly Problem[];
      /** What can be read of it, if it may be a load balancer: such a Service must keep the addresses that it has. */
      readonly readable?: Service | undefined;
      /** The BFDProfile that it names, if it is a BGPPeer that names one. */
      readonly bfdProfile?: string | undefined;
    }
  /** Not Herald's business, or FRR's (a ConfigMap that MetalLB reads); one warning says so. */
  | {
      readonly type: "ignored";
      readonly reason: "unknownKind" | "bgpExtras";
      readonly id: ObjectId | undefined;
      readonly warnings: readonly Problem[];
    };

/** The id of a resource. */
export function objectId({ kind, metadata: { namespace, name } }: Resource): ObjectId {
  return { kind, namespace, name };
}
