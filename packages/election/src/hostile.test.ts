import { type Ip, type Mac, parseIp, parseMac } from "@heraldlb/net";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ControllerEvent } from "./controller/event.ts";
import { initialController } from "./controller/state.ts";
import { controllerStatus, ownerOf, stepController } from "./controller/step.ts";
import { compareEpochs, type Epoch, NO_EPOCH } from "./epoch.ts";
import type { GroupId } from "./group.ts";
import type { AnswerMode, SpeakerEvent } from "./speaker/event.ts";
import { answerMode } from "./speaker/holding.ts";
import { initialSpeaker } from "./speaker/state.ts";
import { stepSpeaker } from "./speaker/step.ts";
import { candidate, groupSpec } from "./testing/controller-bench.ts";
import { link, OWN_MAC } from "./testing/speaker-bench.ts";
import { DEFAULT_CONTROLLER_TIMERS, DEFAULT_SPEAKER_TIMERS } from "./timers.ts";

const GROUPS = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
const MACS = ["02:00:00:00:00:01", "02:00:00:00:00:09"].map((text) => parseMac(text) as Mac);

const group = fc.constantFrom(...GROUPS);
const node = fc.constantFrom("a", "b", "c");
const dial = fc.integer({ min: 0, max: 6 });
const small = fc.integer({ min: 0, max: 4 });
const epoch: fc.Arbitrary<Epoch> = fc.record({ term: small, counter: small });
const links = fc.subarray([
  link(),
  link({ name: "eth1", ifindex: 3, carrier: false }),
  link({ name: "eth2", ifindex: 4 }),
]);
const state = fc.constantFrom("verify", "owner", "leaving", "yielded");
const constant = fc.constant;

const controllerMessage = fc.oneof(
  fc.record({
    type: constant("reply"),
    role: fc.constantFrom("leader", "standby"),
    term: small,
    holder: fc.constantFrom("x", "y"),
    firm: fc.boolean(),
    intervalMs: fc.constantFrom(100, 50, 0, -1, Number.NaN),
    detectionMs: fc.constantFrom(300, 150, 0, Number.NaN),
    echo: fc.integer({ min: -10, max: 20_000 }),
  }),
  fc.record({ type: fc.constantFrom("assign", "leave"), group, epoch, echo: fc.integer({ min: 0, max: 20_000 }) }),
  fc.record({ type: constant("revoke"), group, epoch }),
  fc.record({ type: constant("drained") }),
);

const address = group.map((id) => parseIp(id) as Ip);
const speakerEvent = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: constant("tick") }) },
  { weight: 1, arbitrary: fc.record({ type: constant("replicas"), replicas: fc.subarray(["c1", "c2"]) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom("connected", "opened"), dial }) },
  { weight: 1, arbitrary: fc.record({ type: constant("closed"), dial, replaced: constant(false) }) },
  { weight: 8, arbitrary: fc.record({ type: constant("received"), dial, message: controllerMessage }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: constant("define"),
      group: fc.record({ id: group, addresses: fc.array(fc.record({ address, interfaces: constant("all") })) }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: constant("undefine"), group }) },
  { weight: 1, arbitrary: fc.record({ type: constant("links"), links }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom("claim", "probe"),
      address,
      mac: fc.constantFrom(...MACS, OWN_MAC),
      interface: fc.constantFrom("eth0", "eth9"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: constant("announced"), group, epoch }) },
);

const pause = fc.constantFrom(0, 0, 1, 25, 25, 25, 100, 120, 310, 1_000);

