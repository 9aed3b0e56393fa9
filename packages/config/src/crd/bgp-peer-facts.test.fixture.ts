import { asn, change, type KindFacts, list, selectors } from "./fact.test.fixture.ts";

const PEER_COLUMNS: readonly string[] = [
  "Address string .spec.peerAddress",
  "ASN string .spec.peerASN",
  "BFD Profile string .spec.bfdProfile",
  "Multi Hops string .spec.ebgpMultiHop",
];

/** What MetalLB's schemas accept and refuse of a BGPPeer, in both of its versions. */
export const BGP_PEER_FACTS: Readonly<Record<string, KindFacts>> = {
  "BGPPeer v1beta2": {
    columns: PEER_COLUMNS,
    fields: [
      ["spec", { type: "object" }],
      ["spec.myASN", asn(0, { required: true })],
      ["spec.peerASN", asn(0)],
      ["spec.localASN", asn(1)],
      ["spec.dynamicASN", { type: "string", enum: ["internal", "external"] }],
      ["spec.peerAddress", { type: "string" }],
      ["spec.interface", { type: "string" }],
      ["spec.sourceAddress", { type: "string" }],
      ["spec.peerPort", { type: "integer", minimum: 1, maximum: 16_384, default: 179 }],
      ["spec.holdTime", { type: "string", example: "90s" }],
      ["spec.keepaliveTime", { type: "string", example: "30s" }],
      [
        "spec.connectTime",
        {
          type: "string",
          example: "10s",
          rules: [
            {
              rule: "duration(self).getSeconds() >= 1 && duration(self).getSeconds() <= 65535",
              message: "connect time should be between 1 seconds to 65535",
              accepts: ["1s", "1m", "65535s", "18h12m15s", "1000ms", "+5s"],
              refuses: ["0s", "999ms", "65536s", "19h"],
            },
            {
              rule: "duration(self).getMilliseconds() % 1000 == 0",
              message: "connect time should contain a whole number of seconds",
              accepts: ["1s", "1.0s", "2000ms", "1s500ms500ms", "1.0001s"],
              refuses: ["1.5s", "1001ms", "1.001s", "1m500ms"],
            },
          ],
        },
      ],
      ["spec.routerID", { type: "string" }],
      ...selectors("spec.nodeSelectors"),
      ["spec.password", { type: "string" }],
      ["spec.passwordSecret", { type: "object", mapType: "atomic" }],
      ["spec.passwordSecret.name", { type: "string" }],
      ["spec.passwordSecret.namespace", { type: "string" }],
      ["spec.bfdProfile", { type: "string" }],
      [
        "spec.enableGracefulRestart",
        {
          type: "boolean",
          rules: [
            {
              rule: "self == oldSelf",
              message: "EnableGracefulRestart cannot be changed after creation",
              accepts: [change(true, true), change(false, false)],
              refuses: [change(true, false), change(false, true)],
            },
          ],
        },
      ],
      ["spec.ebgpMultiHop", { type: "boolean" }],
      ["spec.vrf", { type: "string" }],
      ["spec.disableMP", { type: "boolean", default: false }],
      ["spec.dualStackAddressFamily", { type: "boolean", default: false }],
      ["status", { type: "object" }],
    ],
  },
  "BGPPeer v1beta1": {
    columns: PEER_COLUMNS,
    deprecation: "v1beta1 is deprecated, please use v1beta2",
    fields: [
      ["spec", { type: "object" }],
      ["spec.myASN", asn(0, { required: true })],
      ["spec.peerASN", asn(0, { required: true })],
      ["spec.peerAddress", { type: "string", required: true }],
      ["spec.sourceAddress", { type: "string" }],
      ["spec.peerPort", { type: "integer", minimum: 0, maximum: 16_384 }],
      ["spec.holdTime", { type: "string", example: "90s" }],
      ["spec.keepaliveTime", { type: "string", example: "30s" }],
      ["spec.routerID", { type: "string" }],
      ...list("spec.nodeSelectors", { type: "object" }),
      ["spec.nodeSelectors[].matchLabels", { type: "object" }],
      ["spec.nodeSelectors[].matchLabels.*", { type: "string" }],
      ...list("spec.nodeSelectors[].matchExpressions", { type: "object" }),
      ["spec.nodeSelectors[].matchExpressions[].key", { type: "string", required: true }],
      ["spec.nodeSelectors[].matchExpressions[].operator", { type: "string", required: true }],
      ...list("spec.nodeSelectors[].matchExpressions[].values", { type: "string" }, { required: true, minItems: 1 }),
      ["spec.password", { type: "string" }],
      ["spec.bfdProfile", { type: "string" }],
      ["spec.ebgpMultiHop", { type: "boolean" }],
      ["status", { type: "object" }],
    ],
  },
};
