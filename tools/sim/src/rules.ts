import type { ControllerRule, LeaseRule, SpeakerRule } from "@heraldlb/election";

/** A rule that can be switched off, with the machine that it belongs to. */
export type Rule = `speaker.${SpeakerRule}` | `controller.${ControllerRule}` | `lease.${LeaseRule}`;

// The mapped type keeps the list complete: a rule without an entry does not compile.
const KNOWN: Readonly<Record<Rule, true>> = {
  "speaker.fresh": true,
  "speaker.sentinel": true,
  "speaker.firm": true,
  "speaker.bye": true,
  "speaker.stall": true,
  "speaker.tieBreak": true,
  "speaker.verify": true,
  "speaker.probeBack": true,
  "controller.stall": true,
  "controller.grace": true,
  "controller.mass": true,
  "controller.holder": true,
  "controller.unacknowledged": true,
  "controller.startHold": true,
  "lease.maximumTerm": true,
};

/** All of them. */
export const RULES: readonly Rule[] = Object.keys(KNOWN) as Rule[];

/** Whether there is a rule of that name. */
export const isRule = (text: string): text is Rule => Object.hasOwn(KNOWN, text);
