import { annotationPath, strayAnnotations, unknownAnnotation, wrongAnnotations } from "./herald-annotation.ts";
import { nearest } from "./nearest.ts";
import type { Problem } from "./problem.ts";

const DEPRECATED_PREFIX = "metallb.universe.tf";

/** What MetalLB's annotations on a Service say, without their prefix, for people. */
export const METALLB_ANNOTATIONS = {
  "address-pool": {
    value: "the exact name of a pool",
    otherwise: "any pool that is open to the Service",
    meaning: "Takes the Service's addresses from this pool only.",
  },
  loadBalancerIPs: {
    value: "an IP address, or one of each family with a comma between them",
    otherwise: "any free address",
    meaning: "Asks for these addresses; excludes `spec.loadBalancerIP`.",
  },
  "allow-shared-ip": {
    value: "any text, the sharing key",
    otherwise: "no sharing",
    meaning: "Lets Services with the same key share an address, as long as their ports differ.",
  },
  "ip-allocated-from-pool": {
    value: "written by Herald",
    otherwise: "no address",
    meaning: "Names the pool that the Service's addresses came from.",
  },
} as const;

/** An annotation that MetalLB reads or writes on a Service, without its prefix. */
export type ServiceAnnotation = keyof typeof METALLB_ANNOTATIONS;

/** The value under the new key, else under the deprecated one. A new key hides the deprecated one even if empty. */
export function readAnnotation(
  annotations: Readonly<Record<string, string>>,
  name: ServiceAnnotation,
): string | undefined {
  return annotations[annotationKey(annotations, name) ?? ""];
}

/** The key that counts; undefined: it has neither. */
export function annotationKey(
  annotations: Readonly<Record<string, string>>,
  name: ServiceAnnotation,
): string | undefined {
  return [`metallb.io/${name}`, `${DEPRECATED_PREFIX}/${name}`].find((key) => annotations[key] !== undefined);
}

// MetalLB itself wrote it before 0.14.9: it asks for nothing, and nobody is to write anything else instead.
const OLD_POOL = `${DEPRECATED_PREFIX}/ip-allocated-from-pool`;

/** Keys of deprecated annotations, as they stand on the object. */
export function deprecatedAnnotations(annotations: Readonly<Record<string, string>>): string[] {
  return Object.keys(annotations).filter((key) => key.startsWith(DEPRECATED_PREFIX) && key !== OLD_POOL);
}

// Others may have annotations of their own there, so only what is nearly one of these is surely a slip.
const MOST_SLIPS = 3;

/** Annotations that are nearly one of MetalLB's on a Service, and so do nothing. */
function misspeltAnnotations(annotations: Readonly<Record<string, string>>): Problem[] {
  return Object.keys(annotations).flatMap((key): Problem[] => {
    const [, name] = /^metallb\.(?:io|universe\.tf)\/(.+)$/.exec(key) ?? [];
    if (name === undefined || Object.hasOwn(METALLB_ANNOTATIONS, name)) return [];
    const meant = nearest(name, Object.keys(METALLB_ANNOTATIONS), MOST_SLIPS);
    return meant === undefined ? [] : [unknownAnnotation(key, `metallb.io/${meant}`)];
  });
}

/** Kinds that are not Herald's own: a wrong setting of Herald's must not keep them from working. */
const CORE_KINDS: ReadonlySet<string> = new Set(["Service", "EndpointSlice", "Node", "Namespace", "Secret"]);

/**
 * Errors in an object's annotations: settings of Herald's own with a wrong value. On a kind that is not Herald's own
 * they are only warnings.
 */
export function annotationErrors(kind: string, annotations: Readonly<Record<string, string>>): Problem[] {
  return CORE_KINDS.has(kind) ? [] : wrongAnnotations(kind, annotations);
}

/** Warnings about annotations that Herald does not know, cannot read, knows on other kinds only, or by a newer name. */
export function annotationWarnings(kind: string, annotations: Readonly<Record<string, string>>): Problem[] {
  const wrong = CORE_KINDS.has(kind) ? wrongAnnotations(kind, annotations) : [];
  const deprecated = kind === "Service" ? deprecatedAnnotations(annotations) : [];
  return [
    ...strayAnnotations(kind, annotations),
    ...(kind === "Service" ? misspeltAnnotations(annotations) : []),
    ...wrong.map((problem) => ({ ...problem, message: `${problem.message}; as it is, it has no effect` })),
    ...deprecated.map(
      (key): Problem => ({
        path: annotationPath(key),
        message: `Service uses deprecated annotation ${key}`,
        code: "deprecatedAnnotation",
      }),
    ),
  ];
}
