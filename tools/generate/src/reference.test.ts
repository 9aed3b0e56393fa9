import { crds } from "@heraldlb/config/crd";
import { describe, expect, test } from "vitest";
import { indexPage, kindPage } from "./reference.ts";

const CRDS = crds({ defaults: "effective" });
const page = (kind: string) =>
  CRDS.filter(({ spec }) => spec.names.kind === kind)
    .map(kindPage)
    .join("");

describe.each(CRDS.map((crd) => [crd.spec.names.kind, crd] as const))("the page of %s", (_kind, crd) => {
  test("has every rule and every description of its CustomResourceDefinition", () => {
    const text = kindPage(crd);
    const contents = crd.spec.versions.map(({ schema }) => {
      const { spec, status } = schema.openAPIV3Schema.properties ?? {};
      return { spec, status };
    });
    expect(wordsOf(contents).filter((words) => !text.includes(words))).toEqual([]);
  });

  test("is named by the index", () => {
    expect(indexPage(CRDS)).toContain(`[${crd.spec.names.kind}](${crd.spec.names.singular}.md)`);
  });
});

test.each([
  ["BGPPeer", "| `spec.myASN` | integer, 0 to 4294967295 | **required** |"],
  ["BGPPeer", "| `spec.peerPort` | integer, 1 to 16384 | `179` |"],
  ["BGPPeer", "| `spec.dynamicASN` | `internal` or `external` | |"],
  ["BFDProfile", "| `spec.receiveInterval` | integer, 10 to 60000 | `300` |"],
  ["L2Advertisement", "| `spec.preferredNodeSelectors[].weight` | integer, 1 to 100 | **required** |"],
  ["L2Advertisement", "| `spec.nodeSelectors` | list of [label selectors](README.md#label-selectors) | |"],
  ["ConfigurationState", "| `status.conditions[].lastTransitionTime` | time (RFC 3339) | **required** |"],
])("the page of %s has %s", (kind, row) => {
  expect(page(kind)).toContain(row);
});

test("the version to use comes first, and the other one says why", () => {
  expect(page("BGPPeer")).toMatch(
    /## metallb.io\/v1beta2[\s\S]*## metallb.io\/v1beta1\n\nDeprecated: v1beta1 is deprecated/,
  );
});

/** All messages and descriptions but those of label selectors, which are explained once. */
function wordsOf(json: unknown): string[] {
  if (typeof json !== "object" || json === null || "matchLabels" in json) return [];
  return Object.entries(json).flatMap(([key, value]) => {
    if (typeof value === "string") return key === "message" || key === "description" ? [value] : [];
    return key === "items" && "matchLabels" in (value.properties ?? {}) ? [] : wordsOf(value);
  });
}
