import type { Ipv6 } from "@heraldlb/net";
import { expect, test } from "vitest";
import { Memberships } from "./memberships.ts";

const A = "2001:db8::1:1" as Ipv6;
const SAME_GROUP = "2001:db8::2:0:1:1" as Ipv6;
const B = "2001:db8::2" as Ipv6;
const GROUP_A = "ff02::1:ff01:1";
const GROUP_B = "ff02::1:ff00:2";

function start(refused: readonly string[] = []) {
  const calls: string[] = [];
  const later: (() => void)[] = [];
  const errors: string[] = [];
  const memberships = new Memberships({
    open: () => {
      calls.push("open");
      return {
        join(group) {
          if (refused.includes(group)) throw new Error("refused");
          calls.push(`join ${group}`);
        },
        leave: (group) => void calls.push(`leave ${group}`),
        close: () => void calls.push("close"),
        [Symbol.dispose]: () => {},
      };
    },
    later: (work) => void later.push(work),
    onError: (group) => void errors.push(group),
  });
  const settle = () => {
    for (const work of later.splice(0)) work();
    return calls.splice(0);
  };
  return { memberships, settle, errors };
}

test("joins a group with its first address and leaves it with its last", () => {
  const { memberships, settle } = start();
  memberships.enable();
  memberships.add(A);
  memberships.add(SAME_GROUP);
  expect(settle()).toEqual(["open", `join ${GROUP_A}`]);
  memberships.remove(A);
  expect(settle()).toEqual([]);
  memberships.remove(SAME_GROUP);
  expect(settle()).toEqual([`leave ${GROUP_A}`]);
});

test("does nothing for an address that came and went before its turn", () => {
  const { memberships, settle } = start();
  memberships.enable();
  memberships.add(A);
  memberships.remove(A);
  expect(settle()).toEqual([]);
});

test("joins what was counted in before the interface could", () => {
  const { memberships, settle } = start();
  memberships.add(A);
  memberships.add(B);
  expect(settle()).toEqual([]);
  memberships.enable();
  memberships.enable();
  expect(settle()).toEqual(["open", `join ${GROUP_A}`, `join ${GROUP_B}`]);
  expect(memberships.joined).toBe(2);
});

test("a refused group does not keep others from being joined", () => {
  const { memberships, settle, errors } = start([GROUP_A]);
  memberships.enable();
  memberships.add(A);
  memberships.add(B);
  expect(settle()).toEqual(["open", `join ${GROUP_B}`]);
  expect(errors).toEqual([GROUP_A]);
});

test("nothing is joined after the end", () => {
  const { memberships, settle } = start();
  memberships.enable();
  memberships.add(A);
  settle();
  memberships.add(B);
  memberships[Symbol.dispose]();
  expect(settle()).toEqual(["close"]);
});
