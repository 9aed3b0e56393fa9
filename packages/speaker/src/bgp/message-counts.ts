import type { BgpMessage } from "@heraldlb/bgp";

/** How many messages of each kind there have been. */
export type MessageCounts = Record<BgpMessage["type"], number>;

/** None yet. */
export const noMessages = (): MessageCounts => ({ open: 0, update: 0, notification: 0, keepalive: 0, routeRefresh: 0 });

/** Messages of all kinds. */
export const totalMessages = (counts: Readonly<MessageCounts>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
