import { describe, expect, test } from "vitest";
import { type Candidate, EMPTY_CONFIGURATION } from "./configuration.ts";
import { advertisement, candidate, inForce, node, peer, pool, problems, secret } from "./manifest.test.fixture.ts";
import { resolve } from "./resolve.ts";

const cold = (...candidates: readonly Candidate[]) => resolve(EMPTY_CONFIGURATION, candidates, { namespace: "herald" });

const V6 = pool("v6", ["fc00::/64"]);
const ECHO = candidate("BFDProfile", "echo", { echoMode: true });
const WITH_SECRET = peer("p", "10.0.0.1", { passwordSecret: { name: "s" } });
const selector = (rack: string) => ({ matchLabels: { rack } });

describe("a reference to something that is missing is a warning, and the object is in force", () => {
  test.each<[string, readonly Candidate[], readonly string[]]>([
    [
      "a pool",
      [advertisement("a", { ipAddressPools: ["p"] }), candidate("L2Advertisement", "l", { ipAddressPools: ["p"] })],
      [
        'a spec.ipAddressPools[0]: no pool "p" is in force; the name has no effect',
        'l spec.ipAddressPools[0]: no pool "p" is in force; the name has no effect',
      ],
    ],
    [
      "pools with a label",
      [pool("p", ["10.0.0.0/24"]), advertisement("a", { ipAddressPoolSelectors: [selector("a")] })],
      ["a spec.ipAddressPoolSelectors[0]: no pool in force has such labels; the selector has no effect"],
    ],
    [
      "a peer",
      [peer("p", "10.0.0.1"), advertisement("a", { peers: ["p", "q"] })],
      ['a spec.peers[1]: no BGPPeer "q" is in force; the name has no effect'],
    ],
    [
      "a community",
      [advertisement("a", { communities: ["customers", "no-export"] })],
      [
        'a spec.communities[0]: invalid community "customers" in BGP advertisement: invalid community format: customers; no Community in force defines this name, so it has no effect',
      ],
    ],
    [
      "a BFD profile",
      [peer("p", "10.0.0.1", { bfdProfile: "fast" })],
      [
        "p spec.bfdProfile: peer p referencing non existing bfd profile fast; until there is one the session goes without BFD",
      ],
    ],
    [
      "a Secret",
      [WITH_SECRET],
      [
        'p spec.passwordSecret.name: secret ref not found for peer config "herald"/"p"; until there is a Secret "s" no session is opened, and one that is up keeps its password',
      ],
    ],
    [
      "nodes with a label",
      [
        node("n1", { rack: "a" }),
        peer("p", "10.0.0.1", { nodeSelectors: [selector("a"), selector("b")] }),
        advertisement("a", { nodeSelectors: [selector("b")] }),
        candidate("L2Advertisement", "l", {
          nodeSelectors: [selector("b")],
          preferredNodeSelectors: [{ weight: 1, preference: selector("b") }],
        }),
      ],
      [
        "a spec.nodeSelectors[0]: no Node has such labels; the selector has no effect",
        "l spec.nodeSelectors[0]: no Node has such labels; the selector has no effect",
        "l spec.preferredNodeSelectors[0].preference: no Node has such labels; the selector has no effect",
        "p spec.nodeSelectors[1]: no Node has such labels; the selector has no effect",
      ],
    ],
    [
      "nodes with a label, as long as no node is known",
      [peer("p", "10.0.0.1", { nodeSelectors: [selector("b")] })],
      [],
    ],
  ])("%s", (_what, candidates, warnings) => {
    const configuration = cold(...candidates);
    expect(problems(configuration, "warning")).toEqual(warnings);
    expect(problems(configuration, "error")).toEqual([]);
    expect(configuration.inForce.size).toBe(candidates.length);
  });
});

test("what is there is no warning", () => {
  const configuration = cold(
    ...[pool("p", ["10.0.0.0/24"], { labels: { rack: "a" } }), node("n1", { rack: "a" }), secret("s")],
    candidate("BFDProfile", "fast", {}),
    candidate("Community", "c", { communities: [{ name: "customers", value: "64512:1" }] }),
    peer("q", "10.0.0.1", { bfdProfile: "fast", passwordSecret: { name: "s" }, nodeSelectors: [selector("a")] }),
    advertisement("a", {
      ...{ ipAddressPools: ["p"], ipAddressPoolSelectors: [selector("a")], nodeSelectors: [selector("a")] },
      ...{ peers: ["q"], communities: ["customers", "64512:2", "large:1:2:3", "blackhole"] },
    }),
  );
  expect(configuration.problems).toEqual([]);
});

describe("a Secret that is of no use is an error of its peer", () => {
  test.each<[string, object, string]>([
    [
      "of another type",
      { type: "Opaque" },
      'secret type mismatch on "herald"/"s", type "kubernetes.io/basic-auth" is expected ; create it anew with that type',
    ],
    [
      "without a password",
      { stringData: {} },
      'password not specified in the secret "herald"/"s"; put it under the key "password"',
    ],
  ])("%s", (_what, fields, message) => {
    const configuration = cold(WITH_SECRET, secret("s", fields));
    expect(problems(configuration, "error")).toEqual([
      `p spec.passwordSecret.name: failed to parse peer p password secret: ${message}`,
    ]);
    expect(JSON.stringify(configuration.problems)).not.toContain("hush");
  });

  test("the Secret is looked for beside the peer, whatever namespace the reference says", () => {
    const reference = { passwordSecret: { name: "s", namespace: "other" } };
    const configuration = cold(peer("p", "10.0.0.1", reference), secret("s"));
    expect(problems(configuration, "warning")).toEqual([
      'p spec.passwordSecret.namespace: the Secret is looked for in the peer\'s own namespace "herald"; remove the field',
    ]);
  });

  test("Secrets of other namespaces are none of Herald's business", () => {
    const elsewhere = candidate("Secret", "s", { data: { password: 1 } }, { namespace: "other" });
    expect(cold(elsewhere)).toMatchObject({ problems: [], poolSetAside: false });
  });
});

