import type { Kube } from "./kube.ts";
import { KubeError } from "./kube-error.ts";
import { fieldsOf, unreadable } from "./kube-object.ts";

const LARGEST_INT32 = 0x7fff_ffff;
/** Holds the count from where `leaseTransitions` cannot. */
const COUNT_ANNOTATION = "heraldlb.io/lease-transitions";

/** A Lease as read or as written. */
export interface LeaseRecord {
  /** `holderIdentity`; undefined if nobody holds it. */
  readonly holder: string | undefined;
  /** `leaseTransitions`, or the annotation that takes over where these end: at most 2^53 - 1. */
  readonly transitions: number;
  /** `resourceVersion`. */
  readonly version: string;
}

/** Settings of a request for a Lease. */
export interface LeaseRequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** 10 s unless given. */
  readonly timeoutMs?: number | undefined;
}

/** What to write. */
export interface LeaseWrite extends LeaseRequestOptions {
  /** Undefined empties the field. */
  readonly holder: string | undefined;
  readonly transitions: number;
  /** The version that the Lease must have; undefined: there must be none, and it is created. */
  readonly expected: string | undefined;
  /** `leaseDurationSeconds`: for people and their tools; 15 unless given, at least 1. */
  readonly durationSeconds?: number | undefined;
  /** Whether `acquireTime` becomes now: the holder is another one. It does when a Lease is created. */
  readonly isTakeover?: boolean | undefined;
  /** The time of day; now unless given. */
  readonly date?: Date | undefined;
}

/** The Lease, or undefined if there is none. @throws KubeError */
export async function readLease(
  kube: Pick<Kube, "request">,
  namespace: string,
  name: string,
  { signal, timeoutMs }: LeaseRequestOptions = {},
): Promise<LeaseRecord | undefined> {
  try {
    return recordOf(await kube.request("GET", pathOf(namespace, name), { signal, timeoutMs, urgent: true }));
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
}

/**
 * Writes the Lease on the condition that it is as expected. @throws KubeError with status 409 if it is not: written,
 * created or deleted by somebody else; with another status if the request failed
 */
export async function writeLease(
  kube: Pick<Kube, "request">,
  namespace: string,
  name: string,
  write: LeaseWrite,
): Promise<LeaseRecord> {
  const { holder, transitions, expected, signal, timeoutMs } = write;
  if (!isCount(transitions)) {
    throw new KubeError(`${transitions} transitions: a Lease counts from 0 to ${Number.MAX_SAFE_INTEGER}`, {
      status: 0,
      reason: "Overflow",
    });
  }
  const now = microTime(write.date ?? new Date());
  const spec = {
    holderIdentity: holder ?? null,
    leaseDurationSeconds: Math.max(1, Math.ceil(write.durationSeconds ?? 15)),
    leaseTransitions: Math.min(transitions, LARGEST_INT32),
    renewTime: now,
    ...(expected === undefined || write.isTakeover ? { acquireTime: now } : {}),
  };
  const annotations = transitions > LARGEST_INT32 ? { annotations: { [COUNT_ANNOTATION]: `${transitions}` } } : {};
  const options = { signal, timeoutMs, urgent: true };
  if (expected === undefined) {
    const body = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace, name, ...annotations },
      spec,
    };
    return recordOf(await kube.request("POST", pathOf(namespace), { ...options, body }));
  }
  try {
    // A merge patch with a resourceVersion is refused unless the object still has it.
    const body = { metadata: { resourceVersion: expected, ...annotations }, spec };
    const contentType = "application/merge-patch+json";
    return recordOf(await kube.request("PATCH", pathOf(namespace, name), { ...options, body, contentType }));
  } catch (error) {
    if (!(error instanceof KubeError) || error.status !== 404) throw error;
    throw new KubeError(`lease ${namespace}/${name} was deleted`, { status: 409, reason: "Conflict", cause: error });
  }
}

function pathOf(namespace: string, name?: string): string {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  return name === undefined ? path : `${path}/${name}`;
}

function recordOf(lease: unknown): LeaseRecord {
  const { metadata, spec } = fieldsOf(lease);
  const { resourceVersion: version, annotations } = fieldsOf(metadata);
  const { [COUNT_ANNOTATION]: count } = fieldsOf(annotations);
  const { holderIdentity: holder, leaseTransitions: transitions } = fieldsOf(spec);
  if (typeof version !== "string") throw unreadable("not a Lease");
  return {
    holder: typeof holder === "string" && holder !== "" ? holder : undefined,
    transitions: Math.max(0, ...[transitions, Number(count ?? 0)].filter(isCount)),
    version,
  };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** Kubernetes' MicroTime has six digits, no fewer. */
const microTime = (date: Date): string => date.toISOString().replace("Z", "000Z");
