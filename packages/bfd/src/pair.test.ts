import { describe, expect, test } from "vitest";
import { DIAGNOSTIC } from "./diagnostic.ts";
import { every, Pair, type PairOptions, type Side } from "./pair.test.fixture.ts";

const b = { localDiscriminator: 2 };
const pair = (options: Partial<PairOptions> = {}) => new Pair({ a: every(100), b: every(100, b), ...options });

test("two sessions come up in one exchange, poll, and send as often as negotiated", () => {
  const both = pair({ a: every(100), b: every(300, b) });
  both.run(10);
  expect([both.state("a").name, both.state("b").name]).toEqual(["up", "up"]);
  both.run(1_000);
  const before = both.sent.length;
  both.run(3_000);
  expect(both.sent.slice(before).filter(({ side }) => side === "a")).toHaveLength(10);
  expect(both.sent.slice(before).some(({ packet }) => packet.isPoll || packet.isFinal)).toBe(false);
  expect([both.state("a").poll, both.state("b").poll]).toEqual(["idle", "idle"]);
});

test("one that starts later is found", () => {
  const both = pair({ startMs: { a: 0, b: 7_500 } });
  both.untilUp();
  expect(both.now).toBeLessThan(8_600);
});

test("two passive ones wait for each other for ever; one active one is enough", () => {
  const silent = pair({ a: every(100, { isPassive: true }), b: every(100, { ...b, isPassive: true }) });
  silent.run(60_000);
  expect(silent.sent).toEqual([]);
  pair({ a: every(100, { isPassive: true }) }).untilUp();
});

test("a dead peer is noticed within the detection time, and its return brings the session up again", () => {
  const both = pair();
  both.untilUp();
  both.run(1_000);
  const heard = both.state("a").heardAtMs;
  both.kill("b");
  both.run(1_000);
  expect(both.changes.at(-1)).toEqual({
    side: "a",
    name: "down",
    diagnostic: DIAGNOSTIC.controlDetectionTimeExpired,
    atMs: heard + 300,
  });
});

test("a path that works one way only is down on both sides, and stays so", () => {
  let isCut = false;
  const both = pair({ delayMs: (from) => (isCut && from === "b" ? undefined : 1) });
  both.untilUp();
  isCut = true;
  both.run(10_000);
  expect(both.state("a").name).toBe("down");
  expect(["down", "init"]).toContain(both.state("b").name);
  expect(both.changes.some(({ diagnostic }) => diagnostic === DIAGNOSTIC.neighborSignaledSessionDown)).toBe(true);
});

test("a peer that restarts with another discriminator is down, then up", () => {
  const both = pair();
  both.untilUp();
  both.run(500);
  both.configure("b", { isAdminDown: true });
  both.configure("b", { localDiscriminator: 3, isAdminDown: false });
  both.run(3_000);
  expect(both.changes.map(({ side, name }) => `${side} ${name}`)).toContain("a down");
  expect([both.state("a").name, both.state("b").name]).toEqual(["up", "up"]);
});

test("one held down takes the other with it, and lets it go", () => {
  const both = pair();
  both.untilUp();
  both.configure("a", { isAdminDown: true });
  both.run(5);
  expect(both.state("b")).toMatchObject({ name: "down", diagnostic: DIAGNOSTIC.neighborSignaledSessionDown });
  both.run(10_000);
  expect(both.state("b").name).toBe("down");
  expect(both.state("b").remote?.state).toBe("adminDown");
  both.configure("a", { isAdminDown: false });
  both.run(2_000);
  expect([both.state("a").name, both.state("b").name]).toEqual(["up", "up"]);
});

describe("a change of intervals while up never drops the session", () => {
  test.each([
    [100, 1_000],
    [1_000, 100],
    [50, 10_000],
    [10_000, 50],
  ])("from %i to %i ms, though every second packet is late", (from, to) => {
    let count = 0;
    let isLate = false;
    const late = () => (isLate && count++ % 2 === 0 ? 24 : 1);
    const both = pair({ a: every(from), b: every(from, b), delayMs: late });
    both.untilUp();
    both.run(3 * from);
    isLate = true;
    for (const side of ["a", "b"] as const) {
      both.configure(side, { desiredMinTxUs: to * 1_000, requiredMinRxUs: to * 1_000 });
      both.run(to / 2);
    }
    both.run(20 * to + 10 * from);
    expect(both.changes.filter(({ name }) => name === "down")).toEqual([]);
    expect(both.state("a").timers.transmit?.intervalMs).toBe(to);
    expect(both.state("b").timers.detection?.intervalMs).toBe(3 * to);
  });
});

