import { describe, expect, test } from "vitest";
import { readResource } from "./read.ts";

const read = (json: unknown) => readResource(json, { defaultNamespace: "default" });

function object(kind: string, content: object, version = "v1beta1") {
  return { apiVersion: `metallb.io/${version}`, kind, metadata: { name: "x" }, ...content };
}

describe("what is absent is read as", () => {
  test.each<[string, object, object]>([
    [
      "the values that a BFDProfile documents",
      object("BFDProfile", {}),
      {
        spec: {
          receiveInterval: 300,
          transmitInterval: 300,
          detectMultiplier: 3,
          echoInterval: 50,
          echoMode: false,
          passiveMode: false,
          minimumTtl: 254,
        },
      },
    ],
    [
      "the whole address, everything and everywhere in a BGPAdvertisement",
      object("BGPAdvertisement", {}),
      {
        spec: {
          aggregationLength: 32,
          aggregationLengthV6: 128,
          localPref: 0,
          communities: [],
          ipAddressPools: [],
          ipAddressPoolSelectors: [],
          nodeSelectors: [],
          peers: [],
          serviceSelectors: [],
        },
      },
    ],
    ["no alias in a Community", object("Community", {}), { spec: { communities: [] } }],
    ["no interface in a ServiceL2Status", object("ServiceL2Status", {}), { status: { interfaces: [] } }],
    ["no peer in a ServiceBGPStatus", object("ServiceBGPStatus", {}), { status: { peers: [] } }],
    [
      "no condition in a ConfigurationState",
      object("ConfigurationState", {}),
      { status: { errorSummary: "", conditions: [] } },
    ],
  ])("%s", (_what, json, expected) => {
    const outcome = read(json);
    expect(outcome.type === "resource" && outcome.resource).toEqual({
      ...json,
      metadata: { name: "x", namespace: "default", labels: {}, annotations: {} },
      ...expected,
    });
    expect(outcome.warnings).toEqual([]);
  });

  test("unset timers, not timers of zero, in a BGPPeer", () => {
    const json = object("BGPPeer", { spec: { myASN: 1, peerASN: 2, peerAddress: "192.0.2.1" } }, "v1beta2");
    expect(read(json)).toMatchObject({
      type: "resource",
      resource: { spec: { peerPort: 179, nodeSelectors: [], password: "", vrf: "", ebgpMultiHop: false } },
    });
    expect(read(json)).not.toHaveProperty("resource.spec.holdTime");
  });
});

describe("the message says what to write", () => {
  const peer = { myASN: 1, peerASN: 2, peerAddress: "192.0.2.1" };

  test.each<[object, string, string]>([
    [object("BGPPeer", {}, "v1beta2"), "spec.myASN", "is required: it must be a whole number"],
    [object("BGPPeer", { spec: { ...peer, peerPort: 0 } }, "v1beta2"), "spec.peerPort", "must be 1 to 16384"],
    [
      object("BGPPeer", { spec: { ...peer, dynamicASN: "any" } }, "v1beta2"),
      "spec.dynamicASN",
      'must be "internal" or "external", not "any"',
    ],
    [
      object("BGPPeer", { spec: { ...peer, holdTime: "90" } }, "v1beta2"),
      "spec.holdTime",
      'is no duration; write for example "90s"',
    ],
    [
      object("BGPPeer", { spec: { ...peer, connectTime: "soon" } }, "v1beta2"),
      "spec.connectTime",
      'is no duration; write for example "90s"',
    ],
    [object("BFDProfile", { spec: { receiveInterval: 2 } }), "spec.receiveInterval", "must be 10 to 60000"],
    [object("BGPAdvertisement", { spec: { localPref: -1 } }), "spec.localPref", "must be 0 to 4294967295"],
    [
      object("BGPAdvertisement", { spec: { aggregationLengthV6: 2 ** 31 } }),
      "spec.aggregationLengthV6",
      "must be at most 2147483647",
    ],
    [
      object("ConfigurationState", { status: { result: "Good" } }),
      "status.result",
      'must be "Valid" or "Invalid" or "Unknown", not "Good"',
    ],
  ])("%j", (json, path, message) => {
    expect(read(json)).toMatchObject({ type: "invalid", problems: [{ path, message, code: "invalidField" }] });
  });
});

describe("fields beside spec", () => {
  test("a status that kubectl printed is no reason for a warning", () => {
    const status = { assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 3, availableIPv6: 0 };
    const outcome = read(object("IPAddressPool", { spec: { addresses: ["192.0.2.0/30"] }, status }));
    expect(outcome).toMatchObject({ type: "resource", warnings: [] });
    expect(outcome).not.toHaveProperty("resource.status");
  });

  test("a misspelt one is", () => {
    const { warnings } = read(object("Community", { specs: {} }));
    expect(warnings.map(({ path, message }) => [path, message])).toEqual([
      ["specs", "there is no such field, so it has no effect; did you mean spec?"],
    ]);
  });
});
