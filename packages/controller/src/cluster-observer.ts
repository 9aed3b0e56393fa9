import type { Action } from "@heraldlb/ipam";
import type { Ip } from "@heraldlb/net";

/** What may have become different of what there is to see of a cluster. */
export interface VisibleChanges {
  /** Keys of Services with other addresses, announcements or troubles. */
  readonly services?: Iterable<string>;
  /** How much of the pools is in use, or which there are. */
  readonly pools?: true;
  /** Problems of objects, or nodes. */
  readonly configuration?: true;
}

/** Is told what becomes of a cluster, to show it. */
export interface ClusterObserver {
  onChange(changes: VisibleChanges): void;
  /** The allocator has decided; `former` is what the Service had. An assignment counts once it is stored. */
  onAction(action: Action, former: readonly Ip[]): void;
  /** The Service's addresses are stored. */
  onStored(service: string): void;
}

/** Sees nothing. */
export const NO_OBSERVER: ClusterObserver = { onChange: () => {}, onAction: () => {}, onStored: () => {} };
