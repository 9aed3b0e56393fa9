import { describe, expect, test } from "vitest";
import { admit } from "./admit.ts";
import {
  communities,
  configurationOf,
  creation,
  deletion,
  type Manifest,
  manifest,
  NAMESPACE,
  node,
  onNode,
  peer,
  pool,
  update,
} from "./manifest.test.fixture.ts";
import type { AdmissionRequest, AdmissionResponse } from "./review.ts";

function ask(request: AdmissionRequest, present: readonly Manifest[] = []): AdmissionResponse {
  return admit(request, { configuration: configurationOf(present), namespace: NAMESPACE });
}

const nodes = [node("n1"), node("n2")];
const advertisement = (name: string, spec: object = {}) => manifest("BGPAdvertisement", name, spec);

describe("denied as by MetalLB", () => {
  test.each<readonly [string, AdmissionRequest, readonly Manifest[], string]>([
    [
      "addresses of another pool",
      creation(pool("b", ["1.1.1.15-1.1.1.25"])),
      [pool("a", ["1.1.1.1-1.1.1.20"])],
      "overlaps with already defined CIDR",
    ],
    [
      "an aggregation length shorter than the pool's prefix",
      creation(advertisement("a", { aggregationLength: 24 })),
      [pool("p", ["1.1.1.0/28"])],
      "invalid aggregation length 24: prefix 28 in this pool is more specific",
    ],
    [
      "a pool that an advertisement's aggregation length does not fit",
      creation(pool("p", ["1.1.1.0/28"])),
      [advertisement("a", { aggregationLength: 24 })],
      "invalid aggregation length 24",
    ],
    ["an address that is none", creation(peer("p", "1.1.1.400")), [], "1.1.1.400"],
    [
      "a peer that another one is already, on a node of both",
      creation(peer("b", "10.0.0.1", onNode("n1", "n2"))),
      [...nodes, peer("a", "10.0.0.1", onNode("n1"))],
      "already exists, FRR mode doesn't support duplicate BGPPeers selecting the same node",
    ],
    ["such a peer while no node is known", creation(peer("b", "10.0.0.1")), [peer("a", "10.0.0.1")], "already exists"],
    [
      "a community with too large a section",
      creation(communities("c", { a: "99999999:1" })),
      [],
      "invalid community value: invalid section",
    ],
    [
      "a community that is nearly a large one",
      creation(communities("c", { a: "lar:123:9999:123" })),
      [],
      "expected community to be of format large",
    ],
    [
      "such a community as a change",
      update(communities("c", { a: "1:1" }), communities("c", { a: "lar:123:9999:123" })),
      [communities("c", { a: "1:1" })],
      "expected community to be of format large",
    ],
    [
      "an alias twice in one Community",
      creation(
        manifest("Community", "c", {
          communities: [
            { name: "a", value: "large:1:1:1" },
            { name: "a", value: "large:1:1:2" },
          ],
        }),
      ),
      [],
      'duplicate definition of community "a"',
    ],
    [
      "an alias of another Community",
      creation(communities("c", { a: "1:2" })),
      [communities("d", { a: "1:1" })],
      'duplicate definition of community "a"',
    ],
    [
      "the deletion of a BFDProfile in use",
      deletion(manifest("BFDProfile", "fast")),
      [manifest("BFDProfile", "fast"), peer("p", "10.0.0.1", { bfdProfile: "fast" })],
      "failed to delete BFDProfile fast, used by BGPPeer p",
    ],
    [
      "the deletion of a BFDProfile that a peer names which is not in force beside another one",
      deletion(manifest("BFDProfile", "fast")),
      [peer("a", "10.0.0.1"), peer("b", "10.0.0.1", { bfdProfile: "fast" })],
      "failed to delete BFDProfile fast, used by BGPPeer b",
    ],
    [
      "the deletion of a BFDProfile that a wrong peer names",
      deletion(manifest("BFDProfile", "fast")),
      [peer("p", "1.1.1.400", { bfdProfile: "fast" })],
      "failed to delete BFDProfile fast, used by BGPPeer p",
    ],
    [
      "another local preference for the same routes",
      creation(advertisement("b", { localPref: 200 })),
      [pool("p", ["1.1.1.0/28"]), advertisement("a", { localPref: 100 })],
      "invalid local preference",
    ],
  ])("%s", (_, request, present, message) => {
    const { allowed, status } = ask(request, present);
    expect(allowed).toBe(false);
    expect(status).toMatchObject({ code: 403, reason: "Forbidden", message: expect.stringContaining(message) });
  });

  test.each([
    pool("p", ["1.1.1.0/28"]),
    manifest("L2Advertisement", "a"),
    peer("p", "10.0.0.1"),
    advertisement("a"),
    manifest("BFDProfile", "b"),
    communities("c", { a: "1:1" }),
  ])("$kind in another namespace", (object) => {
    const elsewhere = { ...object, metadata: { ...object.metadata, namespace: "default" } };
    const { allowed, status } = ask(creation(elsewhere));
    expect(allowed).toBe(false);
    expect(status?.message).toBe("resource must be created in metallb-system namespace");
    // As MetalLB, which lets it be changed.
    expect(ask(update(elsewhere, elsewhere)).allowed).toBe(true);
  });
});

