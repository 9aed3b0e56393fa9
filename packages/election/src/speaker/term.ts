import type { SpeakerContext } from "./state.ts";

/** Takes note of a term; it is never forgotten, so that what was decided before it is refused. */
export function hearTerm({ state, effects }: SpeakerContext, term: number, holder: string): void {
  if (term <= state.maxTerm) return;
  effects.push({
    type: "log",
    level: "info",
    message: "term changed",
    fields: { from: state.maxTerm, to: term, holder },
  });
  state.maxTerm = term;
  state.termHolder = holder;
  state.isTermUnsaved = true;
}