describe("BFD echo", () => {
  const echoing = peer("p", "10.0.0.1", { bfdProfile: "echo" });

  test("together with an IPv6 pool is what MetalLB refuses: a warning", () => {
    expect(problems(cold(V6, ECHO, echoing, advertisement("a")), "warning")).toEqual([
      "a spec: pool v6 has bgpadvertisement a which references peer p which has bfd echo enabled, which is not possible; Herald can, MetalLB would refuse these manifests",
    ]);
  });

  test("names the first pool and peer by name, in whatever order they are listed", () => {
    const all = [V6, pool("a6", ["fc00:1::/64"]), ECHO, peer("q", "10.0.0.2", { bfdProfile: "echo" }), echoing];
    const warnings = [all, all.toReversed()].map((each) => problems(cold(...each, advertisement("a")), "warning"));
    expect(warnings[0]?.[0]).toContain("pool a6 has bgpadvertisement a which references peer p ");
    expect(warnings[1]).toEqual(warnings[0]);
  });

  test.each<[string, readonly Candidate[]]>([
    ["an IPv4 pool", [pool("v4", ["10.0.0.0/24"]), ECHO, echoing, advertisement("a")]],
    [
      "an advertisement to other peers",
      [V6, ECHO, echoing, peer("q", "10.0.0.2"), advertisement("a", { peers: ["q"] })],
    ],
    [
      "an advertisement of other pools",
      [V6, pool("v4", ["10.0.0.0/24"]), ECHO, echoing, advertisement("a", { ipAddressPools: ["v4"] })],
    ],
  ])("with %s is fine", (_what, candidates) => {
    expect(cold(...candidates).problems).toEqual([]);
  });

  test("has no effect over several hops", () => {
    expect(problems(cold(ECHO, peer("p", "10.0.0.1", { bfdProfile: "echo", ebgpMultiHop: true })), "warning")).toEqual([
      'p spec.bfdProfile: profile "echo" has echoMode, which multi-hop sessions go without',
    ]);
  });
});

describe("what an object says without effect is a warning", () => {
  const deprecated = "disable mp is deprecated and has no effect since it's the default behavior now";

  test.each<[string, Candidate, readonly string[]]>([
    ["disableMP", peer("p", "10.0.0.1", { disableMP: true }), [`p spec.disableMP: ${deprecated}`]],
    [
      "an interface that cannot be",
      candidate("L2Advertisement", "l", { interfaces: ["eth0", "eth0,eth1", "a/b", ""] }),
      [
        'l spec.interfaces[2]: no interface can be called "a/b"; write its exact name, at most 15 characters',
        'l spec.interfaces[3]: no interface can be called ""; write its exact name, at most 15 characters',
      ],
    ],
    [
      "a peer's interface that cannot be",
      peer("p", "", { interface: "an-interface-too-long" }),
      [
        'p spec.interface: no interface can be called "an-interface-too-long"; write its exact name, at most 15 characters',
      ],
    ],
    [
      "a reserved address that is not in the pool",
      pool("p", ["10.0.0.0/24"], { annotations: { "heraldlb.io/reserved": "10.0.0.5,::ffff:10.0.0.6,10.0.1.0/30" } }),
      ['p metadata.annotations["heraldlb.io/reserved"]: 10.0.1.0-10.0.1.3 is not in the pool, so it has no effect'],
    ],
    [
      "the ConfigMap bgpextras",
      candidate("ConfigMap", "bgpextras", { data: { extras: "router bgp 64512" } }),
      [
        "bgpextras : bgpextras is ignored: it configures FRR, which Herald does without; say it in a BGPPeer or BGPAdvertisement",
      ],
    ],
    [
      "a BGPPeer in another namespace",
      peer("p", "10.0.0.1", {}, { namespace: "other" }),
      ['p metadata.namespace: resource must be created in herald namespace; in "other" it has no effect'],
    ],
  ])("%s", (_what, one, warnings) => {
    expect(problems(cold(one), "warning")).toEqual(warnings);
  });
});

test("a reference takes effect as soon as what it names is there, in whatever order they come", () => {
  const all = [WITH_SECRET, secret("s"), advertisement("a", { peers: ["p"] }), pool("v4", ["10.0.0.0/24"])];
  for (const order of [all, all.toReversed()]) {
    let configuration = EMPTY_CONFIGURATION;
    for (const [i] of order.entries()) configuration = resolve(configuration, order.slice(0, i + 1));
    expect(configuration.problems).toEqual([]);
    expect(inForce(configuration)).toEqual(["BGPAdvertisement a", "BGPPeer p", "IPAddressPool v4", "Secret s"]);
  }
});
