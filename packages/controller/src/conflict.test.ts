import { describe, expect, test } from "vitest";
import { advertisement, pool, reading, service, slice, startController } from "./controller.test.fixture.ts";

test("a claim by another host is counted and logged once for each MAC", async () => {
  const { controller, lead, dial, advance, conflicts, log } = startController();
  controller.take(reading([pool("lab", ["10.0.0.1-10.0.0.9"]), advertisement(), service("web"), slice("web", ["n1"])]));
  lead(1);
  const n1 = dial("n1");
  await advance(1_500);
  for (const mac of ["02:00:00:00:00:aa", "02:00:00:00:00:aa", "02:00:00:00:00:bb"]) n1.claimed("10.0.0.1", mac);
  await advance(100);
  expect(conflicts()).toBe(2);
  const told = log.entries.filter(({ message }) => message === "address claimed by another");
  expect(told.map(({ fields }) => fields)).toMatchObject([
    { group: "10.0.0.1", node: "n1", rival: "02:00:00:00:00:aa" },
    { rival: "02:00:00:00:00:bb" },
  ]);
});

describe("a claim by another node", () => {
  async function claimed({ afterMs }: { readonly afterMs: number }) {
    const { controller, lead, dial, advance, conflicts, log } = startController();
    controller.take(
      reading([pool("lab", ["10.0.0.1-10.0.0.9"]), advertisement(), service("web"), slice("web", ["n1"])]),
    );
    lead(1);
    const [n1, n2] = [dial("n1"), dial("n2")];
    await advance(afterMs);
    const [owner, other] = n1.orders.some((order) => order.startsWith("assign")) ? [n1, n2] : [n2, n1];
    owner.claimed("10.0.0.1", `02:00:00:00:00:0${other.node.at(-1)}`);
    await advance(100);
    const told = log.entries.filter(({ message }) => message === "address claimed by another");
    expect(told).toMatchObject([{ fields: { node: owner.node, rivalNode: other.node } }]);
    return { conflicts: conflicts(), level: told[0]?.level };
  }

  test("as during a hand-over, is no conflict with another host", async () => {
    expect(await claimed({ afterMs: 1_500 })).toEqual({ conflicts: 0, level: "info" });
  });

  test("long after is one: something beside its speaker answers there", async () => {
    expect(await claimed({ afterMs: 8_000 })).toEqual({ conflicts: 1, level: "warn" });
  });
});
