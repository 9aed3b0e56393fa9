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
export { hardReset, hardResetCause, type Shutdown, shutdownNotification, shutdownText } from "./cease.ts";
export {
  type ExtendedCommunity,
  type LargeCommunity,
  type LinkBandwidth,
  WELL_KNOWN_COMMUNITIES,
} from "./community.ts";
export { longestMessage, type MessageType, messageCode } from "./header.ts";
export { type BgpMessage, decodeMessage, encodeMessage, type Keepalive, type ReceivedMessage } from "./message.ts";
export {
  type CodecOptions,
  type Directions,
  INITIAL_CODEC_OPTIONS,
  type NegotiatedSession,
  negotiate,
} from "./negotiation.ts";
export { type Nlri, nlriFamily } from "./nlri.ts";
export {
  type Notification,
  type NotificationError,
  notification,
  notificationCodes,
  type UnknownNotificationError,
} from "./notification.ts";
export type { Open } from "./open.ts";
export { packUpdates, packWithdrawals, type RouteBatch } from "./pack.ts";
export { type FormRoute, feedSession, type RouteForm } from "./rib-feed.ts";
export { AdjRibIn, type ReceivedRoute } from "./rib-in.ts";
export { AdjRibOut } from "./rib-out.ts";
export type { RouteRefresh } from "./route-refresh.ts";
export { type AnnouncedRoutes, endOfRib, endOfRibFamily, type UpdateRoutes, updateRoutes } from "./routes.ts";
export { type SessionStep, stepSession } from "./session.ts";
export type { RestartConfig, SessionConfig } from "./session-config.ts";
export type { Connected, SessionEffect, SessionEnd, SessionEvent, SessionTimer, Stop } from "./session-event.ts";
export {
  type AgreedConnection,
  type DialState,
  initialSession,
  isAgreed,
  type SessionConnection,
  type SessionName,
  type SessionState,
  sessionName,
} from "./session-state.ts";
export { MessageSplitter } from "./splitter.ts";
export type { ReceivedUpdate, Update } from "./update.ts";
export { strongestAction, type UpdateAction, type UpdateError } from "./update-error.ts";
