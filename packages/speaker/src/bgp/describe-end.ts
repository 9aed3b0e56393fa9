import { hardResetCause, type Notification, notificationCodes, type SessionEnd, shutdownText } from "@heraldlb/bgp";

/** Says in an operator's words why a connection ended. */
export function describeEnd(end: SessionEnd): string {
  switch (end.reason) {
    case "sent":
      return `sent NOTIFICATION ${describeNotification(end.notification)}`;
    case "received":
      return `received NOTIFICATION ${describeNotification(end.notification)}`;
    case "closed":
      return "connection closed";
    case "restarting":
      return "restarting";
    case "replaced":
      return "the peer has restarted";
  }
}

function describeNotification(message: Notification): string {
  const cause = hardResetCause(message);
  if (cause) return `hardReset: ${describeNotification(cause)}`;
  const { code, subcode } = notificationCodes(message);
  const name = typeof message.error === "string" ? message.error : "unknown";
  const text = shutdownText(message);
  return `${name} (${code}/${subcode})${text ? `: ${text}` : ""}`;
}
