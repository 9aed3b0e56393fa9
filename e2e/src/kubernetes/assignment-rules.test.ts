// What a Service may ask for, and what it keeps when pools or its families change.

import { gunzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Assignments, asking, from } from "./assignment.fixture.ts";

const DUAL = { ipFamilyPolicy: "PreferDualStack" } as const;
const FAILED = 'Warning AllocationFailed: Failed to allocate IP for "one/a": ';

describe("addresses of Services", { timeout: 120_000 }, () => {
  let site: Assignments;

  beforeAll(async () => {
    site = await Assignments.create("k8s-rules");
  }, 120_000);
  afterAll(() => site?.[Symbol.asyncDispose]());
  beforeEach(({ onTestFailed }) => onTestFailed(() => site.printLogs()));
  afterEach(() => site.clear());

  describe("a request that cannot be met is answered by an event", () => {
    const closed = { serviceAllocation: { namespaces: ["two"] } };

    beforeEach(async () => {
      await site.pool("lab", ["192.0.2.1-192.0.2.2", "2001:db8::1/128"]);
      await site.pool("other", ["198.51.100.1/32"], { autoAssign: false });
      await site.pool("closed", ["203.0.113.1/32"], closed);
      await site.service("holder", {}, asking("198.51.100.1"));
      await site.are({ holder: "other 198.51.100.1" });
    });

    test.each<[string, Record<string, unknown>, Record<string, unknown>, string, string]>([
      ["a pool that is not there", {}, from("nowhere"), "unknownPool", 'unknown pool "nowhere"'],
      ["a pool of others", {}, from("closed"), "poolNotCompatible", "pool closed not compatible for ip assignment"],
      ["a full pool", {}, from("other"), "poolExhausted", "no available IPs in pool other"],
      [
        "a pool without the family",
        { ipFamilies: ["IPv6"] },
        from("other"),
        "familyNotInPool",
        "no available IPs in pool other for ipv6 IPFamily",
      ],
      [
        "two families of a pool of one",
        { ipFamilyPolicy: "RequireDualStack" },
        from("other"),
        "familyNotInPool",
        "no available IPs in pool other for dual IPFamily",
      ],
      [
        "an address outside all pools",
        {},
        asking("192.0.2.9"),
        "addressOutsidePools",
        '["192.0.2.9"] is not allowed in config',
      ],
      [
        "an address of a pool of others",
        {},
        asking("203.0.113.1"),
        "poolNotCompatible",
        "pool closed not compatible for ip assignment",
      ],
      [
        "an address in use",
        {},
        asking("198.51.100.1"),
        "addressInUse",
        `can't change sharing key for "one/a", address also in use by one/holder; neither has metallb.io/allow-shared-ip`,
      ],
      [
        "an address of the other family",
        {},
        asking("2001:db8::1"),
        "requestedFamilyMismatch",
        'requested loadBalancer IP(s) ["2001:db8::1"] does not match the ipFamily of the service',
      ],
      [
        "an address of another pool than the requested one",
        {},
        { annotations: { ...asking("192.0.2.1").annotations, ...from("other").annotations } },
        "requestedPoolMismatch",
        'requested loadBalancer IP(s) ["192.0.2.1"] is not compatible with requested address pool other',
      ],
      [
        "addresses in both ways",
        { loadBalancerIP: "192.0.2.1" },
        asking("192.0.2.1"),
        "conflictingRequests",
        "service can not have both metallb.io/loadBalancerIPs and svc.Spec.LoadBalancerIP",
      ],
      ["no address", {}, asking("web"), "invalidRequest", 'invalid metallb.io/loadBalancerIPs: "web"'],
      ["no address, in its spec", { loadBalancerIP: "web" }, {}, "invalidRequest", 'invalid spec.loadBalancerIP "web"'],
      [
        "two of one family",
        {},
        asking("192.0.2.1,192.0.2.2"),
        "invalidRequest",
        "IPFamilyForAddresses: same address family [192.0.2.1 192.0.2.2]",
      ],
    ])("%s", async (_what, spec, metadata, reason, message) => {
      await site.service("a", spec, metadata);
      await site.are({ a: reason });
      await site.told("a", FAILED + message);
    });
  });

  test("requests that can be met are, also later ones; one without sense leaves the Service what it has", async () => {
    await site.pool("lab", ["192.0.2.1-192.0.2.9", "2001:db8::1-2001:db8::9"]);
    await site.pool("manual", ["198.51.100.1-198.51.100.9"], { autoAssign: false });
    await site.service("a", {}, asking("192.0.2.5"));
    await site.service("b", { loadBalancerIP: "198.51.100.5" });
    await site.service("c", DUAL, asking("2001:db8::7, 192.0.2.7"));
    await site.service("d", {}, from("manual"));
    const others = { c: "lab 192.0.2.7 2001:db8::7", d: "manual 198.51.100.1" };
    await site.are({ a: "lab 192.0.2.5", b: "manual 198.51.100.5", ...others });
    await site.told("a", 'Normal IPAllocated: Assigned IP ["192.0.2.5"]');
    await site.told("c", 'Normal IPAllocated: Assigned IP ["192.0.2.7" "2001:db8::7"]');
    await site.service("a", {}, asking("192.0.2.300"));
    await site.are({ a: "lab 192.0.2.5 invalidRequest" });
    await site.told(
      "a",
      'Warning LoadBalancerFailed: invalid requested loadbalancer IPs: invalid metallb.io/loadBalancerIPs: "192.0.2.300"',
    );
    await site.service("a", {}, asking("192.0.2.6"));
    await site.service("b", {}, from("lab"));
    await site.are({ a: "lab 192.0.2.6", b: "lab 192.0.2.1", ...others });
    await site.told("a", 'Normal AddressReleased: Released IP ["192.0.2.5"]: the Service asks for ["192.0.2.6"]');
    await site.told("b", 'Normal AddressReleased: Released IP ["198.51.100.5"]: the Service asks for pool lab');
  });

  test("annotations with the deprecated prefix act, and are told of; the new ones hide them, even if empty", async () => {
    const old = (name: string, value: string) => ({ [`metallb.universe.tf/${name}`]: value });
    await site.pool("lab", ["192.0.2.1-192.0.2.9"]);
    await site.pool("manual", ["198.51.100.1-198.51.100.9"], { autoAssign: false });
    const shared = { ...old("loadBalancerIPs", "192.0.2.5"), ...old("allow-shared-ip", "k") };
    await site.service("a", {}, { annotations: shared });
    const ports = [{ name: "p", port: 81, protocol: "TCP" }];
    await site.service("b", { ports }, { annotations: shared });
    await site.service("c", {}, { annotations: old("address-pool", "manual") });
    await site.service("d", {}, { annotations: { ...old("address-pool", "manual"), "metallb.io/address-pool": "" } });
    await site.are({ a: "lab 192.0.2.5", b: "lab 192.0.2.5", c: "manual 198.51.100.1", d: "lab 192.0.2.1" });
    for (const [name, key] of [
      ["a", "loadBalancerIPs"],
      ["a", "allow-shared-ip"],
      ["c", "address-pool"],
    ] as const) {
      await site.told(
        name,
        `Warning deprecatedAnnotation: Service uses deprecated annotation metallb.universe.tf/${key}`,
      );
    }
  });

  test("a Service keeps the address that it may keep when its cluster addresses change", async () => {
    await site.pool("lab", ["192.0.2.1-192.0.2.9", "2001:db8::1-2001:db8::9"]);
    await site.service("a");
    await site.are({ a: "lab 192.0.2.1" });
    await site.service("b");
    await site.change("a", { spec: DUAL });
    await site.are({ a: "lab 192.0.2.1 2001:db8::1", b: "lab 192.0.2.2" });
    await site.change("a", { spec: { ipFamilyPolicy: "SingleStack" } });
    await site.are({ a: "lab 192.0.2.1" });
    const nowhere = { type: "ExternalName", externalName: "example.com", clusterIP: null, clusterIPs: null };
    await site.change("a", { spec: { ...nowhere, ipFamilies: null, ipFamilyPolicy: null } });
    await site.are({ a: "nothing" });
    await site.change("a", { spec: { type: "LoadBalancer", externalName: null, ipFamilies: ["IPv6"] } });
    await site.are({ a: "lab 2001:db8::1" });
  });

  describe("a pool that does not give out a Service's address any more", () => {
    beforeEach(async () => {
      await site.pool("lab", ["192.0.2.1-192.0.2.9"]);
      await site.service("a");
      await site.are({ a: "lab 192.0.2.1" });
      await site.pool("lab", ["192.0.2.2-192.0.2.9"]);
      await site.are({ a: "lab 192.0.2.1 addressOutsidePools" });
    });

    test("leaves it to the Service, which says so, and to nobody else, also after a restart", async () => {
      const words = '["192.0.2.1"] stays, though pool "lab" does not give it out any more';
      await site.told(
        "a",
        `Warning AddressStranded: ${words}; to get another one, set the annotation heraldlb.io/reassign`,
      );
      await site.removePool("lab");
      await site.service("b", {}, asking("192.0.2.1"));
      await site.are({ a: "lab 192.0.2.1 addressOutsidePools", b: "addressOutsidePools" });
      await site.restart();
      await site.pool("new", ["192.0.2.1-192.0.2.9"], { serviceAllocation: { namespaces: ["two"] } });
      await site.service("two/c");
      await site.are({ a: "lab 192.0.2.1 poolNotCompatible", "two/c": "new 192.0.2.2" });
      await site.changeConditions("a", []);
      await site.are({ a: "lab 192.0.2.1 poolNotCompatible" });
    });

    test("leaves it to the Service whatever that says of its pool while nobody leads", async () => {
      await site.service("b");
      await site.are({ b: "lab 192.0.2.2" });
      await site.pool("gold", ["198.51.100.1/32"]);
      await site.stop();
      await site.removePool("lab");
      for (const name of ["a", "b"]) {
        await site.change(name, { metadata: { annotations: { "metallb.io/ip-allocated-from-pool": "gold" } } });
      }
      await site.start();
      await site.are({ a: "lab 192.0.2.1 addressOutsidePools", b: "lab 192.0.2.2 addressOutsidePools" });
    });

    test.each([
      [
        "it carries heraldlb.io/reassign",
        () => site.change("a", { metadata: { annotations: { "heraldlb.io/reassign": "true" } } }),
        "lab 192.0.2.2",
      ],
      ["it asks for another one", () => site.service("a", {}, asking("192.0.2.7")), "lab 192.0.2.7"],
      ["the pool has it again", () => site.pool("lab", ["192.0.2.1-192.0.2.9"]), "lab 192.0.2.1"],
      ["another pool has it", () => site.pool("other", ["192.0.2.1/32"]), "other 192.0.2.1"],
    ])("until %s", async (_what, act, shown) => {
      await act();
      await site.are({ a: shown });
    });
  });

  test("quotas, cool-downs and reservations hold after a restart", async () => {
    const terms = { "quota-per-namespace": "3", "cool-down": "1h", reserved: "192.0.2.1" };
    const annotations = Object.fromEntries(Object.entries(terms).map(([key, value]) => [`heraldlb.io/${key}`, value]));
    await site.pool("lab", ["192.0.2.1-192.0.2.6"], {}, annotations);
    await site.serve({ a: "lab 192.0.2.2", b: "lab 192.0.2.3", c: "lab 192.0.2.4" });
    await site.service("d");
    await site.are({ d: "quotaReached" });
    await site.remove("a");
    await site.are({ d: "lab 192.0.2.5" });
    const path = "/api/v1/namespaces/metallb-system/configmaps/herald-state";
    const { binaryData } = (await site.cluster.request("GET", path)) as {
      readonly binaryData: { readonly notes: string };
    };
    const { freed } = JSON.parse(gunzipSync(Buffer.from(binaryData.notes, "base64")).toString()) as {
      readonly freed: unknown;
    };
    expect(freed).toMatchObject([{ address: "192.0.2.2", by: "one/a" }]);
    await site.restart();
    await site.service("two/e");
    await site.are({ "two/e": "lab 192.0.2.6" });
    await site.service("two/f");
    await site.are({ "two/f": "coolingDown" });
    await site.service("two/g", {}, asking("192.0.2.1"));
    await site.are({ "two/g": "lab 192.0.2.1" });
    await site.service("h");
    await site.are({ h: "quotaReached" });
    await site.remove("h");
    await site.remove("b");
    await site.service("a");
    await site.are({ a: "lab 192.0.2.2" });
  });
});
