import fc from "fast-check";
import { expect, test } from "vitest";
import { service } from "./api-server.test.fixture.ts";
import type { KubeObject } from "./index.ts";
import { type Changes, KnownObjects } from "./known-objects.ts";
import { keyOf } from "./kube-object.ts";

const added = (object: KubeObject) => ({ isRemoval: false, object });
const deleted = (object: KubeObject) => ({ isRemoval: true, object });

test.each<[string, readonly ReturnType<typeof added>[], Changes]>([
  [
    "the last event of an object decides",
    [added(service("b", "5")), added(service("b", "6"))],
    { changed: [service("b", "6")], removed: [] },
  ],
  [
    "made again is changed, with another uid",
    [deleted(service("a", "5")), added(service("a", "6", "new"))],
    { changed: [service("a", "6", "new")], removed: [] },
  ],
  [
    "made and deleted at once is nothing",
    [added(service("b", "5")), deleted(service("b", "6"))],
    { changed: [], removed: [] },
  ],
  ["what is known already is nothing", [added(service("a", "1"))], { changed: [], removed: [] }],
  ["deleted is removed", [deleted(service("a", "5"))], { changed: [], removed: [service("a", "5")] }],
])("of events that come together, %s", (_, events, changes) => {
  const known = new KnownObjects();
  known.apply([added(service("a", "1"))]);
  expect(known.apply(events)).toEqual(changes);
});

test("whoever applies the changes has what the server has, through any events and lists", () => {
  const name = fc.constantFrom("a", "b", "c");
  const step = fc.oneof(
    fc.record({ type: fc.constant("put" as const), name, isNew: fc.boolean() }),
    fc.record({ type: fc.constant("delete" as const), name }),
    fc.record({ type: fc.constantFrom("events" as const, "list" as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const server = new Map<string, KubeObject>();
      const consumer = new Map<string, KubeObject>();
      const known = new KnownObjects();
      let events: { isRemoval: boolean; object: KubeObject }[] = [];
      let version = 0;
      for (const each of [...steps, { type: "list" as const }]) {
        version += 1;
        if (each.type === "put") {
          const uid = each.isNew
            ? `uid-${version}`
            : (server.get(`default/${each.name}`)?.metadata.uid ?? `uid-${version}`);
          const object = service(each.name, `${version}`, uid);
          server.set(keyOf(object), object);
          events.push(added(object));
        } else if (each.type === "delete") {
          const object = server.get(`default/${each.name}`);
          if (object) events.push(deleted(object));
          server.delete(`default/${each.name}`);
        } else {
          const comparison = known.compare();
          comparison.add([...server.values()]);
          const { changed, removed } = each.type === "list" ? comparison.finish() : known.apply(events);
          events = [];
          for (const object of removed) expect(consumer.delete(keyOf(object))).toBe(true);
          for (const object of changed) {
            expect(consumer.get(keyOf(object))).not.toEqual(object);
            consumer.set(keyOf(object), object);
          }
          expect(consumer).toEqual(server);
        }
      }
    }),
  );
});
