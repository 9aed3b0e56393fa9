import { formatPath } from "./field-path.ts";
import { nearest } from "./nearest.ts";
import type { Problem } from "./problem.ts";

const HERALD_PREFIX = "heraldlb.io/";
const DEPRECATED_PREFIX = "metallb.universe.tf";

/** Herald's own settings and the kinds that they may stand on. */
const HERALD_ANNOTATIONS: Readonly<Record<string, readonly string[]>> = {
  "heraldlb.io/reassign": ["Service"],
  "heraldlb.io/refresh": ["Service", "L2Advertisement"],
};

/** Annotations that MetalLB reads on a Service, without their prefix. */
export type ServiceAnnotation = "address-pool" | "loadBalancerIPs" | "allow-shared-ip" | "ip-allocated-from-pool";

/** The value under the new key, else under the deprecated one. A new key hides the deprecated one even if empty. */
export function readAnnotation(
  annotations: Readonly<Record<string, string>>,
  name: ServiceAnnotation,
): string | undefined {
  return annotations[`metallb.io/${name}`] ?? annotations[`${DEPRECATED_PREFIX}/${name}`];
}

/** Keys of deprecated annotations, as they stand on the object. */
export function deprecatedAnnotations(annotations: Readonly<Record<string, string>>): string[] {
  return Object.keys(annotations).filter((key) => key.startsWith(DEPRECATED_PREFIX));
}

/** Warnings about annotations that Herald does not know, knows on other kinds only, or knows by a newer name. */
export function annotationWarnings(kind: string, annotations: Readonly<Record<string, string>>): Problem[] {
  const unknown = Object.keys(annotations)
    .filter((key) => key.startsWith(HERALD_PREFIX))
    .flatMap((key): Problem[] => {
      const path = formatPath(["metadata", "annotations", key]);
      const kinds = HERALD_ANNOTATIONS[key];
      if (kinds?.includes(kind)) return [];
      const message = kinds
        ? `the annotation has no effect on kind ${kind}; it belongs on: ${kinds.join(", ")}`
        : `Herald knows no such annotation; did you mean ${nearest(key, Object.keys(HERALD_ANNOTATIONS))}?`;
      return [{ path, message, code: "unknownAnnotation" }];
    });
  if (kind !== "Service") return unknown;
  const deprecated = deprecatedAnnotations(annotations).map(
    (key): Problem => ({
      path: formatPath(["metadata", "annotations", key]),
      message: `Service uses deprecated annotation ${key}`,
      code: "deprecatedAnnotation",
    }),
  );
  return [...unknown, ...deprecated];
}
