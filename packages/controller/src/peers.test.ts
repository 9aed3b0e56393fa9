import { HoldingState } from "@heraldlb/api";
import { expect, test } from "vitest";
import { node, reading, startController } from "./controller.test.fixture.ts";

const [ONE, TWO, OTHER] = ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:99"] as const;
const link = (mac: string) => ({
  ...{ name: "eth0", ifindex: 2, present: true, up: true, carrier: true, arp: true, ndp: true, mac },
});

async function withTwoSpeakers() {
  const kit = startController();
  kit.controller.take(reading([node("n1"), node("n2")]));
  kit.lead(1);
  const [n1, n2] = [kit.dial("n1"), kit.dial("n2")];
  await kit.advance(1_100);
  return { kit, n1, n2 };
}

test("every speaker is told the MAC addresses of all nodes, and what a node has got since", async () => {
  const { kit, n1, n2 } = await withTwoSpeakers();
  expect([n1.peers, n2.peers]).toEqual([
    [ONE, TWO],
    [ONE, TWO],
  ]);
  n2.say({ $case: "links", value: { links: [link(OTHER), link("")] } });
  await kit.advance(1_100);
  expect(n1.peers).toEqual([ONE, OTHER]);
});

test("a node whose speaker is gone is still one of them", async () => {
  const { kit, n1, n2 } = await withTwoSpeakers();
  n2.kill();
  await kit.advance(2_000);
  const again = kit.dial("n1", { startedAtMs: 2_000n, instance: "n1-2" });
  await kit.advance(1_100);
  expect(n1.peers).toEqual(again.peers);
  expect(again.peers).toEqual([ONE, TWO]);
});

test("changes of ownership tell nobody anew", async () => {
  const { kit, n1 } = await withTwoSpeakers();
  n1.peers = undefined;
  const changed = [
    { group: "10.0.0.1", epoch: { term: 1n, counter: 1n }, state: HoldingState.OWNER, conflictMac: undefined },
  ];
  n1.say({ $case: "holdings", value: { revision: 2n, changed } });
  n1.say({ $case: "links", value: { links: [link(ONE)] } });
  await kit.advance(1_100);
  expect(n1.peers).toBeUndefined();
});

test("a standby tells nothing", async () => {
  const kit = startController();
  const n1 = kit.dial("n1");
  await kit.advance(1_100);
  expect(n1.peers).toBeUndefined();
});