describe("allowed", () => {
  test.each<readonly [string, AdmissionRequest, readonly Manifest[]]>([
    ["a pool beside another one", creation(pool("b", ["1.1.1.32/28"])), [pool("a", ["1.1.1.0/28"])]],
    [
      "a peer that another one is already, on other nodes",
      creation(peer("b", "10.0.0.1", onNode("n2"))),
      [...nodes, peer("a", "10.0.0.1", onNode("n1"))],
    ],
    [
      "another form of a pool itself",
      update(pool("a", ["1.1.1.0/28"]), pool("a", ["1.1.1.0/27"])),
      [pool("a", ["1.1.1.0/28"])],
    ],
    ["the same form", update(pool("a", ["1.1.1.0/28"]), pool("a", ["1.1.1.0/28"])), [pool("a", ["1.1.1.0/28"])]],
    [
      "a pool that meets one that is not in force",
      creation(pool("c", ["1.1.1.24/29"])),
      [pool("a", ["1.1.1.0/28"]), pool("b", ["1.1.1.0/27"])],
    ],
    ["the deletion of a pool", deletion(pool("a", ["1.1.1.0/28"])), [pool("a", ["1.1.1.0/28"])]],
    [
      "the deletion of a BFDProfile that nobody uses",
      deletion(manifest("BFDProfile", "b")),
      [peer("p", "10.0.0.1", { bfdProfile: "c" })],
    ],
    [
      "the deletion of a BFDProfile that a wrong peer of another namespace names",
      deletion(manifest("BFDProfile", "b")),
      [manifest("BGPPeer", "p", { bfdProfile: "b" }, { namespace: "default" })],
    ],
    ["a status object in any namespace", creation(manifest("ServiceL2Status", "s", {}, { namespace: "default" })), []],
    ["a kind of somebody else", creation({ ...pool("x", []), apiVersion: "example.com/v1" }), []],
    ["a kind that does not exist yet", creation(manifest("Route", "x")), []],
    ["the status of a wrong object", { ...creation(pool("x", [])), subResource: "status" }, []],
    ["an operation that changes nothing", { ...creation(pool("x", [])), operation: "CONNECT" }, []],
  ])("%s", (_, request, present) => {
    expect(ask(request, present)).toMatchObject({ uid: "u1", allowed: true });
  });

  test.each<readonly [string, Manifest, readonly Manifest[], string]>([
    [
      "an advertisement of a pool that may yet come",
      manifest("L2Advertisement", "a", { ipAddressPools: ["p"] }),
      [],
      'no pool "p" is in force',
    ],
    [
      "a peer with a BFD profile that may yet come",
      peer("p", "10.0.0.1", { bfdProfile: "b" }),
      [],
      "referencing non existing bfd profile b",
    ],
    [
      "a community that may yet be defined",
      advertisement("a", { communities: ["vip"] }),
      [],
      'invalid community "vip"',
    ],
    [
      "a peer with a Secret that may yet come",
      peer("p", "10.0.0.1", { passwordSecret: { name: "s" } }),
      [],
      "secret ref not found",
    ],
    [
      "a peer with a Secret of no use",
      peer("p", "10.0.0.1", { passwordSecret: { name: "s" } }),
      [{ apiVersion: "v1", kind: "Secret", type: "Opaque", metadata: { name: "s", namespace: NAMESPACE } }],
      "failed to parse peer p password secret",
    ],
    ["disableMP", peer("p", "10.0.0.1", { disableMP: true }), [], "disable mp is deprecated and has no effect"],
    ["a field that does not exist", manifest("L2Advertisement", "a", { pools: ["p"] }), [], "no such field"],
    [
      "an annotation that does not exist",
      pool("p", ["1.1.1.0/28"], { annotations: { "heraldlb.io/drian": "x" } }),
      [],
      "heraldlb.io/drian",
    ],
  ])("with a warning: %s", (_, object, present, warning) => {
    const { allowed, warnings } = ask(creation(object), present);
    expect(allowed).toBe(true);
    expect(warnings).toEqual(expect.arrayContaining([expect.stringContaining(warning)]));
  });
});

