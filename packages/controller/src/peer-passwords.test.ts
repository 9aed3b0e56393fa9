import { recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";
import { NO_OBSERVER } from "./cluster-observer.ts";
import { node, reading } from "./controller.test.fixture.ts";
import { Definitions } from "./definitions.ts";

type Json = Readonly<Record<string, unknown>>;

const inHerald = (name: string) => ({ metadata: { name, namespace: "metallb-system" } });
const router = (spec: Json): Json => ({
  ...{ apiVersion: "metallb.io/v1beta2", kind: "BGPPeer", ...inHerald("r1") },
  spec: { myASN: 64512, peerASN: 64513, peerAddress: "192.0.2.1", ...spec },
});
const guarded = router({ passwordSecret: { name: "s" } });
const secret: Json = {
  ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/basic-auth", ...inHerald("s") },
  stringData: { password: "known" },
};

/** A standby, which does not decide anything before it is told to. */
function standby() {
  const definitions = new Definitions(100);
  const cluster = new Cluster(
    {
      ...{ namespace: undefined, loadBalancerClass: undefined, ignoreExcludeLabel: false },
      ...{ onStranded: "keep", listsNodes: true },
    },
    {
      ...{ log: recordingLogger(), definitions, wallClock: () => 0, newest: () => undefined },
      ...{ observer: NO_OBSERVER, store: () => {} },
    },
  );
  const take = (...objects: readonly Json[]) => void cluster.take(reading([node("n1"), ...objects]));
  /** Leads, and stands by again; returns the passwords that the node was told meanwhile. */
  const lead = () => {
    cluster.begin({ speakers: [], manifests: [], statuses: [], freed: [], holders: undefined });
    const told = definitions.snapshot("n1").flatMap((item) => (item.type === "peer" ? [item.password] : []));
    cluster.rest();
    definitions.clear();
    return told;
  };
  return { take, lead };
}

test("a process that stood by when a Secret went leads with the password that it held", () => {
  const { take, lead } = standby();
  take(guarded, secret);
  take(guarded);
  expect(lead()).toEqual(["known"]);
});

test("so does one that led before, and has stood by in between", () => {
  const { take, lead } = standby();
  take(guarded, secret);
  expect(lead()).toEqual(["known"]);
  take(guarded);
  expect(lead()).toEqual(["known"]);
});

test.each([
  ["never held", [[guarded]]],
  ["of a router that was gone in between", [[guarded, secret], [], [guarded]]],
  ["of a router that asked for none in between", [[guarded, secret], [router({})], [guarded]]],
] as const)("a password %s opens no session", (_, readings) => {
  const { take, lead } = standby();
  for (const objects of readings) take(...objects);
  expect(lead()).toEqual([]);
});
