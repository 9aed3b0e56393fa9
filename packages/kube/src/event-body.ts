/** Room for the random end of a name: Kubernetes' names have 253 characters at most. */
const LONGEST_BASE = 236;
const LONGEST_MESSAGE = 1_024;

/** The object that an event is about. With a uid, `kubectl describe` finds the event. */
export interface InvolvedObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** Undefined: outside namespaces; its events are in the namespace `default`. */
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string | undefined;
}

/** Something that happened to an object. */
export interface KubeEvent {
  readonly object: InvolvedObject;
  readonly type: "Normal" | "Warning";
  /** For machines, for example "IPAllocated". */
  readonly reason: string;
  /** For people; cut after 1,024 characters. */
  readonly message: string;
}

/** When and how often. */
export interface Occurrence {
  readonly first: Date;
  readonly last: Date;
  readonly count: number;
}

/** Who says so. */
export interface EventSource {
  readonly component: string;
  readonly instance: string;
}

/** Events with the same key are one, repeated. */
export function eventKey({ object, type, reason, message }: KubeEvent): string {
  return JSON.stringify([object.kind, object.namespace, object.name, object.uid, type, reason, message]);
}

/** Where events of the object live. */
export function eventNamespace({ namespace }: InvolvedObject): string {
  return namespace ?? "default";
}

/** A name for an event of the object; `end` makes it unique. */
export function eventName({ name }: InvolvedObject, end: string): string {
  return `${name.slice(0, LONGEST_BASE).replace(/[^a-z0-9]+$/, "")}.${end}`;
}

/** The body that makes an event. */
export function newEvent(
  { object, type, reason, message }: KubeEvent,
  {
    name,
    occurrence,
    source,
  }: { readonly name: string; readonly occurrence: Occurrence; readonly source: EventSource },
): object {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: eventNamespace(object) },
    involvedObject: object,
    type,
    reason,
    message: message.slice(0, LONGEST_MESSAGE),
    source: { component: source.component },
    reportingComponent: source.component,
    reportingInstance: source.instance,
    firstTimestamp: timeOf(occurrence.first),
    ...repetition(occurrence),
  };
}

/** The merge patch that counts a repeated event up. */
export function repetition({ last, count }: Occurrence): { readonly count: number; readonly lastTimestamp: string } {
  return { count, lastTimestamp: timeOf(last) };
}

/** Kubernetes' Time has whole seconds. */
const timeOf = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, "Z");
