import fc from "fast-check";
import { expect, test } from "vitest";
import { type Candidate, type Configuration, EMPTY_CONFIGURATION } from "./configuration.ts";
import { readResource } from "./read.ts";
import { resolve } from "./resolve.ts";
import { Resolver } from "./resolver.ts";

const metadata = fc.record({
  name: fc.constantFrom("a", "b", "c"),
  namespace: fc.constantFrom("herald", "elsewhere"),
  creationTimestamp: fc.constantFrom(undefined, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
});
const pool = fc.record({
  apiVersion: fc.constant("metallb.io/v1beta1"),
  kind: fc.constant("IPAddressPool"),
  metadata,
  spec: fc.record({
    addresses: fc.array(fc.constantFrom("10.0.0.0/24", "10.0.0.0/25", "10.0.1.0/24", "10.0.0.0/23", "nonsense"), {
      minLength: 1,
      maxLength: 2,
    }),
  }),
});
const advertisement = fc.record({
  apiVersion: fc.constant("metallb.io/v1beta1"),
  kind: fc.constant("L2Advertisement"),
  metadata,
  spec: fc.record({ ipAddressPools: fc.subarray(["a", "b", "c"]) }),
});
const service = fc.record({
  apiVersion: fc.constant("v1"),
  kind: fc.constant("Service"),
  metadata,
  spec: fc.record({ ports: fc.constantFrom([{ port: 80 }], [{ port: 443 }], "none") }),
});
const json = fc.oneof(pool, pool, advertisement, service, service, fc.constantFrom(42, { kind: "Odd" }, {}));

/** Places that each hold one object: a step puts other objects into some of them. */
const PLACES = ["a.yaml 0", "a.yaml 1", "a.yaml 2", "b.yaml 0", "b.yaml 1", "c.yaml 0"];
const step = fc.dictionary(fc.constantFrom(...PLACES), fc.option(json), { maxKeys: 4 });

function candidate(place: string, object: unknown): Candidate {
  const [file, position] = place.split(" ");
  return {
    origin: { file, position: Number(position) },
    outcome: readResource(object, { defaultNamespace: "herald" }),
  };
}

const plain = ({ inForce, problems, poolSetAside }: Configuration) => ({
  inForce: [...inForce].toSorted(([a], [b]) => (a < b ? -1 : 1)),
  problems: problems.map((problem) => JSON.stringify(problem)).toSorted(),
  poolSetAside,
});

test.each([undefined, "herald"])("step by step comes to the same as from scratch, in namespace %s", (namespace) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
      const resolver = new Resolver({ namespace });
      const present = new Map<string, Candidate>();
      let expected = EMPTY_CONFIGURATION;
      for (const changes of steps) {
        for (const [place, object] of Object.entries(changes)) {
          if (object === null) present.delete(place);
          else present.set(place, candidate(place, object));
        }
        const candidates = [...present].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
        expected = resolve(expected, candidates, { namespace });
        expect(plain(resolver.update(candidates))).toEqual(plain(expected));
      }
    }),
    { numRuns: 500 },
  );
});

test("what did not change is the same object", () => {
  const web = candidate("a.yaml 0", { apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec: {} });
  const other = candidate("a.yaml 1", { apiVersion: "v1", kind: "Service", metadata: { name: "other" }, spec: {} });
  const resolver = new Resolver();
  const before = resolver.update([web]).inForce.get("Service herald/web");
  expect(before).toBeDefined();
  expect(resolver.update([web, other]).inForce.get("Service herald/web")).toBe(before);
});

test("a form that is kept is in force until the next update, and then what was in force", () => {
  const good = candidate("a.yaml 0", { apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec: {} });
  const key = "Service herald/web";
  const form = new Resolver().update([good]).inForce.get(key);
  const resolver = new Resolver();
  resolver.update([]);
  if (form) expect(resolver.keep([[key, form]]).inForce.get(key)).toBe(form);
  expect(resolver.update([]).inForce.size).toBe(0);
  if (form) resolver.keep([[key, form]]);
  const wrong = candidate("a.yaml 0", {
    ...{ apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec: { ports: "none" } },
  });
  expect(resolver.update([wrong]).inForce.get(key)).toEqual({ ...form, outdated: true });
});
