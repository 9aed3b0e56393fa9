import type { EndpointSlice, Namespace, Node } from "./cluster.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import type { L2Advertisement } from "./l2-advertisement.ts";
import type { ObjectId, Problem } from "./problem.ts";
import type { Service } from "./service.ts";

/** An object that Herald acts on, told apart by `kind`. */
export type Resource = IpAddressPool | L2Advertisement | Service | EndpointSlice | Node | Namespace;

/** What a JSON object turned out to be. */
export type ReadOutcome =
  | { readonly type: "resource"; readonly resource: Resource; readonly warnings: readonly Problem[] }
  /** An error in it; `id` is known if the object at least says what it is. */
  | {
      readonly type: "invalid";
      readonly id: ObjectId | undefined;
      readonly problems: readonly Problem[];
      readonly warnings: readonly Problem[];
    }
  /** Not Herald's business, or not yet; one warning says which. */
  | {
      readonly type: "ignored";
      readonly reason: "unknownKind" | "notSupportedYet";
      readonly id: ObjectId | undefined;
      readonly warnings: readonly Problem[];
    };

/** The id of a resource. */
export function objectId({ kind, metadata: { namespace, name } }: Resource): ObjectId {
  return { kind, namespace, name };
}
