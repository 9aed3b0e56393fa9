import { describe, expect, test } from "vitest";
import type { DesiredStatus } from "./desired-status.ts";
import type { ServiceTroubles } from "./service-conditions.ts";
import { ShownTroubles } from "./shown-troubles.ts";

const KEY = "default/web";
const WEB = { metadata: { name: "web", namespace: "default", uid: "u", resourceVersion: "1" } };
const NONE: ServiceTroubles = { refusal: undefined, silences: [] };
const silences = [{ reason: "noSession", message: "no session is up" }];
const silent: ServiceTroubles = { ...NONE, silences };
const unsure: ServiceTroubles = { ...NONE, silences: undefined };

function start() {
  const wanted: (DesiredStatus | undefined)[] = [];
  let told = 0;
  const troubles = new ShownTroubles({
    writer: { set: (_, desired) => void wanted.push(desired), has: () => true },
    isUnserved: () => false,
    tell: () => void told++,
  });
  const observe = (message: string) => {
    const conditions = [{ type: "heraldlb.io/NotAnnounced", status: "True", reason: "noSpeaker", message }];
    troubles.observe({ ...WEB, status: { conditions } });
  };
  return {
    troubles,
    observe,
    wanted: () => wanted.at(-1),
    told: () => told,
    reasons: () => Array.from(troubles.silences, ({ reason }) => reason),
  };
}

test("what is said of a Service stays while it is not known whether it is announced, and is not told again", () => {
  const { troubles, wanted, told } = start();
  troubles.publish(KEY, silent);
  troubles.publish(KEY, { ...unsure, refusal: { reason: "noPools", message: "" } });
  expect(wanted()).toMatchObject({
    status: { conditions: [{ type: "heraldlb.io/AddressRefused" }] },
    conditionTypes: ["heraldlb.io/AddressRefused"],
  });
  troubles.publish(KEY, silent);
  expect(told()).toBe(1);
  troubles.publish(KEY, NONE);
  expect(wanted()).toMatchObject({ status: { conditions: [] }, conditionTypes: { length: 2 } });
});

test.each([
  ["does not tell what the condition says already", "no session is up", 0],
  ["tells what the condition does not say", "no speaker is heard", 1],
])("a new leader %s", (_, message, times) => {
  const { troubles, observe, told } = start();
  observe(message);
  troubles.begin();
  troubles.publish(KEY, silent);
  troubles.publish(KEY, silent);
  expect(told()).toBe(times);
});

test("a Service that was announced meanwhile is told of again", () => {
  const { troubles, observe, told } = start();
  observe("no session is up");
  troubles.begin();
  troubles.publish(KEY, silent);
  troubles.publish(KEY, NONE);
  troubles.publish(KEY, silent);
  expect(told()).toBe(1);
});

describe("the reason of a Service that nobody announces", () => {
  const two: ServiceTroubles = { ...NONE, silences: [{ reason: "noLocalEndpoint", message: "" }, ...silences] };

  test("is known as long as it is said, once, and the first of several", () => {
    const { troubles, reasons } = start();
    troubles.publish("default/well", NONE);
    troubles.publish("default/refused", { ...NONE, refusal: { reason: "noPools", message: "" } });
    troubles.publish(KEY, silent);
    troubles.publish("default/two", two);
    expect(reasons()).toEqual(["noSession", "noLocalEndpoint"]);
    troubles.publish(KEY, unsure);
    expect(reasons()).toEqual(["noSession", "noLocalEndpoint"]);
    troubles.publish(KEY, NONE);
    troubles.publish("default/two", undefined);
    expect(reasons()).toEqual([]);
  });

  test("is what an earlier leader said until it is known to be otherwise, and not known where another one leads", () => {
    const { troubles, observe, reasons } = start();
    observe("no speaker is heard");
    expect(reasons()).toEqual([]);
    troubles.begin();
    troubles.publish(KEY, unsure);
    expect(reasons()).toEqual(["noSpeaker"]);
    troubles.publish(KEY, silent);
    expect(reasons()).toEqual(["noSession"]);
    troubles.end();
    expect(reasons()).toEqual([]);
  });

  test("goes with the Service", () => {
    const { troubles, reasons } = start();
    troubles.publish(KEY, silent);
    troubles.forget(WEB);
    expect(reasons()).toEqual([]);
  });
});
