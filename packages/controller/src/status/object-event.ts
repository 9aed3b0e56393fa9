import type { ObjectId } from "@heraldlb/config";

/** Something that is told to whoever looks at an object, as a Kubernetes Event. */
export interface ObjectEvent {
  readonly object: ObjectId;
  readonly type: "Normal" | "Warning";
  /** One of the reasons in docs/reference/events.md. */
  readonly reason: string;
  readonly message: string;
  /** Herald's machine-readable reason, where the event's own is MetalLB's word for several. */
  readonly cause?: string;
}

/** An event about a Service, `namespace/name`. */
export function serviceEvent(service: string, event: Omit<ObjectEvent, "object">): ObjectEvent {
  const [namespace = "", name = ""] = service.split("/");
  return { object: { kind: "Service", namespace, name }, ...event };
}