test("whatever a controller, a rival or the kernel says, a speaker answers as it reports, and no epoch falls", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(pause, speakerEvent), { maxLength: 120 }), (events) => {
      const config = { node: "a", instance: "i", bootId: "b", startedAt: 0, timers: DEFAULT_SPEAKER_TIMERS };
      let speaker = initialSpeaker(config);
      let now = 10_000;
      const modes = new Map<GroupId, AnswerMode>();
      const epochs = new Map<object, Epoch>();
      for (const [ms, event] of events) {
        now += ms;
        const step = stepSpeaker(speaker, { ...event, now } as SpeakerEvent, config);
        speaker = step.state;
        for (const effect of step.effects) if (effect.type === "answer") modes.set(effect.group, effect.mode);
        for (const known of speaker.groups.values()) {
          expect(modes.get(known.id) ?? "none").toBe(answerMode(known.state));
          expect(compareEpochs(known.epoch, epochs.get(known) ?? NO_EPOCH)).toBeGreaterThanOrEqual(0);
          epochs.set(known, known.epoch);
        }
        expect(Number.isFinite(speaker.detectionMs)).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

const holding = fc.record({ group, epoch, state });
const speakerMessage = fc.oneof(
  fc.record({
    type: constant("hello"),
    node,
    instance: fc.constantFrom("i1", "i2"),
    bootId: fc.constantFrom("b1", "b2"),
    startedAt: small,
    stamp: small,
    maxTerm: fc.oneof(small, fc.constantFrom(Number.NaN, -1, 2 ** 60)),
    termHolder: fc.constantFrom("me", "other"),
    holdingsRev: small,
    holdings: fc.array(holding, { maxLength: 3 }),
    links,
  }),
  fc.record({
    type: constant("heartbeat"),
    stamp: small,
    maxTerm: fc.oneof(constant(0), small),
    termHolder: constant("me"),
    holdingsRev: small,
    workerAge: fc.constantFrom(0, 300, Number.NaN),
  }),
  fc.record({
    type: constant("holdings"),
    rev: small,
    changed: fc.array(fc.record({ group, epoch, state: fc.oneof(state, constant("none")) }), { maxLength: 3 }),
  }),
  fc.record({ type: constant("links"), links }),
  fc.record({ type: constant("ack"), kind: fc.constantFrom("assign", "leave", "revoke"), group, epoch }),
  fc.record({ type: constant("bye"), reason: fc.constantFrom("lostController", "shutdown", "replaced") }),
  fc.record({ type: constant("drain") }),
);

const controllerEvent = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: constant("tick") }) },
  { weight: 10, arbitrary: fc.record({ type: constant("received"), stream: dial, message: speakerMessage }) },
  { weight: 1, arbitrary: fc.record({ type: constant("closed"), stream: dial }) },
  { weight: 1, arbitrary: fc.record({ type: constant("firm"), firm: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: constant("standby") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: constant("group"),
      group: fc.tuple(group, fc.subarray(["a", "b", "c"]), small, fc.boolean()).map(([id, nodes, preference, fresh]) =>
        groupSpec(
          id,
          nodes.map((name, i) => candidate(name, { preference: i ? 0 : preference })),
          { fresh },
        ),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: constant("groupRemoved"), group }) },
  { weight: 1, arbitrary: fc.record({ type: constant("expect"), nodes: fc.subarray(["a", "b", "z"]) }) },
  { weight: 1, arbitrary: fc.record({ type: constant("synced") }) },
  { weight: 1, arbitrary: fc.record({ type: constant("lead") }) },
);

test("whatever speakers say, no epoch is given twice, and the books agree", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(pause, controllerEvent), { maxLength: 150 }), (events) => {
      const config = { identity: "me", timers: DEFAULT_CONTROLLER_TIMERS };
      let controller = initialController(config);
      let [now, term] = [10_000, 0];
      const given = new Set<string>();
      for (const [ms, event] of events) {
        now += ms;
        const timed = event.type === "lead" ? { ...event, term: ++term, now } : { ...event, now };
        const step = stepController(controller, timed as ControllerEvent, config);
        controller = step.state;
        for (const effect of step.effects) {
          if (effect.type !== "send" || effect.message.type !== "assign") continue;
          const key = `${effect.message.epoch.term}.${effect.message.epoch.counter}`;
          expect(given.has(key)).toBe(false);
          given.add(key);
        }
        const { groups, unowned, speakers } = controllerStatus(controller, now);
        const owned = GROUPS.filter((id) => ownerOf(controller, id) !== undefined).length;
        expect(groups - unowned).toBe(owned);
        expect(speakers.reduce((sum, { owns }) => sum + owns, 0)).toBe(owned);
        if (controller.role === "standby") expect(owned).toBe(0);
      }
    }),
    { numRuns: 300 },
  );
});
