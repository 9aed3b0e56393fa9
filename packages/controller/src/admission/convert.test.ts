import { describe, expect, test } from "vitest";
import { convertReview } from "./convert.ts";
import { manifest, peer } from "./manifest.test.fixture.ts";

const ask = (objects: unknown, desiredAPIVersion = "metallb.io/v1beta1") => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "ConversionReview",
  request: { uid: "u1", desiredAPIVersion, objects },
});

interface Response {
  readonly uid: string;
  readonly result: { readonly status: string; readonly message?: string };
  readonly convertedObjects?: readonly { readonly apiVersion?: unknown; readonly metadata?: unknown }[];
}

function convert(objects: unknown, version?: string): Response {
  const { response } = convertReview(ask(objects, version)).review;
  // It is JSON.
  return response as Response;
}

describe("peers", () => {
  const peers = [
    peer("a", "10.0.0.1"),
    peer("b", "10.0.0.2", { connectTime: "10s", vrf: "red", enableGracefulRestart: true, holdTime: "90s" }),
    manifest("BGPPeer", "c", { myASN: 64500, peerASN: 0, dynamicASN: "internal", interface: "eth0", holdTime: "0s" }),
  ];

  test("all come back as they were", () => {
    const { uid, result, convertedObjects: older = [] } = convert(peers);
    expect({ uid, result }).toEqual({ uid: "u1", result: { status: "Success" } });
    expect(older.map(({ apiVersion }) => apiVersion)).toEqual(peers.map(() => "metallb.io/v1beta1"));
    const { convertedObjects } = convert(older, "metallb.io/v1beta2");
    expect(convertedObjects?.slice(0, 2)).toEqual(peers.slice(0, 2));
    expect(convertedObjects?.[2]).toMatchObject({
      spec: { dynamicASN: "internal", interface: "eth0", holdTime: "0s" },
    });
  });

  test("what an API server must not see changed stays", () => {
    const metadata = { uid: "x", resourceVersion: "7", labels: { a: "b" }, finalizers: ["f"], managedFields: [{}] };
    const object = { ...peer("a", "10.0.0.1"), metadata: { ...peer("a", "").metadata, ...metadata } };
    expect(convert([object]).convertedObjects?.[0]?.metadata).toMatchObject(object.metadata);
  });

  test("none is one of the answers", () => {
    expect(convert([])).toMatchObject({ result: { status: "Success" }, convertedObjects: [] });
  });
});

describe("a failure names the object", () => {
  let deep: unknown = {};
  for (let depth = 0; depth < 50_000; depth++) deep = { x: deep };

  test.each<readonly [string, unknown, string | undefined, string]>([
    [
      "of another kind",
      manifest("IPAddressPool", "x"),
      undefined,
      "IPAddressPool metallb-system/x: only BGPPeers have",
    ],
    [
      "of an unknown version",
      { ...peer("x", ""), apiVersion: "metallb.io/v3" },
      undefined,
      "BGPPeer metallb-system/x: its version",
    ],
    ["without a version", { kind: "BGPPeer", metadata: {} }, undefined, "object 1: its version"],
    ["that is none", 7, undefined, "object 1 is no Kubernetes object"],
    ["that is null", null, undefined, "object 1 is no Kubernetes object"],
    [
      "nested too deeply",
      peer("x", "10.0.0.1", { vrf: deep }),
      undefined,
      "BGPPeer metallb-system/x: is nested too deeply",
    ],
    ["to an unknown version", peer("x", ""), "metallb.io/v3", 'there is no BGPPeer in "metallb.io/v3"'],
    ["to another group", peer("x", ""), "example.com/v1beta1", 'there is no BGPPeer in "example.com/v1beta1"'],
  ])("%s", (_, object, version, message) => {
    const { result, convertedObjects } = convert([peer("a", "10.0.0.1"), object], version);
    expect(result).toEqual({ status: "Failure", message: expect.stringContaining(message) });
    expect(convertedObjects).toBeUndefined();
  });
});

test.each<readonly [string, unknown]>([
  ["nothing", null],
  ["another review", { ...ask([]), kind: "AdmissionReview" }],
  ["an older review", { ...ask([]), apiVersion: "apiextensions.k8s.io/v1beta1" }],
  ["no request", { ...ask([]), request: undefined }],
  ["no uid", { ...ask([]), request: { desiredAPIVersion: "metallb.io/v1beta2", objects: [] } }],
  ["a uid that is none", { ...ask([]), request: { uid: 7, objects: [] } }],
  ["no objects", ask(undefined)],
  ["objects that are no list", ask({})],
])("%s is no question", (_, json) => {
  expect(() => convertReview(json)).toThrow(expect.objectContaining({ name: "DecodeError" }));
});