describe("the echo function (sections 6.8.8 and 6.8.9)", () => {
  const echoing = { echoIntervalUs: 50_000 };
  let echoMs: (from: Side) => number | undefined;
  const withEcho = (options: Partial<PairOptions> = {}) =>
    pair({ a: every(100, echoing), b: every(100, { ...b, ...echoing }), echoMs: (from) => echoMs(from), ...options });

  test("starts when the session is up and the other side offers it, no faster than offered", () => {
    echoMs = () => 1;
    const both = withEcho({ b: every(100, { ...b, echoIntervalUs: 80_000 }) });
    both.untilUp();
    both.run(8_000);
    expect(both.echoes.filter(({ side }) => side === "a").length).toBeGreaterThan(95);
    expect(both.echoes.filter(({ side }) => side === "a").length).toBeLessThan(105);
    expect(both.state("a").name).toBe("up");
  });

  test("slows down the other side's control packets while it works", () => {
    echoMs = () => 1;
    const both = withEcho();
    both.untilUp();
    both.run(3_000);
    expect(both.state("b").timers.transmit?.intervalMs).toBe(1_000);
    both.configure("a", { echoIntervalUs: undefined });
    both.run(3_000);
    expect(both.state("b").timers.transmit?.intervalMs).toBe(100);
    expect(both.changes.filter(({ name }) => name === "down")).toEqual([]);
  });

  test.each([
    ["the other side does not offer it", echoing, {}],
    ["we are not asked to", {}, echoing],
  ])("does not start where %s", (_name, ours, theirs) => {
    echoMs = () => 1;
    const both = withEcho({ a: every(100, ours), b: every(100, { ...b, ...theirs }) });
    both.untilUp();
    both.run(1_000);
    expect(both.echoes).toEqual([]);
  });

  test("brings the session down when packets do not come back any more", () => {
    let isCut = false;
    echoMs = () => (isCut ? undefined : 1);
    const both = withEcho();
    both.untilUp();
    both.run(2_000);
    isCut = true;
    const cutAt = both.now;
    both.run(200);
    const down = both.changes.find(({ name }) => name === "down");
    expect(down?.diagnostic).toBe(DIAGNOSTIC.echoFunctionFailed);
    expect((down?.atMs ?? 0) - cutAt).toBeLessThanOrEqual(151);
  });

  test("proves nothing where the other side never returns any", () => {
    echoMs = () => undefined;
    const both = withEcho();
    both.untilUp();
    both.run(10_000);
    expect(both.changes.filter(({ name }) => name === "down")).toEqual([]);
    expect(both.state("b").timers.transmit?.intervalMs).toBe(100);
  });

  test("fails again at once on a session that came up again over the broken path", () => {
    let isCut = false;
    echoMs = () => (isCut ? undefined : 1);
    const both = withEcho();
    both.untilUp();
    both.run(2_000);
    isCut = true;
    both.run(10_000);
    const failures = both.changes.filter(({ diagnostic }) => diagnostic === DIAGNOSTIC.echoFunctionFailed);
    expect(failures.length).toBeGreaterThan(1);
  });

  test("is not fooled by packets that have been counted, or were never sent", () => {
    echoMs = () => undefined;
    const both = withEcho();
    both.untilUp();
    both.run(500);
    const sent = both.state("a").echo.sent;
    expect(both.echoReturns("a", sent + 1).isProven).toBe(false);
    expect(both.echoReturns("a", sent).isProven).toBe(true);
    const heard = both.state("a").echo.heardAtMs;
    both.run(10);
    expect(both.echoReturns("a", sent).heardAtMs).toBe(heard);
    expect(both.echoReturns("a", sent - 1).heardAtMs).toBe(heard);
  });
});
