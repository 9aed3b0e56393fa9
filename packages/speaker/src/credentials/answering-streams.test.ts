import { type ConnectRequest, Role } from "@heraldlb/api";
import { expect, test } from "vitest";
import { AnsweringStreams } from "./answering-streams.ts";

const request: ConnectRequest = { message: { $case: "drain", value: {} } };

function start() {
  const sent: number[] = [];
  const gone = new Set<number>();
  const streams = new AnsweringStreams((dial) => {
    if (!gone.has(dial)) sent.push(dial);
    return !gone.has(dial);
  });
  return { sent, gone, streams };
}

test("the leader is asked, and another controller when the leader's stream is gone", () => {
  const { sent, gone, streams } = start();
  streams.note(1, Role.STANDBY);
  streams.note(2, Role.LEADER);
  expect(streams.ask(request)).toBe(true);
  gone.add(2);
  expect(streams.ask(request)).toBe(true);
  gone.add(1);
  expect(streams.ask(request)).toBe(false);
  expect(sent).toEqual([2, 1]);
});

test("a controller that has become the leader is the one to ask", () => {
  const { sent, streams } = start();
  streams.note(1, Role.LEADER);
  streams.note(2, Role.STANDBY);
  streams.note(1, Role.STANDBY);
  streams.note(2, Role.LEADER);
  streams.ask(request);
  expect(sent).toEqual([2]);
});

test("every controller is told", () => {
  const { sent, gone, streams } = start();
  for (const dial of [1, 2, 3]) streams.note(dial, Role.STANDBY);
  gone.add(2);
  streams.tell(request);
  expect(sent).toEqual([1, 3]);
});

test("a stream's first answer is told apart, and streams of the past do not pile up", () => {
  const { sent, streams } = start();
  expect(streams.note(0, Role.STANDBY)).toBe(true);
  expect(streams.note(0, Role.LEADER)).toBe(false);
  for (let dial = 1; dial <= 1000; dial++) streams.note(dial, Role.STANDBY);
  streams.tell(request);
  expect(sent).toHaveLength(64);
  expect(streams.note(0, Role.LEADER)).toBe(true);
});
