import { EMPTY_CONFIGURATION, formatObjectId, type InForce, objectId, readResource } from "@heraldlb/config";
import { expect, test } from "vitest";
import { pool } from "./controller.test.fixture.ts";
import { World } from "./world.ts";

/** These objects, in force. */
function configuration(...objects: readonly object[]) {
  const forms = objects.map((json): InForce => {
    const outcome = readResource(json, { defaultNamespace: "default" });
    if (outcome.type !== "resource") throw new Error("not valid");
    return { resource: outcome.resource, origin: {}, outdated: false };
  });
  const inForce = new Map(forms.map((form) => [formatObjectId(objectId(form.resource)), form]));
  return { ...EMPTY_CONFIGURATION, inForce };
}

test("a pool that moves to another namespace is there still", () => {
  const world = new World({ listsNodes: false });
  const lab = pool("lab", ["10.0.0.1/32"]);
  world.apply(configuration(lab));
  const changes = world.apply(configuration({ ...lab, metadata: { name: "lab", namespace: "elsewhere" } }));
  expect(changes.pools).toBe(true);
  expect(Array.from(world.pools, ({ metadata }) => metadata.namespace)).toEqual(["elsewhere"]);
});
