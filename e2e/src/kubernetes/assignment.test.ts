// MetalLB's end-to-end rows about assignment, with the controller told to do as MetalLB does when pools change.

import { until } from "@heraldlb/lab";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Assignments } from "./assignment.fixture.ts";

const DUAL = { ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv4", "IPv6"] } as const;

describe("assignment on an API server", { timeout: 120_000 }, () => {
  let site: Assignments;

  beforeAll(async () => {
    site = await Assignments.create("k8s-assign", "--on-stranded", "reassign");
  }, 120_000);
  afterAll(() => site?.[Symbol.asyncDispose]());
  beforeEach(({ onTestFailed }) => onTestFailed(() => site.printLogs()));
  afterEach(() => site.clear());

  test.each([
    ["becomes a ClusterIP", () => site.change("a", { spec: { type: "ClusterIP" } })],
    ["is deleted", () => site.remove("a")],
  ])("the address of a Service that %s goes to the one that waits", async (_what, act) => {
    await site.pool("lab", ["192.0.2.1/32"]);
    await site.service("a");
    await site.are({ a: "lab 192.0.2.1" });
    await site.service("b");
    await site.are({ b: "noAddressAvailable" });
    await act();
    await site.are({ b: "lab 192.0.2.1" });
  });

  test("five restarts with more Services than addresses leave every address where it is", async () => {
    await site.pool("lab", ["192.0.2.1-192.0.2.3"]);
    const owners = { x: "lab 192.0.2.1", y: "lab 192.0.2.2", z: "lab 192.0.2.3" };
    for (const name of Object.keys(owners)) {
      await site.service(name);
      await until("it has an address", async () => (await site.cluster.addresses(name, "one")).length === 1);
    }
    for (const name of ["a", "b", "c"]) await site.service(name);
    const all = { ...owners, a: "noAddressAvailable", b: "noAddressAvailable", c: "noAddressAvailable" };
    await site.are(all);
    const owned = await Promise.all(Object.keys(owners).map((name) => site.get(name)));
    for (let round = 1; round <= 5; round++) {
      await site.restart();
      // It decides: what is new is refused.
      await site.service(`n${round}`);
      await site.are({ ...all, [`n${round}`]: "noAddressAvailable" });
    }
    // Not even for a moment.
    const now = await Promise.all(Object.keys(owners).map((name) => site.get(name)));
    expect(now.map(({ metadata }) => metadata.resourceVersion)).toEqual(
      owned.map(({ metadata }) => metadata.resourceVersion),
    );
  });

  describe("a Service that may not share the only address gets it once conditions allow it", () => {
    const local = { externalTrafficPolicy: "Local" };
    const sharing = (key: string) => ({ metadata: { annotations: { "metallb.io/allow-shared-ip": key } } });
    const port = (number: number) => ({ ports: [{ name: "p", port: number, protocol: "TCP" }] });

    test.each([
      ["its key becomes the same", {}, "x", "addressInUse", () => site.change("b", sharing("k"))],
      ["the other's key becomes the same", {}, "x", "addressInUse", () => site.change("a", sharing("x"))],
      [
        "the other's traffic policy becomes Cluster",
        local,
        "k",
        "addressInUse",
        () => site.change("a", { spec: { externalTrafficPolicy: "Cluster" } }),
      ],
      [
        "both have the traffic policy Local and the same selector",
        local,
        "k",
        "addressInUse",
        () => site.change("b", { spec: { ...local, selector: { app: "a" } } }),
      ],
      ["the other's port is another one", port(81), "k", "portInUse", () => site.change("a", { spec: port(82) })],
    ])("%s", async (_what, spec, key, reason, act) => {
      await site.pool("lab", ["192.0.2.1/32"]);
      await site.service("a", { ...port(80), ...spec }, sharing("k").metadata);
      await site.are({ a: "lab 192.0.2.1" });
      const asks = { ...sharing(key).metadata.annotations, "metallb.io/loadBalancerIPs": "192.0.2.1" };
      await site.service("b", port(81), { annotations: asks });
      await site.are({ b: reason });
      await act();
      await site.are({ a: "lab 192.0.2.1", b: "lab 192.0.2.1" });
    });
  });

  test("without pools Services lose their addresses; with pools they get some again", async () => {
    await site.pool("lab", ["192.0.2.1-192.0.2.2"]);
    await site.pool("other", ["192.0.2.9/32"], { autoAssign: false });
    await site.service("a");
    await site.service("b", { ipFamilyPolicy: "PreferDualStack" });
    await site.service("c", {}, { annotations: { "metallb.io/address-pool": "other" } });
    await site.are({ a: "lab 192.0.2.1", b: "lab 192.0.2.2 secondFamilyUnavailable", c: "other 192.0.2.9" });
    await site.removePool("lab");
    await site.are({ a: "noAddressAvailable", b: "noAddressAvailable", c: "other 192.0.2.9" });
    await site.removePool("other");
    await site.are({ a: "noPools", b: "noPools", c: "unknownPool" });
    await site.told(
      "a",
      'Normal ClearAssignment: current IP for "one/a" not allowed by config, will attempt for new IP assignment: ["192.0.2.1"] is not allowed in config',
    );
    await site.pool("lab", ["192.0.2.1-192.0.2.2"]);
    await site.are({ a: "lab 192.0.2.1", b: "lab 192.0.2.2 secondFamilyUnavailable", c: "unknownPool" });
  });

  test("a Service whose pool is deleted gets an address of the pool that remains", async () => {
    await site.pool("first", ["192.0.2.1/32"]);
    await site.service("a");
    await site.are({ a: "first 192.0.2.1" });
    await site.pool("second", ["198.51.100.1/32"]);
    await site.removePool("first");
    await site.are({ a: "second 198.51.100.1" });
  });

  describe("pools that are pinned to a Service are used first, the lowest priority number before others", () => {
    type Allocation = Readonly<Record<string, unknown>>;
    const namespaces = { namespaces: ["one"] };
    const byNamespaceLabel = { namespaceSelectors: [{ matchLabels: { tier: "gold" } }] };
    const byServiceLabel = { serviceSelectors: [{ matchLabels: { team: "net" } }] };

    // Each pool has one address; the pools are named in the order in which they are to be used, `open` last.
    test.each<[string, Readonly<Record<string, Allocation>>, boolean]>([
      [
        "by namespace",
        { p1: { ...namespaces, priority: 10 }, p2: { ...namespaces, priority: 20 }, p3: namespaces },
        true,
      ],
      ["by nothing but priority", { p1: { priority: 10 }, p2: { priority: 20 } }, false],
      [
        "by namespace, or by its labels",
        { p1: { ...namespaces, priority: 1 }, p2: { ...byNamespaceLabel, priority: 2 } },
        true,
      ],
      ["by the Service's labels", { p1: { ...byServiceLabel, priority: 3 }, p2: byServiceLabel }, true],
      [
        "by namespace and the Service's labels",
        { p1: { ...namespaces, ...byServiceLabel, priority: 5 }, p2: { ...byNamespaceLabel, ...byServiceLabel } },
        true,
      ],
    ])("%s", async (_how, pinned, isClosedToOthers) => {
      await site.namespace("one", { tier: "gold" });
      const pools = { ...pinned, open: undefined };
      for (const [index, [name, serviceAllocation]] of Object.entries(pools).toReversed().entries())
        await site.pool(name, [`192.0.2.${index}/32`], serviceAllocation ? { serviceAllocation } : {});
      const size = Object.keys(pools).length;
      const expected = Object.keys(pools).map((pool, index) => [`s${index}`, `${pool} 192.0.2.${size - 1 - index}`]);
      for (const [name = "", shown = ""] of expected) {
        await site.service(name, {}, { labels: { team: "net" } });
        await site.are({ [name]: shown });
      }
      await site.service("two/stranger", {}, { labels: { team: "other" } });
      await site.are({ "two/stranger": "noAddressAvailable" });
      await site.remove("s0");
      if (!isClosedToOthers) return await site.are({ "two/stranger": `p1 192.0.2.${size - 1}` });
      // It comes after the one that waits.
      await site.service("zz", {}, { labels: { team: "net" } });
      await site.are({ zz: `p1 192.0.2.${size - 1}`, "two/stranger": "noAddressAvailable" });
    });

    test.each([
      ["the namespace is not the pool's", "two/a", { team: "net" }],
      ["the Service's labels are not the pool's", "a", { team: "other" }],
    ])("both must fit: %s", async (_what, name, labels) => {
      await site.pool("pinned", ["192.0.2.1/32"], { serviceAllocation: { ...namespaces, ...byServiceLabel } });
      await site.service(name, {}, { labels });
      await site.are({ [name]: "noAddressAvailable" });
      await site.service("fits", {}, { labels: { team: "net" } });
      await site.are({ fits: "pinned 192.0.2.1", [name]: "noAddressAvailable" });
    });

    test("a namespace that is named and one that is selected may both use the pool", async () => {
      await Promise.all([site.namespace("one"), site.namespace("two")]);
      await site.pool("lab", ["192.0.2.1-192.0.2.2"], { serviceAllocation: { ...namespaces, ...byNamespaceLabel } });
      await site.service("two/b");
      await site.are({ "two/b": "noAddressAvailable" });
      await site.service("a");
      await site.are({ a: "lab 192.0.2.1" });
      await site.namespace("two", { tier: "gold" });
      await site.are({ "two/b": "lab 192.0.2.2" });
      await site.namespace("two");
    });

    test("labels that a namespace gets or loses take effect at once", async () => {
      await site.namespace("one");
      await site.pool("gold", ["192.0.2.1/32"], { serviceAllocation: byNamespaceLabel });
      await site.service("a");
      await site.are({ a: "noAddressAvailable" });
      await site.namespace("one", { tier: "gold" });
      await site.are({ a: "gold 192.0.2.1" });
      await site.namespace("two", { tier: "gold" });
      await site.service("two/b");
      await site.are({ "two/b": "noAddressAvailable" });
      await site.namespace("one", { tier: "silver" });
      await site.are({ a: "noAddressAvailable", "two/b": "gold 192.0.2.1" });
      await site.namespace("one");
      await site.namespace("two");
    });
  });

  describe("PreferDualStack", () => {
    const FOUR = ["192.0.2.1-192.0.2.9"];
    const SIX = ["2001:db8::1-2001:db8::9"];

    test("takes both addresses from one pool that has both, if there is one", async () => {
      await site.pool("a4", ["198.51.100.1/32"]);
      await site.pool("a6", ["2001:db8:1::1/128"]);
      await site.pool("dual", [...FOUR, ...SIX]);
      await site.service("a", DUAL);
      await site.are({ a: "dual 192.0.2.1 2001:db8::1" });
    });

    test.each([
      ["IPv4 by default", ["IPv4", "IPv6"], "v4 192.0.2.1 secondFamilyUnavailable"],
      ["IPv6 if that is first of its families", ["IPv6", "IPv4"], "v6 2001:db8::1 secondFamilyUnavailable"],
    ])("with pools of one family each: %s", async (_what, ipFamilies, shown) => {
      await site.pool("v4", FOUR);
      await site.pool("v6", SIX);
      await site.service("a", { ...DUAL, ipFamilies });
      await site.are({ a: shown });
    });

    test("keeps its address and gets the other one when its pool becomes one of both", async () => {
      await site.pool("lab", FOUR);
      await site.service("a", DUAL);
      await site.are({ a: "lab 192.0.2.1 secondFamilyUnavailable" });
      await site.told(
        "a",
        "Normal AdditionalAssignFailed: cannot assign additional IP in PreferDualStack: no available IPs in pool lab for ipv6 IPFamily",
      );
      await site.pool("lab", [...FOUR, ...SIX]);
      await site.are({ a: "lab 192.0.2.1 2001:db8::1" });
      await site.told("a", 'Normal IPAllocated: Assigned additional IP "2001:db8::1"');
    });

    test("that becomes RequireDualStack loses its one address, and regains it", async () => {
      await site.pool("lab", FOUR);
      await site.service("a", DUAL);
      await site.are({ a: "lab 192.0.2.1 secondFamilyUnavailable" });
      await site.change("a", { spec: { ipFamilyPolicy: "RequireDualStack" } });
      await site.are({ a: "noAddressAvailable" });
      await site.change("a", { spec: { ipFamilyPolicy: "PreferDualStack" } });
      await site.are({ a: "lab 192.0.2.1 secondFamilyUnavailable" });
    });

    test("does not jump to a pool of both that comes later", async () => {
      await site.pool("lab", FOUR);
      await site.service("a", DUAL);
      await site.are({ a: "lab 192.0.2.1 secondFamilyUnavailable" });
      await site.pool("dual", ["198.51.100.1-198.51.100.9", ...SIX]);
      await site.service("b", DUAL);
      await site.are({ a: "lab 192.0.2.1 secondFamilyUnavailable", b: "dual 198.51.100.1 2001:db8::1" });
    });

    test("moves to another pool of both when its own becomes one of one family", async () => {
      await site.pool("dual", [...FOUR, ...SIX]);
      await site.service("a", DUAL);
      await site.are({ a: "dual 192.0.2.1 2001:db8::1" });
      await site.pool("other", ["198.51.100.1/32", "2001:db8:1::1/128"]);
      await site.pool("dual", FOUR);
      await site.are({ a: "other 198.51.100.1 2001:db8:1::1" });
    });

    test("keeps what fits when its pool becomes one of one family and there is no other", async () => {
      await site.pool("dual", [...FOUR, ...SIX]);
      await site.service("a", DUAL);
      await site.are({ a: "dual 192.0.2.1 2001:db8::1" });
      await site.pool("dual", FOUR);
      await site.are({ a: "dual 192.0.2.1 secondFamilyUnavailable" });
    });
  });

  test("a pool's status counts what is in use and what is left, of both families", async () => {
    const counts = (assignedIPv4: number, assignedIPv6: number) =>
      until("the pool counted them", async () => {
        const left = { availableIPv4: 4 - assignedIPv4, availableIPv6: 8 - assignedIPv6 };
        const status = await site.poolStatus("lab");
        expect(status).toEqual({ assignedIPv4, assignedIPv6, ...left });
        return true;
      });
    await site.pool("lab", ["192.0.2.0/30", "2001:db8::/125"]);
    await counts(0, 0);
    await site.service("a");
    await counts(1, 0);
    await site.service("b", { ipFamilies: ["IPv6"] });
    await counts(1, 1);
    await site.service("c", DUAL);
    await counts(2, 2);
    await site.remove("a");
    await counts(1, 2);
    await site.change("c", { spec: { type: "ClusterIP" } });
    await counts(0, 1);
    await site.remove("b");
    await counts(0, 0);
  });
});
