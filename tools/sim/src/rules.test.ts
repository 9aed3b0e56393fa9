import { describe, expect, test } from "vitest";
import { classNamed } from "./classes/all.ts";
import { RULES, type Rule } from "./rules.ts";
import { judge } from "./verdict.ts";

interface Proof {
  readonly rule: Rule;
  /** A run that goes well, and without the rule does not. */
  readonly fault: string;
  readonly seed: number;
  readonly lan?: boolean;
  readonly violation: RegExp;
}

const PROOFS: readonly Proof[] = [
  { rule: "speaker.fresh", fault: "replies-late", seed: 0, violation: /^I1: two answered for \d{4} ms/ },
  { rule: "speaker.sentinel", fault: "owner-cut-off-data-first", seed: 0, violation: /^I1/ },
  { rule: "speaker.firm", fault: "management-split", seed: 1, violation: /^I1: two answered for \d{4} ms/ },
  { rule: "speaker.bye", fault: "management-deaf-briefly", seed: 1, violation: /^I3/ },
  {
    rule: "speaker.stall",
    fault: "owner-stopped",
    seed: 0,
    violation: /^I1: s\d answered .* a frame that is \d+ ms old/,
  },
  { rule: "speaker.tieBreak", fault: "cut-off-controllers-die", seed: 13, violation: /^I5/ },
  { rule: "speaker.verify", fault: "restart-without-controller", seed: 0, violation: /^I1/ },
  { rule: "speaker.probeBack", fault: "cut-off-controllers-die", seed: 11, lan: true, violation: /^I1/ },
  { rule: "controller.stall", fault: "one-node-controller-stopped", seed: 436, violation: /^I2/ },
  { rule: "controller.grace", fault: "controller-port-flaps", seed: 128, violation: /^I3/ },
  { rule: "controller.mass", fault: "controller-port", seed: 6, violation: /^I3/ },
  { rule: "controller.holder", fault: "lease-deleted-new-standby", seed: 0, violation: /^I2: .* \d{4} ms/ },
  { rule: "controller.unacknowledged", fault: "heir-mute", seed: 1, violation: /^I2: .* \d{4} ms/ },
  { rule: "controller.startHold", fault: "lone-controller-restarted", seed: 3, violation: /^I3/ },
  { rule: "lease.maximumTerm", fault: "lease-deleted-split", seed: 0, violation: /^I4/ },
];

describe("what can't fail proves nothing", () => {
  test.each(PROOFS)("without $rule $fault goes wrong", ({ rule, fault, seed, lan = false, violation }) => {
    const known = classNamed(fault);
    if (!known) throw new Error("no such class");
    expect(judge(known, seed, { lan }).violations).toEqual([]);
    const { violations } = judge(known, seed, { lan, without: [rule] });
    expect(violations.filter((text) => violation.test(text))).not.toEqual([]);
  });

  test("and that goes for every rule that can be switched off", () => {
    expect(PROOFS.map(({ rule }) => rule).toSorted()).toEqual(RULES.toSorted());
  });
});
