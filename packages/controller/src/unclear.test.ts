import { describe, expect, test } from "vitest";
import { startAddresses as start } from "./addresses.test.fixture.ts";
import { advertisement, node, pool, reading, service, slice, startController } from "./controller.test.fixture.ts";
import type { StatusRecord } from "./ledger.ts";

type Json = Readonly<Record<string, unknown>>;

const lab = pool("lab", ["10.0.0.1-10.0.0.2"]);
const record = (name: string, address: string): StatusRecord => ({
  ...{ namespace: "default", name, addresses: [address], pool: "lab" },
});
const statuses = [record("web", "10.0.0.1")];
const showing = (json: Json, ...ips: string[]) => ({
  ...json,
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
});

const WRONG: readonly (readonly [name: string, json: Json])[] = [
  ["a port", service("web", { ports: [{ port: 80 }, { port: 70_000 }] })],
  ["its ports", service("web", { ports: "http" })],
  ["a port without a number", service("web", { ports: [{ protocol: "TCP" }] })],
  ["a family", service("web", { ipFamilies: ["IPv5"], clusterIPs: ["10.96.0.1", "fd00::1"] })],
  ["its policy", service("web", { externalTrafficPolicy: "local" })],
  ["its type", service("web", { type: "Loadbalancer" })],
  ["its whole spec", { ...service("web"), spec: "none" }],
  ["an annotation", service("web", {}, { annotations: { "heraldlb.io/refresh": 10 } })],
];

describe("a Service that cannot be understood, and of which no earlier form is known,", () => {
  test.each(WRONG)("keeps the address that it has, if %s is wrong", (_name, wrong) => {
    const { addresses, begun, settle } = start([lab, wrong, service("older")], { statuses });
    expect(addresses.given("default/web")).toMatchObject({ addresses: ["10.0.0.1"], pool: "lab" });
    expect(begun.entries).toMatchObject([{ type: "store", record: record("older", "10.0.0.2") }]);
    settle([lab, wrong, service("older"), service("more")]);
    expect(addresses.refusal("default/more")).toMatchObject({ reason: "noAddressAvailable" });
  });

  test.each(WRONG)("keeps the address that its manifest shows, if %s is wrong", (_name, wrong) => {
    const { addresses } = start([lab, showing(wrong, "10.0.0.1"), service("older")]);
    expect(addresses.given("default/web")).toMatchObject({ addresses: ["10.0.0.1"] });
  });

  test("gets no address, and is told why", () => {
    const wrong = service("web", { ports: [{ port: 70_000 }] });
    const { addresses } = start([lab, wrong]);
    expect(addresses.given("default/web")).toBeUndefined();
    expect(addresses.refusal("default/web")).toEqual({
      ...{ reason: "invalidService", message: "cannot be understood: spec.ports[0].port must be 1 to 65535" },
    });
  });

  test.each([
    ["asks for another address", { annotations: { "metallb.io/loadBalancerIPs": "10.0.0.2" } }],
    ["asks for another pool", { annotations: { "metallb.io/address-pool": "other" } }],
    ["gives its address up", { annotations: { "heraldlb.io/reassign": "true" } }],
  ])("keeps its address though it %s", (_name, metadata) => {
    const wrong = service("web", { ports: "http" }, metadata);
    const { addresses } = start([pool("other", ["10.0.9.1"]), wrong], { statuses, onStranded: "reassign" });
    expect(addresses.given("default/web")?.addresses).toEqual(["10.0.0.1"]);
  });

  test("goes on sharing its address", () => {
    const annotations = { "metallb.io/allow-shared-ip": "k", "heraldlb.io/refresh": 10 };
    const wrong = service("web", { ports: [{ port: 80 }, { port: 0 }] }, { annotations });
    const other = service("other", { ports: [{ port: 81 }] }, { annotations: { "metallb.io/allow-shared-ip": "k" } });
    const { addresses } = start([lab, wrong, other], { statuses: [...statuses, record("other", "10.0.0.1")] });
    expect([addresses.given("default/web"), addresses.given("default/other")]).toMatchObject([
      { addresses: ["10.0.0.1"] },
      { addresses: ["10.0.0.1"] },
    ]);
  });

  test.each([
    ["is deleted", undefined],
    ["is of another type", service("web", { type: "ClusterIP", ports: "http" })],
    ["is of another class", service("web", { loadBalancerClass: "other", ports: "http" })],
  ])("gives its address back when it %s", (_name, next) => {
    const { addresses, settle } = start([lab, service("web", { ports: "http" })], { statuses });
    settle([lab, ...(next ? [next] : []), service("more", { loadBalancerIP: "10.0.0.1" })]);
    expect(addresses.given("default/web")).toBeUndefined();
    expect(addresses.given("default/more")?.addresses).toEqual(["10.0.0.1"]);
  });

  test("is served like any other once it is right", () => {
    const { addresses, settle } = start([lab, service("web", { type: "Loadbalancer" })], { statuses });
    settle([lab, service("web")]);
    expect(addresses.refusal("default/web")).toBeUndefined();
    settle([lab, service("web", { loadBalancerIP: "10.0.0.2" })]);
    expect(addresses.given("default/web")?.addresses).toEqual(["10.0.0.2"]);
  });
});

describe("a leader", () => {
  const wrong = service("web", { ports: [{ port: 80 }, { port: 70_000 }] });
  const around = [lab, advertisement(), slice("web", ["n1"]), node("n1")];
  const lead = async (objects: readonly Record<string, unknown>[], manifests: readonly { json: unknown }[] = []) => {
    const kit = startController();
    kit.controller.take(reading(objects));
    expect(kit.controller.cluster.isMissing(record("web", "10.0.0.1"))).toBe(true);
    kit.lead(1, { statuses, manifests });
    const n1 = kit.dial("n1");
    await kit.advance(1_500);
    return { kit, n1 };
  };

  test("has the address of a Service announced that it cannot understand", async () => {
    const { n1 } = await lead([...around, wrong]);
    expect(n1.orders.at(-1)).toMatch(/^assign 10.0.0.1/);
  });

  test("goes by the form that was stored, if that is right", async () => {
    const stored = service("web", { externalTrafficPolicy: "Local" });
    const { kit } = await lead([...around, wrong], [{ json: stored }]);
    expect(kit.controller.cluster.world.service("default/web")).toMatchObject({
      service: { spec: { externalTrafficPolicy: "Local" } },
    });
  });

  test("keeps the address of a Service that may be in a file that cannot be read, whatever was stored of it", () => {
    const kit = startController();
    const broken = { file: "web.yaml", code: "syntax", message: "is no YAML" } as const;
    kit.controller.take(reading([...around, service("more", { loadBalancerIP: "10.0.0.1" })], [broken]));
    kit.lead(1, { statuses, manifests: [{ json: wrong }] });
    expect(kit.controller.cluster.addresses?.given("default/web")?.addresses).toEqual(["10.0.0.1"]);
  });
});
