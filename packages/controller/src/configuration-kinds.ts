import type { Resource } from "@heraldlb/config";

/** Kinds that people write for Herald, Secrets excepted: of these only objects in Herald's own namespace act. */
export const CONFIGURATION_KINDS: ReadonlySet<string> = new Set<Resource["kind"]>([
  "IPAddressPool",
  "L2Advertisement",
  "BGPPeer",
  "BGPAdvertisement",
  "BFDProfile",
  "Community",
]);
