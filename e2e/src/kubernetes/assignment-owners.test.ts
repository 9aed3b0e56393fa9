// What is shown already when a controller begins, what others write, and what is none of Herald's business.

import { pass } from "@heraldlb/lab";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Assignments, asking, from } from "./assignment.fixture.ts";

const DUAL = { ipFamilyPolicy: "PreferDualStack" } as const;
const POOL = "metallb.io/ip-allocated-from-pool";

describe("statuses of Services", { timeout: 120_000 }, () => {
  let site: Assignments;

  beforeAll(async () => {
    site = await Assignments.create("k8s-owners");
  }, 120_000);
  afterAll(() => site?.[Symbol.asyncDispose]());
  beforeEach(({ onTestFailed }) => onTestFailed(() => site.printLogs()));
  afterEach(() => site.clear());

  test("what Services show from an earlier owner is theirs if a pool has it, and replaced if not", async () => {
    await site.pool("lab", ["192.0.2.1-192.0.2.9"]);
    await site.stop();
    // The oldest waits.
    for (const name of ["a", "b", "c", "d", "e", "f", "g"]) await site.service(name);
    await site.changeStatus("b", [{ ip: "192.0.2.1" }]);
    await site.changeStatus("c", [{ ip: "192.0.2.3" }], { [POOL]: "lab" });
    await site.changeStatus("d", [{ ip: "198.51.100.1" }]);
    await site.changeStatus("e", [{ hostname: "lb.example.com" }]);
    await site.changeStatus("f", [{ ip: "192.0.2.2" }, { hostname: "lb.example.com" }]);
    await site.changeStatus("g", [{ ip: "192.0.2.7" }, { ip: "192.0.2.8" }], { [POOL]: "lab" });
    await site.start();
    await site.are({
      ...{ b: "lab 192.0.2.1", c: "lab 192.0.2.3", f: "lab 192.0.2.2" },
      ...{ a: "lab 192.0.2.4", d: "lab 192.0.2.5", e: "lab 192.0.2.6", g: "lab 192.0.2.7" },
    });
    const lost = '["198.51.100.1"] is not allowed in config';
    await site.told(
      "d",
      `Normal ClearAssignment: current IP for "one/d" not allowed by config, will attempt for new IP assignment: ${lost}`,
    );
    const unreadable = "Failed to retrieve LBIPs IPFamily for [192.0.2.7 192.0.2.8]: IPFamilyForAddresses";
    await site.told("g", `Warning nolbIPsIPFamily: ${unreadable}: same address family [192.0.2.7 192.0.2.8]`);
  });

  test("without pools nothing is shown of what an earlier owner gave", async () => {
    await site.stop();
    for (const name of ["a", "b", "c"]) await site.service(name);
    await site.changeStatus("a", [{ ip: "198.51.100.1" }]);
    await site.changeStatus("b", [{ hostname: "lb.example.com" }]);
    await site.changeStatus("c", [{ ip: "198.51.100.1" }, { hostname: "lb.example.com" }]);
    await site.start();
    await site.are({ a: "noPools", b: "noPools", c: "noPools" });
  });

  test("a Service that went or changed its type while no controller ran has left its address", async () => {
    await site.pool("lab", ["192.0.2.1-192.0.2.2"]);
    await site.serve({ a: "lab 192.0.2.1", b: "lab 192.0.2.2" });
    await site.stop();
    await site.remove("a");
    await site.change("b", { spec: { type: "ClusterIP" } });
    await site.start();
    await site.service("c");
    await site.service("d");
    await site.are({ b: "nothing", c: "lab 192.0.2.1", d: "lab 192.0.2.2" });
  });

  test("where there is a cool-down, what such a Service has left rests from the next controller's start on", async () => {
    await site.pool("lab", ["192.0.2.1-192.0.2.2"], {}, { "heraldlb.io/cool-down": "3s" });
    await site.serve({ a: "lab 192.0.2.1", b: "lab 192.0.2.2" });
    await site.stop();
    await site.remove("a");
    await site.remove("b");
    await site.service("b");
    await site.service("c", {}, asking("192.0.2.1"));
    await site.start();
    const rests = '["192.0.2.1"] was given up a while ago and still rests';
    await site.told("c", `Warning AllocationFailed: Failed to allocate IP for "one/c": ${rests}`);
    await site.are({ b: "lab 192.0.2.2", c: "lab 192.0.2.1" });
  });

  test.each(["by the process that gave it", "by the next one"])(
    "what somebody else writes is put right %s",
    async (by) => {
      type Edit = readonly [
        ingress: Parameters<Assignments["changeStatus"]>[1],
        annotations?: Record<string, string | null>,
      ];
      const [ours, theirs, name] = [{ ip: "192.0.2.1" }, { ip: "198.51.100.1" }, { hostname: "lb.example.com" }];
      const given: Readonly<Record<string, Edit>> = {
        "another-address": [[theirs]],
        "no-address": [null],
        "a-name-beside": [[ours, name]],
        "another-way": [[{ ...ours, ipMode: "Proxy" }]],
        "another-pool": [[ours], { [POOL]: "other" }],
        "no-pool": [[ours], { [POOL]: null }],
        nothing: [null, { [POOL]: null }],
      };
      const waiting: Readonly<Record<string, Edit>> = {
        "an-address": [[theirs], { [POOL]: "lab" }],
        "a-name": [[name]],
      };
      await site.pool("lab", ["192.0.2.1/32"]);
      const right: Record<string, string> = {};
      for (const [index, key] of Object.keys(given).entries()) {
        const port = { name: "p", port: 80 + index, protocol: "TCP" };
        await site.service(key, { ports: [port] }, { annotations: { "metallb.io/allow-shared-ip": "all" } });
        right[key] = "lab 192.0.2.1";
      }
      await site.are(right);
      for (const key of Object.keys(waiting)) {
        await site.service(key);
        right[key] = "noAddressAvailable";
      }
      await site.are(right);
      if (by === "by the next one") {
        await site.restart();
        // It decides.
        await site.service("late");
        await site.are({ late: "noAddressAvailable" });
      }
      for (const [key, edit] of Object.entries({ ...given, ...waiting })) await site.changeStatus(key, ...edit);
      await site.are(right);
    },
  );

  test("Services of another class are never touched, whatever they show", async () => {
    await site.pool("lab", ["192.0.2.1-192.0.2.9"]);
    const foo = { loadBalancerClass: "example.com/foo" };
    await site.service("new", foo);
    await site.service("known", foo);
    await site.changeStatus("known", [{ ip: "192.0.2.3" }, { hostname: "lb.example.com" }], { [POOL]: "lab" });
    const before = await site.versions();
    await site.restart();
    await site.service("ours");
    await site.are({ ours: "lab 192.0.2.1", new: "nothing", known: "lab 192.0.2.3 lb.example.com" });
    const { ours: _, lab: __, ...after } = await site.versions();
    const { lab: ___, ...others } = before;
    expect(after).toEqual(others);
    expect(await site.events("new")).toEqual([]);
  });

  test("with --lb-class only Services of the class are served, and a change of type gives the address back", async () => {
    await site.pool("lab", ["192.0.2.1/32"]);
    await site.restart("--lb-class", "example.com/ours");
    await site.service("none");
    await site.service("other", { loadBalancerClass: "example.com/other" });
    await site.service("a", { loadBalancerClass: "example.com/ours" });
    await site.are({ a: "lab 192.0.2.1", none: "nothing", other: "nothing" });
    await site.service("b", { loadBalancerClass: "example.com/ours" });
    await site.are({ b: "noAddressAvailable" });
    // The API server takes the class away with the type.
    await site.change("a", { spec: { type: "ClusterIP", loadBalancerClass: null } });
    await site.are({ a: "nothing", b: "lab 192.0.2.1" });
    await site.change("b", { spec: { type: "ClusterIP", loadBalancerClass: null } });
    await site.change("b", { spec: { type: "LoadBalancer", loadBalancerClass: "example.com/other" } });
    await site.change("a", { spec: { type: "LoadBalancer", loadBalancerClass: "example.com/ours" } });
    await site.are({ a: "lab 192.0.2.1", b: "nothing" });
    await site.change("a", { spec: { type: "ClusterIP", loadBalancerClass: null } });
    await site.are({ a: "nothing" });
    await site.restart();
    await site.are({ none: "lab 192.0.2.1", a: "nothing", b: "nothing", other: "nothing" });
  });

  test("nothing is written any more once everything is settled", async () => {
    await site.pool("lab", ["192.0.2.1-192.0.2.3"]);
    await site.pool("gone", ["198.51.100.1/32"], { autoAssign: false });
    await site.service("a");
    await site.service("b", DUAL);
    await site.service("c", {}, from("gone"));
    await site.service("foreign", { loadBalancerClass: "example.com/foo" });
    await site.are({ a: "lab 192.0.2.1", b: "lab 192.0.2.2 secondFamilyUnavailable", c: "gone 198.51.100.1" });
    await site.removePool("gone");
    await site.service("d", {}, asking("203.0.113.1"));
    await site.are({ c: "gone 198.51.100.1 addressOutsidePools", d: "addressOutsidePools" });
    await site.restart();
    await site.service("e");
    await site.are({ e: "lab 192.0.2.3" });
    // Counters may follow a second later.
    await pass(1_500);
    const before = await site.versions();
    await pass(3_000);
    expect(await site.versions()).toEqual(before);
  });
});
