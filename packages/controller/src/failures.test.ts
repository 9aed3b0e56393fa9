import { type ItemError, ItemErrorReason } from "@heraldlb/api";
import { expect, test } from "vitest";
import { running } from "./controller.test.fixture.ts";

const wrong = (group: string): ItemError => ({ group, reason: ItemErrorReason.INVALID_GROUP, message: "bad" });

test("what a speaker could not apply is logged once, and known until it says otherwise", async () => {
  const { controller, n1, log, advance } = await running();
  const said = async (...errors: ItemError[]) => {
    n1.say({ $case: "applied", value: { revision: 1n, errors } });
    await advance(25);
    return controller.reports.failures("n1").map(({ group }) => group);
  };
  expect(await said(wrong("a"))).toEqual(["a"]);
  expect(await said(wrong("a"), wrong("b"))).toEqual(["a", "b"]);
  expect(await said({ group: "c", reason: ItemErrorReason.WIRE, message: "refused" })).toEqual(["a", "b"]);
  expect(await said()).toEqual([]);
  const logged = log.entries.filter(({ message }) => message === "item not applied");
  expect(logged.map(({ fields }) => fields)).toMatchObject([{ group: "a" }, { group: "b" }, { group: "c" }]);
});
