import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { convertBgpPeer } from "./convert-bgp-peer.ts";
import { readResource } from "./read.ts";

const peer = (version: "v1beta1" | "v1beta2", spec: object, annotations?: object) => ({
  apiVersion: `metallb.io/${version}`,
  kind: "BGPPeer",
  metadata: { name: "tor", namespace: "herald", uid: "1", ...(annotations && { annotations }) },
  spec,
});

const KEPT = "heraldlb.io/bgppeer-v1beta2";

// Anything that v1beta2's schema takes, zeros included.
const shared = {
  peerASN: fc.nat(4_294_967_295),
  peerAddress: fc.constantFrom("", "192.0.2.1", "2001:db8::1"),
  peerPort: fc.integer({ min: 1, max: 16_384 }),
  sourceAddress: fc.constantFrom("", "192.0.2.2"),
  holdTime: fc.constantFrom("0s", "0", "90s"),
  keepaliveTime: fc.constantFrom("0s", "30s"),
  routerID: fc.constantFrom("", "10.0.0.1"),
  nodeSelectors: fc.array(
    fc.record(
      {
        matchLabels: fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("", "x")),
        matchExpressions: fc.array(
          fc.record(
            { key: fc.constant("k"), operator: fc.constantFrom("In", "Exists"), values: fc.array(fc.constant("v")) },
            { requiredKeys: ["key", "operator"] },
          ),
        ),
      },
      { requiredKeys: [] },
    ),
  ),
  password: fc.string(),
  bfdProfile: fc.constantFrom("", "fast"),
  ebgpMultiHop: fc.boolean(),
};
const v1beta2Spec = fc.record(
  {
    myASN: fc.nat(4_294_967_295),
    ...shared,
    dynamicASN: fc.constantFrom("internal", "external"),
    localASN: fc.integer({ min: 1, max: 4_294_967_295 }),
    interface: fc.constantFrom("", "eth0"),
    passwordSecret: fc.record({ name: fc.string(), namespace: fc.string() }, { requiredKeys: [] }),
    connectTime: fc.constantFrom("1s", "10s"),
    enableGracefulRestart: fc.boolean(),
    vrf: fc.constantFrom("", "red"),
    disableMP: fc.boolean(),
    dualStackAddressFamily: fc.boolean(),
  },
  { requiredKeys: ["myASN"] },
);
const annotations = fc.option(fc.constant({ note: "x" }), { nil: undefined });

const FORMER_FIELDS = ["myASN", ...Object.keys(shared)];

describe("v1beta2 seen as v1beta1", () => {
  test("is the same again when it comes back", () => {
    const same = fc.property(v1beta2Spec, annotations, (spec, notes) => {
      const before = peer("v1beta2", spec, notes);
      expect(convertBgpPeer(convertBgpPeer(before, "v1beta1"), "v1beta2")).toEqual(before);
    });
    fc.assert(same);
  });

  test("has the fields of v1beta1 only, and those that it requires", () => {
    const shaped = fc.property(v1beta2Spec, (spec) => {
      const { spec: seen, apiVersion } = convertBgpPeer(peer("v1beta2", spec), "v1beta1");
      expect(apiVersion).toBe("metallb.io/v1beta1");
      expect(FORMER_FIELDS).toEqual(expect.arrayContaining(Object.keys(seen as object)));
      expect(Object.keys(seen as object)).toEqual(expect.arrayContaining(["myASN", "peerASN", "peerAddress"]));
    });
    fc.assert(shaped);
  });

  test("needs no annotation if v1beta1 can say it all", () => {
    const before = peer("v1beta2", { myASN: 1, peerASN: 2, peerAddress: "192.0.2.1", peerPort: 179, holdTime: "90s" });
    expect(convertBgpPeer(before, "v1beta1")).toEqual({ ...before, apiVersion: "metallb.io/v1beta1" });
  });

  test("can be changed there without losing what v1beta1 cannot say", () => {
    const before = peer("v1beta2", { myASN: 1, peerASN: 2, peerAddress: "192.0.2.1", vrf: "red", holdTime: "0s" });
    const { spec, ...rest } = convertBgpPeer(before, "v1beta1");
    const edited = { ...rest, spec: { ...(spec as object), peerASN: 3, holdTime: "30s" } };
    expect(convertBgpPeer(edited, "v1beta2")).toEqual(
      peer("v1beta2", { myASN: 1, peerASN: 3, peerAddress: "192.0.2.1", vrf: "red", holdTime: "30s" }),
    );
  });
});

