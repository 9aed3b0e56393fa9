import { recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { Catalog } from "./catalog.ts";
import { advertisement, pool, reading, service } from "./controller.test.fixture.ts";
import type { SourceChange } from "./source-object.ts";

const A = pool("a", ["10.0.0.0/24"]);
const WIDER = pool("a", ["10.0.0.0/23"]);
const BROKEN = pool("a", ["nonsense"]);
const B = pool("b", ["10.0.8.0/24"]);
/** As an API server has it when somebody counts how much of the pool is in use. */
const COUNTED = { ...A, status: { assignedIPv4: 1 } };

function start() {
  const log = recordingLogger();
  const catalog = new Catalog({ log, namespace: undefined });
  let seen = 0;
  /** What was told since the last time. */
  const told = () => {
    const news = log.entries.slice(seen).filter(({ level }) => level === "info");
    seen = log.entries.length;
    return news.map(({ message, fields }) => ({ message, ...fields }));
  };
  return { catalog, told };
}

const changed = (object: string, reason: string) => ({ message: "configuration changed", object, reason });
const POOL_A = "IPAddressPool metallb-system/a";

test("of what is there at first only the number is told, then each change, of which kind it is", () => {
  const { catalog, told } = start();
  catalog.take(reading([A, advertisement("all"), service("web")]));
  expect(told()).toEqual([{ message: "configuration read", objects: 2 }]);
  catalog.take(reading([WIDER, advertisement("all"), service("shop")]));
  expect(told()).toEqual([changed(POOL_A, "changed")]);
  catalog.take(reading([WIDER, B]));
  expect(told()).toEqual([
    changed("IPAddressPool metallb-system/b", "new"),
    changed("L2Advertisement metallb-system/all", "gone"),
  ]);
  catalog.take(reading([B, WIDER, service("web")]));
  expect(told()).toEqual([]);
});

test("what does not come into force is no change", () => {
  const { catalog, told } = start();
  catalog.take(reading([A]));
  told();
  catalog.take(reading([BROKEN]));
  expect(told()).toEqual([]);
  catalog.take(reading([WIDER]));
  expect(told()).toEqual([changed(POOL_A, "changed")]);
});

test("of a cluster the same is told, and nothing of how much of a pool is in use", () => {
  const { catalog, told } = start();
  let last: SourceChange["come"] = [];
  const become = (...objects: Parameters<typeof reading>[0]) => {
    const come = reading(objects).objects;
    catalog.change({ gone: last, come });
    last = come;
    return told();
  };
  expect(become(A)).toEqual([{ message: "configuration read", objects: 1 }]);
  expect(become(COUNTED)).toEqual([]);
  expect(become(WIDER)).toEqual([changed(POOL_A, "changed")]);
  expect(become(service("web"))).toEqual([changed(POOL_A, "gone")]);
  expect(become(service("shop"))).toEqual([]);
});

test("what stood against another object and goes is told with what comes into force by it", () => {
  const { catalog, told } = start();
  const rival = pool("rival", ["10.0.0.128-10.0.0.200"]);
  catalog.take(reading([A]));
  catalog.take(reading([A, rival]));
  told();
  catalog.take(reading([rival]));
  expect(told()).toEqual([changed("IPAddressPool metallb-system/rival", "new"), changed(POOL_A, "gone")]);
});
