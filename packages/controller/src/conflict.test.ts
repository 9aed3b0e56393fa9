import { expect, test } from "vitest";
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

test("a claim by another node, as during a hand-over, is no conflict with another host", async () => {
  const { controller, lead, dial, advance, conflicts, log } = startController();
  controller.take(reading([pool("lab", ["10.0.0.1-10.0.0.9"]), advertisement(), service("web"), slice("web", ["n1"])]));
  lead(1);
  const n1 = dial("n1");
  dial("n2");
  await advance(1_500);
  n1.claimed("10.0.0.1", "02:00:00:00:00:02");
  await advance(100);
  expect(conflicts()).toBe(0);
  expect(log.entries).toContainEqual(
    expect.objectContaining({
      level: "info",
      message: "address claimed by another",
      fields: expect.objectContaining({ node: "n1", rival: "02:00:00:00:00:02", rivalNode: "n2" }),
    }),
  );
});
