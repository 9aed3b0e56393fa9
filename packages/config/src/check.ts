import { annotationErrors } from "./annotation.ts";
import { checkBgpAdvertisement, checkL2Advertisement } from "./check-advertisement.ts";
import { checkBgpPeer } from "./check-bgp-peer.ts";
import { checkCommunity } from "./check-community.ts";
import { checkPool } from "./check-pool.ts";
import type { Problem } from "./problem.ts";
import type { Resource } from "./resource.ts";

/** What one object gets wrong that its schema cannot say. Messages are MetalLB's, with the fix behind a semicolon. */
export function checkResource(resource: Resource): Problem[] {
  return [...annotationErrors(resource.kind, resource.metadata.annotations), ...checkKind(resource)];
}

function checkKind(resource: Resource): Problem[] {
  switch (resource.kind) {
    case "IPAddressPool":
      return checkPool(resource);
    case "L2Advertisement":
      return checkL2Advertisement(resource);
    case "BGPPeer":
      return checkBgpPeer(resource);
    case "BGPAdvertisement":
      return checkBgpAdvertisement(resource);
    case "Community":
      return checkCommunity(resource);
    case "BFDProfile":
    case "ServiceL2Status":
    case "ServiceBGPStatus":
    case "ConfigurationState":
    case "Secret":
    case "Service":
    case "EndpointSlice":
    case "Node":
    case "Namespace":
      return [];
  }
}
