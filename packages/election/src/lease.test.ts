import { describe, expect, test } from "vitest";
import { initialLease, stepLease } from "./lease.ts";
import {
  DEFAULT_LEASE_TIMERS,
  type LeaseConfig,
  type LeaseEffect,
  type LeaseEvent,
  type LeaseRecord,
} from "./lease-event.ts";

type Happening = LeaseEvent extends infer E ? (E extends LeaseEvent ? Omit<E, "now"> : never) : never;

/** A Lease object, and the processes that want it; requests take `delayMs` each way. */
class Bench {
  now = 100_000;
  record: LeaseRecord | undefined;
  isUp = true;
  delayMs = 0;
  requests = 0;
  readonly #due: { readonly at: number; readonly run: () => void }[] = [];
  readonly #contenders: Contender[] = [];

  add(identity: string, config: Partial<LeaseConfig> = {}): Contender {
    const contender = new Contender(this, { identity, timers: DEFAULT_LEASE_TIMERS, ...config });
    this.#contenders.push(contender);
    return contender;
  }

  after(ms: number, run: () => void): void {
    if (ms === 0) run();
    else this.#due.push({ at: this.now + ms, run });
  }

  set(holder: string | undefined, transitions: number): void {
    this.record = { holder, transitions, version: `${Number(this.record?.version ?? 0) + 1}` };
  }

  pass(ms: number): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 25;
      for (const due of this.#due.filter(({ at }) => at <= this.now)) {
        this.#due.splice(this.#due.indexOf(due), 1);
        due.run();
      }
      for (const contender of this.#contenders) contender.tick();
    }
  }
}

class Contender {
  readonly #bench: Bench;
  readonly #config: LeaseConfig;
  #state = initialLease();
  highestTerm = 0;
  isStopped = false;
  isBlind = false;
  /** What the controller's machine was told. */
  told: string[] = [];

  constructor(bench: Bench, config: LeaseConfig) {
    this.#bench = bench;
    this.#config = config;
  }

  tick(): void {
    if (!this.isStopped) this.step({ type: "tick", highestTerm: this.highestTerm, isBlind: this.isBlind });
  }

