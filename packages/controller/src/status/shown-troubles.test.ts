import { expect, test } from "vitest";
import type { DesiredStatus } from "./desired-status.ts";
import type { ServiceTroubles } from "./service-conditions.ts";
import { ShownTroubles } from "./shown-troubles.ts";

const KEY = "default/web";
const NONE: ServiceTroubles = { refusal: undefined, silences: [] };
const silent: ServiceTroubles = { ...NONE, silences: [{ reason: "noSession", message: "no session is up" }] };
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
    const conditions = [{ type: "heraldlb.io/NotAnnounced", status: "True", message }];
    const metadata = { name: "web", namespace: "default", uid: "u", resourceVersion: "1" };
    troubles.observe({ metadata, status: { conditions } });
  };
  return { troubles, observe, wanted: () => wanted.at(-1), told: () => told };
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
  troubles.publish(KEY, silent);
  troubles.publish(KEY, silent);
  expect(told()).toBe(times);
});

test("a Service that was announced meanwhile is told of again", () => {
  const { troubles, observe, told } = start();
  observe("no session is up");
  troubles.publish(KEY, silent);
  troubles.publish(KEY, NONE);
  troubles.observe({ metadata: { name: "web", namespace: "default", uid: "u", resourceVersion: "2" } });
  troubles.publish(KEY, silent);
  expect(told()).toBe(1);
});
