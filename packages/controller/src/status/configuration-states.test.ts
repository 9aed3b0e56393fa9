import { type Candidate, formatObjectId, objectId, Resolver, readResource } from "@heraldlb/config";
import { expect, test } from "vitest";
import { configurationStates } from "./configuration-states.ts";

type Json = Readonly<Record<string, unknown>>;

const V1 = "metallb.io/v1beta1";
const object = (kind: string, name: string, spec: Json, apiVersion = V1): Json => ({
  ...{ apiVersion, kind, metadata: { name, namespace: "herald" }, spec },
});
const peer = (name: string, spec: Json = {}): Json =>
  object("BGPPeer", name, { myASN: 64512, peerASN: 64513, peerAddress: "192.0.2.1", ...spec }, "metallb.io/v1beta2");
const on = (node: string): Json => ({ nodeSelectors: [{ matchLabels: { host: node } }] });
const pool = (name: string, address: string): Json => object("IPAddressPool", name, { addresses: [address] });
const secret = (type: string): Json => ({
  ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "herald" }, type },
  data: { password: btoa("x") },
});
const node = (name: string, host = name): Json => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { host } },
});

/** A cluster of two nodes with speakers that is changed again and again. */
function start(nodes: readonly Json[] = [node("n1"), node("n2")]) {
  const resolver = new Resolver({ namespace: "herald" });
  return (objects: readonly Json[], changedNodes = nodes) => {
    const candidates = [...changedNodes, ...objects].map(
      (json): Candidate => ({ origin: {}, outcome: readResource(json, { defaultNamespace: "herald" }) }),
    );
    const configuration = resolver.update(candidates);
    const resources = candidates.flatMap(({ outcome }) => (outcome.type === "resource" ? [outcome.resource] : []));
    const written = new Map(resources.map((resource) => [formatObjectId(objectId(resource)), resource]));
    const states = configurationStates({
      ...{ configuration, namespace: "herald", written: (id) => written.get(formatObjectId(id)) },
      nodes: resources.flatMap(({ kind, metadata: { name, labels } }) => (kind === "Node" ? [{ name, labels }] : [])),
    });
    const summaries = states.map(({ target, status: { errorSummary, result } }) => [
      target.name,
      errorSummary ?? result,
    ]);
    return Object.fromEntries(summaries) as Readonly<Record<string, string>>;
  };
}

const VALID = { controller: "Valid", "speaker-n1": "Valid", "speaker-n2": "Valid" };

test("all is valid", () => {
  expect(start()([peer("p"), pool("a", "192.0.2.0/24")])).toEqual(VALID);
});

test("a valid one names its parts", () => {
  const configuration = { inForce: new Map(), problems: [] };
  const [controller, speaker] = configurationStates({
    ...{ configuration, namespace: "herald", nodes: [{ name: "n1", labels: {} }], written: () => undefined },
  });
  const condition = { status: "True", reason: "Reconciled", message: "" };
  expect(controller).toEqual({
    target: { kind: "ConfigurationState", namespace: "herald", name: "controller" },
    labels: { "metallb.io/component-type": "controller" },
    status: { result: "Valid", conditions: [{ type: "poolReconcilerValid", ...condition }] },
  });
  expect(speaker).toEqual({
    target: { kind: "ConfigurationState", namespace: "herald", name: "speaker-n1" },
    labels: { "metallb.io/component-type": "speaker", "metallb.io/node-name": "n1" },
    status: { result: "Valid", conditions: [{ type: "configReconcilerValid", ...condition }] },
  });
});

test("what a speaker could not apply makes its own state invalid, and no other", () => {
  const failures = [{ group: "224.0.0.1", message: "not a unicast address: 224.0.0.1" }];
  const nodes = [
    { name: "n1", labels: {}, failures },
    { name: "n2", labels: {}, failures: [] },
  ];
  const configuration = { inForce: new Map(), problems: [] };
  const states = configurationStates({ configuration, namespace: "herald", written: () => undefined, nodes });
  expect(states.map(({ status: { result } }) => result)).toEqual(["Valid", "Invalid", "Valid"]);
  expect(states[1]?.status).toMatchObject({
    errorSummary: "configuration error: the speaker could not apply 224.0.0.1: not a unicast address: 224.0.0.1",
    conditions: [{ type: "configReconcilerValid", status: "False", reason: "ConfigurationError" }],
  });
});

