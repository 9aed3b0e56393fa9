import { annotationKey, deprecatedAnnotations, readAnnotation, type ServiceAnnotation } from "./annotation.ts";
import { annotationPath, heraldSetting } from "./herald-annotation.ts";
import type { Service } from "./service.ts";

/** What a Service asks of Herald by its annotations; new keys hide deprecated ones, even with an empty value. */
export interface ServiceRequest {
  /** Pool asked for; empty for none. */
  readonly pool: string;
  /** Text of the addresses asked for; empty for none. */
  readonly loadBalancerIps: string;
  /** Empty for none. */
  readonly sharingKey: string;
  /** The sharing annotation is present, with whatever value. */
  readonly sharingRequested: boolean;
  /** The pool that its stored addresses came from; empty if unknown. */
  readonly allocatedFromPool: string;
  /** `heraldlb.io/reassign`: a stranded address may be given up. */
  readonly reassign: boolean;
  /** Deprecated annotations that it carries. */
  readonly deprecated: readonly string[];
}

/** Reads a Service's annotations. */
export function serviceRequest({ metadata: { annotations } }: Service): ServiceRequest {
  const sharing = readAnnotation(annotations, "allow-shared-ip");
  return {
    pool: readAnnotation(annotations, "address-pool") ?? "",
    loadBalancerIps: readAnnotation(annotations, "loadBalancerIPs") ?? "",
    sharingKey: sharing ?? "",
    sharingRequested: sharing !== undefined,
    allocatedFromPool: readAnnotation(annotations, "ip-allocated-from-pool") ?? "",
    reassign: heraldSetting(annotations, "heraldlb.io/reassign") ?? false,
    deprecated: deprecatedAnnotations(annotations),
  };
}

/** Where a request stands in the Service, `metadata.annotations["metallb.io/address-pool"]`; undefined: nowhere. */
export function requestPath({ metadata: { annotations } }: Service, name: ServiceAnnotation): string | undefined {
  const key = annotationKey(annotations, name);
  return key && annotationPath(key);
}

/** Whether Herald serves it: `type: LoadBalancer`, and the class is the one asked for (both unset, or both equal). */
export function isServed(service: Service, loadBalancerClass: string | undefined): boolean {
  const { type, loadBalancerClass: own } = service.spec;
  return type === "LoadBalancer" && (own ?? "") === (loadBalancerClass ?? "");
}

/** What sharers of an address must agree on: the selector's canonical text with `externalTrafficPolicy: Local`, else empty. */
export function backendKey({ spec: { externalTrafficPolicy, selector } }: Service): string {
  if (externalTrafficPolicy !== "Local") return "";
  return Object.keys(selector)
    .toSorted()
    .map((key) => `${key}=${selector[key]}`)
    .join(",");
}
