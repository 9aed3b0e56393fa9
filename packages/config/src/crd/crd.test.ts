import { describe, expect, test } from "vitest";
import { type CrdVersion, crds } from "./crd.ts";
import type { FieldFacts, KindFacts } from "./fact.test.fixture.ts";
import { FACTS } from "./metallb-facts.test.fixture.ts";
import type { StructuralSchema } from "./structural-schema.ts";

const CRDS = crds();
const VERSIONS = CRDS.flatMap(({ spec }) =>
  spec.versions.map((version) => [`${spec.names.kind} ${version.name}`, version] as const),
);

test("there are the kinds and versions of MetalLB, and no others", () => {
  expect(VERSIONS.map(([name]) => name).toSorted()).toEqual(Object.keys(FACTS).toSorted());
});

test.each([
  ["BFDProfile", "bfdprofiles", "bfdprofile"],
  ["BGPAdvertisement", "bgpadvertisements", "bgpadvertisement"],
  ["BGPPeer", "bgppeers", "bgppeer"],
  ["Community", "communities", "community"],
  ["ConfigurationState", "configurationstates", "configurationstate"],
  ["IPAddressPool", "ipaddresspools", "ipaddresspool"],
  ["L2Advertisement", "l2advertisements", "l2advertisement"],
  ["ServiceBGPStatus", "servicebgpstatuses", "servicebgpstatus"],
  ["ServiceL2Status", "servicel2statuses", "servicel2status"],
])("%s is namespaced and called %s and %s", (kind, plural, singular) => {
  const crd = CRDS.find(({ spec }) => spec.names.kind === kind);
  expect(crd).toMatchObject({ apiVersion: "apiextensions.k8s.io/v1", metadata: { name: `${plural}.metallb.io` } });
  expect(crd?.spec).toMatchObject({ group: "metallb.io", scope: "Namespaced" });
  expect(crd?.spec.names).toEqual({ kind, listKind: `${kind}List`, plural, singular });
});

describe.each(VERSIONS)("%s", (name, version) => {
  const facts = FACTS[name] as KindFacts;

  test("has MetalLB's fields, with its types, bounds, defaults and rules", () => {
    const { type, required, properties } = version.schema.openAPIV3Schema;
    const { apiVersion, kind, metadata, ...rest } = properties ?? {};
    expect([apiVersion?.type, kind?.type, metadata]).toEqual(["string", "string", { type: "object" }]);
    const fields = flatten({ type, properties: rest, ...(required && { required }) });
    expect(Object.fromEntries(fields)).toEqual(Object.fromEntries(facts.fields.map(asKeywords)));
  });

  test("has MetalLB's columns", () => {
    const columns = version.additionalPrinterColumns?.map(({ name, type, jsonPath, priority }) =>
      [name, type, jsonPath, priority].join(" ").trimEnd(),
    );
    expect(columns ?? []).toEqual(facts.columns);
  });

  test("is served with the subresource status, and stored if it is the newest", () => {
    expect(version).toMatchObject({ served: true, subresources: { status: {} } });
    expect(version.storage).toBe(name !== "BGPPeer v1beta1");
    expect([version.deprecated, version.deprecationWarning]).toEqual(
      facts.deprecation === undefined ? [undefined, undefined] : [true, facts.deprecation],
    );
  });

  test("has a structural schema", () => {
    expect(structuralErrors(version.schema.openAPIV3Schema, "")).toEqual([]);
  });

  test("explains every field", () => {
    expect(undocumented(version)).toEqual([]);
  });
});

test("a conversion webhook is named on request, for the kind that has two versions", () => {
  const converted = crds({
    conversion: { service: { name: "herald-webhook", namespace: "herald" }, caBundle: "Q0E=" },
  });
  expect(
    converted.filter(({ spec }) => spec.conversion).map(({ metadata, spec }) => [metadata.name, spec.conversion]),
  ).toEqual([
    [
      "bgppeers.metallb.io",
      {
        strategy: "Webhook",
        webhook: {
          clientConfig: {
            service: { name: "herald-webhook", namespace: "herald", path: "/convert" },
            caBundle: "Q0E=",
          },
          conversionReviewVersions: ["v1"],
        },
      },
    ],
  ]);
});

