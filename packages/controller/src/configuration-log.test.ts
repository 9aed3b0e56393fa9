import { type Candidate, EMPTY_CONFIGURATION, type InForce, readResource, resolve } from "@heraldlb/config";
import { recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { Catalog } from "./catalog.ts";
import { ConfigurationLog } from "./configuration-log.ts";
import { advertisement, node, pool, reading, service } from "./controller.test.fixture.ts";
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
  return { catalog, told, log };
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

test("of a cluster what stood against another object and goes is told with what comes into force by it", () => {
  const { catalog, told } = start();
  const rival = pool("rival", ["10.0.0.128-10.0.0.200"]);
  const [first, second] = [reading([A]).objects, reading([rival]).objects];
  catalog.change({ gone: [], come: first });
  catalog.change({ gone: [], come: second });
  told();
  catalog.change({ gone: first, come: [] });
  expect(told()).toEqual([changed("IPAddressPool metallb-system/rival", "new"), changed(POOL_A, "gone")]);
});

test("of a cluster only what configures is looked at, of whichever kind a change is", () => {
  class Unlisted<K, V> extends Map<K, V> {
    override entries(): MapIterator<[K, V]> {
      throw new Error("looks at everything");
    }
    override [Symbol.iterator](): MapIterator<[K, V]> {
      return this.entries();
    }
  }
  const { log, told } = start();
  const changes = new ConfigurationLog(log);
  const candidates = [A, node("n1"), service("web")].map((json): Candidate => {
    return { origin: {}, outcome: readResource(json, { defaultNamespace: "default" }) };
  });
  const inForce = new Unlisted<string, InForce>();
  for (const [id, form] of resolve(EMPTY_CONFIGURATION, candidates).inForce) inForce.set(id, form);
  changes.follow(inForce, { gone: [], come: candidates });
  const pools = inForce.keys().filter((id) => id.startsWith("IPAddressPool"));
  for (const id of [...pools]) inForce.delete(id);
  changes.follow(inForce, { gone: candidates.slice(1, 2), come: [] });
  expect(told()).toEqual([{ message: "configuration read", objects: 1 }, changed(POOL_A, "gone")]);
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
