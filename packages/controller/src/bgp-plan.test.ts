import { type Candidate, EMPTY_CONFIGURATION, readResource, resolve } from "@heraldlb/config";
import type { Holding } from "@heraldlb/ipam";
import { type Ip, parseIp } from "@heraldlb/net";
import { recordingLogger } from "@heraldlb/runtime/testing";
import { describe, expect, test } from "vitest";
import { BgpPlan } from "./bgp-plan.ts";
import { Definitions } from "./definitions.ts";
import { PeerPasswords } from "./peer-passwords.ts";
import { Unannounced } from "./unannounced.ts";
import { World } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const metallb = (kind: string, name: string, spec: Json, annotations: Json = {}): Json => ({
  apiVersion: kind === "BGPPeer" ? "metallb.io/v1beta2" : "metallb.io/v1beta1",
  kind,
  metadata: { name, namespace: "herald-system", annotations },
  spec,
});
const peer = (name: string, spec: Json = {}, annotations: Json = {}): Json =>
  metallb("BGPPeer", name, { myASN: 64512, peerASN: 64513, peerAddress: "192.0.2.1", ...spec }, annotations);
const advertisement = (name: string, spec: Json = {}, annotations: Json = {}): Json =>
  metallb("BGPAdvertisement", name, spec, annotations);
const node = (name: string): Json => ({ apiVersion: "v1", kind: "Node", metadata: { name, labels: { name } } });
const service = (name: string, spec: Json = {}): Json => ({
  ...{ apiVersion: "v1", kind: "Service", metadata: { name, namespace: "default" } },
  spec: { type: "LoadBalancer", ports: [{ port: 80 }], ...spec },
});
const slice = (service: string, ...nodes: string[]): Json => ({
  ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" },
  metadata: { name: service, namespace: "default", labels: { "kubernetes.io/service-name": service } },
  endpoints: nodes.map((nodeName, i) => ({ addresses: [`10.244.0.${i}`], nodeName, conditions: { ready: true } })),
});
const pool = metallb("IPAddressPool", "main", { addresses: ["198.51.100.0/24"] });

const BASE = [pool, node("n1"), node("n2"), peer("r1"), advertisement("a"), service("web"), slice("web", "n1")];

interface Told {
  readonly peer?: readonly { readonly id: string; readonly password: string }[];
  readonly route?: readonly { readonly id: string }[];
  readonly service?: readonly { readonly id: string }[];
}

/** A plan whose world is what `apply` was last given. */
function planned(objects: readonly Json[] = BASE) {
  const world = new World({ listsNodes: false });
  const log = recordingLogger();
  const definitions = new Definitions(1_000);
  const holdings = new Map<string, Holding>([["default/web", holding("198.51.100.7")]]);
  let configuration = EMPTY_CONFIGURATION;
  const take = (next: readonly Json[]) => {
    const candidates = next.map((json, position): Candidate => {
      return { origin: { file: "all.yaml", position }, outcome: readResource(json, { defaultNamespace: "default" }) };
    });
    configuration = resolve(configuration, candidates);
    expect(configuration.problems.filter(({ severity }) => severity === "error")).toEqual([]);
    return world.apply(configuration);
  };
  take(objects);
  const holdingOf = (key: string) => holdings.get(key);
  const unannounced = new Unannounced(log, () => {});
  unannounced.noteLayer2("default/web", { reason: "noMatchingAdvertisement", message: "" });
  const options = { world, definitions, log, ignoreExcludeLabel: false, unannounced, holdingOf };
  const plan = new BgpPlan({ ...options, former: new Map(), passwords: new PeerPasswords() });
  plan.proceed(1_000);
  unannounced.tell();
  const apply = (next: readonly Json[]) => {
    const changes = take(next);
    if (changes.bgp) plan.refresh();
    plan.update([...changes.services, ...changes.endpoints]);
    plan.proceed(1_000);
    unannounced.tell();
  };
  const told = (name: string) => Object.groupBy(definitions.snapshot(name), ({ type }) => type) as Told;
  return { apply, told, definitions, holdings, plan, log };
}

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`no address: ${text}`);
const holding = (text: string, rest: Partial<Holding> = {}): Holding =>
  ({ addresses: [ip(text)], pool: "main", ...rest }) as Holding;

