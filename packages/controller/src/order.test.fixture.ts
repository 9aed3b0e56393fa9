import { AckKind, type ConnectResponse } from "@heraldlb/api";

type Message = ConnectResponse["message"];

/** Orders that travel together one by one, as a speaker obeys them; any other message as it is. */
export function singly(message: Message): Message[] {
  if (message?.$case !== "orders") return [message];
  const { term, echo, orders } = message.value;
  return orders.map(({ kind, group, counter }): Message => {
    const value = { group, epoch: { term, counter } };
    if (kind === AckKind.REVOKE) return { $case: "revoke", value };
    return { $case: kind === AckKind.LEAVE ? "leave" : "assign", value: { ...value, echo } };
  });
}
