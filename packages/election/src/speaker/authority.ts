import { type Authority, keeps, type SpeakerConfig, type SpeakerState } from "./state.ts";

/**
 * By whose word the speaker answers now.
 *
 * It counts what a leader of the highest term has echoed, not what has arrived: a reply that a stalled process or a
 * slow network delivers late carries an old stamp and confirms nothing.
 */
export function currentAuthority(state: SpeakerState, config: SpeakerConfig, now: number): Authority {
  let authority: Authority = 0;
  for (const { phase, reply, heardAt } of state.replicas.values()) {
    if (phase !== "open" || reply?.role !== "leader") continue;
    if (reply.term !== state.maxTerm || reply.holder !== state.termHolder) continue;
    if (now - (keeps(config, "fresh") ? reply.echo : heardAt) >= state.detectionMs) continue;
    if (reply.firm || !keeps(config, "firm")) return 2;
    authority = 1;
  }
  return authority;
}