describe("a node is told", () => {
  test("its routers and routes", () => {
    const { told } = planned();
    expect(told("n1")).toEqual({
      peer: [
        {
          ...{ type: "peer", id: "r1", address: "192.0.2.1", interface: "", port: 179, asn: 64512, peerAsn: 64513 },
          ...{ routerId: "", holdSeconds: 180, keepaliveSeconds: 60, connectRetrySeconds: 0, password: "", vrf: "" },
          ...{ isMultiHop: false, ttlSecurityHops: 0, isDualStack: false, hasGracefulRestart: false },
          ...{ hasAddPath: false, gracefulShutdownMs: 0 },
        },
      ],
      route: [
        {
          ...{ type: "route", id: "198.51.100.7/32", prefix: "198.51.100.7/32", peers: [], localPref: 0, med: 0 },
          ...{ communities: [], largeCommunities: [], prepend: 0, weight: 0 },
        },
      ],
      service: [{ type: "service", id: "default/web", addresses: ["198.51.100.7"], routes: ["198.51.100.7/32"] }],
    });
    expect(told("n2").route).toEqual(told("n1").route);
  });

  test("IPv4 addresses of a router that are written as IPv4-mapped ones", () => {
    const mapped = { peerAddress: "::ffff:192.0.2.1", sourceAddress: "::ffff:c000:209", routerID: "::ffff:192.0.2.9" };
    const { told } = planned([...BASE.filter(({ kind }) => kind !== "BGPPeer"), peer("r1", mapped)]);
    expect(told("n1").peer).toMatchObject([
      { address: "192.0.2.1", sourceAddress: "192.0.2.9", routerId: "192.0.2.9" },
    ]);
    expect(told("n1").route).toHaveLength(1);
  });

  test("no routes without a router, and none that none of its routers hears", () => {
    const here = { nodeSelectors: [{ matchLabels: { name: "n1" } }] };
    const { told } = planned([...BASE.filter(({ kind }) => kind !== "BGPPeer"), peer("r1", here)]);
    expect([told("n1").route?.length, told("n2").route]).toEqual([1, undefined]);
    const other = planned([
      ...BASE.filter(({ kind }) => kind !== "BGPAdvertisement"),
      advertisement("a", { peers: ["r9"] }),
    ]);
    expect(other.told("n1").route).toBeUndefined();
  });

  test("which of its routers are to hear of a Service: those that routes name, of their families", () => {
    const here = { nodeSelectors: [{ matchLabels: { name: "n1" } }] };
    const { plan, holdings } = planned([
      ...BASE.filter(({ kind }) => kind !== "BGPAdvertisement"),
      advertisement("a", { peers: ["r1", "r2", "r6"] }),
      peer("r2", { peerAddress: "192.0.2.2", ...here }),
      peer("r3", { peerAddress: "192.0.2.3" }),
      peer("r6", { peerAddress: "2001:db8::6" }),
    ]);
    expect([...plan.hearersOf("default/web", "ipv4")]).toEqual([
      ["n1", new Set(["r1", "r2"])],
      ["n2", new Set(["r1"])],
    ]);
    expect([...plan.hearersOf("default/web", "ipv6")]).toEqual([]);
    expect([...plan.hearersOf("default/none", "ipv4")]).toEqual([]);
    holdings.set("default/web", holding("198.51.100.7", { addresses: [ip("198.51.100.7"), ip("2001:db8::7")] }));
    plan.update(["default/web"]);
    expect([...plan.hearersOf("default/web", "ipv6")]).toEqual([
      ["n1", new Set(["r6"])],
      ["n2", new Set(["r6"])],
    ]);
  });

  test("routes of the families that a session carries, and of the other one as soon as it does, before the session", () => {
    const one = (dualStackAddressFamily: boolean) => [
      ...BASE.filter(({ kind }) => kind !== "BGPPeer"),
      peer("r1", { peerAddress: "2001:db8::1", dualStackAddressFamily }),
    ];
    const { told, apply, definitions } = planned(one(false));
    expect(told("n1").route).toBeUndefined();
    const { revision } = definitions;
    apply(one(true));
    expect(definitions.delta("n1", revision)?.changed.map(({ type }) => type)).toEqual(["route", "service", "peer"]);
    apply(one(false));
    expect(told("n1").route).toBeUndefined();
  });

  test("the Services that its routes are for, and by which, as often as that changes", () => {
    const aggregate = advertisement("a", { aggregationLength: 24 });
    const local = ["web", "mail"].map((name) => service(name, { externalTrafficPolicy: "Local" }));
    const rest = [...BASE.slice(0, 4), ...local, slice("web", "n1")];
    const { told, apply, holdings, definitions } = planned([...rest, aggregate, slice("mail", "n1", "n2")]);
    holdings.set("default/mail", holding("198.51.100.8"));
    const narrower = advertisement("b", { aggregationLength: 26, peers: ["r1"] });
    apply([...rest, aggregate, narrower, slice("mail", "n1", "n2")]);
    const routes = ["198.51.100.0/24", "198.51.100.0/26 r1"];
    const web = { type: "service", id: "default/web", addresses: ["198.51.100.7"], routes };
    const mail = { type: "service", id: "default/mail", addresses: ["198.51.100.8"], routes };
    expect(told("n1").service).toEqual([web, mail]);
    expect(told("n2").service).toEqual([mail]);
    expect(told("n2").service?.[0]).toBe(told("n1").service?.[1]);
    const { revision } = definitions;
    holdings.set("default/mail", holding("198.51.100.9"));
    apply([...rest, aggregate, narrower, slice("mail", "n2")]);
    expect(definitions.delta("n1", revision)).toEqual({ changed: [], removed: [{ type: "service", id: mail.id }] });
    expect(told("n2").service).toEqual([{ ...mail, addresses: ["198.51.100.9"] }]);
    apply([...rest.filter(({ kind }) => kind !== "BGPPeer"), aggregate]);
    expect([told("n1").service, told("n2").service]).toEqual([undefined, undefined]);
  });

  test("communities as numbers, by name too", () => {
    const names = metallb("Community", "names", { communities: [{ name: "blue", value: "large:64512:1:2" }] });
    const spec = { communities: ["64512:100", "blue"] };
    const { told } = planned([
      ...BASE.filter(({ kind }) => kind !== "BGPAdvertisement"),
      names,
      advertisement("a", spec),
    ]);
    expect(told("n1").route?.[0]).toMatchObject({
      communities: [64512 * 0x10000 + 100],
      largeCommunities: [[64512, 1, 2]],
    });
  });

  test("no router whose Secret is missing", () => {
    const { told } = planned([...BASE, peer("r2", { peerAddress: "192.0.2.2", passwordSecret: { name: "gone" } })]);
    expect(told("n1").peer?.map((one) => one.id)).toEqual(["r1"]);
  });

  test("of a BFD profile with its router", () => {
    const profile = metallb("BFDProfile", "fast", { receiveInterval: 100, echoMode: true });
    const { told } = planned([
      ...BASE.filter(({ kind }) => kind !== "BGPPeer"),
      profile,
      peer("r1", { bfdProfile: "fast" }),
    ]);
    expect(told("n1").peer?.[0]).toMatchObject({
      bfd: {
        receiveIntervalMs: 100,
        transmitIntervalMs: 300,
        detectMultiplier: 3,
        echoIntervalMs: 50,
        minimumTtl: 254,
      },
    });
  });
});