  step(happening: Happening): void {
    const { state, effects } = stepLease(
      this.#state,
      { ...happening, now: this.#bench.now } as LeaseEvent,
      this.#config,
    );
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: LeaseEffect): void {
    const bench = this.#bench;
    if (effect.type === "lead") this.told.push(`lead ${effect.term}`);
    if (effect.type === "firm") this.told.push(effect.firm ? "firm" : "not firm");
    if (effect.type === "standby") this.told.push("standby");
    if (effect.type !== "read" && effect.type !== "write") return;
    bench.requests += 1;
    bench.after(bench.delayMs, () => {
      if (!bench.isUp) return;
      const isFree = effect.type === "write" && bench.record?.version === effect.expected;
      if (isFree) bench.set(effect.holder, effect.transitions);
      const { record } = bench;
      const { request } = effect;
      bench.after(bench.delayMs, () =>
        this.step(
          effect.type === "read" || isFree ? { type: "answered", request, record } : { type: "refused", request },
        ),
      );
    });
  }
}

describe("taking the Lease", () => {
  test("makes a missing one after 3 s, and leads in term 1", () => {
    const bench = new Bench();
    const a = bench.add("a");
    bench.pass(2_900);
    expect(a.told).toEqual([]);
    bench.pass(700);
    expect(a.told).toEqual(["lead 1"]);
    expect(bench.record).toMatchObject({ holder: "a", transitions: 1 });
  });

  test("waits until a dead holder's has not changed for 3 s, and counts on", () => {
    const bench = new Bench();
    bench.set("dead", 6);
    const a = bench.add("a");
    bench.pass(2_900);
    expect(a.told).toEqual([]);
    bench.pass(700);
    expect(a.told).toEqual(["lead 7"]);
  });

  test("waits for nobody when it was released", () => {
    const bench = new Bench();
    bench.set(undefined, 6);
    const a = bench.add("a");
    bench.pass(50);
    expect(a.told).toEqual(["lead 7"]);
  });

  test.each([
    ["missing", () => {}],
    ["a dead holder's", (bench: Bench) => bench.set("dead", 6)],
    ["released", (bench: Bench) => bench.set(undefined, 6)],
  ])("one who cannot decide yet watches it, and takes one that is %s as soon as he can", (_, prepare) => {
    const bench = new Bench();
    prepare(bench);
    const a = bench.add("a");
    a.isBlind = true;
    bench.delayMs = 25;
    bench.pass(10_000);
    expect(a.told).toEqual([]);
    expect(bench.requests).toBeLessThanOrEqual(21);
    a.isBlind = false;
    bench.pass(150);
    expect(a.told).toEqual([bench.record?.transitions === 1 ? "lead 1" : "lead 7"]);
  });

  test("one who cannot decide yet does not take what others renew, however long", () => {
    const bench = new Bench();
    const [a, b] = [bench.add("a"), bench.add("b")];
    b.isBlind = true;
    bench.pass(10_000);
    b.isBlind = false;
    bench.pass(10_000);
    expect([...a.told, ...b.told]).toEqual(["lead 1"]);
  });

  test("leaves it to whoever renews it", () => {
    const bench = new Bench();
    const [a, b] = [bench.add("a"), bench.add("b")];
    bench.pass(60_000);
    expect([...a.told, ...b.told]).toEqual(["lead 1"]);
  });

  test("two at once: the condition on the version lets one of them in", () => {
    const bench = new Bench();
    bench.set(undefined, 3);
    bench.delayMs = 50;
    const [a, b] = [bench.add("a"), bench.add("b")];
    bench.pass(1_000);
    expect([...a.told, ...b.told]).toEqual(["lead 4"]);
  });
});

describe("a term", () => {
  test.each([
    ["what was heard", 41, "lead 42"],
    ["the stored count", 3, "lead 7"],
  ])("is above %s", (_what, highestTerm, told) => {
    const bench = new Bench();
    bench.set(undefined, 6);
    const a = bench.add("a");
    a.highestTerm = highestTerm;
    bench.pass(50);
    expect(a.told).toEqual([told]);
  });

  test("that turns out to be taken is left for a later one, by the same holder", () => {
    const bench = new Bench();
    bench.set(undefined, 6);
    const a = bench.add("a");
    bench.pass(50);
    a.step({ type: "stepDown", above: 9 });
    bench.pass(50);
    expect(a.told).toEqual(["lead 7", "lead 10"]);
    expect(bench.record).toMatchObject({ holder: "a", transitions: 10 });
  });

  test("that another process took with the Lease makes a standby of its former leader", () => {
    const bench = new Bench();
    bench.set(undefined, 6);
    const a = bench.add("a");
    bench.pass(50);
    bench.isUp = false;
    a.step({ type: "stepDown", above: 8 });
    bench.pass(1_000);
    bench.set("b", 8);
    bench.isUp = true;
    bench.pass(2_000);
    expect(a.told).toEqual(["lead 7", "standby"]);
  });

  test("that is heard of while the Lease is being taken is left out", () => {
    const bench = new Bench();
    bench.set(undefined, 6);
    bench.delayMs = 50;
    const a = bench.add("a");
    bench.pass(150);
    a.highestTerm = 7;
    bench.pass(1_000);
    expect(a.told).toEqual(["lead 8"]);
  });

  test("does not come again after the Lease was deleted", () => {
    const bench = new Bench();
    const [a, b] = [bench.add("a"), bench.add("b")];
    bench.pass(5_000);
    expect(a.told).toEqual(["lead 1"]);
    bench.record = undefined;
    a.isStopped = true;
    b.highestTerm = 1;
    bench.pass(5_000);
    expect(b.told).toEqual(["lead 2"]);
  });
});

describe("the leader", () => {
  function leading(): { readonly bench: Bench; readonly a: Contender } {
    const bench = new Bench();
    bench.set(undefined, 6);
    const a = bench.add("a");
    bench.pass(1_000);
    a.told = [];
    return { bench, a };
  }

  test("is not firm 2 s after it sent its last renewal, leads on, and is firm again with the next", () => {
    const { bench, a } = leading();
    bench.isUp = false;
    bench.pass(1_475);
    expect(a.told).toEqual([]);
    bench.pass(550);
    expect(a.told).toEqual(["not firm"]);
    bench.pass(30_000);
    bench.isUp = true;
    bench.pass(1_600);
    expect(a.told).toEqual(["not firm", "firm"]);
    expect(bench.record).toMatchObject({ holder: "a", transitions: 7 });
  });

  test("has known for a second that it is not firm when another one leads", () => {
    const { bench, a } = leading();
    const b = bench.add("b");
    bench.pass(100);
    a.isStopped = true;
    bench.pass(2_950);
    expect(b.told).toEqual([]);
    bench.pass(1_000);
    expect(b.told).toEqual(["lead 8"]);
    a.isStopped = false;
    bench.pass(25);
    expect(a.told[0]).toBe("not firm");
    bench.pass(1_500);
    expect(a.told).toEqual(["not firm", "standby"]);
  });

  test("steps down as soon as it sees another holder", () => {
    const { bench, a } = leading();
    bench.set("b", 8);
    bench.pass(525);
    expect(a.told).toEqual(["standby"]);
  });

  test("makes a deleted Lease anew at once, in a later term", () => {
    const { bench, a } = leading();
    bench.record = undefined;
    bench.pass(600);
    expect(a.told).toEqual(["lead 8"]);
    expect(bench.record).toMatchObject({ holder: "a", transitions: 8 });
  });

  test("waits with the others when the Lease was deleted while it was not firm", () => {
    const { bench, a } = leading();
    bench.isUp = false;
    bench.pass(5_000);
    bench.record = undefined;
    bench.isUp = true;
    bench.pass(2_000);
    expect(a.told).toEqual(["not firm", "standby"]);
    bench.pass(2_500);
    expect(a.told.slice(2)).toEqual(["lead 8"]);
  });

  test("does not lead by an answer that took 2 s", () => {
    const bench = new Bench();
    bench.set(undefined, 6);
    bench.delayMs = 1_050;
    const a = bench.add("a", { timers: { ...DEFAULT_LEASE_TIMERS, answerMs: 5_000 } });
    bench.pass(20_000);
    expect(a.told).toEqual([]);
  });

  test("gives the Lease up with its count kept, and the next one leads at once", () => {
    const { bench, a } = leading();
    const b = bench.add("b");
    bench.pass(100);
    a.step({ type: "release" });
    expect(a.told).toEqual(["standby"]);
    expect(bench.record).toMatchObject({ holder: undefined, transitions: 7 });
    bench.pass(600);
    expect(b.told).toEqual(["lead 8"]);
    expect(a.told).toEqual(["standby"]);
  });
});
