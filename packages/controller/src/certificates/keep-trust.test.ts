import { KubeError } from "@heraldlb/kube";
import { Mailbox } from "@heraldlb/runtime";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeKube } from "./fake-kube.test.fixture.ts";
import { keepTrust } from "./keep-trust.ts";

const WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/herald-webhook";
const CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/bgppeers.metallb.io";
const MAP = "/api/v1/namespaces/herald/configmaps/herald-ca";
const service = { name: "herald-webhook", namespace: "herald" };
const WEBHOOK = { service, configuration: "herald-webhook" };
const client = { service: { ...service, path: "/x" } };
const webhooks = () => ({
  metadata: { name: "herald-webhook" },
  webhooks: [{ clientConfig: client }, { clientConfig: client }],
});
const crd = () => ({
  metadata: { name: "bgppeers.metallb.io" },
  spec: { conversion: { webhook: { clientConfig: client } } },
});

let kube: FakeKube;
let clock: FakeClock;
let log: ReturnType<typeof recordingLogger>;
let stop: AbortController;
let bundles: readonly Mailbox<string>[];
let running: Promise<void>;

beforeEach(() => {
  [kube, clock, log, stop, bundles] = [new FakeKube(), new FakeClock(), recordingLogger(), new AbortController(), []];
});
afterEach(async () => {
  stop.abort();
  await running;
});

function startWith(webhook: { readonly service: typeof service; readonly configuration: string } | undefined): void {
  running = keepTrust(
    {
      ...{ kube, clock, log, random: () => 0, configMap: { namespace: "herald", name: "herald-ca" } },
      webhook,
      bundles: (signal) => {
        const inbox = new Mailbox<string>();
        bundles = [...bundles, inbox];
        return inbox.take(signal);
      },
    },
    stop.signal,
  );
}

/** Everybody hears of a bundle. */
async function tell(bundle: string): Promise<void> {
  for (const inbox of bundles) inbox.put(bundle);
  await clock.advance(0);
  await clock.advance(0);
}

const trusted = (path: string): string[] => {
  const found = JSON.stringify(kube.objects.get(path)).matchAll(/"caBundle":"([^"]+)"/g);
  return Array.from(found, ([, bundle = ""]) => atob(bundle));
};

test("everybody gets the bundle, and every later one", async () => {
  kube.put(WEBHOOKS, webhooks());
  kube.put(CRD, crd());
  startWith(WEBHOOK);
  for (const bundle of ["one", "two"]) {
    await tell(bundle);
    expect([trusted(WEBHOOKS), trusted(CRD)]).toEqual([[bundle, bundle], [bundle]]);
    expect(kube.objects.get(MAP)).toMatchObject({ data: { "ca.crt": bundle } });
  }
  expect(kube.writes.filter((write) => write.endsWith(WEBHOOKS))).toHaveLength(2);
});

test("what is overwritten is put right, and what comes later too", async () => {
  kube.put(WEBHOOKS, webhooks());
  startWith(WEBHOOK);
  await tell("one");
  kube.put(WEBHOOKS, webhooks());
  kube.put(CRD, crd());
  await clock.advance(1000);
  expect([trusted(WEBHOOKS), trusted(CRD)]).toEqual([["one", "one"], ["one"]]);
});

test.each([
  ["deleted", () => kube.objects.delete(MAP)],
  ["overwritten", () => kube.put(MAP, { metadata: {}, data: { "ca.crt": "x" } })],
])("what speakers are told is told again within five minutes when it was %s", async (_, spoil) => {
  startWith(undefined);
  await tell("one");
  spoil();
  await clock.advance(300_000);
  expect(kube.objects.get(MAP)).toMatchObject({ data: { "ca.crt": "one" } });
});

test("what is right, or somebody else's, is not written", async () => {
  kube.put(WEBHOOKS, { metadata: {}, webhooks: [{ clientConfig: { ...client, caBundle: btoa("one") } }] });
  kube.put(CRD, {
    metadata: {},
    spec: { conversion: { webhook: { clientConfig: { service: { ...service, name: "other" } } } } },
  });
  startWith(WEBHOOK);
  await tell("one");
  expect(kube.writes.filter((write) => !write.includes("configmaps"))).toEqual([]);
});

test("what fails is reported and tried again", async () => {
  kube.put(WEBHOOKS, webhooks());
  kube.fault = (method) => (method === "GET" ? undefined : new KubeError("forbidden", { status: 403 }));
  startWith(WEBHOOK);
  await tell("one");
  expect(log.entries.filter(({ level }) => level === "warn").length).toBeGreaterThanOrEqual(2);
  kube.fault = () => undefined;
  await clock.advance(60_000);
  expect(trusted(WEBHOOKS)).toEqual(["one", "one"]);
  expect(kube.writes).toContain("POST /api/v1/namespaces/herald/configmaps");
});

test("without a webhook only speakers are told", async () => {
  kube.put(WEBHOOKS, webhooks());
  startWith(undefined);
  await tell("one");
  expect(kube.writes).toEqual([
    expect.stringMatching(/^PATCH .*configmaps/),
    expect.stringMatching(/^POST .*configmaps/),
  ]);
});