describe("a change", () => {
  test("of endpoints withdraws where none is left, and nothing else is told", () => {
    const local = [
      ...BASE.filter(({ kind }) => kind !== "Service"),
      service("web", { externalTrafficPolicy: "Local" }),
    ];
    const { apply, told, definitions } = planned(local);
    expect([told("n1").route?.length, told("n2").route]).toEqual([1, undefined]);
    const { revision } = definitions;
    apply([...local.filter(({ kind }) => kind !== "EndpointSlice"), slice("web", "n2")]);
    expect(definitions.delta("n1", revision)).toEqual({
      changed: [],
      removed: [
        { type: "route", id: "198.51.100.7/32" },
        { type: "service", id: "default/web" },
      ],
    });
    const changed = [{ id: "198.51.100.7/32" }, { id: "default/web" }];
    expect(definitions.delta("n2", revision)).toMatchObject({ changed, removed: [] });
  });

  test("of one router tells of no other, and of no route", () => {
    const objects = [...BASE, peer("r2", { peerAddress: "192.0.2.2" })];
    const { apply, definitions } = planned(objects);
    const { revision } = definitions;
    apply([...BASE, peer("r2", { peerAddress: "192.0.2.2", holdTime: "9s" })]);
    expect(definitions.delta("n1", revision)).toMatchObject({ changed: [{ type: "peer", id: "r2" }], removed: [] });
  });

  test("that changes nothing tells nothing", () => {
    const { apply, definitions } = planned();
    const { revision } = definitions;
    apply([...BASE, advertisement("b")]);
    expect(definitions.revision).toBe(revision);
  });
});

describe("a password", () => {
  const protectedBy = (name: string) => peer("r1", { passwordSecret: { name } });
  const secret = (password: string) => ({
    ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/basic-auth", stringData: { password } },
    metadata: { name: "s", namespace: "herald-system" },
  });
  const others = BASE.filter(({ kind }) => kind !== "BGPPeer");
  const passwords = (told: Told) => told.peer?.map(({ password }) => password);

  test("holds on while its Secret is gone, until there is another", () => {
    const { apply, told, definitions } = planned([...others, protectedBy("s"), secret("old")]);
    const { revision } = definitions;
    apply([...others, protectedBy("s")]);
    expect(passwords(told("n1"))).toEqual(["old"]);
    expect(definitions.revision).toBe(revision);
    apply([...others, protectedBy("s"), secret("new")]);
    expect(passwords(told("n1"))).toEqual(["new"]);
  });

  test("that was never known is not made up from a session without any", () => {
    const { apply, told } = planned();
    expect(passwords(told("n1"))).toEqual([""]);
    apply([...others, protectedBy("s")]);
    expect(passwords(told("n1"))).toBeUndefined();
  });

  test("is forgotten with its router", () => {
    const { apply, told } = planned([...others, protectedBy("s"), secret("old")]);
    apply(others);
    apply([...others, protectedBy("s")]);
    expect(passwords(told("n1"))).toBeUndefined();
  });
});