describe("an object that has been wrong before", () => {
  const [first, second] = [pool("a", ["1.1.1.0/28"]), pool("b", ["1.1.1.0/27"])];
  const labelled = { ...second, metadata: { ...second.metadata, labels: { x: "y" } } };

  test("may be written again, with a warning", () => {
    const { allowed, warnings } = ask(update(second, labelled), [first, second]);
    expect(allowed).toBe(true);
    expect(warnings).toEqual([expect.stringContaining("overlaps with already defined CIDR")]);
  });

  test("must not be made wrong in another way", () => {
    const worse = { ...second, spec: { addresses: ["1.1.1.0/27", "1.1.1.0"] } };
    expect(ask(update(second, worse), [first, second]).allowed).toBe(false);
  });

  test("may be left without finalizers when it is to go", () => {
    const leaving = { ...worst(), metadata: { ...second.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(ask(update(second, leaving), [first, second]).allowed).toBe(true);
  });

  test("does not hinder others", () => {
    expect(ask(creation(pool("c", ["2.2.2.0/24"])), [first, second])).toEqual({ uid: "u1", allowed: true });
  });

  test("is judged by its last valid form when others come", () => {
    const present = [first, communities("c", { a: "1:1" })];
    const configuration = configurationOf(present);
    const response = admit(creation(communities("d", { a: "1:2" })), { configuration, namespace: NAMESPACE });
    expect(response.allowed).toBe(false);
  });

  const worst = () => ({ ...second, spec: {} });
});

test("two peers that a node's label made contradict each other may both be changed", () => {
  const labelled = (labels: object) => ({ apiVersion: "v1", kind: "Node", metadata: { name: "n1", labels } });
  const selecting = (label: string) => ({ nodeSelectors: [{ matchLabels: { [label]: "y" } }] });
  const peers = [peer("a", "10.0.0.1", selecting("a")), peer("b", "10.0.0.1", selecting("b"))];
  const apart = configurationOf([labelled({ a: "y" }), ...peers]);
  const { problems } = apart;
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  const present = [labelled({ a: "y", b: "y" }), ...peers];
  for (const each of peers) {
    const changed = { ...each, metadata: { ...each.metadata, labels: { x: "y" } } };
    expect(ask(update(each, changed), present).allowed).toBe(true);
  }
});

test("several errors are all told, with reasons for machines", () => {
  const { status } = ask(creation(pool("p", ["x", "1.1.1.0/28", "y"])));
  expect(status?.details.causes.map(({ field, reason }) => [field, reason])).toEqual([
    ["spec.addresses[0]", "invalidField"],
    ["spec.addresses[2]", "invalidField"],
  ]);
  expect(status?.message.split("\n")).toHaveLength(2);
});

test("errors and warnings name their object, which kubectl does not", () => {
  const { status, warnings } = ask(creation(pool("p", ["x"], { annotations: { "heraldlb.io/drian": "y" } })));
  expect(status?.message).toMatch(/^IPAddressPool\/p spec\.addresses\[0\]: invalid CIDR/);
  expect(warnings).toEqual([
    expect.stringMatching(/^IPAddressPool\/p metadata\.annotations\["heraldlb\.io\/drian"\]: /),
  ]);
});

describe("a denial warns of what is denied, not of the form that stays in force", () => {
  const former = peer("p", "10.0.0.1", { passwordSecret: { name: "s" } });
  const useless = { apiVersion: "v1", kind: "Secret", type: "Opaque", metadata: { name: "s", namespace: NAMESPACE } };

  test.each<[string, readonly Manifest[]]>([
    ["a missing Secret", [former]],
    ["a Secret of no use", [former, useless]],
  ])("that names %s", (_, present) => {
    const { allowed, warnings } = ask(update(former, peer("p", "10.0.0.1", { routerID: "r1" })), present);
    expect({ allowed, warnings }).toEqual({ allowed: false, warnings: undefined });
  });

  test("whose own oddities are told", () => {
    const annotated = { ...peer("p", "x").metadata, annotations: { "heraldlb.io/drian": "y" } };
    const { allowed, warnings } = ask(update(former, { ...peer("p", "x"), metadata: annotated }), [former]);
    expect(allowed).toBe(false);
    expect(warnings).toEqual([expect.stringContaining("heraldlb.io/drian")]);
  });

  test("also if another object is in its way", () => {
    const taken = peer("other", "10.0.0.2");
    const { allowed, warnings } = ask(update(former, peer("p", "10.0.0.2")), [node("n1"), former, taken]);
    expect({ allowed, warnings }).toEqual({ allowed: false, warnings: undefined });
  });
});

test("a password is never shown", () => {
  const { status, warnings } = ask(creation(peer("p", "x", { password: "hush", passwordSecret: { name: "s" } })));
  expect(JSON.stringify({ status, warnings })).not.toContain("hush");
});