/** A row of the facts in the form that `flatten` gives. */
function asKeywords([path, { example: _, refuses: __, readable: ___, rules, ...fact }]: FieldFacts): [string, object] {
  return [path, { ...fact, ...(rules && { rules: rules.map(({ rule, message }) => ({ rule, message })) }) }];
}

const NAMES: Readonly<Record<string, string>> = {
  "x-kubernetes-list-type": "listType",
  "x-kubernetes-list-map-keys": "mapKeys",
  "x-kubernetes-map-type": "mapType",
  "x-kubernetes-validations": "rules",
};

/** Every field below a schema with its keywords. */
function flatten(schema: StructuralSchema, path = ""): [string, object][] {
  const { properties = {}, required = [], items, additionalProperties } = schema;
  const below: [string, StructuralSchema, boolean][] = [
    ...Object.entries(properties).map(([key, field]): [string, StructuralSchema, boolean] => [
      path === "" ? key : `${path}.${key}`,
      field,
      required.includes(key),
    ]),
    ...(items ? [[`${path}[]`, items, false] as [string, StructuralSchema, boolean]] : []),
    ...(additionalProperties
      ? [[`${path}.*`, additionalProperties, false] as [string, StructuralSchema, boolean]]
      : []),
  ];
  return below.flatMap(([at, field, isRequired]) => [
    [at, { ...keywords(field), ...(isRequired && { required: true }) }],
    ...flatten(field, at),
  ]);
}

function keywords({
  description,
  properties,
  required,
  items,
  additionalProperties,
  ...rest
}: StructuralSchema): object {
  return Object.fromEntries(Object.entries(rest).map(([key, value]) => [NAMES[key] ?? key, value]));
}

const KEYWORDS: ReadonlySet<string> = new Set(
  [
    "type description properties additionalProperties required items default enum format minimum maximum minLength",
    "maxLength pattern minItems x-kubernetes-list-type x-kubernetes-list-map-keys x-kubernetes-map-type",
    "x-kubernetes-validations",
  ].flatMap((line) => line.split(" ")),
);

/** What an API server would refuse: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema */
function structuralErrors(schema: StructuralSchema, path: string): string[] {
  const { type, properties, additionalProperties, items, required = [] } = schema;
  const mapKeys = schema["x-kubernetes-list-map-keys"] ?? [];
  const errors = [
    ...Object.keys(schema)
      .filter((key) => !KEYWORDS.has(key))
      .map((key) => `${key} is no keyword`),
    ...(["object", "array", "string", "integer", "boolean"].includes(type) ? [] : ["no type"]),
    ...(properties && additionalProperties ? ["properties beside additionalProperties"] : []),
    ...(type === "array" && !items ? ["no items"] : []),
    ...(type !== "object" && (properties || additionalProperties) ? ["fields of what is no object"] : []),
    ...required.filter((key) => !properties?.[key]).map((key) => `required ${key} is no field`),
    ...mapKeys.filter((key) => !items?.required?.includes(key)).map((key) => `the list's key ${key} is not required`),
    ...("default" in schema && typeof schema.default !== (type === "integer" ? "number" : type)
      ? ["default of another type"]
      : []),
  ].map((error) => `${path}: ${error}`);
  const below = {
    ...properties,
    ...(items && { "[]": items }),
    ...(additionalProperties && { "*": additionalProperties }),
  };
  return [...errors, ...Object.entries(below).flatMap(([key, inner]) => structuralErrors(inner, `${path}.${key}`))];
}

/** Fields of the content without a description. */
function undocumented({ schema }: CrdVersion): string[] {
  const visit = ({ properties = {}, items }: StructuralSchema, path: string): string[] => [
    ...(items ? visit(items, `${path}[]`) : []),
    ...Object.entries(properties).flatMap(([key, inner]) => [
      ...(inner.description || path === "" ? [] : [`${path}.${key}`]),
      ...visit(inner, path === "" ? key : `${path}.${key}`),
    ]),
  ];
  return visit(schema.openAPIV3Schema, "");
}
