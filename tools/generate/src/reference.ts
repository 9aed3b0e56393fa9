import type { CrdVersion, CustomResourceDefinition, StructuralSchema } from "@heraldlb/config/crd";

const NOTICE = "<!-- Written by `npm run generate` from packages/config/src. -->";

/** The reference page of a kind, as Markdown. `crd`: with the defaults that are in effect. */
export function kindPage({ metadata, spec }: CustomResourceDefinition): string {
  const { kind } = spec.names;
  const versions = spec.versions.toSorted((a, b) => Number(b.storage) - Number(a.storage));
  return [
    `# ${kind}\n\n${NOTICE}\n\n${versions[0]?.schema.openAPIV3Schema.description}\n`,
    `Namespaced; the name of its CustomResourceDefinition is \`${metadata.name}\`.\n`,
    ...versions.flatMap((version) => versionPart(version)),
  ].join("\n");
}

/** The page that leads to the others. */
export function indexPage(crds: readonly CustomResourceDefinition[]): string {
  const rows = crds.map(({ spec: { names, versions } }) => {
    const summary = versions[0]?.schema.openAPIV3Schema.description;
    return `| [${names.kind}](${names.singular}.md) | ${versions.map(({ name }) => name).join(", ")} | ${summary} |`;
  });
  return [
    `# Resources\n\n${NOTICE}\n`,
    "The kinds of the API group `metallb.io`. Manifests that were written for MetalLB go on working.\n",
    "| kind | versions | what it is for |\n| --- | --- | --- |",
    ...rows,
    "",
    `## Label selectors\n\n${LABEL_SELECTORS}\n`,
  ].join("\n");
}

const LABEL_SELECTORS = `A label selector is Kubernetes' own: \`matchLabels\` and \`matchExpressions\` (operators \`In\`, \`NotIn\`, \`Exists\`,
\`DoesNotExist\`), all of which must hold; \`{}\` matches everything. Of a list of selectors one must match.`;

function versionPart({ name, deprecationWarning, additionalPrinterColumns = [], schema }: CrdVersion): string[] {
  const fields = fieldsOf(schema.openAPIV3Schema);
  const rules = fields.flatMap(({ path, schema }) =>
    (schema["x-kubernetes-validations"] ?? []).map(({ message }) => `- \`${path}\`: ${message}.`),
  );
  return [
    `## metallb.io/${name}\n`,
    ...(deprecationWarning === undefined ? [] : [`Deprecated: ${deprecationWarning}.\n`]),
    "| field | type | default | meaning |\n| --- | --- | --- | --- |",
    ...fields.filter(({ schema }) => schema.description !== undefined).map(fieldRow),
    "",
    ...(rules.length === 0 ? [] : ["Rules that an API server checks:\n", ...rules, ""]),
    ...(additionalPrinterColumns.length === 0
      ? []
      : [`\`kubectl get\` shows: ${columnNames(additionalPrinterColumns)}.\n`]),
  ];
}

interface Field {
  readonly path: string;
  readonly schema: StructuralSchema;
  readonly isRequired: boolean;
}

/** The fields below an object, the outer ones first. What every object has is left out. */
function fieldsOf({ properties = {}, required = [] }: StructuralSchema, path = ""): Field[] {
  const own = Object.entries(properties).filter(([key]) => path !== "" || key === "spec" || key === "status");
  return own.flatMap(([key, schema]): Field[] => {
    const below = path === "" ? key : `${path}.${key}`;
    const inner = schema.type === "array" ? schema.items : schema;
    const field = { path: below, schema, isRequired: required.includes(key) };
    if (!inner?.properties || isLabelSelector(inner)) return [field];
    return [field, ...fieldsOf(inner, schema.type === "array" ? `${below}[]` : below)];
  });
}

function fieldRow({ path, schema, isRequired }: Field): string {
  const { description = "" } = schema;
  const preset = isRequired
    ? "**required**"
    : schema.default === undefined
      ? ""
      : `\`${JSON.stringify(schema.default)}\``;
  return `| \`${path}\` | ${typeOf(schema)} | ${preset} | ${description} |`.replaceAll("|  |", "| |");
}

function typeOf(schema: StructuralSchema): string {
  switch (schema.type) {
    case "array":
      return schema.items ? `list of ${PLURALS[nameOf(schema.items)] ?? nameOf(schema.items)}` : "list";
    case "integer":
    case "string":
      return `${nameOf(schema)}${limits(schema)}`;
    default:
      return nameOf(schema);
  }
}

const PLURALS: Readonly<Record<string, string>> = {
  string: "strings",
  map: "maps",
  [selectorLink()]: "[label selectors](README.md#label-selectors)",
};

function nameOf(schema: StructuralSchema): string {
  if (isLabelSelector(schema)) return selectorLink();
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(" or ");
  if (schema.format === "date-time") return "time (RFC 3339)";
  return schema.type === "object" ? "map" : schema.type;
}

function selectorLink(): string {
  return "[label selector](README.md#label-selectors)";
}

function limits({ minimum, maximum, minLength, maxLength }: StructuralSchema): string {
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `, at least ${minimum}`;
  if (minLength !== undefined && maxLength !== undefined) return `, ${minLength} to ${maxLength} characters`;
  return maxLength === undefined ? "" : `, at most ${maxLength} characters`;
}

function isLabelSelector({ properties }: StructuralSchema): boolean {
  return properties !== undefined && Object.hasOwn(properties, "matchLabels");
}

function columnNames(columns: NonNullable<CrdVersion["additionalPrinterColumns"]>): string {
  return columns.map(({ name, priority }) => (priority === undefined ? name : `${name} (with \`-o wide\`)`)).join(", ");
}
