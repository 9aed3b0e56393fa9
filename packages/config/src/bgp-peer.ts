import * as z from "zod";
import { convertBgpPeer } from "./convert-bgp-peer.ts";
import { type DefinedVersion, type Definition, EMPTY } from "./definition.ts";
import { duration, nanoseconds } from "./duration.ts";
import { identity } from "./identity.ts";
import { between, int64 } from "./integer.ts";
import type { Immutable } from "./metadata.ts";
import { immutable, ruled } from "./rule.ts";
import { labelSelector } from "./selector.ts";

const asn = between(int64(), 0, 4_294_967_295);

const myASN = asn.describe("AS number of this end of the session.");

// What both versions have, word for word.
const shared = {
  sourceAddress: z.string().prefault("").describe("Address of this end of the session; empty: the system's choice."),
  routerID: z
    .string()
    .prefault("")
    .describe("BGP identifier of this end, written as an IPv4 address; empty: the node's."),
  holdTime: duration
    .optional()
    .describe("Time without a message after which the session ends, such as 90s; 0s: never, else at least 3s."),
  keepaliveTime: duration
    .optional()
    .describe("Time between keepalives, such as 30s, at most holdTime; absent: a third of it."),
  password: z.string().prefault("").describe("Password of TCP MD5 signatures."),
  bfdProfile: z.string().prefault("").describe("Name of the BFDProfile to watch this peer with; empty: no BFD."),
  ebgpMultiHop: z.boolean().prefault(false).describe("Whether an eBGP peer may be more than one hop away."),
};

const bgpPeer = z.object({
  ...identity("metallb.io/v1beta2", "BGPPeer"),
  spec: z
    .object({
      myASN,
      peerASN: asn.prefault(0).describe("AS number of the peer. Either this or dynamicASN is required."),
      dynamicASN: z
        .enum(["internal", "external"])
        .optional()
        .describe("Takes the peer's AS number as it comes: internal only myASN, external any other."),
      localASN: between(int64(), 1, 4_294_967_295)
        .optional()
        .describe("AS number to show to this peer in place of myASN."),
      peerAddress: z.string().prefault("").describe("Address of the peer. Either this or interface is required."),
      interface: z
        .string()
        .prefault("")
        .describe("Interface behind which the peer is found by itself (unnumbered peering), in place of peerAddress."),
      peerPort: between(z.int(), 1, 16_384).default(179).describe("TCP port of the peer."),
      nodeSelectors: z.array(labelSelector).prefault([]).describe("Nodes that connect to this peer; none: all nodes."),
      ...shared,
      passwordSecret: z
        .object({
          name: z.string().prefault("").describe("Name of the Secret."),
          namespace: z.string().prefault("").describe("Not used: the Secret is looked for beside the BGPPeer."),
        })
        .meta({ "x-kubernetes-map-type": "atomic" })
        .optional()
        .describe('A Secret of type kubernetes.io/basic-auth with the key "password", in place of password.'),
      connectTime: ruled(duration, [
        {
          rule: "duration(self).getSeconds() >= 1 && duration(self).getSeconds() <= 65535",
          message: "connect time should be between 1 seconds to 65535",
          holds: (text) => whole(text, 1e9) >= 1 && whole(text, 1e9) <= 65_535,
        },
        {
          rule: "duration(self).getMilliseconds() % 1000 == 0",
          message: "connect time should contain a whole number of seconds",
          holds: (text) => whole(text, 1e6) % 1000 === 0,
        },
      ])
        .optional()
        .describe("Time between attempts to connect, such as 10s."),
      enableGracefulRestart: immutable(z.boolean(), "EnableGracefulRestart cannot be changed after creation")
        .optional()
        .describe("Whether the peer keeps forwarding while the session restarts. Cannot be changed after creation."),
      vrf: z.string().prefault("").describe("Linux VRF through which the peer is reached; empty: none."),
      dualStackAddressFamily: z
        .boolean()
        .default(false)
        .describe("Exchanges routes of both IP families, not only of the session's own."),
      disableMP: z.boolean().default(false).describe("Deprecated and without effect."),
    })
    // Never valid: it makes "spec.myASN is required" of an object without a spec, as its schema allows it to be.
    .prefault({} as { myASN: number }),
});

/** A selector as it was before Kubernetes' own type was used: every expression has values. */
const formerSelector = z.object({
  matchLabels: z.record(z.string(), z.string()).optional().describe("Labels that a node must have."),
  matchExpressions: z
    .array(
      z.object({
        key: z.string().describe("Key of the label."),
        operator: z.string().describe("In or NotIn."),
        values: z
          .array(z.string())
          .min(1, "must not be empty: list at least one value")
          .describe("Values of the label."),
      }),
    )
    .optional()
    .describe("Conditions that must hold too."),
});

const formerBgpPeer = z.object({
  ...identity("metallb.io/v1beta1", "BGPPeer"),
  spec: z
    .object({
      myASN,
      peerASN: asn.describe("AS number of the peer."),
      peerAddress: z.string().describe("Address of the peer."),
      peerPort: between(z.int(), 0, 16_384).prefault(0).describe("TCP port of the peer; 0: 179."),
      nodeSelectors: z.array(formerSelector).prefault([]).describe("Nodes that connect to this peer; none: all nodes."),
      ...shared,
    })
    .prefault({} as { myASN: number; peerASN: number; peerAddress: string }),
});

/** A BGP router to connect to. */
export type BgpPeer = Immutable<z.output<typeof bgpPeer>>;

const common: Pick<DefinedVersion, "unread" | "columns"> = {
  unread: { status: EMPTY.optional() },
  columns: [
    { name: "Address", type: "string", jsonPath: ".spec.peerAddress" },
    { name: "ASN", type: "string", jsonPath: ".spec.peerASN" },
    { name: "BFD Profile", type: "string", jsonPath: ".spec.bfdProfile" },
    { name: "Multi Hops", type: "string", jsonPath: ".spec.ebgpMultiHop" },
  ],
};

/** The one definition of `metallb.io` BGPPeer. */
export const BGP_PEER: Definition = {
  kind: "BGPPeer",
  plural: "bgppeers",
  summary: "A BGP router that nodes connect to.",
  versions: [
    { name: "v1beta2", schema: bgpPeer, ...common },
    {
      name: "v1beta1",
      schema: formerBgpPeer,
      ...common,
      deprecation: "v1beta1 is deprecated, please use v1beta2",
      toStored: (json) => convertBgpPeer(json, "v1beta2"),
    },
  ],
};

/** How many whole units of so many nanoseconds are in a duration, as CEL counts them. */
function whole(text: string, unit: number): number {
  return Math.trunc((nanoseconds(text) ?? 0) / unit);
}
