import type { GroupAddress, GroupDefinition, GroupId } from "../group.ts";
import { announce, answerMode, become, planRefresh } from "./holding.ts";
import { newSpeakerGroup, type SpeakerContext, type SpeakerGroup, type SpeakerState } from "./state.ts";

/** A group of the desired state is new or has changed. What is answered follows at once; only what is new is announced. */
export function onDefine(context: SpeakerContext, definition: GroupDefinition): void {
  const { state, effects } = context;
  const known = state.groups.get(definition.id);
  const group = known ?? newSpeakerGroup(definition.id, definition.addresses);
  const widens = known !== undefined && definition.addresses.some((address) => isNew(address, known.addresses));
  const isRefreshed = definition.refreshMs !== known?.refreshMs;
  unmap(state, group);
  group.addresses = definition.addresses;
  group.refreshMs = definition.refreshMs;
  state.groups.set(definition.id, group);
  for (const { address } of definition.addresses) state.byAddress.set(address, group);
  if (group.state === "none") return;
  state.unsaved.add(group.id);
  effects.push({ type: "answer", group: group.id, mode: answerMode(group.state) });
  if (group.state === "verify" && !group.probing && (state.authority === 0 || group.impatient))
    state.toVerify.add(group);
  if (group.state !== "owner") return;
  if (widens || isRefreshed) planRefresh(context, group);
  if (!widens) return;
  announce(context, group);
  for (const after of context.config.timers.roundsMs) {
    state.schedule.add(context.now + after, { type: "round", group, stint: group.stint });
  }
}

/** A group has left the desired state. */
export function onUndefine(context: SpeakerContext, id: GroupId): void {
  const { state } = context;
  const group = state.groups.get(id);
  if (!group) return;
  become(context, group, "none", "undefined");
  unmap(state, group);
  state.groups.delete(id);
}

function unmap(state: SpeakerState, group: SpeakerGroup): void {
  for (const { address } of group.addresses) {
    if (state.byAddress.get(address) === group) state.byAddress.delete(address);
  }
}

function isNew({ address, interfaces }: GroupAddress, known: readonly GroupAddress[]): boolean {
  const before = known.find((other) => other.address === address);
  if (!before) return true;
  if (before.interfaces === "all") return false;
  const names = before.interfaces;
  return interfaces === "all" || interfaces.some((name) => !names.includes(name));
}
