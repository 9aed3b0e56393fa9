import { KubeError } from "@heraldlb/kube";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { DesiredStatus } from "./desired-status.ts";
import { objectPath } from "./status-kind.ts";
import { l2, onNode, start } from "./status-writer.test.fixture.ts";

type Step =
  | { readonly type: "set"; readonly of: number; readonly node: number | undefined }
  | { readonly type: "edit" | "delete"; readonly of: number }
  | { readonly type: "fault"; readonly status: number | undefined }
  | { readonly type: "pass"; readonly ms: number }
  | { readonly type: "deliver" };

const which = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("set" as const), of: which, node: fc.option(fc.nat(1), { nil: undefined }) }),
  fc.record({ type: fc.constantFrom("edit" as const, "delete" as const), of: which }),
  fc.record({ type: fc.constant("fault" as const), status: fc.constantFrom(undefined, 0, 404, 409, 422, 503) }),
  fc.record({ type: fc.constant("pass" as const), ms: fc.constantFrom(0, 10, 500, 1_500) }),
  fc.constant({ type: "deliver" as const }),
);

test("whatever happens in whatever order, in the end all is as it should be and nothing more is written", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { writer, server, clock, deliver, pass, ending, ended } = start();
      const wanted = new Map<number, DesiredStatus>();
      for (const each of steps) {
        if (each.type === "set") {
          const desired = each.node === undefined ? undefined : onNode(`n${each.node}`);
          if (desired) wanted.set(each.of, desired);
          else wanted.delete(each.of);
          writer.set(l2(`s${each.of}`), desired);
        } else if (each.type === "edit") {
          server.put(objectPath(l2(`s${each.of}`)), { status: { node: "by hand" } });
          // Nobody minds objects that nobody asked for.
          if (!wanted.has(each.of)) writer.set(l2(`s${each.of}`), undefined);
        } else if (each.type === "delete") server.remove(objectPath(l2(`s${each.of}`)));
        else if (each.type === "fault") {
          const { status } = each;
          server.fault = () => (status === undefined ? undefined : new KubeError("fault", { status }));
        } else if (each.type === "pass") await clock.advance(each.ms);
        else deliver();
      }
      server.fault = () => undefined;
      deliver();
      // Somebody's own objects may have come after the last word on them.
      for (const of of [0, 1, 2]) if (!wanted.has(of)) writer.set(l2(`s${of}`), undefined);
      await pass(300_000);
      const after = new Map([...server.objects].map(([path, { status }]) => [path, status]));
      expect(after).toEqual(new Map([...wanted].map(([of, { status }]) => [objectPath(l2(`s${of}`)), status])));
      const count = server.requests.length;
      await pass(10_000);
      expect(server.requests).toHaveLength(count);
      ending.abort();
      await ended;
    }),
    { numRuns: 60 },
  );
}, 60_000);
