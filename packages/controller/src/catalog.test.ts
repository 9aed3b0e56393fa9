import { recordingLogger } from "@heraldlb/runtime/testing";
import { describe, expect, test } from "vitest";
import { Catalog } from "./catalog.ts";
import { advertisement, pool, reading, service } from "./controller.test.fixture.ts";

const broken = { file: "x.yaml", line: 3, code: "syntax", message: "what is this" } as const;
const wrong = { ...service("web"), spec: { ports: "none" } };
const peer = (spec: object) => ({
  ...{ apiVersion: "metallb.io/v1beta2", kind: "BGPPeer", metadata: { name: "router" } },
  spec: { myASN: 64512, peerASN: 64513, peerAddress: "10.0.0.1", ...spec },
});

function start() {
  const log = recordingLogger();
  return { log, catalog: new Catalog({ log, namespace: undefined }) };
}

/** What was wrong or odd: changes are told too. */
const complaints = ({ entries }: ReturnType<typeof recordingLogger>) => entries.filter(({ level }) => level !== "info");

describe("a catalog", () => {
  test("gives the same object for what did not change", () => {
    const { catalog } = start();
    catalog.take(reading([service("web"), pool("a", ["10.0.0.0/24"])]));
    const before = catalog.configuration.inForce.get("Service default/web")?.resource;
    catalog.take(reading([service("web"), pool("a", ["10.0.1.0/24"])]));
    expect(catalog.configuration.inForce.get("Service default/web")?.resource).toBe(before);
  });

  test("has the manifest of what is in force", () => {
    const { catalog } = start();
    catalog.take(reading([service("web")]));
    const resource = catalog.configuration.inForce.get("Service default/web")?.resource;
    expect(resource && catalog.manifest(resource)).toEqual(service("web"));
  });

  test("changes nothing by an incomplete reading, and does not repeat itself after it", () => {
    const { catalog, log } = start();
    catalog.take(reading([pool("a", ["nonsense"]), service("web")]));
    const before = catalog.configuration;
    expect(
      catalog.take({ complete: false, objects: [], problems: [{ file: ".", code: "unreadable", message: "EIO" }] }),
    ).toBe(false);
    expect(catalog.configuration).toBe(before);
    catalog.take(reading([pool("a", ["nonsense"]), service("web")]));
    expect(complaints(log).map(({ message }) => message)).toEqual(["object refused", "file not read"]);
  });

  test("tells of a file that cannot be read once, and again after it was well", () => {
    const { catalog, log } = start();
    for (const problems of [[broken], [broken], [], [broken]]) catalog.take(reading([], problems));
    expect(complaints(log).map(({ fields }) => fields)).toEqual(
      Array(2).fill({ file: "x.yaml", line: 3, reason: "syntax", problem: "what is this" }),
    );
  });

  test.each([
    ["a pool is wrong", [pool("a", ["nonsense"])], [], true],
    ["a file cannot be read", [], [broken], true],
    ["a Secret is missing", [peer({ passwordSecret: { name: "s" } })], [], true],
    ["a BFDProfile is missing", [peer({ bfdProfile: "fast" })], [], true],
    ["a pool that an advertisement names is missing", [advertisement("a", { ipAddressPools: ["b"] })], [], false],
    ["only a Service is wrong", [wrong], [], false],
    ["all is well", [pool("a", ["10.0.0.0/24"])], [], false],
  ])("when %s: is stale or not", (_name, objects, problems, isStale) => {
    const { catalog } = start();
    catalog.take(reading(objects, problems));
    expect(catalog.isStale).toBe(isStale);
  });
});

test("what is prepared is taken in as usual, and others have their turn meanwhile", async () => {
  const { catalog } = start();
  const objects = reading([service("web"), pool("a", ["10.0.0.0/24"])]);
  let rests = 0;
  await catalog.prepare(objects.objects, async () => void rests++);
  await catalog.prepare(objects.objects, async () => void rests++);
  expect(rests).toBe(2);
  catalog.take(objects);
  expect([...catalog.configuration.inForce.keys()]).toEqual(["Service default/web", "IPAddressPool metallb-system/a"]);
});

test("an object whose place has changed is the same one", () => {
  const { catalog } = start();
  const [web, a] = reading([service("web"), pool("a", ["10.0.0.0/24"])]).objects;
  if (!web || !a) throw new Error("no objects");
  catalog.take({ complete: true, objects: [web, a], problems: [] });
  const before = catalog.configuration.inForce.get("Service default/web")?.resource;
  catalog.take({ complete: true, objects: [{ ...web, position: 1 }], problems: [] });
  expect(catalog.configuration.inForce.get("Service default/web")?.resource).toBe(before);
});

test("a pool may be set aside as long as a file cannot be read", () => {
  const { catalog } = start();
  catalog.take(reading([], [broken]));
  expect(catalog.configuration.poolSetAside).toBe(true);
  catalog.take(reading([]));
  expect(catalog.configuration.poolSetAside).toBe(false);
});

test("objects of another namespace than the one asked for do not act, and are told of", () => {
  const log = recordingLogger();
  const catalog = new Catalog({ log, namespace: "elsewhere" });
  catalog.take(reading([pool("a", ["10.0.0.0/24"]), service("web")]));
  expect([...catalog.configuration.inForce.keys()]).toEqual(["Service default/web"]);
  expect(complaints(log).map(({ level, fields: { reason } }) => [level, reason])).toEqual([["warn", "otherNamespace"]]);
});

describe("a remembered Service", () => {
  const isInForce = (catalog: Catalog) => catalog.configuration.inForce.has("Service default/web");

  test.each([
    ["that is wrong now stays in force", [wrong], [], true],
    ["that may be in a broken file stays in force", [], [broken], true],
    ["that is gone does not", [], [], false],
  ])("%s", (_name, objects, problems, expected) => {
    const { catalog } = start();
    catalog.take(reading(objects, problems));
    catalog.remember(reading([service("web")]).objects);
    expect(isInForce(catalog)).toBe(expected);
    catalog.take(reading(objects, problems));
    expect(isInForce(catalog)).toBe(expected);
  });

  test("gives way to its present form", () => {
    const { catalog } = start();
    catalog.take(reading([], [broken]));
    catalog.remember(reading([service("web")]).objects);
    const now = service("web", {}, { labels: { app: "web" } });
    catalog.take(reading([now], [broken]));
    expect(catalog.configuration.inForce.get("Service default/web")?.resource.metadata.labels).toEqual({ app: "web" });
  });

  test("goes once the broken file is well and does not have it", () => {
    const { catalog } = start();
    catalog.take(reading([], [broken]));
    catalog.remember(reading([service("web")]).objects);
    catalog.take(reading([]));
    expect(isInForce(catalog)).toBe(false);
    catalog.take(reading([], [broken]));
    expect(isInForce(catalog)).toBe(false);
  });
});
