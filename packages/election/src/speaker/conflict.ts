import { compareMacs, type Ip, type Mac } from "@heraldlb/net";
import { allowsInterface } from "../link.ts";
import { currentAuthority } from "./authority.ts";
import { announce, become, schedule } from "./holding.ts";
import { keeps, type SpeakerContext, type SpeakerGroup } from "./state.ts";
import { spendProbes } from "./verify.ts";

/** A frame that says something about an address, as the shell reports it. */
export interface Sighting {
  readonly address: Ip;
  readonly mac: Mac;
  readonly interface: string;
}

/** Somebody else says that it has the address. */
export function onClaim(context: SpeakerContext, sighting: Sighting): void {
  const found = concerned(context, sighting);
  if (!found) return;
  const { group, ownMac } = found;
  const { state, config, now } = context;
  switch (group.state) {
    case "none":
      return;
    case "verify":
      giveWay(context, group, sighting.mac, "claimed while verifying");
      return;
    case "yielded":
      group.claimedAt = now;
      return;
    case "leaving":
      if (group.lingering) return;
      group.lingering = true;
      schedule(state.schedule, now + config.timers.leavingLingerMs, "lingered", group);
      return;
    case "owner":
      onRival(context, group, sighting.mac, compareMacs(ownMac, sighting.mac) < 0);
      return;
  }
}

/** Somebody else asks, without having an address itself, whether the address is in use. */
export function onProbe(context: SpeakerContext, sighting: Sighting): void {
  const found = concerned(context, sighting);
  if (!found) return;
  const { group, ownMac } = found;
  const { state, config, now, effects } = context;
  if (group.state === "verify") {
    const isTheirs = compareMacs(sighting.mac, ownMac) < 0 || !keeps(config, "tieBreak");
    if (isTheirs && group.probing) giveWay(context, group, sighting.mac, "lower MAC verifies too");
    return;
  }
  if (group.state !== "owner" || currentAuthority(state, config, now) === 2 || !keeps(config, "probeBack")) return;
  // So that both sides of a conflict learn of it together: the answer alone tells only the one who asked.
  if (now - group.probedBackAt < config.timers.probeBackMs) return;
  group.probedBackAt = now;
  effects.push({ type: "probe", group: group.id, interfaces: [sighting.interface], to: sighting.mac });
}

/** The group a frame is about, unless this node sent it or may not use the interface for it. */
function concerned(
  { state }: SpeakerContext,
  { address, mac, interface: name }: Sighting,
): { readonly group: SpeakerGroup; readonly ownMac: Mac } | undefined {
  const group = state.byAddress.get(address);
  const link = state.links.get(name);
  if (!group || !link) return undefined;
  for (const own of state.links.values()) if (own.mac === mac) return undefined;
  const allowed = group.addresses.some((known) => known.address === address && allowsInterface(known.interfaces, name));
  return allowed ? { group, ownMac: link.mac } : undefined;
}

function giveWay(context: SpeakerContext, group: SpeakerGroup, rival: Mac, reason: string): void {
  group.conflictMac = rival;
  become(context, group, "yielded", reason);
}

function onRival(context: SpeakerContext, group: SpeakerGroup, rival: Mac, isOwnLower: boolean): void {
  const { state, config, now } = context;
  const authority = currentAuthority(state, config, now);
  report(context, group, rival);
  const isForeign = authority === 1 && state.peers !== undefined && !state.peers.has(rival);
  if (authority === 2 || isForeign) {
    defend(context, group);
    return;
  }
  const { higherMacMs, lowerMacMs } = authority === 1 ? config.timers.patienceUnsure : config.timers.patienceAlone;
  const patience = keeps(config, "tieBreak") ? (isOwnLower ? lowerMacMs : higherMacMs) : 0;
  if (group.conflictSince === undefined || now - group.conflictSince > config.timers.conflictLapseMs) {
    group.conflictSince = now;
    if (keeps(config, "sentinel")) sweepOthers(context);
    if (patience > 0) schedule(state.schedule, now + patience, "conflictProbe", group);
  }
  if (now - group.conflictSince >= patience) giveWay(context, group, rival, "claimed by another");
}

/** With full authority nobody on the segment can take the address by claiming it. */
function defend(context: SpeakerContext, group: SpeakerGroup): void {
  if (context.now - group.defendedAt < context.config.timers.reannounceMs) return;
  group.defendedAt = context.now;
  announce(context, group);
}

function report(context: SpeakerContext, group: SpeakerGroup, rival: Mac): void {
  const { state, config, now, effects } = context;
  group.claimedAt = now;
  if (group.conflictMac === rival) return;
  if (!group.conflictMac) schedule(state.schedule, now + config.timers.conflictLapseMs, "conflictLapse", group);
  group.conflictMac = rival;
  state.changedReports.add(group);
  effects.push({
    type: "log",
    // For a moment of a hand-over two nodes answer.
    level: state.peers?.has(rival) ? "info" : "warn",
    message: "address claimed by another",
    fields: { group: group.id, rival, authority: state.authority },
  });
}

/** Where one address is contested others may be: asks for each of them once, as fast as probes may leave. */
function sweepOthers(context: SpeakerContext): void {
  const { state } = context;
  state.sweep ??= state.byState.owner.values();
  continueSweep(context);
}

/** Goes on with the sweep that a conflict began. */
export function continueSweep(context: SpeakerContext): void {
  const { state, effects } = context;
  while (state.sweep) {
    if (state.probeTokens <= 0) return;
    const { value: group, done } = state.sweep.next();
    if (done) {
      state.sweep = undefined;
      return;
    }
    if (group.conflictSince !== undefined) continue;
    spendProbes(state, group.addresses.length);
    effects.push({ type: "probe", group: group.id, interfaces: "all" });
  }
}

/** The rival has been silent for a while, and the report of it ends; or it hasn't, and the report goes on. */
export function onConflictLapse({ state, config, now }: SpeakerContext, group: SpeakerGroup): void {
  const until = group.claimedAt + config.timers.conflictLapseMs;
  if (now < until) {
    schedule(state.schedule, until, "conflictLapse", group);
    return;
  }
  group.conflictMac = undefined;
  state.changedReports.add(group);
}
