import type { Action } from "@heraldlb/ipam";
import type { Ip } from "@heraldlb/net";
import { expect, test } from "vitest";
import { addressEvents } from "./address-events.ts";

const [V4, V6] = ["192.0.2.1" as Ip, "2001:db8::1" as Ip];
const assign = (action: Partial<Extract<Action, { type: "assign" }>>): Action => ({
  ...{ type: "assign", service: "default/web", addresses: [V4], pool: "p", cause: "allocated", refused: [] },
  ...action,
});
const release = (reason: Extract<Action, { type: "release" }>["reason"], message = "why"): Action => ({
  ...{ type: "release", service: "default/web", addresses: [V4], reason, message },
});
const refuse = (reason: Extract<Action, { type: "refuse" }>["reason"], message = "why"): Action => ({
  ...{ type: "refuse", service: "default/web", reason, message, refused: [] },
});

test.each<[string, Action, readonly Ip[], string[]]>([
  ["an address", assign({}), [], ['Normal IPAllocated Assigned IP ["192.0.2.1"]']],
  [
    "two addresses",
    assign({ addresses: [V4, V6] }),
    [],
    ['Normal IPAllocated Assigned IP ["192.0.2.1" "2001:db8::1"]'],
  ],
  [
    "the second family",
    assign({ addresses: [V4, V6], cause: "addressAdded" }),
    [V6],
    ['Normal IPAllocated Assigned additional IP "192.0.2.1"'],
  ],
  ["what it had", assign({ cause: "restored" }), [V4], []],
  ["another pool's name", assign({ cause: "poolChanged" }), [V4], []],
  [
    "stranded",
    assign({ cause: "poolChanged", stranded: "addressOutsidePools" }),
    [V4],
    [
      'Warning AddressStranded ["192.0.2.1"] stays, though pool "p" does not give it out any more; to get another one, set the annotation heraldlb.io/reassign',
    ],
  ],
  ["gone", release("serviceRemoved"), [V4], []],
  ["not allowed any more", release("poolNotCompatible"), [V4], ["Normal ClearAssignment why"]],
  ["asked for another", release("otherPoolRequested"), [V4], ['Normal AddressReleased Released IP ["192.0.2.1"]: why']],
  [
    "a status that nobody can read",
    release("unreadableStatus"),
    [V4],
    ["Warning nolbIPsIPFamily Failed to retrieve LBIPs IPFamily for [192.0.2.1]: why"],
  ],
  [
    "nothing left",
    refuse("noAddressAvailable", "no available IPs"),
    [],
    ['Warning AllocationFailed Failed to allocate IP for "default/web": no available IPs'],
  ],
  ["one family of two", refuse("secondFamilyUnavailable"), [V4], ["Normal AdditionalAssignFailed why"]],
  ["too few cluster IPs", refuse("notEnoughClusterIps"), [], ["Warning not enough clusterips why"]],
  ["unknown families", refuse("clusterIpFamilyUnknown"), [V4], ["Warning noclusterIPsIPFamily why"]],
  ["a Service that is wrong, with an address", refuse("invalidService"), [V4], ["Warning LoadBalancerFailed why"]],
  [
    "a bad request, with an address",
    refuse("invalidRequest", "invalid requested loadbalancer IPs: x"),
    [V4],
    ["Warning LoadBalancerFailed invalid requested loadbalancer IPs: x"],
  ],
  [
    "a bad request, without",
    refuse("invalidRequest", "x"),
    [],
    ['Warning AllocationFailed Failed to allocate IP for "default/web": x'],
  ],
])("%s", (_, action, addresses, told) => {
  const events = addressEvents(action, { addresses });
  expect(events.map(({ type, reason, message }) => `${type} ${reason} ${message}`)).toEqual(told);
  for (const { object } of events) expect(object).toEqual({ kind: "Service", namespace: "default", name: "web" });
});

test("a refusal carries its own reason beside MetalLB's", () => {
  expect(addressEvents(refuse("quotaReached"), { addresses: [] })).toMatchObject([
    { reason: "AllocationFailed", cause: "quotaReached" },
  ]);
});
