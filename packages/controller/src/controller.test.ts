import { HoldingState } from "@heraldlb/api";
import { describe, expect, test } from "vitest";
import {
  advertisement,
  isOwner,
  lab,
  node,
  pool,
  reading,
  running,
  service,
  settle,
  slice,
  startController,
} from "./controller.test.fixture.ts";

describe("a leader", () => {
  test("stores an address, tells all speakers what it is, and one of them that it owns it", async () => {
    const { n1, n2, stored } = await running();
    expect(stored.get("default/web")).toEqual({
      ...{ namespace: "default", name: "web", addresses: ["10.0.0.1"], pool: "lab" },
    });
    expect([n1, n2].filter(isOwner)).toHaveLength(1);
    for (const { orders } of [n1, n2]) {
      expect(orders[0]).toMatch(/^(snapshot|delta)/);
      expect(orders.join()).toContain("10.0.0.1");
    }
  });

  test("does nothing before the source was read", async () => {
    const { controller, dial, advance } = startController();
    controller.lead(1);
    const n1 = dial("n1");
    await advance(5_000);
    expect(n1.orders).toEqual([]);
    expect(n1.replies.at(-1)).toEqual({ role: "ROLE_LEADER", term: 1, firm: true });
  });

  test("gives a dead owner's group to another speaker, with a higher epoch", async () => {
    const { n1, n2, advance } = await running();
    const [owner, other] = isOwner(n1) ? [n1, n2] : [n2, n1];
    const before = owner.orders.find((order) => order.startsWith("assign"));
    owner.kill();
    await advance(100);
    const after = other.orders.find((order) => order.startsWith("assign"));
    const epoch = (order: string | undefined) => Number(order?.split(".").at(-1));
    expect(epoch(after)).toBeGreaterThan(epoch(before));
  });

  test("adopts what a speaker holds, and changes nothing at its start", async () => {
    const kit = startController();
    kit.controller.take(reading(lab));
    kit.lead(2, {
      statuses: [{ namespace: "default", name: "web", addresses: ["10.0.0.7"], pool: "lab" }],
      speakers: ["n1", "n2"],
    });
    const epoch = { term: 1n, counter: 5n };
    const holdings = [{ group: "10.0.0.7", epoch, state: HoldingState.OWNER }];
    const [n1, n2] = [kit.dial("n1"), kit.dial("n2", { holdings, maxTerm: 1n, termHolder: "old" })];
    await kit.advance(3_500);
    expect(isOwner(n1)).toBe(false);
    expect(n2.orders.filter((order) => !order.startsWith("snapshot"))).toEqual([
      expect.stringMatching(/^assign 10\.0\.0\.7 2\./),
    ]);
    expect(kit.stored.size).toBe(0);
  });

  test("withdraws an address when its Service goes, and forgets it", async () => {
    const { controller, n1, n2, stored } = await running();
    controller.take(reading(lab.filter(({ kind }) => kind !== "Service")));
    await settle();
    expect(stored.size).toBe(0);
    const owner = isOwner(n1) ? n1 : n2;
    expect(owner.orders.slice(-2).map((order) => order.split(" ").slice(0, 2).join(" "))).toEqual(
      expect.arrayContaining(["revoke 10.0.0.1", "delta -10.0.0.1"]),
    );
  });

  test("acts on nothing of an incomplete reading", async () => {
    const { controller, n1, n2, stored } = await running();
    const before = [n1.orders.length, n2.orders.length];
    controller.take({ complete: false, objects: [], problems: [{ file: ".", code: "unreadable", message: "EIO" }] });
    await settle();
    expect(stored.size).toBe(1);
    expect([n1.orders.length, n2.orders.length]).toEqual(before);
  });

  test("revokes a group that no node may announce any more", async () => {
    const { controller, n1, n2 } = await running();
    controller.take(reading([...lab.slice(0, 3), slice("web", [])]));
    await settle();
    expect([...n1.orders, ...n2.orders].filter((order) => order.startsWith("revoke"))).toHaveLength(1);
  });

  test("goes on with good objects beside a wrong one, which it reports once", async () => {
    const kit = startController();
    const wrong = pool("wrong", ["10.0.0.300/24"]);
    kit.controller.take(reading([wrong, ...lab]));
    kit.lead(1);
    kit.controller.take(reading([wrong, ...lab]));
    await settle();
    expect(kit.stored.size).toBe(1);
    const refused = kit.log.entries.filter(({ message }) => message === "object refused");
    expect(refused.map(({ fields }) => fields)).toEqual([
      expect.objectContaining({
        file: "IPAddressPool-wrong.yaml",
        line: 4,
        field: "spec.addresses[0]",
        object: "IPAddressPool metallb-system/wrong",
      }),
    ]);
  });

  test("reports a wrong object again when it has changed", async () => {
    const kit = startController();
    kit.controller.take(reading([pool("wrong", ["10.0.0.300/24"])]));
    kit.controller.take(reading([pool("wrong", ["10.0.0.300/24"], { autoAssign: false })]));
    expect(kit.log.entries.filter(({ message }) => message === "object refused")).toHaveLength(2);
  });

  test("logs each decision about an owner with its reason and epoch", async () => {
    const { log, n1, n2, advance } = await running();
    const owner = isOwner(n1) ? n1 : n2;
    owner.kill();
    await advance(100);
    const changes = log.entries.filter(({ message }) => message === "owner changed");
    expect(changes.at(0)?.fields).toMatchObject({ group: "10.0.0.1", to: owner.node, reason: "ranked", epoch: "1.1" });
    expect(changes.at(-1)?.fields).toMatchObject({ from: owner.node, reason: "ownerDead" });
  });

  test("takes a term above the one that a speaker tells of", async () => {
    const { controller, steppedDown, dial } = await running();
    dial("n3", { maxTerm: 8n, termHolder: "someone else" });
    await settle();
    expect(steppedDown).toEqual([8]);
    expect(controller.nextTerm(1)).toBe(9);
  });

  test("says that nothing is firm any more when it ends", async () => {
    const { controller, n1, n2 } = await running();
    controller.end();
    await settle();
    for (const speaker of [n1, n2]) {
      expect(speaker.replies.at(-1)).toMatchObject({ role: "ROLE_LEADER", firm: false });
      expect(speaker.hasEnded).toBe(true);
    }
  });
});

