import { allowsInterface, isUsable, type Link } from "../link.ts";
import { become } from "./holding.ts";
import { dialAll } from "./replica.ts";
import type { SpeakerContext, SpeakerGroup, Stints } from "./state.ts";
import { sendToAll } from "./stream.ts";
import { retryVerifications } from "./verify.ts";

/** Interfaces have changed: tells the controllers, and the segment behind each one that is back or has another MAC. */
export function onLinks(context: SpeakerContext, links: readonly Link[]): void {
  const { state } = context;
  const before = state.links;
  state.links = new Map(links.map((link) => [link.name, link]));
  sendToAll(context, { type: "links", links });
  let isAnyBack = false;
  for (const link of links) {
    const old = before.get(link.name);
    if (!isUsable(link)) continue;
    const isBack = !old || !isUsable(old) || old.ifindex !== link.ifindex;
    isAnyBack ||= isBack;
    if (isBack && old && state.authority === 0) doubt(context, link);
    if (isBack || old.mac !== link.mac) startRounds(context, link);
  }
  retryVerifications(context);
  if (isAnyBack) dialAll(context);
}

/** Somebody may have taken over behind the dead link, and no leader can tell. */
function doubt(context: SpeakerContext, link: Link): void {
  for (const group of [...context.state.byState.owner]) {
    if (isServedOn(group, link.name)) become(context, group, "verify", "carrier back without a leader");
  }
}

function startRounds(context: SpeakerContext, { name }: Link): void {
  const { state, config, now } = context;
  const series = (state.linkSeries.get(name) ?? 0) + 1;
  state.linkSeries.set(name, series);
  // What is taken over later has a schedule of its own.
  const owned: Stints = new Map(Array.from(state.byState.owner, (group) => [group, group.stint]));
  if (owned.size === 0) return;
  announceOn(context, name, owned);
  for (const after of config.timers.roundsMs) {
    state.schedule.add(now + after, { type: "interfaceRound", name, series, owned });
  }
}

/** One gratuitous round on one interface, for those groups that this node has answered for there ever since. */
export function announceOn({ effects }: SpeakerContext, name: string, owned: Stints): void {
  for (const [group, stint] of owned) {
    if (group.state !== "owner" || group.stint !== stint || !isServedOn(group, name)) continue;
    const { id, epoch, announcing } = group;
    const confirm = announcing !== undefined;
    effects.push({ type: "announce", group: id, epoch: announcing ?? epoch, interfaces: [name], confirm });
  }
}

const isServedOn = (group: SpeakerGroup, name: string): boolean =>
  group.addresses.some(({ interfaces }) => allowsInterface(interfaces, name));
