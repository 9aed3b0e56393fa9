import type { Labels } from "@heraldlb/labels";
import type { Family, Ip } from "@heraldlb/net";
import type { SharingTerms } from "./sharing.ts";

/** `spec.ipFamilyPolicy` of a Service. */
export type IpFamilyPolicy = "SingleStack" | "PreferDualStack" | "RequireDualStack";

/** What the allocator must know of a Service that is to have addresses. Others are removed from it. */
export interface ServiceInput extends SharingTerms {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly labels: Labels;
  /** `spec.clusterIPs` (or `clusterIP`) as they are; undefined where nobody gives any (a folder of manifests): then `ipFamilies` and the policy say what is wanted. */
  readonly clusterIps: readonly string[] | undefined;
  /** `spec.ipFamilies`. */
  readonly ipFamilies: readonly Family[];
  readonly ipFamilyPolicy: IpFamilyPolicy;
  /** The pool that the Service asks for by annotation; undefined or empty for none. */
  readonly requestedPool?: string | undefined;
  /** Text of the annotation that asks for addresses; undefined or empty for none. */
  readonly requestedIps?: string | undefined;
  /** `spec.loadBalancerIP`; undefined or empty for none. */
  readonly loadBalancerIp?: string | undefined;
  /** The addresses that the stored status gives it. They are honoured before anything new is given. */
  readonly assigned: readonly Ip[];
  /** Only its own manifest says that these are its addresses: whoever is known to have been given them goes first. */
  readonly isHearsay?: boolean | undefined;
  /** The pool that these came from, as stored; tells an address of ours whose pool went from a stranger's. */
  readonly assignedPool?: string | undefined;
  /** The owner gives a stranded address up (`heraldlb.io/reassign`). */
  readonly reassign?: boolean | undefined;
  /** Why the Service cannot be understood, in words: it keeps what it has, whatever it asks for, and gets nothing. */
  readonly unclear?: string | undefined;
  /** When the Service was created, in ms since the epoch: of two that want one address the older gets it. */
  readonly createdAt?: number | undefined;
  /** Breaks ties of `createdAt`, compared as text (a file's path and position); then the key does. */
  readonly position?: string | undefined;
}