test("a stranded address stays announced as it was last, when nothing selects its pool any more", () => {
  const named = [
    ...BASE.filter(({ kind }) => kind !== "BGPAdvertisement"),
    advertisement("a", { ipAddressPools: ["main"] }),
  ];
  const { apply, told, holdings } = planned(named);
  holdings.set("default/web", holding("198.51.100.7", { stranded: "poolGone" as Holding["stranded"] }));
  apply(named.filter(({ kind }) => kind !== "IPAddressPool" && kind !== "BGPAdvertisement"));
  expect(told("n1").route).toHaveLength(1);
});

test("of two advertisements with different LOCAL_PREFs the earlier one counts, and the log says so once", () => {
  const objects = BASE.filter(({ kind }) => kind !== "BGPAdvertisement");
  const selective = { serviceSelectors: [{ matchLabels: {} }], localPref: 200 };
  const both = [...objects, advertisement("a", { localPref: 100 }), advertisement("b", selective)];
  const { told, log, plan } = planned(both);
  plan.update(["default/web"]);
  expect(told("n1").route).toMatchObject([{ localPref: 100 }]);
  expect(log.entries.filter(({ message }) => message === "conflicting advertisements")).toHaveLength(1);
});

describe("the log says", () => {
  const without = (...kinds: string[]): readonly Json[] => BASE.filter(({ kind }) => !kinds.includes(String(kind)));
  const elsewhere = { nodeSelectors: [{ matchLabels: { name: "n2" } }] };
  const local = service("web", { externalTrafficPolicy: "Local" });

  test.each<[string, readonly Json[], string[]]>([
    ["nothing of a Service that is announced", BASE, []],
    ["nothing of its own without routers", without("BGPPeer", "EndpointSlice"), ["noMatchingAdvertisement"]],
    ["nothing of its own without advertisements", without("BGPAdvertisement"), ["noMatchingAdvertisement"]],
    ["that no endpoint can serve", without("EndpointSlice"), ["noEndpoints"]],
    [
      "that none is where it is announced",
      [...without("BGPAdvertisement", "Service"), local, advertisement("a", elsewhere)],
      ["noLocalEndpoints"],
    ],
    [
      "that no router hears of it",
      [...without("BGPAdvertisement"), advertisement("a", { peers: ["r9"] })],
      ["noPeers"],
    ],
    [
      "that no node that announces it has a router",
      [
        ...without("BGPAdvertisement", "BGPPeer"),
        advertisement("a", elsewhere),
        peer("r1", { nodeSelectors: [{ matchLabels: { name: "n1" } }] }),
      ],
      ["noPeers"],
    ],
  ])("%s", (_what, objects, reasons) => {
    const { log, apply } = planned(objects);
    const said = (message: string) => log.entries.filter((entry) => entry.message === message);
    expect(said("nobody may announce").map(({ fields: { reason } }) => reason)).toEqual(reasons);
    apply(BASE);
    expect(said("may be announced again")).toHaveLength(reasons.length);
  });
});

test("routes and Services are found by each other, as they are told to nodes", () => {
  const { plan, holdings } = planned([
    ...BASE.filter(({ kind }) => kind !== "BGPAdvertisement"),
    ...[
      peer("r2", { peerAddress: "192.0.2.2" }),
      service("mail", { externalTrafficPolicy: "Local" }),
      slice("mail", "n2"),
    ],
    ...[
      advertisement("wide", { aggregationLength: 28 }),
      advertisement("tor", { peers: ["r2"], communities: ["1:1"] }),
    ],
  ]);
  holdings.set("default/mail", holding("198.51.100.8"));
  plan.update(["default/mail"]);
  const wide = "198.51.100.0/28";
  expect(plan.routesOf("default/web")).toEqual(
    new Map(["n1", "n2"].map((name) => [name, [wide, "198.51.100.7/32 r2"]])),
  );
  expect(plan.routesOf("default/mail")).toEqual(new Map([["n2", [wide, "198.51.100.8/32 r2"]]]));
  expect(plan.routesOf("default/none")).toEqual(new Map());
  expect([...plan.servicesOf(wide)].sort()).toEqual(["default/mail", "default/web"]);
  expect([...plan.servicesOf("198.51.100.8/32 r2")]).toEqual(["default/mail"]);
  expect([...plan.servicesOf("nonsense")]).toEqual([]);
});
