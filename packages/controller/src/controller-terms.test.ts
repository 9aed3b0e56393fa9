import { HoldingState } from "@heraldlb/api";
import { describe, expect, test } from "vitest";
import {
  type Kit,
  lab,
  node,
  reading,
  running,
  service,
  settle,
  slice,
  startController,
} from "./controller.test.fixture.ts";
import type { StatusRecord } from "./ledger.ts";

const WEB: StatusRecord = { namespace: "default", name: "web", addresses: ["10.0.0.7"], pool: "lab" };
const remember = (statuses: readonly StatusRecord[] = []) => ({
  statuses,
  freed: [],
  holders: undefined,
  speakers: [],
  manifests: [],
});

/** A standby that has read the source and hears two speakers. */
async function standby(): Promise<Kit & { readonly orders: () => readonly string[] }> {
  const kit = startController();
  kit.controller.take(reading(lab));
  const speakers = [kit.dial("n1"), kit.dial("n2")];
  await kit.advance(1_500);
  return { ...kit, orders: () => speakers.flatMap(({ orders }) => orders) };
}

describe("a standby", () => {
  test("hears speakers and reads the source, and decides nothing", async () => {
    const { controller, stored, orders, heard } = await standby();
    expect(controller.status()).toMatchObject({ role: "standby", firm: false });
    expect(controller.status().speakers).toMatchObject([{ live: true }, { live: true }]);
    expect(controller.cluster.isRead).toBe(true);
    expect([stored.size, orders(), heard]).toEqual([0, [], []]);
  });

  test("takes over with what is remembered, in one go", async () => {
    const { controller, stored, orders, heard, advance, bugs } = await standby();
    controller.takeOver(5, remember([WEB]));
    expect(controller.status()).toMatchObject({ role: "leader", term: 5, firm: true });
    expect(heard).toEqual([["n1", "n2"]]);
    await advance(1_500);
    expect(orders().filter((order) => order.startsWith("assign"))).toHaveLength(1);
    // What it shows already is not stored again.
    expect(stored.size).toBe(0);
    expect(controller.cluster.addresses?.given("default/web")?.addresses).toEqual(["10.0.0.7"]);
    expect(bugs).toEqual([]);
  });

  test("forgets speakers of Nodes that are gone, where Nodes are listed", async () => {
    const { controller, heard, dial, advance } = startController({ listsNodes: true });
    controller.take(reading([...lab, node("n1"), node("n2")]));
    dial("n1");
    await advance(100);
    controller.takeOver(5, { ...remember(), speakers: ["n0"] });
    dial("n2");
    await advance(100);
    expect(heard).toEqual([["n1"], ["n1", "n2"]]);
  });

  test("that takes over adopts what speakers own", async () => {
    const { controller, orders, dial, advance, steppedDown, bugs } = await standby();
    const holdings = [{ group: "10.0.0.7", epoch: { term: 4n, counter: 9n }, state: HoldingState.OWNER }];
    const owner = dial("n3", { holdings, maxTerm: 4n, termHolder: "old" });
    controller.take(reading([...lab, slice("web", ["n1", "n2", "n3"])]));
    await advance(1_000);
    controller.takeOver(5, remember([WEB]));
    await advance(3_000);
    expect(orders().filter((order) => order.startsWith("assign"))).toEqual([]);
    expect(owner.orders.filter((order) => /^(assign|revoke|leave)/.test(order))).toEqual([
      expect.stringMatching(/^assign 10\.0\.0\.7 5\./),
    ]);
    expect(controller.status()).toMatchObject({ role: "leader", unowned: 0 });
    expect([steppedDown, bugs]).toEqual([[], []]);
  });
});

describe("a leader that stands by", () => {
  test("gives and stores nothing any more, but follows the source for its next time", async () => {
    const { controller, stored, advance, n1, n2, bugs } = await running();
    const orders = () => [n1, n2].map((speaker) => speaker.orders.length);
    const before = orders();
    controller.standBy();
    controller.take(reading([...lab, service("more")]));
    await advance(2_000);
    expect([...stored.keys()]).toEqual(["default/web"]);
    expect(orders()).toEqual(before);
    expect(controller.cluster.addresses).toBeUndefined();
    controller.takeOver(3, remember([{ ...WEB, addresses: ["10.0.0.1"] }]));
    await advance(100);
    expect(stored.get("default/more")?.addresses).toEqual(["10.0.0.2"]);
    expect(bugs).toEqual([]);
  });

  test("forgets what it wanted to store, even if it may store again", async () => {
    const { controller, stored, advance } = await running();
    controller.firm(false);
    controller.take(reading([...lab, service("more")]));
    controller.standBy();
    controller.firm(true);
    await advance(1_000);
    expect([...stored.keys()]).toEqual(["default/web"]);
  });
});

describe("a leader that is not sure of it", () => {
  test("stores nothing until it is again", async () => {
    const { controller, stored, advance } = await running();
    controller.firm(false);
    controller.take(reading([...lab, service("more")]));
    await advance(10_000);
    expect([...stored.keys()]).toEqual(["default/web"]);
    expect(controller.status()).toMatchObject({ role: "leader", firm: false });
    controller.firm(true);
    await settle();
    expect([...stored.keys()]).toEqual(["default/web", "default/more"]);
  });

  test("goes on giving groups to nodes", async () => {
    const { controller, advance, n1, n2 } = await running();
    const [owner, other] = n1.orders.length > 0 ? [n1, n2] : [n2, n1];
    controller.firm(false);
    await advance(1_000);
    owner.beats = false;
    await advance(2_000);
    expect(other.orders.some((order) => order.startsWith("assign"))).toBe(true);
  });
});
