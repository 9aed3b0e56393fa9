import type * as z from "zod";
import { endpointSlice, namespace, node } from "./cluster.ts";
import type { DefinedVersion, Definition } from "./definition.ts";
import { METALLB_KINDS } from "./metallb-kinds.ts";
import type { Resource } from "./resource.ts";
import { secret } from "./secret.ts";
import { service } from "./service.ts";

/** What Herald does with a kind that it knows. */
export interface KnownKind {
  /** Group and kind, `metallb.io/IPAddressPool`; core kinds begin with `/`. */
  readonly id: string;
  /** The preferred one first. */
  readonly versions: readonly KnownVersion[];
  readonly namespaced: boolean;
}

/** How objects of a version are read. */
export interface KnownVersion {
  readonly name: string;
  readonly schema: z.ZodType<Resource>;
  /** Why not to use this version any more. */
  readonly deprecation?: string | undefined;
  /** Herald knows the kind as a whole, so that any field but these and those of the schema is worth a warning. */
  readonly unread?: readonly string[];
}

const KINDS: readonly KnownKind[] = [
  ...METALLB_KINDS.map(metallbKind),
  { id: "/Service", versions: [{ name: "v1", schema: service }], namespaced: true },
  { id: "discovery.k8s.io/EndpointSlice", versions: [{ name: "v1", schema: endpointSlice }], namespaced: true },
  { id: "/Node", versions: [{ name: "v1", schema: node }], namespaced: false },
  { id: "/Secret", versions: [{ name: "v1", schema: secret }], namespaced: true },
  { id: "/Namespace", versions: [{ name: "v1", schema: namespace }], namespaced: false },
];

const BY_ID: ReadonlyMap<string, KnownKind> = new Map(KINDS.map((kind) => [kind.id, kind]));

/** Looks a kind up, whatever its version. */
export function knownKind(group: string, kind: string): KnownKind | undefined {
  return BY_ID.get(`${group}/${kind}`);
}

/** The names of all kinds of a group. */
export function kindsOfGroup(group: string): string[] {
  return KINDS.filter(({ id }) => id.startsWith(`${group}/`)).map(({ id }) => id.slice(group.length + 1));
}

function metallbKind({ kind, versions }: Definition): KnownKind {
  const [stored] = versions;
  return {
    id: `metallb.io/${kind}`,
    versions: versions.map((version) => ({
      name: version.name,
      schema: storedSchema(version, stored ?? version),
      deprecation: version.deprecation,
      unread: Object.keys(version.unread),
    })),
    namespaced: true,
  };
}

/** Reads a version as the stored one. The types of the definitions' stored versions make up `Resource`. */
function storedSchema({ schema, toStored }: DefinedVersion, stored: DefinedVersion): z.ZodType<Resource> {
  return (toStored ? schema.transform(toStored).pipe(stored.schema) : schema) as unknown as z.ZodType<Resource>;
}
