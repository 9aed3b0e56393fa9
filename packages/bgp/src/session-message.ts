import { messageCode } from "./header.ts";
import type { ReceivedMessage } from "./message.ts";
import { type Notification, type NotificationError, notification } from "./notification.ts";
import type { Open } from "./open.ts";
import type { RouteRefresh } from "./route-refresh.ts";
import { losesCollision } from "./session-collision.ts";
import {
  armExactly,
  drop,
  endConnection,
  failConnection,
  replace,
  type SessionContext,
  sendKeepalive,
  stopDialing,
  update,
} from "./session-context.ts";
import { canBePlain, judgeOpen } from "./session-open.ts";
import { type AgreedConnection, isAgreed, type SessionConnection } from "./session-state.ts";
import type { ReceivedUpdate } from "./update.ts";

const UNEXPECTED: Readonly<Record<SessionConnection["name"], NotificationError>> = {
  openSent: "unexpectedMessageInOpenSent",
  openConfirm: "unexpectedMessageInOpenConfirm",
  established: "unexpectedMessageInEstablished",
};

/** Takes a message that came on a connection (RFC 4271 section 8.2.2, the states from OpenSent on). */
export function onMessage(context: SessionContext, connection: SessionConnection, message: ReceivedMessage): void {
  if (message.type === "notification") onNotification(context, connection, message);
  else if (connection.name === "openSent") onFirstMessage(context, connection, message);
  else if (connection.name === "openConfirm") onConfirmation(context, connection, message);
  else onEstablished(context, connection, message);
}

function onNotification(context: SessionContext, connection: SessionConnection, message: Notification): void {
  if (message.error === "unsupportedOptionalParameter") {
    const isPlain = connection.open.capabilities.length > 0 && canBePlain(context.config);
    update(context, { isPlain });
  }
  endConnection(context, connection, { reason: "received", notification: message });
}

function onFirstMessage(context: SessionContext, connection: SessionConnection, message: ReceivedMessage): void {
  if (message.type === "open") onOpen(context, connection, message);
  else onUnexpected(context, connection, message);
}

function onOpen(context: SessionContext, connection: SessionConnection, peer: Open): void {
  const judgement = judgeOpen(connection.open, peer, context.config);
  if (!judgement.accepted) {
    failConnection(context, connection, judgement.notification);
    return;
  }
  if (!winsCollisions(context, connection, peer)) return;
  const { session, keepaliveMs } = judgement;
  const { id, isIncoming, open } = connection;
  const agreed = { id, isIncoming, open, peer, session, keepaliveMs, heardAt: context.now };
  replace(context, { name: "openConfirm", ...agreed });
  stopDialing(context, "idle");
  sendKeepalive(context, { name: "openConfirm", ...agreed });
  const hold = { name: "hold", connection: id } as const;
  if (session.holdSeconds > 0) armExactly(context, hold, session.holdSeconds * 1000);
  else context.effects.push({ type: "disarm", timer: hold });
}

/** Resolves collisions with the other connections; false if it is this one that had to go. */
function winsCollisions(context: SessionContext, connection: SessionConnection, peer: Open): boolean {
  const end = { reason: "sent", notification: notification("connectionCollisionResolution") } as const;
  for (const other of context.state.connections) {
    if (other.id === connection.id || !isAgreed(other)) continue;
    if (losesCollision(connection, peer, other) === "newer") {
      endConnection(context, connection, end);
      return false;
    }
    drop(context, other, end);
  }
  return true;
}

function onConfirmation(
  context: SessionContext,
  connection: Extract<SessionConnection, { name: "openConfirm" }>,
  message: ReceivedMessage,
): void {
  if (message.type !== "keepalive") {
    onUnexpected(context, connection, message);
    return;
  }
  const { now, effects } = context;
  replace(context, { ...connection, name: "established", heardAt: now, since: now });
  update(context, { wasEstablished: true });
  const { id, session, peer } = connection;
  effects.push({ type: "up", connection: id, session, peer });
}

function onEstablished(
  context: SessionContext,
  connection: Extract<SessionConnection, { name: "established" }>,
  message: Exclude<ReceivedMessage, Notification>,
): void {
  if (message.type === "open") {
    onUnexpected(context, connection, message);
    return;
  }
  replace(context, { ...connection, heardAt: context.now });
  if (message.type === "update") onUpdate(context, connection, message);
  else if (message.type === "routeRefresh") onRefresh(context, connection, message);
}

function onUpdate(context: SessionContext, connection: AgreedConnection, message: ReceivedUpdate): void {
  const fatal = message.errors.find(({ action }) => action === "sessionReset");
  if (fatal) failConnection(context, connection, fatal.notification);
  else context.effects.push({ type: "routes", message });
}

/** What was not negotiated is ignored (RFC 2918 section 4, RFC 7313 section 5). */
function onRefresh(context: SessionContext, { session }: AgreedConnection, message: RouteRefresh): void {
  if (message.subtype === "unknown" || !session.routeRefresh || !session.families.includes(message.family)) return;
  if (message.subtype === "request") context.effects.push({ type: "refreshRequested", family: message.family });
  else if (session.enhancedRouteRefresh) context.effects.push({ type: "routes", message });
}

/** RFC 6608: the data is the type of the message that should not have come. */
function onUnexpected(context: SessionContext, connection: SessionConnection, { type }: ReceivedMessage): void {
  const error = UNEXPECTED[connection.name];
  failConnection(context, connection, notification(error, Uint8Array.of(messageCode(type))));
}
