import { describe, expect, test } from "vitest";
import { type Candidate, type Configuration, EMPTY_CONFIGURATION } from "./configuration.ts";
import { peer } from "./manifest.test.fixture.ts";
import { readResource } from "./read.ts";
import { type ResolveOptions, resolve } from "./resolve.ts";

interface At {
  readonly file?: string;
  readonly position?: number;
  readonly created?: string;
  readonly namespace?: string;
}

function candidate(json: object, { file = "a.yaml", position = 0 }: At): Candidate {
  return { origin: { file, position }, outcome: readResource(json, { defaultNamespace: "herald" }) };
}

function pool(name: string, addresses: readonly string[], at: At = {}): Candidate {
  const metadata = {
    name,
    ...(at.created && { creationTimestamp: at.created }),
    ...(at.namespace && { namespace: at.namespace }),
  };
  return candidate({ apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool", metadata, spec: { addresses } }, at);
}

function advertisement(name: string, pools: readonly string[], at: At = {}): Candidate {
  const spec = { ipAddressPools: pools };
  return candidate({ apiVersion: "metallb.io/v1beta1", kind: "L2Advertisement", metadata: { name }, spec }, at);
}

const cold = (candidates: readonly Candidate[], options?: ResolveOptions) =>
  resolve(EMPTY_CONFIGURATION, candidates, options);

/** Name and addresses of each pool in force, with a star if it is outdated. */
function pools({ inForce }: Configuration): Readonly<Record<string, string>> {
  const entries = Array.from(inForce.values()).flatMap(({ resource, outdated }) =>
    resource.kind === "IPAddressPool"
      ? [[resource.metadata.name, `${resource.spec.addresses.join()}${outdated ? "*" : ""}`]]
      : [],
  );
  return Object.fromEntries(entries.toSorted());
}

const errors = ({ problems }: Configuration) =>
  problems.filter(({ severity }) => severity === "error").map(({ id, path, message }) => [id?.name, path, message]);

describe("last valid form", () => {
  test("an object that becomes invalid stays in force, with the error on it", () => {
    const before = cold([pool("a", ["10.0.0.0/24"]), pool("b", ["10.1.0.0/24"])]);
    const after = resolve(before, [pool("a", ["nonsense"]), pool("b", ["10.2.0.0/24"])]);
    expect(pools(after)).toEqual({ a: "10.0.0.0/24*", b: "10.2.0.0/24" });
    expect(errors(after).map(([name, path]) => [name, path])).toEqual([["a", "spec.addresses[0]"]]);
    expect(after.poolSetAside).toBe(true);
    const again = resolve(after, [pool("a", ["nonsense"]), pool("b", ["10.2.0.0/24"])]);
    expect(pools(again)).toEqual(pools(after));
    const mended = resolve(again, [pool("a", ["10.0.0.0/25"]), pool("b", ["10.2.0.0/24"])]);
    expect(pools(mended)).toEqual({ a: "10.0.0.0/25", b: "10.2.0.0/24" });
    expect(mended.poolSetAside).toBe(false);
  });

  test("a field that may not change keeps the object as it was, until the edit is taken back or the object is new", () => {
    const router = (spec: object) => peer("r", "10.0.0.1", spec);
    const before = cold([router({ enableGracefulRestart: true })]);
    const edited = [router({ enableGracefulRestart: false, holdTime: "9s" })];
    const after = resolve(before, edited);
    const key = "BGPPeer herald/r";
    expect(after.inForce.get(key)).toEqual({ ...before.inForce.get(key), outdated: true });
    const refusal = "EnableGracefulRestart cannot be changed after creation";
    expect(errors(after)).toEqual([["r", "spec.enableGracefulRestart", refusal]]);
    expect(resolve(after, edited)).toEqual(after);
    const mended = resolve(after, [router({ enableGracefulRestart: true, holdTime: "9s" })]);
    expect(mended.inForce.get(key)).toMatchObject({ outdated: false, resource: { spec: { holdTime: "9s" } } });
    expect(errors(mended)).toEqual([]);
    const anew = resolve(resolve(after, []), edited);
    expect(anew.inForce.get(key)).toMatchObject({ outdated: false, resource: { spec: { holdTime: "9s" } } });
  });

  test("an object that never was valid is not in force, and one that is gone is gone", () => {
    expect(pools(cold([pool("a", ["nonsense"])]))).toEqual({});
    expect(pools(resolve(cold([pool("a", ["10.0.0.0/24"])]), []))).toEqual({});
  });

  test("what did not change is the same object as before", () => {
    const before = cold([pool("a", ["10.0.0.0/24"])]);
    const after = resolve(before, [pool("a", ["10.0.0.0/24"]), pool("b", ["10.1.0.0/24"], { position: 1 })]);
    expect(after.inForce.get("IPAddressPool herald/a")).toBe(before.inForce.get("IPAddressPool herald/a"));
  });
});

describe("overlaps", () => {
  const OVERLAP =
    'CIDR "10.0.0.0/25" in pool "b" overlaps with already defined CIDR "10.0.0.0/24"; pool "z" has that: list each address once';

  test("on a cold start the older pool is in force", () => {
    const older = pool("z", ["10.0.0.0/24"], { created: "2020-01-01T00:00:00Z", file: "z.yaml" });
    const younger = pool("b", ["10.0.0.0/25"], { created: "2021-01-01T00:00:00Z" });
    const configuration = cold([younger, older]);
    expect(pools(configuration)).toEqual({ z: "10.0.0.0/24" });
    expect(errors(configuration)).toEqual([["b", "spec.addresses[0]", OVERLAP]]);
    expect(configuration.poolSetAside).toBe(true);
  });

  test("of equally old ones the one that comes first by path and position", () => {
    const first = pool("z", ["10.0.0.0/24"], { file: "a.yaml", position: 1 });
    const second = pool("b", ["10.0.0.0/25"], { file: "a.yaml", position: 2 });
    expect(pools(cold([second, first]))).toEqual({ z: "10.0.0.0/24" });
  });

  test("the pool in force stays, however old the newcomer", () => {
    const before = cold([pool("z", ["10.0.0.0/24"])]);
    const newcomer = pool("b", ["10.0.0.0/25"], { created: "2000-01-01T00:00:00Z", file: "0.yaml" });
    const after = resolve(before, [newcomer, pool("z", ["10.0.0.0/24"])]);
    expect(pools(after)).toEqual({ z: "10.0.0.0/24" });
    expect(errors(after)).toEqual([["b", "spec.addresses[0]", OVERLAP]]);
    expect(pools(resolve(after, [newcomer]))).toEqual({ b: "10.0.0.0/25" });
  });

  test("a pool that grows into another one keeps its last form", () => {
    const before = cold([pool("a", ["10.0.0.0/24"]), pool("b", ["10.0.1.0/24"])]);
    const after = resolve(before, [pool("a", ["10.0.0.0/23"]), pool("b", ["10.0.1.0/24"])]);
    expect(pools(after)).toEqual({ a: "10.0.0.0/24*", b: "10.0.1.0/24" });
  });

  test("two pools may exchange their addresses at once", () => {
    const before = cold([pool("a", ["10.0.0.0/24"]), pool("b", ["10.0.1.0/24"])]);
    const after = resolve(before, [pool("a", ["10.0.1.0/24"]), pool("b", ["10.0.0.0/24"])]);
    expect(pools(after)).toEqual({ a: "10.0.1.0/24", b: "10.0.0.0/24" });
  });

  test("a pool that has to go back to its last form takes it back from one that moved in", () => {
    const before = cold([pool("a", ["10.0.0.0/24"]), pool("b", ["10.0.1.0/24"]), pool("c", ["10.0.2.0/24"])]);
    const after = resolve(before, [pool("a", ["10.0.1.0/24"]), pool("b", ["10.0.2.0/24"]), pool("c", ["10.0.2.0/24"])]);
    expect(pools(after)).toEqual({ a: "10.0.0.0/24*", b: "10.0.1.0/24*", c: "10.0.2.0/24" });
  });

  test("one pool may not list an address twice", () => {
    const configuration = cold([pool("b", ["10.0.0.0/24", "10.0.0.7-10.0.0.8"])]);
    expect(errors(configuration)).toEqual([
      [
        "b",
        "spec.addresses[1]",
        'CIDR "10.0.0.7/32" in pool "b" overlaps with already defined CIDR "10.0.0.0/24"; pool "b" has that: list each address once',
      ],
    ]);
  });

  test("two pools of one name in two namespaces are one too many", () => {
    const configuration = cold([
      pool("p", ["10.0.0.0/24"]),
      pool("p", ["10.1.0.0/24"], { namespace: "other", position: 1 }),
    ]);
    expect(pools(configuration)).toEqual({ p: "10.0.0.0/24" });
    expect(errors(configuration)).toEqual([
      ["p", "metadata.name", 'duplicate definition of pool "p"; rename one of them'],
    ]);
  });
});

describe("the same object twice", () => {
  test("the one in force stays, wherever the other one stands", () => {
    const before = cold([pool("p", ["10.0.0.0/24"], { file: "m.yaml" })]);
    const after = resolve(before, [
      pool("p", ["10.1.0.0/24"], { file: "a.yaml" }),
      pool("p", ["10.0.0.0/24"], { file: "m.yaml" }),
    ]);
    expect(pools(after)).toEqual({ p: "10.0.0.0/24" });
    expect(errors(after)).toEqual([
      ["p", "metadata.name", "the same object is already defined in m.yaml; remove one of the two"],
    ]);
  });

  test("within one file the one in force stays even if its place changes", () => {
    const [first, second] = [pool("p", ["10.0.0.0/24"], { position: 1 }), pool("p", ["10.1.0.0/24"], { position: 2 })];
    const before = cold([first, second]);
    expect(pools(before)).toEqual({ p: "10.0.0.0/24" });
    const moved = [pool("p", ["10.0.0.0/24"], { position: 0 }), pool("p", ["10.1.0.0/24"], { position: 1 })];
    expect(pools(resolve(before, moved))).toEqual({ p: "10.0.0.0/24" });
  });

  test("on a cold start a valid one goes before one that is not", () => {
    const broken = pool("p", ["nonsense"], { file: "a.yaml" });
    expect(pools(cold([broken, pool("p", ["10.0.0.0/24"], { file: "b.yaml" })]))).toEqual({ p: "10.0.0.0/24" });
  });

  test("an object that moves to another file is no second one", () => {
    const before = cold([pool("p", ["10.0.0.0/24"], { file: "a.yaml" })]);
    const after = resolve(before, [pool("p", ["10.0.0.0/24"], { file: "b.yaml" })]);
    expect(after.problems).toEqual([]);
    expect(after.inForce.get("IPAddressPool herald/p")?.origin.file).toBe("b.yaml");
  });
});

test("only metallb.io objects of Herald's namespace act, if it has one", () => {
  const elsewhere = pool("p", ["10.0.0.0/24"], { namespace: "other" });
  expect(pools(cold([elsewhere]))).toEqual({ p: "10.0.0.0/24" });
  const configuration = cold([elsewhere], { namespace: "herald" });
  expect(pools(configuration)).toEqual({});
  expect(configuration.problems).toMatchObject([{ severity: "warning", code: "otherNamespace" }]);
});

test("an advertisement of a pool that is not in force is worth a warning", () => {
  const configuration = cold([pool("a", ["10.0.0.0/24"]), advertisement("l2", ["a", "b"])]);
  expect(configuration.problems).toMatchObject([
    { severity: "warning", code: "unknownReference", path: "spec.ipAddressPools[1]", id: { name: "l2" } },
  ]);
});

test("an error in an object that does not say what it is may be a pool's", () => {
  const nameless = candidate({ apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool", metadata: {} }, {});
  expect(cold([nameless]).poolSetAside).toBe(true);
});
