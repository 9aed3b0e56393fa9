import { describe, expect, test } from "vitest";
import {
  advertisement,
  isOwner,
  lab,
  node,
  pool,
  reading,
  running,
  service,
  settle,
  slice,
  startController,
} from "./controller.test.fixture.ts";

describe("a group", () => {
  const dual = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] };
  const both = [pool("lab", ["10.0.0.1-10.0.0.9", "fd00::1-fd00::9"]), advertisement()];

  test("of both families of a Service has one owner", async () => {
    const { n1, n2 } = await running([...both, service("web", dual), slice("web", ["n1", "n2"])]);
    const assigns = [...n1.orders, ...n2.orders].filter((order) => order.startsWith("assign"));
    expect(assigns).toEqual([expect.stringMatching(/^assign 10\.0\.0\.1 /)]);
  });

  test("of Services that share an address has one owner, and stays when one of them goes", async () => {
    const annotations = { "metallb.io/allow-shared-ip": "key" };
    const tcp = service("tcp", {}, { annotations });
    const udp = service("udp", { ports: [{ port: 80, protocol: "UDP" }] }, { annotations });
    const shared = [...both, tcp, udp, slice("tcp", ["n1", "n2"]), slice("udp", ["n1", "n2"])];
    const { controller, n1, n2, stored } = await running(shared);
    expect([...stored.values()].map(({ addresses }) => addresses)).toEqual([["10.0.0.1"], ["10.0.0.1"]]);
    expect([n1, n2].filter(isOwner)).toHaveLength(1);
    const before = [n1.orders.length, n2.orders.length];
    controller.take(reading(shared.filter((object) => object !== udp)));
    await settle();
    // Of the definition it is told only that one Service has the address.
    expect([n1, n2].map(({ orders }, i) => orders.slice(before[i]))).toEqual([
      ["delta +10.0.0.1"],
      ["delta +10.0.0.1"],
    ]);
    expect(stored.size).toBe(1);
  });

  test("stays with the owner that was decided last when two become one", async () => {
    const annotations = { "metallb.io/allow-shared-ip": "key" };
    const at = (name: string, addresses: string, port: number, spec = {}) =>
      service(
        name,
        { ports: [{ port, protocol: "TCP" }], ...spec },
        { annotations: { ...annotations, "metallb.io/loadBalancerIPs": addresses } },
      );
    const apart = [
      ...both,
      at("four", "10.0.0.5", 1, { ipFamilies: ["IPv4"] }),
      at("six", "fd00::5", 2, { ipFamilies: ["IPv6"] }),
      ...["four", "six", "both"].map((name) => slice(name, ["n1", "n2"])),
    ];
    const { controller, n1, n2, log, bugs } = await running(apart);
    controller.take(reading([...apart, at("both", "10.0.0.5,fd00::5", 3, dual)]));
    await settle();
    expect(bugs).toEqual([]);
    const decided = log.entries.filter(({ message }) => message === "owner changed").map(({ fields }) => fields);
    const last = decided
      .filter(({ reason }) => reason === "ranked")
      .map(({ group }) => group)
      .at(-1);
    const ended = decided.filter(({ reason }) => reason === "groupRemoved").map(({ group }) => group);
    expect(ended).toEqual([["10.0.0.5", "fd00::5"].find((id) => id !== last)]);
    expect([...n1.orders, ...n2.orders].filter((order) => order.startsWith("assign"))).toHaveLength(2);
  });

  test("moves to a node that is strictly preferred, once that was fit for 10 s, and not before", async () => {
    const preferredNodeSelectors = [{ weight: 10, preference: { matchLabels: { "kubernetes.io/hostname": "n2" } } }];
    const kit = startController();
    const objects = (spec: object) => [
      pool("lab", ["10.0.0.1/32"]),
      advertisement("all", { ...spec }),
      ...lab.slice(2),
    ];
    kit.controller.take(reading(objects({})));
    kit.lead(1);
    const n1 = kit.dial("n1");
    await kit.advance(1_500);
    expect(isOwner(n1)).toBe(true);
    kit.controller.take(reading(objects({ preferredNodeSelectors })));
    const n2 = kit.dial("n2");
    await kit.advance(9_000);
    expect(isOwner(n2)).toBe(false);
    await kit.advance(2_000);
    expect(isOwner(n2)).toBe(true);
    expect(n1.orders.slice(-2).map((order) => order.split(" ")[0])).toEqual(["leave", "revoke"]);
  });

  test("leaves a node that is excluded from load balancing", async () => {
    const { controller, n1, n2, advance } = await running([...lab, node("n1"), node("n2")]);
    const owner = isOwner(n1) ? n1 : n2;
    const excluded = { "node.kubernetes.io/exclude-from-external-load-balancers": "" };
    controller.take(
      reading([...lab, node("n1", owner === n1 ? excluded : {}), node("n2", owner === n2 ? excluded : {})]),
    );
    await advance(100);
    expect(owner.orders.some((order) => order.startsWith("revoke 10.0.0.1"))).toBe(true);
    expect(isOwner(n1) && isOwner(n2)).toBe(true);
  });
});

test("groups that some node may own and none does are counted, and only where it leads", async () => {
  const local = { externalTrafficPolicy: "Local" };
  const others = [service("web"), service("idle"), service("away", local), slice("web", ["n1"]), slice("away", ["n3"])];
  const { controller } = await running([...lab, node("n3"), ...others]);
  expect([controller.status().groups, controller.unowned()]).toEqual([3, 1]);
  controller.take(reading([...lab, node("n3"), ...others.slice(0, -1)]));
  expect(controller.unowned()).toBe(0);
  controller.take(reading([...lab, node("n3"), ...others]));
  expect(controller.unowned()).toBe(1);
  controller.standBy();
  expect(controller.unowned()).toBe(0);
});

test("Services that share an address and have no node in common are said to be announced by nobody", async () => {
  const shared = { annotations: { "metallb.io/allow-shared-ip": "key" } };
  const local = { externalTrafficPolicy: "Local", selector: { app: "web" } };
  const udp = { ...local, ports: [{ port: 80, protocol: "UDP" }] };
  const services = [service("tcp", local, shared), service("udp", udp, shared)];
  const world = [pool("lab", ["10.0.0.1/32"]), advertisement(), node("n1"), node("n2")];
  const kit = startController();
  kit.controller.take(reading([...world, ...services, slice("tcp", ["n1"]), slice("udp", ["n2"])]));
  kit.lead(1);
  await kit.advance(1_500);
  const said = (service: string) => kit.controller.cluster.silences(service);
  const message = `no node may announce "default/tcp": it shares an address with default/udp, and no node may announce both`;
  expect(said("default/tcp")).toEqual([{ reason: "noCommonNode", message }]);
  expect(said("default/udp")).toMatchObject([{ reason: "noCommonNode" }]);
  kit.controller.take(reading([...world, ...services, slice("tcp", ["n1", "n2"]), slice("udp", ["n2"])]));
  await kit.advance(1_500);
  expect([...said("default/tcp"), ...said("default/udp")]).toEqual([]);
});
