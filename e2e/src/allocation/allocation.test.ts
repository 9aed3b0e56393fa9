// The real controller on a folder of manifests: what it gives, and what it still knows after SIGKILL.
import { describe, expect, test, vi } from "vitest";
import { pool, Site, service } from "./controller.fixture.ts";

vi.setConfig({ testTimeout: 60_000 });

const COOL_DOWN = "heraldlb.io/cool-down";
const share = (key: string) => ({ annotations: { "metallb.io/allow-shared-ip": key } });
const DUAL = { ipFamilyPolicy: "RequireDualStack" };

describe("a restart", () => {
  test("keeps every address, whoever else has come and gone meanwhile", async () => {
    const main = pool("main", ["10.64.2.1-10.64.2.40", "fd64:2::1-fd64:2::40"]);
    const names = Array.from({ length: 20 }, (_, i) => `web-${i}`);
    await using site = await Site.create([main, ...names.map((name) => service(name, DUAL))]);
    await site.start();
    const before = await site.settled(...names);
    expect(new Set(Object.values(before).flat()).size).toBe(40);
    await site.kill();

    const stay = names.slice(5).toReversed();
    await site.write([service("a-new-one", DUAL), ...stay.map((name) => service(name, DUAL)), main]);
    await site.start();
    const after = await site.settled(...stay, "a-new-one");
    for (const name of stay) expect(after[name]).toEqual(before[name]);
    expect(after["a-new-one"]).toEqual(["10.64.2.1", "fd64:2::1"]);
  });

  test("finds quotas, reservations and cool-downs as they were", async () => {
    const limited = pool("main", ["10.64.2.1-10.64.2.4"], {
      [COOL_DOWN]: "1h",
      "heraldlb.io/quota-per-namespace": "2",
      "heraldlb.io/reserved": "10.64.2.4",
    });
    await using site = await Site.create([limited, service("a"), service("b"), service("c")]);
    await site.start();
    const { c } = await site.settled("a", "b").then(async (given) => ({ ...given, c: await site.refused("c") }));
    expect(c).toMatchObject({ reason: "quotaReached", pools: [{ pool: "main", reason: "quotaReached" }] });
    await site.write([limited, service("b")]);
    await site.settled("b");
    expect(JSON.parse(await site.own("freed.json"))).toMatchObject([{ address: "10.64.2.1", service: "default/a" }]);
    await site.kill();

    // 10.64.2.1 rests, 10.64.2.4 is reserved: one is left, and the quota has room for one.
    await site.write([limited, service("b"), service("d"), service("e")]);
    await site.start();
    expect(await site.settled("b", "d")).toEqual({ b: ["10.64.2.2"], d: ["10.64.2.3"] });
    expect(await site.refused("e")).toMatchObject({ reason: "quotaReached" });
    await site.kill();

    // Who had it may have it back; who is of another namespace may not.
    const other = service("other", {}, { namespace: "elsewhere" });
    await site.write([limited, service("b"), service("a"), other]);
    await site.start();
    expect(await site.settled("a", "b")).toEqual({ a: ["10.64.2.1"], b: ["10.64.2.2"] });
    await site.write([
      limited,
      service("b"),
      service("a"),
      service("f", { loadBalancerIP: "10.64.2.4" }, { namespace: "elsewhere" }),
    ]);
    expect(await site.settled("a", "b", "f")).toMatchObject({ f: ["10.64.2.4"] });
  });

  test("loses only cool-downs with their file, and says so", async () => {
    const main = pool("main", ["10.64.2.1-10.64.2.2"], { [COOL_DOWN]: "1h" });
    await using site = await Site.create([main, service("a"), service("b")]);
    await site.start();
    await site.settled("a", "b");
    await site.write([main, service("b")]);
    await site.settled("b");
    await site.kill();
    await site.spoil("freed.json");
    await site.write([main, service("b"), service("new")]);
    await site.start();
    expect(await site.settled("b", "new")).toEqual({ b: ["10.64.2.2"], new: ["10.64.2.1"] });
    expect(site.lines("status forgotten")).toMatchObject([{ file: ".herald/freed.json" }]);
  });
});

test("a pool that is edited under a Service renumbers nobody, not after a restart either", async () => {
  const before = pool("main", ["10.64.2.1-10.64.2.9"]);
  const after = pool("main", ["10.64.3.1-10.64.3.9"]);
  await using site = await Site.create([before, service("web")]);
  await site.start();
  expect(await site.settled("web")).toEqual({ web: ["10.64.2.1"] });
  await site.write([after, service("web"), service("new")]);
  expect(await site.settled("web", "new")).toEqual({ web: ["10.64.2.1"], new: ["10.64.3.1"] });
  const stranded = { type: "heraldlb.io/AddressStranded", status: "True", reason: "AddressOutsidePools" };
  expect((await site.given()).get("web")).toMatchObject({ pool: "main", conditions: [stranded] });
  expect(site.lines("addresses stranded")).toMatchObject([{ level: "warn", service: "default/web" }]);
  await site.kill();
  await site.start();
  expect((await site.given()).get("web")).toMatchObject({ addresses: ["10.64.2.1"], conditions: [stranded] });

  const reassign = { annotations: { "heraldlb.io/reassign": "true" } };
  await site.write([after, service("web", {}, reassign), service("new")]);
  await expect.poll(async () => (await site.given()).get("web")?.addresses).toEqual(["10.64.3.2"]);
  expect((await site.given()).get("web")?.conditions).toEqual([]);
});

test("a cool-down ends by itself, for who waits", async () => {
  const main = pool("main", ["10.64.2.1/32"], { [COOL_DOWN]: "1s" });
  await using site = await Site.create([main, service("a")]);
  await site.start();
  await site.settled("a");
  await site.write([main, service("b")]);
  expect(await site.refused("b")).toMatchObject({ reason: "coolingDown", until: expect.stringMatching(/^20.*Z$/) });
  expect(await site.settled("b")).toEqual({ b: ["10.64.2.1"] });
  expect(JSON.parse(await site.own("freed.json"))).toEqual([]);
});

test("Services share an address on the same terms, and get both families from one pool", async () => {
  const pools = [pool("a-v4", ["10.64.2.1/32"]), pool("b-dual", ["10.64.3.0/24", "fd64:3::/64"])];
  await using site = await Site.create([
    ...pools,
    service("dns-udp", { ports: [{ port: 53, protocol: "UDP" }] }, share("dns")),
    service("dns-tcp", { ports: [{ port: 53, protocol: "TCP" }] }, share("dns")),
    service("web", DUAL),
  ]);
  await site.start();
  expect(await site.settled("dns-udp", "dns-tcp", "web")).toEqual({
    "dns-udp": ["10.64.2.1"],
    "dns-tcp": ["10.64.2.1"],
    web: ["10.64.3.0", "fd64:3::"],
  });
});
