import type { Family, Prefix } from "@heraldlb/net";
import type { NextHop, PathAttribute } from "./attribute.ts";
import { longestMessage } from "./header.ts";
import { type BgpMessage, encodeMessage } from "./message.ts";
import type { NegotiatedSession } from "./negotiation.ts";
import { type Nlri, nlriLength } from "./nlri.ts";
import { packUpdates, packWithdrawals } from "./pack.ts";
import type { AdjRibOut, RibBatch, RibRoom } from "./rib-out.ts";
import { endOfRib } from "./routes.ts";

/** What a route's attributes come to on one session. */
export interface RouteForm {
  /** All but the next hop. */
  readonly attributes: readonly PathAttribute[];
  readonly nextHop: NextHop;
}

/** Gives attributes the form that a session needs. Asked once for each set and family. */
export type FormRoute<A> = (attributes: A, family: Family) => RouteForm;

// There is one path for each prefix.
const PATH_ID = 1;
// An attribute of more than 255 bytes has a longer header.
const SPARE = 1;

const EXAMPLES: Readonly<Record<Family, Prefix>> = { ipv4: "0.0.0.0/0" as Prefix, ipv6: "::/0" as Prefix };

/**
 * Turns what a peer is to be told into messages, as few as possible. Each call takes what the next one says out of the
 * table; an empty list means that all has been said for now.
 */
export function feedSession<A extends object>(
  rib: AdjRibOut<A>,
  session: NegotiatedSession,
  form: FormRoute<A>,
): () => readonly BgpMessage[] {
  const forms: Readonly<Record<Family, WeakMap<A, MeasuredForm>>> = { ipv4: new WeakMap(), ipv6: new WeakMap() };
  const longest = longestMessage(session.extendedMessage.send);
  const nlri = (prefix: Prefix, family: Family): Nlri =>
    session.addPath.send.includes(family) ? { prefix, pathId: PATH_ID } : { prefix };
  const left = (messages: readonly BgpMessage[], example: Nlri): number =>
    longest - SPARE + nlriLength(example) - (messages[0] ? encodeMessage(messages[0], session).length : 0);

  function formOf(attributes: A, family: Family): MeasuredForm {
    const known = forms[family].get(attributes);
    if (known) return known;
    const formed = form(attributes, family);
    const example = nlri(EXAMPLES[family], family);
    const room = left(packUpdates({ ...formed, nlri: [example] }, session), example);
    const measured = { ...formed, room };
    forms[family].set(attributes, measured);
    return measured;
  }

  const room: RibRoom<A> = {
    announce: (attributes, family) => formOf(attributes, family).room,
    withdraw: (family) => {
      const example = nlri(EXAMPLES[family], family);
      return left(packWithdrawals([example], session), example);
    },
    size: (prefix, family) => nlriLength(nlri(prefix, family)),
  };

  function messagesOf(batch: RibBatch<A>): readonly BgpMessage[] {
    const { family } = batch;
    switch (batch.type) {
      case "announce": {
        const { attributes, nextHop } = formOf(batch.attributes, family);
        return packUpdates(
          { attributes, nextHop, nlri: batch.prefixes.map((prefix) => nlri(prefix, family)) },
          session,
        );
      }
      case "withdraw":
        return packWithdrawals(
          batch.prefixes.map((prefix) => nlri(prefix, family)),
          session,
        );
      case "endOfRib":
        return [endOfRib(family)];
      case "beginRefresh":
        return [{ type: "routeRefresh", subtype: "begin", family }];
      case "endRefresh":
        return [{ type: "routeRefresh", subtype: "end", family }];
    }
  }

  return () => {
    const batch = rib.next(room);
    return batch ? messagesOf(batch) : [];
  };
}

interface MeasuredForm extends RouteForm {
  /** Bytes for prefixes beside these attributes in a message. */
  readonly room: number;
}
