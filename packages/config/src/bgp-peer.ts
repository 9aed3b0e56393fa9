import { z } from "zod";
import { duration, seconds } from "./duration.ts";
import { identity } from "./identity.ts";
import type { Immutable } from "./metadata.ts";
import { immutable, ruled } from "./rule.ts";
import { labelSelector } from "./selector.ts";

const ASN_RANGE = "must be 0 to 4294967295";

const asn = z.int().min(0, ASN_RANGE).max(4_294_967_295, ASN_RANGE);

const spec = z.object({
  myASN: asn.describe("AS number of this end of the session."),
  peerASN: asn.prefault(0).describe("AS number of the peer. Either this or dynamicASN is required."),
  localASN: z
    .int()
    .min(1, "must be 1 to 4294967295")
    .max(4_294_967_295, "must be 1 to 4294967295")
    .optional()
    .describe("AS number to show to this peer in place of myASN."),
  dynamicASN: z
    .enum(["internal", "external"])
    .optional()
    .describe("Takes the peer's AS number as it comes: internal only myASN, external any other."),
  peerAddress: z.string().prefault("").describe("Address of the peer. Either this or interface is required."),
  interface: z
    .string()
    .prefault("")
    .describe("Interface behind which the peer is found by itself (unnumbered peering), in place of peerAddress."),
  sourceAddress: z.string().prefault("").describe("Address of this end of the session; empty: the system's choice."),
  peerPort: z
    .int()
    .min(1, "must be 1 to 16384")
    .max(16_384, "must be 1 to 16384")
    .default(179)
    .describe("TCP port of the peer."),
  holdTime: duration
    .optional()
    .describe("Time without a message after which the session ends; 0s: never, else at least 3s."),
  keepaliveTime: duration.optional().describe("Time between keepalives, at most holdTime; absent: a third of it."),
  connectTime: ruled(duration, [
    {
      rule: "duration(self).getSeconds() >= 1 && duration(self).getSeconds() <= 65535",
      message: "connect time should be between 1 seconds to 65535",
      holds: (text) => inRange(Math.trunc(seconds(text) ?? 0), 1, 65_535),
    },
    {
      rule: "duration(self).getMilliseconds() % 1000 == 0",
      message: "connect time should contain a whole number of seconds",
      holds: (text) => Math.trunc((seconds(text) ?? 0) * 1000) % 1000 === 0,
    },
  ])
    .optional()
    .describe("Time between attempts to connect."),
  routerID: z
    .string()
    .prefault("")
    .describe("BGP identifier of this end, written as an IPv4 address; empty: the node's."),
  nodeSelectors: z.array(labelSelector).prefault([]).describe("Nodes that connect to this peer; none: all nodes."),
  password: z.string().prefault("").describe("Password of TCP MD5 signatures."),
  passwordSecret: z
    .object({
      name: z.string().prefault("").describe("Name of the Secret."),
      namespace: z.string().prefault("").describe("Not used: the Secret is looked for beside the BGPPeer."),
    })
    .meta({ "x-kubernetes-map-type": "atomic" })
    .optional()
    .describe('A Secret of type kubernetes.io/basic-auth with the key "password", in place of password.'),
  bfdProfile: z.string().prefault("").describe("Name of the BFDProfile to watch this peer with; empty: no BFD."),
  enableGracefulRestart: immutable(z.boolean(), "EnableGracefulRestart cannot be changed after creation")
    .prefault(false)
    .describe("Whether the peer keeps forwarding while the session restarts. Cannot be changed after creation."),
  ebgpMultiHop: z.boolean().prefault(false).describe("Whether an eBGP peer may be more than one hop away."),
  vrf: z.string().prefault("").describe("Linux VRF through which the peer is reached; empty: none."),
  disableMP: z.boolean().default(false).describe("Deprecated and without effect."),
  dualStackAddressFamily: z
    .boolean()
    .default(false)
    .describe("Exchanges routes of both IP families, not only of the session's own."),
});

/** `metallb.io/v1beta2` BGPPeer: the one definition of it. */
export const bgpPeer = z.object({ ...identity("metallb.io/v1beta2", "BGPPeer"), spec: spec.prefault({} as never) });

/** A BGP router to connect to. */
export type BgpPeer = Immutable<z.output<typeof bgpPeer>>;

function inRange(value: number, min: number, max: number): boolean {
  return min <= value && value <= max;
}