describe("v1beta1 seen as v1beta2", () => {
  test("is the same again when it comes back, but for zeros that say nothing", () => {
    const former = fc.record({ myASN: fc.nat(), ...shared }, { requiredKeys: ["myASN", "peerASN", "peerAddress"] });
    const same = fc.property(former, (spec) => {
      const first = convertBgpPeer(peer("v1beta1", spec), "v1beta2");
      const back = convertBgpPeer(first, "v1beta1");
      expect(convertBgpPeer(back, "v1beta2")).toEqual(first);
      const { spec: seen } = back;
      expect(spec).toMatchObject(seen as object);
    });
    fc.assert(same);
  });

  test.each([
    ["timers that were never set are not turned off", { holdTime: "0s", keepaliveTime: "0s" }, {}],
    ["timers that were set stay", { holdTime: "90s", keepaliveTime: "30s" }, { holdTime: "90s", keepaliveTime: "30s" }],
    ["a port that was never set does not become 0", { peerPort: 0 }, {}],
    ["texts that are empty are absent", { routerID: "", password: "" }, {}],
  ])("%s", (_what, more, expected) => {
    const base = { myASN: 1, peerASN: 2, peerAddress: "192.0.2.1" };
    expect(convertBgpPeer(peer("v1beta1", { ...base, ...more }), "v1beta2")).toEqual(
      peer("v1beta2", { ...base, ...expected }),
    );
  });

  test.each(["", "{", "null", "[1]", '"x"'])("an annotation that holds %j adds nothing", (text) => {
    const spec = { myASN: 1, peerASN: 2, peerAddress: "192.0.2.1" };
    expect(convertBgpPeer(peer("v1beta1", spec, { [KEPT]: text }), "v1beta2")).toEqual(peer("v1beta2", spec));
  });

  test("whatever it is made of, conversion does not throw", () => {
    const total = fc.property(
      fc.object(),
      fc.anything(),
      fc.constantFrom("v1beta1", "v1beta2"),
      (json, spec, version) => {
        expect(convertBgpPeer({ ...json, spec }, version)).toMatchObject({ apiVersion: `metallb.io/${version}` });
      },
    );
    fc.assert(total);
  });
});

describe("reading v1beta1", () => {
  const read = (json: unknown) => readResource(json, { defaultNamespace: "default" });
  const minimal = { myASN: 64_512, peerASN: 64_513, peerAddress: "192.0.2.1" };

  test("gives a peer of v1beta2 with its defaults, and says that v1beta1 is deprecated", () => {
    const outcome = read(peer("v1beta1", minimal));
    expect(outcome).toMatchObject({
      type: "resource",
      resource: { apiVersion: "metallb.io/v1beta2", spec: { ...minimal, peerPort: 179, disableMP: false } },
      warnings: [
        { path: "apiVersion", code: "deprecatedVersion", message: "v1beta1 is deprecated, please use v1beta2" },
      ],
    });
    expect(outcome).not.toHaveProperty("resource.spec.holdTime");
  });

  test.each<[string, object, string]>([
    ["a field that is required", { peerASN: undefined }, "spec.peerASN"],
    ["a port that is too great", { peerPort: 16_385 }, "spec.peerPort"],
    [
      "an expression without values",
      { nodeSelectors: [{ matchExpressions: [{ key: "a", operator: "In", values: [] }] }] },
      "spec.nodeSelectors[0].matchExpressions[0].values",
    ],
    ["a peer and a range that v1beta2 does not know", { peerASN: 2 ** 32 }, "spec.peerASN"],
  ])("names the field of %s", (_what, more, path) => {
    expect(read(peer("v1beta1", { ...minimal, ...more }))).toMatchObject({ type: "invalid", problems: [{ path }] });
  });

  test("warns of fields that came with v1beta2", () => {
    const { warnings } = read(peer("v1beta1", { ...minimal, vrf: "red" }));
    expect(warnings.map(({ path, code }) => [path, code])).toContainEqual(["spec.vrf", "unknownField"]);
  });

  test("takes in what its annotation keeps of v1beta2", () => {
    const { type, ...rest } = read(peer("v1beta1", minimal, { [KEPT]: '{"vrf":"red"}', note: "x" }));
    expect(type).toBe("resource");
    expect(rest).toMatchObject({ resource: { metadata: { annotations: { note: "x" } }, spec: { vrf: "red" } } });
  });
});
