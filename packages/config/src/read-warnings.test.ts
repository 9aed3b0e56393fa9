import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { METALLB_ANNOTATIONS } from "./annotation.ts";
import { readResource } from "./read.ts";

const read = (json: unknown) => readResource(json, { defaultNamespace: "default" });

function warnings(json: unknown): [string, string][] {
  return read(json).warnings.map(({ path, message }) => [path, message]);
}

const pool = (spec: object, metadata: object = {}) => ({
  apiVersion: "metallb.io/v1beta1",
  kind: "IPAddressPool",
  metadata: { name: "p", namespace: "herald", ...metadata },
  spec,
});
const service = (spec: object, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", ...metadata },
  spec,
});

describe("warnings", () => {
  test.each<[string, unknown, [string, string][]]>([
    [
      "an unknown field, with the nearest one",
      pool({ addresses: ["10.0.0.0/24"], autoasign: true }),
      [["spec.autoasign", "there is no such field, so it has no effect; did you mean autoAssign?"]],
    ],
    [
      "an unknown annotation of Herald's, with the nearest one",
      service({}, { annotations: { "heraldlb.io/re-assign": "" } }),
      [
        [
          'metadata.annotations["heraldlb.io/re-assign"]',
          "Herald knows no such annotation; did you mean heraldlb.io/reassign?",
        ],
      ],
    ],
    [
      "an annotation on the wrong kind",
      pool({ addresses: ["10.0.0.0/24"] }, { annotations: { "heraldlb.io/reassign": "" } }),
      [
        [
          'metadata.annotations["heraldlb.io/reassign"]',
          "the annotation has no effect on kind IPAddressPool; it belongs on: Service",
        ],
      ],
    ],
    [
      "a deprecated annotation, in MetalLB's words",
      service({}, { annotations: { "metallb.universe.tf/address-pool": "p" } }),
      [
        [
          'metadata.annotations["metallb.universe.tf/address-pool"]',
          "Service uses deprecated annotation metallb.universe.tf/address-pool",
        ],
      ],
    ],
    ...[
      ["metallb.io/loadBalancerIP", "loadBalancerIPs"],
      ["metallb.io/loadbalancerips", "loadBalancerIPs"],
      ["metallb.io/load-balancer-ip", "loadBalancerIPs"],
      ["metallb.io/allow-share-ip", "allow-shared-ip"],
      ["metallb.io/ip-address-pool", "address-pool"],
    ].map(([key, meant]): [string, unknown, [string, string][]] => [
      `a misspelt annotation of MetalLB's: ${key}`,
      service({}, { annotations: { [key as string]: "x" } }),
      [[`metadata.annotations["${key}"]`, `Herald knows no such annotation; did you mean metallb.io/${meant}?`]],
    ]),
    [
      "a misspelt annotation of MetalLB's, by its deprecated name",
      service({}, { annotations: { "metallb.universe.tf/adress-pool": "p" } }),
      [
        [
          'metadata.annotations["metallb.universe.tf/adress-pool"]',
          "Herald knows no such annotation; did you mean metallb.io/address-pool?",
        ],
        [
          'metadata.annotations["metallb.universe.tf/adress-pool"]',
          "Service uses deprecated annotation metallb.universe.tf/adress-pool",
        ],
      ],
    ],
    [
      "nothing about other annotations, whatever their prefix",
      service(
        {},
        {
          annotations: {
            ...Object.fromEntries(Object.keys(METALLB_ANNOTATIONS).map((name) => [`metallb.io/${name}`, ""])),
            "metallb.universe.tf/ip-allocated-from-pool": "p",
            "metallb.io/loadBalancerClass": "",
            "metallb.io/node-name": "",
            "metallb.io/pool": "",
            "example.com/address-pol": "",
          },
        },
      ),
      [],
    ],
    [
      "nothing about misspelt annotations of MetalLB's on other kinds, which have none",
      pool({ addresses: ["10.0.0.0/24"] }, { annotations: { "metallb.io/adress-pool": "" } }),
      [],
    ],
    ["nothing about fields of core kinds", service({ sessionAffinity: "None" }), []],
  ])("%s", (_what, json, expected) => {
    expect(warnings(json)).toEqual(expected);
  });
});

describe("kinds", () => {
  test("a kind that is not Herald's business is ignored", () => {
    const outcome = read({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "x" } });
    expect(outcome).toMatchObject({ type: "ignored", reason: "unknownKind" });
  });

  test("an unknown kind of metallb.io is answered with the nearest one", () => {
    expect(warnings({ apiVersion: "metallb.io/v1beta1", kind: "AddressPool", metadata: { name: "x" } })).toEqual([
      ["kind", "there is no AddressPool in metallb.io; did you mean IPAddressPool?"],
    ]);
  });
});

describe("examples", () => {
  const folder = join(import.meta.dirname, "../../../examples");
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  test.each(files)("%s is valid, without warnings", (file) => {
    for (const document of parseAllDocuments(readFileSync(join(folder, file), "utf8"))) {
      expect(read(document.toJS())).toMatchObject({ type: "resource", warnings: [] });
    }
  });
});