test("a peer with a Secret of the wrong type is wrong on its nodes only", () => {
  const states = start();
  const wrong = peer("p", { ...on("n2"), passwordSecret: { name: "s" } });
  expect(states([wrong, secret("Opaque")])).toEqual({
    ...VALID,
    "speaker-n2": expect.stringContaining(
      'configuration error: BGPPeer herald/p spec.passwordSecret.name: failed to parse peer p password secret: secret type mismatch on "herald"/"s"',
    ),
  });
  expect(states([wrong, secret("kubernetes.io/basic-auth")])).toEqual(VALID);
});

test.each([
  [
    "a missing BFD profile",
    [peer("p", { bfdProfile: "fast" })],
    object("BFDProfile", "fast", {}),
    "peer p referencing non existing bfd profile fast",
  ],
  [
    "a missing community alias",
    [object("BGPAdvertisement", "a", { communities: ["vpn"] })],
    object("Community", "c", { communities: [{ name: "vpn", value: "64512:1" }] }),
    'invalid community "vpn"',
  ],
])("%s is wrong on all speakers until it comes, and the controller stays valid", (_, objects, missing, message) => {
  const states = start();
  const wrong = expect.stringContaining(message);
  expect(states(objects)).toEqual({ controller: "Valid", "speaker-n1": wrong, "speaker-n2": wrong });
  expect(states([...objects, missing])).toEqual(VALID);
  expect(states(objects)).toMatchObject({ controller: "Valid", "speaker-n1": wrong });
});

test("of two wrong peers the message follows the one that remains", () => {
  const states = start();
  const [one, two] = [peer("one", { bfdProfile: "x" }), peer("two", { bfdProfile: "y", peerAddress: "192.0.2.2" })];
  expect(states([one, two])["speaker-n1"]).toMatch(/profile x;.*\n.*profile y;/);
  expect(states([two])["speaker-n1"]).not.toContain("profile x");
  expect(states([])).toEqual(VALID);
});

test("a node that is labelled anew makes two peers collide, there only", () => {
  const states = start();
  const peers = [peer("one", on("n1")), peer("two", { nodeSelectors: [{ matchLabels: { rack: "r" } }] })];
  const labelled = { ...node("n1"), metadata: { name: "n1", labels: { host: "n1", rack: "r" } } };
  expect(states(peers)).toEqual(VALID);
  expect(states(peers, [labelled, node("n2")])).toEqual({
    ...VALID,
    "speaker-n1": expect.stringContaining("peer 192.0.2.1 already exists"),
  });
  expect(states(peers)).toEqual(VALID);
});

test("a peer that is kept out of force since it would collide is wrong where it would, and not where it alone is", () => {
  const states = start();
  const one = peer("one", on("n1"));
  expect(states([one])).toEqual(VALID);
  expect(states([one, peer("two")])).toEqual({ ...VALID, "speaker-n1": expect.stringContaining("already exists") });
});

test("pools that overlap are wrong everywhere, and what is no configuration nowhere", () => {
  const states = start();
  const wrong = expect.stringContaining("overlaps with already defined CIDR");
  expect(states([pool("a", "192.0.2.0/24"), pool("b", "192.0.2.0/25")])).toEqual({
    ...{ controller: wrong, "speaker-n1": wrong, "speaker-n2": wrong },
  });
  const service = { apiVersion: "v1", kind: "Service", metadata: { name: "w" }, spec: { ports: [{ port: "x" }] } };
  expect(states([service])).toEqual(VALID);
});

test("warnings that only matter to people are not errors", () => {
  expect(start()([object("L2Advertisement", "l", { ipAddressPools: ["none"] })])).toEqual(VALID);
});

test("hundreds of errors are some lines and how many more there are", () => {
  const peers = Array.from({ length: 300 }, (_, i) =>
    peer(`p${i}`, { peerAddress: `192.0.2.${i % 250}`, bfdProfile: "x" }),
  );
  const summary = start()(peers)["speaker-n1"] ?? "";
  expect(summary.split("\n")).toHaveLength(21);
  expect(summary).toMatch(/\nand \d+ more$/);
});

test("what is cut off is still text that an API server takes as it is", () => {
  const problems = ["", "x"].map((start) => ({
    ...{ id: { kind: "IPAddressPool", namespace: "herald", name: "p" }, origin: {}, severity: "error" as const },
    ...{ path: "spec.addresses[0]", message: `${start}${"\u{1f600}".repeat(1_000)}` },
    code: "invalidField" as const,
  }));
  const [controller] = configurationStates({
    ...{ configuration: { inForce: new Map(), problems }, namespace: "herald", nodes: [], written: () => undefined },
  });
  const { errorSummary } = controller?.status ?? {};
  expect(errorSummary).toSatisfy((text: string) => text.isWellFormed());
});
