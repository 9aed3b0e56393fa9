import { describe, expect, test } from "vitest";
import { Bench, ip, pool, port, service } from "./bench.test.fixture.ts";
import type { ServiceInput } from "./service.ts";

describe("sharing", () => {
  const terms = { sharingKey: "k", backendKey: "app=a" };
  const start = () => {
    const bench = new Bench([pool("test", ["1.2.3.4/31"])]);
    bench.set("s4", { ...terms, ports: port(80) });
    return bench;
  };

  test.each<[string, Partial<ServiceInput>, string]>([
    ["the same port", { ...terms, ports: port(80) }, "portInUse"],
    ["another sharing key", { ...terms, sharingKey: "other", ports: port(443) }, "addressInUse"],
    ["no sharing key", { ports: port(443) }, "addressInUse"],
    ["another backend key", { ...terms, backendKey: "app=b", ports: port(443) }, "addressInUse"],
    ["another port and the same keys", { ...terms, ports: port(443) }, "1.2.3.4"],
    ["the same port of another protocol", { ...terms, ports: [{ protocol: "UDP", port: 80 }] }, "1.2.3.4"],
  ])("a request with %s: %3$s", (_what, rest, expected) => {
    const bench = start();
    expect(bench.set("s3", { ...rest, requestedIps: "1.2.3.4" })).toBe(expected);
    if (expected === "portInUse") expect(bench.says("s3")).toBe('port TCP/80 is already in use on "1.2.3.4"');
  });

  test.each<[string, Partial<ServiceInput>, Partial<ServiceInput>, string]>([
    ["neither has a key", {}, {}, "neither has metallb.io/allow-shared-ip"],
    ["this one has no key", terms, { backendKey: "app=a" }, "this Service has no metallb.io/allow-shared-ip"],
    ["the other has no key", { backendKey: "app=a" }, terms, "the other has no metallb.io/allow-shared-ip"],
    ["the keys differ", terms, { ...terms, sharingKey: "other" }, "their metallb.io/allow-shared-ip differs"],
    [
      "one of them is Local with a selector",
      { sharingKey: "k" },
      terms,
      "only one of them has externalTrafficPolicy: Local with a selector",
    ],
    [
      "both are Local, with other selectors",
      terms,
      { ...terms, backendKey: "app=b" },
      "with externalTrafficPolicy: Local, their selectors must be the same",
    ],
  ])("the refusal says what differs: %s", (_what, theirs, ours, expected) => {
    const bench = new Bench([pool("test", ["1.2.3.4/31"])]);
    bench.set("s1", { ...theirs, ports: port(80) });
    expect(bench.set("s2", { ...ours, ports: port(443), requestedIps: "1.2.3.4" })).toBe("addressInUse");
    expect(bench.says("s2")).toBe(`can't change sharing key for "ns/s2", address also in use by ns/s1; ${expected}`);
  });

  test.each<[string, Partial<ServiceInput>]>([
    ["has it by its status", { assigned: ["1.2.3.4"] as readonly string[] as ServiceInput["assigned"] }],
    ["had it last", {}],
  ])("who waits for an address that rests shares it with one that %s", (_what, fields) => {
    const bench = new Bench([pool("test", ["1.2.3.4/32"], { coolDownMs: 1000 })]);
    const first = { sharingKey: "k", ports: port(80) };
    bench.set("first", first);
    bench.remove("first");
    expect(bench.set("waiting", { sharingKey: "k", ports: port(443) })).toBe("coolingDown");
    const name = fields.assigned ? "another" : "first";
    expect(bench.set(name, { ...first, ...fields })).toBe("1.2.3.4");
    expect(bench.has("waiting")).toBe("1.2.3.4");
  });

  test("sharers meet on the lowest compatible address without asking for it", () => {
    const bench = start();
    expect(bench.set("other", { ports: port(1) })).toBe("1.2.3.5");
    expect(bench.set("s3", { ...terms, ports: port(443) })).toBe("1.2.3.4");
    expect(bench.set("s5", { ...terms, ports: port(443) })).toBe("noAddressAvailable");
    expect(bench.allocator.holders(ip("1.2.3.4"))).toEqual(["ns/s3", "ns/s4"]);
    expect(bench.allocator.tied("ns/s3")).toEqual(["ns/s3", "ns/s4"]);
    expect(bench.allocator.tied("ns/other")).toEqual(["ns/other"]);
  });

  test("who is alone may change its terms in place, who is not loses the address", () => {
    const bench = start();
    expect(bench.set("s4", { sharingKey: "new", ports: port(80) })).toBe("1.2.3.4");
    expect(bench.set("s3", { sharingKey: "new", ports: port(443) })).toBe("1.2.3.4");
    expect(bench.set("s3", { sharingKey: "new", ports: port(8443) })).toBe("1.2.3.4");
    expect(bench.set("s3", { sharingKey: "newer", ports: port(8443) })).toBe("1.2.3.5");
  });

  test("sharers that change their terms together stay together", () => {
    const bench = start();
    bench.set("s3", { ...terms, ports: port(443) });
    const changed = { sharingKey: "new", backendKey: "" };
    const actions = bench.apply(
      { type: "service", service: service("s3", { ...changed, ports: port(443) }) },
      { type: "service", service: service("s4", { ...changed, ports: port(80) }) },
    );
    expect(actions).toEqual([]);
    expect([bench.has("s3"), bench.has("s4")]).toEqual(["1.2.3.4", "1.2.3.4"]);
  });

  test("a waiting sharer gets its address when the terms come to agree", () => {
    const bench = new Bench([pool("test", ["1.2.3.4/32"])]);
    bench.set("s1", { sharingKey: "a", ports: port(80) });
    expect(bench.set("s2", { sharingKey: "b", ports: port(443) })).toBe("noAddressAvailable");
    bench.set("s1", { sharingKey: "b", ports: port(80) });
    expect(bench.has("s2")).toBe("1.2.3.4");
  });

  test("a waiting sharer gets the address that the other one has again in the same moment, though it rests", () => {
    const bench = new Bench([pool("test", ["1.2.3.4/32", "1000::/128"], { coolDownMs: 60_000 })]);
    const terms = { sharingKey: "a", backendKey: "app=a" };
    bench.set("s2", { stack: "dual" });
    bench.apply(
      { type: "service", service: service("s2", { ...terms, ports: port(443) }) },
      { type: "service", service: service("s1", { ...terms, ports: port(80) }) },
    );
    expect([bench.has("s1"), bench.has("s2")]).toEqual(["1.2.3.4", "1.2.3.4"]);
  });

  test("a quota is spent on what cannot be shared", () => {
    const bench = new Bench([pool("test", ["1.2.3.4/30", "1000::/127"], { quotaPerNamespace: 2 })]);
    bench.set("s1", { ports: port(80) });
    bench.set("s2", { sharingKey: "a", ports: port(80) });
    bench.remove("s1");
    expect(bench.set("s3", { stack: "dual", sharingKey: "a", ports: port(443) })).toBe("1.2.3.5,1000::");
  });
});
