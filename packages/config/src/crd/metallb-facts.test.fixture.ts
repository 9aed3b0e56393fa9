import { BGP_PEER_FACTS } from "./bgp-peer-facts.test.fixture.ts";
import { immutableText, int32, type KindFacts, list, selector, selectors } from "./fact.test.fixture.ts";

const INT32: readonly [number, number] = [-(2 ** 31), 2 ** 31 - 1];

/**
 * What MetalLB 0.16's schemas accept and refuse, written down once, independently of Herald's definitions. Rows of
 * objects' fields; `apiVersion`, `kind` and `metadata` are left out. Paths: `[]` is a list's item, `*` a map's value.
 */
export const FACTS: Readonly<Record<string, KindFacts>> = {
  "IPAddressPool v1beta1": {
    columns: [
      "Auto Assign boolean .spec.autoAssign",
      "Avoid Buggy IPs boolean .spec.avoidBuggyIPs",
      "Addresses string .spec.addresses",
    ],
    fields: [
      ["spec", { type: "object", required: true }],
      ...list("spec.addresses", { type: "string" }, { required: true }),
      ["spec.autoAssign", { type: "boolean", default: true }],
      ["spec.avoidBuggyIPs", { type: "boolean", default: false }],
      ["spec.serviceAllocation", { type: "object" }],
      ["spec.serviceAllocation.priority", { type: "integer" }],
      ...list("spec.serviceAllocation.namespaces", { type: "string" }),
      ...selectors("spec.serviceAllocation.namespaceSelectors"),
      ...selectors("spec.serviceAllocation.serviceSelectors"),
      ["status", { type: "object" }],
      ["status.assignedIPv4", { type: "integer", format: "int64", required: true }],
      ["status.assignedIPv6", { type: "integer", format: "int64", required: true }],
      ["status.availableIPv4", { type: "integer", format: "int64", required: true }],
      ["status.availableIPv6", { type: "integer", format: "int64", required: true }],
    ],
  },
  "L2Advertisement v1beta1": {
    columns: [
      "IPAddressPools string .spec.ipAddressPools",
      "IPAddressPool Selectors string .spec.ipAddressPoolSelectors",
      "Interfaces string .spec.interfaces",
      "Node Selectors string .spec.nodeSelectors 10",
    ],
    fields: [
      ["spec", { type: "object" }],
      ...list("spec.ipAddressPools", { type: "string" }),
      ...selectors("spec.ipAddressPoolSelectors"),
      ...selectors("spec.nodeSelectors"),
      ...selectors("spec.serviceSelectors"),
      ...list("spec.interfaces", { type: "string" }),
      ...list("spec.preferredNodeSelectors", { type: "object" }),
      ["spec.preferredNodeSelectors[].weight", int32(1, 100, { required: true })],
      ...selector("spec.preferredNodeSelectors[].preference", { required: true }),
      ["status", { type: "object" }],
    ],
  },
  ...BGP_PEER_FACTS,
  "BGPAdvertisement v1beta1": {
    columns: [
      "IPAddressPools string .spec.ipAddressPools",
      "IPAddressPool Selectors string .spec.ipAddressPoolSelectors",
      "Peers string .spec.peers",
      "Node Selectors string .spec.nodeSelectors 10",
    ],
    fields: [
      [
        "spec",
        {
          type: "object",
          rules: [
            {
              rule: "!has(self.serviceSelectors) || self.serviceSelectors.size() == 0 || ((!has(self.aggregationLength) || self.aggregationLength == 32) && (!has(self.aggregationLengthV6) || self.aggregationLengthV6 == 128))",
              message:
                "serviceSelectors and aggregationLength are mutually exclusive, can only be used together with default aggregationLength (32) and aggregationLengthV6 (128)",
              accepts: [
                {},
                { aggregationLength: 24, aggregationLengthV6: 64 },
                { aggregationLength: 24, serviceSelectors: [] },
                { serviceSelectors: [{}] },
                { serviceSelectors: [{}], aggregationLength: 32, aggregationLengthV6: 128 },
              ],
              refuses: [
                { serviceSelectors: [{}], aggregationLength: 24 },
                { serviceSelectors: [{}], aggregationLengthV6: 64 },
                { serviceSelectors: [{}], aggregationLength: 32, aggregationLengthV6: 127 },
              ],
            },
          ],
        },
      ],
      ["spec.aggregationLength", { type: "integer", format: "int32", minimum: 1, default: 32, readable: INT32 }],
      ["spec.aggregationLengthV6", { type: "integer", format: "int32", default: 128, readable: INT32 }],
      ["spec.localPref", { type: "integer", format: "int32", readable: [0, 2 ** 32 - 1] }],
      ...list("spec.communities", { type: "string" }),
      ...list("spec.ipAddressPools", { type: "string" }),
      ...selectors("spec.ipAddressPoolSelectors"),
      ...selectors("spec.nodeSelectors"),
      ...list("spec.peers", { type: "string" }),
      ...selectors("spec.serviceSelectors"),
      ["status", { type: "object" }],
    ],
  },
  "BFDProfile v1beta1": {
    columns: [
      "Passive Mode boolean .spec.passiveMode",
      "Transmit Interval integer .spec.transmitInterval",
      "Receive Interval integer .spec.receiveInterval",
      "Multiplier integer .spec.detectMultiplier",
    ],
    fields: [
      ["spec", { type: "object" }],
      ["spec.receiveInterval", int32(10, 60_000)],
      ["spec.transmitInterval", int32(10, 60_000)],
      ["spec.detectMultiplier", int32(2, 255)],
      ["spec.echoInterval", int32(10, 60_000)],
      ["spec.echoMode", { type: "boolean" }],
      ["spec.passiveMode", { type: "boolean" }],
      ["spec.minimumTtl", int32(1, 254)],
      ["status", { type: "object" }],
    ],
  },
  "Community v1beta1": {
    columns: [],
    fields: [
      ["spec", { type: "object" }],
      ...list("spec.communities", { type: "object" }),
      ["spec.communities[].name", { type: "string" }],
      ["spec.communities[].value", { type: "string" }],
      ["status", { type: "object" }],
    ],
  },
  "ServiceL2Status v1beta1": {
    columns: [
      "Allocated Node string .status.node",
      "Service Name string .status.serviceName",
      "Service Namespace string .status.serviceNamespace",
    ],
    fields: [
      ["spec", { type: "object" }],
      ["status", { type: "object" }],
      ...list("status.interfaces", { type: "object" }),
      ["status.interfaces[].name", { type: "string" }],
      ["status.node", immutableText()],
      ["status.serviceName", immutableText()],
      ["status.serviceNamespace", immutableText()],
    ],
  },
  "ServiceBGPStatus v1beta1": {
    columns: [
      "Node string .status.node",
      "Service Name string .status.serviceName",
      "Service Namespace string .status.serviceNamespace",
    ],
    fields: [
      ["spec", { type: "object" }],
      ["status", { type: "object" }],
      ...list("status.peers", { type: "string" }),
      ["status.node", immutableText()],
      ["status.serviceName", immutableText()],
      ["status.serviceNamespace", immutableText()],
    ],
  },
  "ConfigurationState v1beta1": {
    columns: [
      "Result string .status.result",
      "ErrorSummary string .status.errorSummary",
      "Age date .metadata.creationTimestamp",
    ],
    fields: [
      ["status", { type: "object" }],
      ["status.result", { type: "string", enum: ["Valid", "Invalid", "Unknown"] }],
      ["status.errorSummary", { type: "string" }],
      ...list("status.conditions", { type: "object" }, { listType: "map", mapKeys: ["type"] }),
      [
        "status.conditions[].type",
        {
          type: "string",
          maxLength: 316,
          pattern:
            "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
          required: true,
          refuses: ["", "a b", "-a", "/a"],
        },
      ],
      ["status.conditions[].status", { type: "string", enum: ["True", "False", "Unknown"], required: true }],
      [
        "status.conditions[].reason",
        {
          type: "string",
          minLength: 1,
          maxLength: 1024,
          pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
          required: true,
          refuses: ["", "1a", "a b", "a:"],
        },
      ],
      ["status.conditions[].message", { type: "string", maxLength: 32_768, required: true }],
      [
        "status.conditions[].lastTransitionTime",
        {
          type: "string",
          format: "date-time",
          required: true,
          example: "2026-01-31T12:00:00Z",
          refuses: ["2026-01-31", "12:00:00", "2026-13-01T00:00:00Z"],
        },
      ],
      ["status.conditions[].observedGeneration", { type: "integer", format: "int64", minimum: 0 }],
    ],
  },
};
