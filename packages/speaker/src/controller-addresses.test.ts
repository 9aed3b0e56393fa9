import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import {
  ControllerAddresses,
  formatKnownAddresses,
  type KnownAddresses,
  parseKnownAddresses,
} from "./controller-addresses.ts";

const NAME = { host: "controller.example", port: 7600 };
const LITERAL = { host: "2001:db8::9", port: 7601 };

function start(known: KnownAddresses = {}) {
  const clock = new FakeClock();
  const log = recordingLogger();
  const dns = { answer: ["198.51.100.2", "198.51.100.1"] as readonly string[] | undefined, asked: 0 };
  const changes: string[][] = [];
  const controllers = new ControllerAddresses([NAME, LITERAL], known, {
    clock,
    log,
    resolve: async () => {
      dns.asked++;
      if (!dns.answer) throw new Error("ENOTFOUND");
      return dns.answer;
    },
    onChange: (replicas) => changes.push(replicas.map(({ id }) => id)),
  });
  return { clock, log, dns, changes, controllers };
}

test("an address is a replica at once, a name when it resolves", async () => {
  const { controllers, clock, changes } = start();
  expect(controllers.replicas.map(({ id }) => id)).toEqual(["[2001:db8::9]:7601"]);
  controllers.refresh();
  await clock.advance(0);
  expect(changes).toEqual([["198.51.100.1:7600", "198.51.100.2:7600", "[2001:db8::9]:7601"]]);
  expect(controllers.find("198.51.100.1:7600")).toMatchObject({ address: "198.51.100.1", host: NAME.host, port: 7600 });
});

test("the addresses that were known last serve until a name resolves", () => {
  const { controllers } = start({ [NAME.host]: ["198.51.100.7"] });
  expect(controllers.find("198.51.100.7:7600")).toBeDefined();
});

test("a name that does not resolve keeps its addresses, and is complained about once", async () => {
  const { controllers, clock, dns, log, changes } = start({ [NAME.host]: ["198.51.100.7"] });
  dns.answer = undefined;
  for (let i = 0; i < 3; i++) {
    controllers.refresh();
    await clock.advance(2_000);
  }
  expect(changes).toEqual([]);
  expect(controllers.known).toEqual({ [NAME.host]: ["198.51.100.7"] });
  expect(log.entries.map(({ message }) => message)).toEqual(["controller name not resolved"]);
});

test("names are asked for at most once a second, and the same answer changes nothing", async () => {
  const { controllers, clock, dns, changes } = start();
  for (let i = 0; i < 25; i++) {
    controllers.refresh();
    await clock.advance(100);
  }
  expect(dns.asked).toBe(3);
  expect(changes).toHaveLength(1);
});

test("an address that a name no longer has is no replica any more", async () => {
  const { controllers, clock, dns, changes } = start();
  controllers.refresh();
  await clock.advance(1_000);
  dns.answer = ["198.51.100.2"];
  controllers.refresh();
  await clock.advance(0);
  expect(changes.at(-1)).toEqual(["198.51.100.2:7600", "[2001:db8::9]:7601"]);
});

test("a replica that comes while all streams stand is found, too", async () => {
  const { controllers, clock, dns, changes } = start();
  controllers.refresh();
  await clock.advance(1_000);
  dns.answer = [...(dns.answer ?? []), "198.51.100.3"];
  await clock.advance(10_000);
  expect(changes.at(-1)).toContain("198.51.100.3:7600");
  controllers[Symbol.dispose]();
  expect(clock.pending).toBe(0);
});

test("addresses are not asked for", async () => {
  const clock = new FakeClock();
  const resolve = () => Promise.reject(new Error("ENOTFOUND"));
  const controllers = new ControllerAddresses([LITERAL], {}, { clock, log: recordingLogger(), resolve, onChange() {} });
  controllers.refresh();
  await clock.advance(0);
  expect(clock.pending).toBe(0);
});

test("what is saved is read back; anything else is refused", () => {
  const known = { "a.example": ["198.51.100.1"], "b.example": [] };
  expect(parseKnownAddresses(formatKnownAddresses(known))).toEqual(known);
  expect(() => parseKnownAddresses('{"version":2}')).toThrow("version");
  expect(() => parseKnownAddresses('{"version":1}')).toThrow("addresses");
  expect(() => parseKnownAddresses('{"version":1,"addresses":{"a":1}}')).toThrow("not a list");
  expect(parseKnownAddresses('{"version":1,"addresses":{"a":["x",1,"::1"]}}')).toEqual({ a: ["::1"] });
});
