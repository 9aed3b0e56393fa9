import { expect, test } from "vitest";
import { type Order, OrderWindow } from "./order-window.ts";

const assign = (group: string): Order => ({ type: "assign", group, epoch: { term: 1, counter: 1 }, echo: 1 });

/** A window with very many orders that wait. */
function start() {
  const window = new OrderWindow({ least: 4, most: 20, slowMs: 60, patienceMs: 300 });
  for (let i = 0; i < 1_000; i++) window.put(assign(`g${i}`));
  let now = 0;
  /** Takes what may leave, and has it obeyed after a while. */
  function round(tookMs: number, heard = true): number {
    const taken = window.take(now, { heard });
    now += tookMs;
    for (const { group } of taken) window.settle(group, now);
    return taken.length;
  }
  return {
    window,
    round,
    wait: (ms: number) => {
      now += ms;
    },
    take: () => window.take(now, { heard: true }).length,
  };
}

test("twice as many leave each time that all are soon obeyed, up to the most", () => {
  const { round } = start();
  expect([round(10), round(10), round(10), round(10)]).toEqual([4, 8, 16, 20]);
});

test("half as many leave after some that were slow, but never less than the least", () => {
  const { round } = start();
  for (let i = 0; i < 4; i++) round(10);
  expect([round(100), round(100), round(100), round(100)]).toEqual([20, 10, 5, 4]);
});

test("no more leave while one is slow", () => {
  const { window, take, wait } = start();
  expect(take()).toBe(4);
  window.settle("g1", 10);
  wait(61);
  expect(take()).toBe(0);
  for (const group of ["g0", "g2", "g3"]) window.settle(group, 61);
  expect(take()).toBe(4);
});

test("those that are never obeyed make room in the end", () => {
  const { take, wait } = start();
  expect(take()).toBe(4);
  wait(300);
  expect(take()).toBe(4);
});

test("only the least leave where the speaker was not heard just now", () => {
  const { round } = start();
  for (let i = 0; i < 4; i++) round(10);
  expect(round(10, false)).toBe(4);
});
