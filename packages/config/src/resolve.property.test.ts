import fc from "fast-check";
import { expect, test } from "vitest";
import { type Candidate, type Configuration, EMPTY_CONFIGURATION } from "./configuration.ts";
import { inForce } from "./manifest.test.fixture.ts";
import { formatObjectId } from "./problem.ts";
import { readResource } from "./read.ts";
import { resolve } from "./resolve.ts";
import { Resolver } from "./resolver.ts";
import { objectId } from "./resource.ts";

const RACKS = [{ matchLabels: { rack: "a" } }, { matchLabels: { rack: "b" } }, { matchLabels: { zone: "z" } }];
const LABELS = [{}, { rack: "a" }, { rack: "b" }, { rack: "a", zone: "z" }];

const metadata = fc.record({
  name: fc.constantFrom("a", "b", "c"),
  namespace: fc.constantFrom("herald", "herald", "elsewhere"),
  creationTimestamp: fc.constantFrom(undefined, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
  labels: fc.constantFrom(...LABELS),
});
const names = fc.subarray(["a", "b", "c"]);
const selectors = fc.subarray(RACKS);

const metallb = (kind: string, spec: fc.Arbitrary<object>, apiVersion = "metallb.io/v1beta1") =>
  fc.record({ apiVersion: fc.constant(apiVersion), kind: fc.constant(kind), metadata, spec });
const core = (kind: string, fields: fc.Arbitrary<object>) =>
  fc.tuple(metadata, fields).map(([each, more]) => ({ apiVersion: "v1", kind, metadata: each, ...more }));

const ADDRESSES = ["10.0.0.0/24", "10.0.0.0/25", "10.0.1.0/24", "10.0.0.0/23", "fc00::/120", "nonsense"];

const pool = metallb(
  "IPAddressPool",
  fc.record({ addresses: fc.array(fc.constantFrom(...ADDRESSES), { minLength: 1, maxLength: 2 }) }),
);
const layer2 = metallb("L2Advertisement", fc.record({ ipAddressPools: names, nodeSelectors: selectors }));
const advertisement = metallb(
  "BGPAdvertisement",
  fc.record({
    ...{ ipAddressPools: names, ipAddressPoolSelectors: selectors, peers: names, nodeSelectors: selectors },
    aggregationLength: fc.constantFrom(23, 24, 32, 32, 33),
    localPref: fc.constantFrom(0, 0, 100),
    communities: fc.subarray(["x", "64512:1", "64512"]),
  }),
);
const peer = metallb(
  "BGPPeer",
  fc.record({
    ...{ myASN: fc.constantFrom(64_512, 0), peerASN: fc.constant(64_513), nodeSelectors: selectors },
    peerAddress: fc.constantFrom("10.0.0.1", "10.0.0.1", "10.0.0.2"),
    bfdProfile: fc.constantFrom("", "a"),
    passwordSecret: fc.constantFrom(undefined, { name: "a" }),
    enableGracefulRestart: fc.constantFrom(undefined, true, false),
  }),
  "metallb.io/v1beta2",
);
const profile = metallb("BFDProfile", fc.record({ echoMode: fc.boolean() }));
const community = metallb(
  "Community",
  fc.record({
    communities: fc.array(
      fc.record({ name: fc.constantFrom("x", "y"), value: fc.constantFrom("64512:1", "large:1:2:3", "wrong") }),
      { maxLength: 2 },
    ),
  }),
);
const node = core("Node", fc.constant({}));
const secret = core(
  "Secret",
  fc.record({
    type: fc.constantFrom("kubernetes.io/basic-auth", "Opaque"),
    stringData: fc.constant({ password: "x" }),
  }),
);
const service = core(
  "Service",
  fc.record({ spec: fc.record({ ports: fc.constantFrom([{ port: 80 }], [{ port: 443 }], "none") }) }),
);

/** JSON of manifests that contradict and refer to each other, right and wrong. */
const someObject: fc.Arbitrary<unknown> = fc.oneof(
  ...[pool, pool, layer2, advertisement, advertisement, peer, peer, profile, community, node, secret, service, service],
  fc.constantFrom(42, { kind: "Odd" }, {}),
);

const somewhere = fc.record({ file: fc.constantFrom("a.yaml", "b.yaml"), position: fc.integer({ min: 0, max: 9 }) });
const candidate = fc
  .tuple(somewhere, someObject)
  .map(([origin, json]): Candidate => ({ origin, outcome: readResource(json, { defaultNamespace: "herald" }) }));
const reading = fc.uniqueArray(candidate, {
  maxLength: 8,
  selector: ({ origin }) => `${origin.file} ${origin.position}`,
});
const readings = fc.array(reading, { minLength: 1, maxLength: 4 });

const plain = ({ inForce, problems, poolSetAside }: Configuration) => ({
  inForce: [...inForce].toSorted(([a], [b]) => (a < b ? -1 : 1)),
  problems: problems.map((problem) => JSON.stringify(problem)).toSorted(),
  poolSetAside,
});

function idOf({ outcome }: Candidate): string | undefined {
  const id = outcome.type === "resource" ? objectId(outcome.resource) : outcome.id;
  return id && formatObjectId(id);
}

test("the order of listing never matters", () => {
  fc.assert(
    fc.property(readings, (steps) => {
      let [forwards, backwards]: [Configuration, Configuration] = [EMPTY_CONFIGURATION, EMPTY_CONFIGURATION];
      for (const step of steps) {
        forwards = resolve(forwards, step);
        backwards = resolve(backwards, step.toReversed());
        expect(plain(backwards)).toEqual(plain(forwards));
      }
    }),
    { numRuns: 150 },
  );
});

test("resolving again changes nothing", () => {
  fc.assert(
    fc.property(readings, (steps) => {
      let configuration = EMPTY_CONFIGURATION;
      for (const step of steps) {
        configuration = resolve(configuration, step);
        expect(plain(resolve(configuration, step))).toEqual(plain(configuration));
      }
    }),
    { numRuns: 150 },
  );
});

test("what is in force never contradicts itself, unless a third object came between", () => {
  fc.assert(
    fc.property(reading, (step) => {
      const configuration = resolve(EMPTY_CONFIGURATION, step);
      const held = [...configuration.inForce.values()].map(({ resource, origin }): Candidate => {
        return { origin, outcome: { type: "resource", resource, warnings: [] } };
      });
      expect(inForce(resolve(EMPTY_CONFIGURATION, held))).toEqual(inForce(configuration));
    }),
    { numRuns: 150 },
  );
});

test("a new object that is wrong changes nothing of the others", () => {
  fc.assert(
    fc.property(reading, candidate, (step, late) => {
      fc.pre(step.every((other) => idOf(other) !== idOf(late)));
      const before = resolve(EMPTY_CONFIGURATION, step);
      const origin = { file: "late.yaml", position: 0 };
      const after = resolve(before, [...step, { ...late, origin }]);
      const isWrong = after.problems.some((each) => each.severity === "error" && each.origin.file === origin.file);
      fc.pre(isWrong && ![...after.inForce.values()].some((form) => form.origin.file === origin.file));
      const again = resolve(before, step);
      expect([...after.inForce]).toEqual([...again.inForce]);
      const others = after.problems.filter(({ origin: { file } }) => file !== origin.file);
      expect(others.map((each) => JSON.stringify(each)).toSorted()).toEqual(plain(again).problems);
    }),
    { numRuns: 150 },
  );
});

/** Places that each hold one object: a step puts other objects into some of them. */
const PLACES = ["a.yaml 0", "a.yaml 1", "a.yaml 2", "a.yaml 3", "b.yaml 0", "b.yaml 1", "b.yaml 2", "c.yaml 0"];
const step = fc.dictionary(fc.constantFrom(...PLACES), fc.option(someObject), { maxKeys: 6 });

function candidateAt(place: string, object: unknown): Candidate {
  const [file, position] = place.split(" ");
  return {
    origin: { file, position: Number(position) },
    outcome: readResource(object, { defaultNamespace: "herald" }),
  };
}

test.each([undefined, "herald"])("step by step comes to the same as from scratch, in namespace %s", (namespace) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
      const resolver = new Resolver({ namespace });
      const present = new Map<string, Candidate>();
      let expected = EMPTY_CONFIGURATION;
      for (const changes of steps) {
        for (const [place, object] of Object.entries(changes)) {
          if (object === null) present.delete(place);
          else present.set(place, candidateAt(place, object));
        }
        const candidates = [...present].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
        expected = resolve(expected, candidates, { namespace });
        expect(plain(resolver.update(candidates))).toEqual(plain(expected));
      }
    }),
    { numRuns: 150 },
  );
});
