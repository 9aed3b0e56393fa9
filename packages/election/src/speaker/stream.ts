import type { SpeakerMessage } from "../message.ts";
import type { Replica, SpeakerContext } from "./state.ts";

/** One heartbeat, if the stream is open. */
export function sendHeartbeat(context: SpeakerContext, replica: Replica): void {
  const { state, now } = context;
  if (replica.phase !== "open") return;
  const { maxTerm, termHolder, holdingsRev } = state;
  send(context, replica, { type: "heartbeat", stamp: now, maxTerm, termHolder, holdingsRev, workerAge: 0 });
}

/** One message to every replica whose stream is open. */
export function sendToAll(context: SpeakerContext, message: SpeakerMessage): void {
  for (const replica of context.state.replicas.values()) {
    if (replica.phase === "open") send(context, replica, message);
  }
}

/** One message into the stream of a replica. */
export function send({ effects }: SpeakerContext, replica: Replica, message: SpeakerMessage): void {
  if (replica.dial !== undefined) effects.push({ type: "send", replica: replica.id, dial: replica.dial, message });
}
