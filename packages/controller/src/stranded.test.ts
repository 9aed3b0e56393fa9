import { describe, expect, test } from "vitest";
import { advertisement, node, pool, reading, service, slice, startController } from "./controller.test.fixture.ts";
import type { StatusRecord } from "./ledger.ts";

const lab = pool("lab", ["10.0.0.1-10.0.0.9"]);
const other = pool("other", ["10.0.1.1-10.0.1.9"]);
const ofLab = advertisement("lab", { ipAddressPools: ["lab"] });
const ofLabels = advertisement("lab", { ipAddressPoolSelectors: [{ matchLabels: { zone: "a" } }] });
const labelled = { ...lab, metadata: { name: "lab", namespace: "metallb-system", labels: { zone: "a" } } };
const rest = [service("web"), slice("web", ["n1", "n2"]), node("n1"), node("n2")];

/** A leader with one speaker, which owns 10.0.0.1, and what it is told from then on. */
async function running(objects: Parameters<typeof reading>[0]) {
  const kit = startController();
  kit.controller.take(reading([...objects, ...rest]));
  kit.lead(1);
  const n1 = kit.dial("n1");
  await kit.advance(1_500);
  expect(n1.orders.at(-1)).toMatch(/^assign 10.0.0.1/);
  const before = n1.orders.length;
  const change = async (next: Parameters<typeof reading>[0], others = rest) => {
    kit.controller.take(reading([...next, ...others]));
    await kit.advance(500);
    expect(kit.bugs).toEqual([]);
    return n1.orders.slice(before).map((order) => order.split(" ").slice(0, 2).join(" "));
  };
  return { change, stored: kit.stored };
}

describe("a stranded address", () => {
  test.each([
    ["its pool", [lab, ofLab], [other, ofLab]],
    ["its pool, which was selected by labels,", [labelled, ofLabels], [other, ofLabels]],
    ["its pool and its advertisement", [lab, ofLab], [other]],
  ])("stays announced when %s is gone", async (_name, before, after) => {
    const { change, stored } = await running(before);
    expect(await change(after)).toEqual([]);
    expect(stored.get("default/web")?.addresses).toEqual(["10.0.0.1"]);
  });

  test("stays announced when its advertisement goes later than its pool", async () => {
    const { change } = await running([lab, ofLab]);
    await change([other, ofLab]);
    expect(await change([other])).toEqual([]);
  });

  test("stays announced over a restart as it was last, until an advertisement selects it again", async () => {
    const onEth0 = advertisement("lab", { ipAddressPools: ["lab"], interfaces: ["eth0"] });
    const { change, stored } = await running([lab, onEth0]);
    await change([other]);
    const record = stored.get("default/web");
    expect(record?.announcedBy).toEqual([
      expect.objectContaining({ kind: "L2Advertisement", metadata: expect.objectContaining({ name: "lab" }) }),
    ]);

    const next = startController({ identity: "leader-2" });
    next.controller.take(reading([other, ...rest]));
    next.lead(2, { statuses: record ? [record] : [] });
    const n1 = next.dial("n1");
    await next.advance(5_000);
    expect(n1.orders.at(-1)).toMatch(/^assign 10.0.0.1/);
    expect(next.stored.size).toBe(0);

    next.controller.take(reading([lab, ofLab, ...rest]));
    await next.advance(500);
    expect(next.stored.get("default/web")).toEqual({
      ...{ namespace: "default", name: "web", addresses: ["10.0.0.1"], pool: "lab" },
    });
  });

  test("stays announced over a restart by an advertisement that selected its labels", async () => {
    const labelled = [service("web", {}, { labels: { tier: "front" } }), ...rest.slice(1)];
    const ofTier = advertisement("lab", { serviceSelectors: [{ matchLabels: { tier: "front" } }] });
    const record: StatusRecord = {
      ...{ namespace: "default", name: "web", addresses: ["10.0.0.1"], pool: "lab" },
      ...{ stranded: "addressOutsidePools", announcedBy: [ofTier] },
    };
    const kit = startController();
    kit.controller.take(reading([other, ...labelled]));
    kit.lead(1, { statuses: [record] });
    const n1 = kit.dial("n1");
    await kit.advance(5_000);
    expect(n1.orders.at(-1)).toMatch(/^assign 10.0.0.1/);
  });

  test.each([
    ["by its name", ofLab],
    ["by labels", ofLabels],
  ])("of a pool that was spoilt before a restart, selected %s, stays announced", async (_, selecting) => {
    const spoilt = { ...labelled, spec: { addresses: ["10.0.0.1-10.0.0.x"] } };
    const kit = startController();
    kit.controller.take(reading([spoilt, selecting, ...rest]));
    kit.lead(1, { statuses: [{ namespace: "default", name: "web", addresses: ["10.0.0.1"], pool: "lab" }] });
    const n1 = kit.dial("n1");
    await kit.advance(5_000);
    expect(n1.orders.at(-1)).toMatch(/^assign 10.0.0.1/);
    kit.controller.take(reading([labelled, selecting, ...rest]));
    await kit.advance(1_000);
    expect(kit.stored.get("default/web")).not.toHaveProperty("announcedBy");
    expect(n1.orders.at(-1)).toMatch(/^assign 10.0.0.1|^delta/);
  });

  test("is told to nobody by a spoilt memory of its advertisements", async () => {
    const { change, stored } = await running([lab, ofLab]);
    await change([other]);
    const record = stored.get("default/web") ?? expect.fail("nothing is stored");
    const next = startController({ identity: "leader-2" });
    next.controller.take(reading([other, ...rest]));
    next.lead(2, { statuses: [{ ...record, announcedBy: [7, null, { kind: "L2Advertisement", spec: 5 }] }] });
    const n1 = next.dial("n1");
    await next.advance(5_000);
    expect(n1.orders.filter((order) => order.startsWith("assign"))).toEqual([]);
    expect(next.bugs).toEqual([]);
  });

  test("is withdrawn when its node is excluded, or nothing stands behind it", async () => {
    const excluded = node("n1", { "node.kubernetes.io/exclude-from-external-load-balancers": "" });
    const { change } = await running([lab, ofLab]);
    await change([other]);
    const orders = await change([other], [service("web"), slice("web", ["n1"]), excluded, node("n2")]);
    expect(orders).toEqual(expect.arrayContaining(["revoke 10.0.0.1"]));
  });
});

test("an address that is not stranded is withdrawn with its advertisement", async () => {
  const { change } = await running([lab, ofLab]);
  expect(await change([lab])).toEqual(expect.arrayContaining(["revoke 10.0.0.1"]));
});
