import { BFD_PROFILE } from "./bfd-profile.ts";
import { BGP_ADVERTISEMENT } from "./bgp-advertisement.ts";
import { BGP_PEER } from "./bgp-peer.ts";
import { COMMUNITY } from "./community.ts";
import { CONFIGURATION_STATE } from "./configuration-state.ts";
import type { Definition } from "./definition.ts";
import { IP_ADDRESS_POOL } from "./ip-address-pool.ts";
import { L2_ADVERTISEMENT } from "./l2-advertisement.ts";
import { SERVICE_BGP_STATUS } from "./service-bgp-status.ts";
import { SERVICE_L2_STATUS } from "./service-l2-status.ts";

/** All kinds of `metallb.io`. */
export const METALLB_KINDS: readonly Definition[] = [
  IP_ADDRESS_POOL,
  L2_ADVERTISEMENT,
  BGP_PEER,
  BGP_ADVERTISEMENT,
  BFD_PROFILE,
  COMMUNITY,
  SERVICE_L2_STATUS,
  SERVICE_BGP_STATUS,
  CONFIGURATION_STATE,
];
