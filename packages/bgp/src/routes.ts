import type { Family } from "@heraldlb/net";
import type { NextHop } from "./attribute.ts";
import type { Nlri } from "./nlri.ts";
import type { ReceivedUpdate, Update } from "./update.ts";
import { strongestAction } from "./update-error.ts";

/** What an UPDATE does to routes, wherever in the message it says so. */
export interface UpdateRoutes {
  readonly withdrawn: readonly Nlri[];
  readonly announced: readonly AnnouncedRoutes[];
}

/** Destinations with the same next hop. Their other attributes are the UPDATE's. */
export interface AnnouncedRoutes {
  readonly nextHop: NextHop;
  readonly nlri: readonly Nlri[];
}

/** The routes of an UPDATE. Those of one to be treated as a withdrawal are all withdrawn (RFC 7606 section 2). */
export function updateRoutes({ withdrawn, attributes, announced, errors }: ReceivedUpdate): UpdateRoutes {
  const gone = [...withdrawn];
  const groups: AnnouncedRoutes[] = [];
  for (const attribute of attributes) {
    if (attribute.type === "mpUnreach") gone.push(...attribute.nlri);
    else if (attribute.type === "mpReach") groups.push({ nextHop: attribute.nextHop, nlri: attribute.nlri });
    else if (attribute.type === "nextHop") groups.push({ nextHop: { address: attribute.address }, nlri: announced });
  }
  const action = strongestAction(errors);
  if (action === undefined || action === "attributeDiscard") {
    return { withdrawn: gone, announced: groups.filter(({ nlri }) => nlri.length > 0) };
  }
  for (const attribute of attributes) if (attribute.type === "mpReach") gone.push(...attribute.nlri);
  return { withdrawn: [...gone, ...announced], announced: [] };
}

/** Says that all routes of the family have been sent (RFC 4724 section 2). */
export function endOfRib(family: Family): Update {
  const attributes = family === "ipv4" ? [] : [{ type: "mpUnreach", family, nlri: [] } as const];
  return { type: "update", withdrawn: [], attributes, announced: [] };
}

/** The family of which all routes have been sent; `undefined` if the UPDATE says something else (RFC 4724 section 2). */
export function endOfRibFamily({ withdrawn, attributes, announced, errors }: ReceivedUpdate): Family | undefined {
  if (withdrawn.length + announced.length + errors.length > 0) return undefined;
  const [first, second] = attributes;
  if (!first) return "ipv4";
  return first.type === "mpUnreach" && first.nlri.length === 0 && !second ? first.family : undefined;
}