describe("a standby", () => {
  test("replies, and tells nobody anything else", async () => {
    const { controller, dial, advance } = startController();
    controller.take(reading(lab));
    const n1 = dial("n1");
    await advance(500);
    expect(n1.replies.at(-1)).toEqual({ role: "ROLE_STANDBY", term: 0, firm: false });
    expect(n1.orders).toEqual([]);
  });
});

describe("a stream", () => {
  test("with another node's certificate is refused", async () => {
    const { dial } = await running();
    const n3 = dial("n3", {}, { certificateNames: ["n1"] });
    await settle();
    expect(n3.error).toMatchObject({ code: "permissionDenied" });
  });

  test("with its own node's certificate is served", async () => {
    const { dial } = await running();
    const n3 = dial("n3", {}, { certificateNames: ["herald-speaker", "n3"] });
    await settle();
    expect(n3.replies).toHaveLength(1);
  });

  test.each(["", "N 1", "../x", "a".repeat(254)])("of a node called %j is refused", async (name) => {
    const { dial } = await running();
    const speaker = dial(name);
    await settle();
    expect(speaker.error).toMatchObject({ code: "invalidArgument" });
  });

  test("of an older process of the node is refused, and told so", async () => {
    const { dial } = await running();
    const older = dial("n1", { startedAtMs: 1n, instance: "older" });
    await settle();
    expect(older.error).toMatchObject({ code: "alreadyExists", message: "REPLACED" });
  });
});

describe("a speaker without a Node manifest", () => {
  test("counts as a node with its name as host name", async () => {
    const selector = { matchLabels: { "kubernetes.io/hostname": "n2" } };
    const { n1, n2, heard } = await running([
      pool("lab", ["10.0.0.1-10.0.0.9"]),
      advertisement("n2", { nodeSelectors: [selector] }),
      ...lab.slice(2),
    ]);
    expect(isOwner(n1)).toBe(false);
    expect(isOwner(n2)).toBe(true);
    expect(heard.at(-1)).toEqual(["n1", "n2"]);
  });

  test("is told of all groups, however many have to be placed again for it", async () => {
    const names = Array.from({ length: 1_200 }, (_, index) => `s${index}`);
    const many = [
      pool("lab", ["10.0.0.0/16"]),
      advertisement(),
      ...names.flatMap((name) => [service(name), slice(name, ["n1"])]),
    ];
    const { dial, advance } = await running(many);
    const n3 = dial("n3");
    await advance(100);
    const told = n3.orders.flatMap((order) => order.match(/10\.0\.\d+\.\d+/g) ?? []);
    expect(new Set(told).size).toBe(1_200);
  });

  test("has the labels of a Node manifest that comes later", async () => {
    const selector = { matchLabels: { rack: "b" } };
    const { controller, n1, n2, advance } = await running([
      ...lab.filter(({ kind }) => kind !== "L2Advertisement"),
      advertisement("rack-b", { nodeSelectors: [selector] }),
    ]);
    expect([n1, n2].filter(isOwner)).toEqual([]);
    controller.take(
      reading([
        ...lab.filter(({ kind }) => kind !== "L2Advertisement"),
        advertisement("rack-b", { nodeSelectors: [selector] }),
        node("n2", { rack: "b" }),
      ]),
    );
    await advance(100);
    expect([isOwner(n1), isOwner(n2)]).toEqual([false, true]);
  });
});
