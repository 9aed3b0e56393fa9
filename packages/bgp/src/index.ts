export type { AsPathSegment } from "./as-path.ts";
export type { MpReach, MpUnreach, NextHop, Origin, PathAttribute } from "./attribute.ts";
export { BgpError } from "./bgp-error.ts";
export type {
  AddPath,
  Capability,
  ExtendedNextHop,
  GracefulRestart,
  LongLivedGracefulRestart,
} from "./capability.ts";
export type { ExtendedCommunity, LargeCommunity, LinkBandwidth } from "./community.ts";
export type { BgpMessage, Keepalive, ReceivedMessage } from "./message.ts";
export type { CodecOptions, Directions, NegotiatedSession } from "./negotiation.ts";
export type { Nlri } from "./nlri.ts";
export type { Notification, NotificationError, UnknownNotificationError } from "./notification.ts";
export type { Open } from "./open.ts";
export type { RouteRefresh } from "./route-refresh.ts";
export type { ReceivedUpdate, Update, UpdateAction, UpdateError } from "./update.ts";
