import * as z from "zod";
import type { DefinedVersion, Definition, PrinterColumn } from "../definition.ts";
import { METALLB_KINDS } from "../metallb-kinds.ts";
import { type Defaults, type StructuralSchema, structuralSchema } from "./structural-schema.ts";

/** A CustomResourceDefinition as JSON. */
export interface CustomResourceDefinition {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: "metallb.io";
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
    };
    readonly scope: "Namespaced";
    /** Absent: objects are stored as they come, with another `apiVersion`. */
    readonly conversion?: unknown;
    readonly versions: readonly CrdVersion[];
  };
}

/** One version in a CustomResourceDefinition. */
export interface CrdVersion {
  readonly name: string;
  readonly served: true;
  readonly storage: boolean;
  readonly deprecated?: true;
  readonly deprecationWarning?: string;
  readonly additionalPrinterColumns?: readonly PrinterColumn[];
  readonly schema: { readonly openAPIV3Schema: StructuralSchema };
  readonly subresources: { readonly status: Readonly<Record<string, never>> };
}

/** What CustomResourceDefinitions leave open. */
export interface CrdOptions {
  /** Who converts kinds that have several versions; absent: nobody, which is enough if one version is used. */
  readonly conversion?: ConversionWebhook;
  readonly defaults?: Defaults;
}

/** A Service in front of a conversion webhook at `/convert`. */
export interface ConversionWebhook {
  readonly service: { readonly name: string; readonly namespace: string };
  /** Certificates to trust, PEM in base64. */
  readonly caBundle?: string;
}

/** The CustomResourceDefinitions of all kinds of `metallb.io`, in the order of their names. */
export function crds(options: CrdOptions = {}): readonly CustomResourceDefinition[] {
  return METALLB_KINDS.map((definition) => crd(definition, options)).toSorted((a, b) =>
    a.metadata.name < b.metadata.name ? -1 : 1,
  );
}

function crd(definition: Definition, { conversion, defaults = "stored" }: CrdOptions): CustomResourceDefinition {
  const { kind, plural, versions } = definition;
  const [stored] = versions;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.metallb.io` },
    spec: {
      group: "metallb.io",
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      scope: "Namespaced",
      ...(conversion && versions.length > 1 && { conversion: webhook(conversion) }),
      versions: versions
        .map((version) => crdVersion(definition, version, { storage: version === stored, defaults }))
        .toReversed(),
    },
  };
}

function crdVersion(
  { summary }: Definition,
  { name, schema, unread, columns, deprecation }: DefinedVersion,
  { storage, defaults }: { readonly storage: boolean; readonly defaults: Defaults },
): CrdVersion {
  return {
    name,
    served: true,
    storage,
    ...(deprecation !== undefined && { deprecated: true, deprecationWarning: deprecation }),
    ...(columns.length > 0 && { additionalPrinterColumns: columns }),
    schema: { openAPIV3Schema: objectSchema(summary, { ...schema.shape, ...unread }, defaults) },
    subresources: { status: {} },
  };
}

const IDENTITY: Readonly<Record<string, StructuralSchema>> = {
  apiVersion: { type: "string", description: "Group and version of this object's schema." },
  kind: { type: "string", description: "What kind of object this is." },
  // An API server knows the rest, and takes no more than this of a schema.
  metadata: { type: "object" },
};

function objectSchema(
  description: string,
  fields: Readonly<Record<string, z.core.$ZodType>>,
  defaults: Defaults,
): StructuralSchema {
  const { properties, required = [] } = structuralSchema(z.object(fields), defaults);
  const wanted = required.filter((key) => !Object.hasOwn(IDENTITY, key));
  return {
    description,
    type: "object",
    ...(wanted.length > 0 && { required: wanted }),
    properties: { ...properties, ...IDENTITY },
  };
}

function webhook({ service, caBundle }: ConversionWebhook): unknown {
  return {
    strategy: "Webhook",
    webhook: {
      clientConfig: { service: { ...service, path: "/convert" }, ...(caBundle !== undefined && { caBundle }) },
      conversionReviewVersions: ["v1"],
    },
  };
}
