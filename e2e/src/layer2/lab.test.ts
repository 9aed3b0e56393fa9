import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  attempt,
  createLab,
  doubleClaimMs,
  type Host,
  identify,
  type Lab,
  monotonicMs,
  serviceAddress,
  startProber,
  until,
} from "@heraldlb/lab";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const namespaces = (name: string): string[] =>
  readdirSync("/run/netns").filter((each) => each.startsWith(`herald-${name}-`));

/** Two runs of the tests may go on at once. */
const unique = (name: string): string => `${name}-${process.pid}`;

describe("a lab", () => {
  let lab: Lab;
  let client: Host;
  let node: Host;

  beforeAll(async () => {
    lab = await createLab({ name: unique("lab"), nodes: 2 });
    await lab.serve();
    [client, node] = [lab.host("client1"), lab.host("node1")];
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test("has no kernel that answers for a service's address", async () => {
    const { ipv4, ipv6 } = serviceAddress(0);
    expect(await client.resolve(ipv4, { waitMs: 300 })).toEqual([]);
    expect(await client.resolve(ipv6, { waitMs: 300 })).toEqual([]);
    expect(await client.resolve(node.ipv4)).toEqual([node.mac]);
    expect(await client.resolve(node.ipv6)).toEqual([node.mac]);
  });

  test("has nodes that serve a service's address once somebody sends them its packets", async () => {
    const { ipv4, ipv6 } = serviceAddress(300);
    for (const address of [ipv4, ipv6]) {
      await client.exec(["ip", "neigh", "replace", address, "lladdr", node.mac, "dev", "lan0"]);
      expect(await client.curl(address)).toBe("node1");
    }
  });

  test("measures an outage as the client has it, and who answers afterwards", async () => {
    const { ipv4 } = serviceAddress(1);
    const send = (to: Host) => client.exec(["ip", "neigh", "replace", ipv4, "lladdr", to.mac, "dev", "lan0"]);
    await send(node);
    await using prober = await startProber(client, [ipv4]);
    await prober.answered(ipv4, { since: 0, by: ["node1"] });
    const before = monotonicMs();
    await lab.setPort(node, "lan", "down");
    const down = monotonicMs();
    await until("300 ms were over", () => monotonicMs() > down + 300);
    await send(lab.host("node2"));
    const { at } = await prober.answered(ipv4, { since: down, by: ["node2"] });
    await prober.stop();
    await lab.setPort(node, "lan", "up");
    const { outages, answeredBy } = prober.summary(ipv4);
    expect(answeredBy).toEqual(["node1", "node2"]);
    expect(outages).toHaveLength(1);
    expect(outages[0]?.ms).toBeGreaterThanOrEqual(290);
    expect(outages[0]?.ms).toBeLessThanOrEqual(at - before + 100);
  });

  test("cuts networks one way or both, loses frames, and heals", async () => {
    const reaches = async () => (await client.attempt(["ping", "-c", "1", "-W", "0.3", node.ipv4])).exitCode === 0;
    expect(await reaches()).toBe(true);
    await lab.setFaults([{ type: "partition", network: "lan", from: ["node1"], to: ["client1"], direction: "oneWay" }]);
    expect(await reaches()).toBe(false);
    await lab.setFaults([{ type: "loss", network: "lan", hosts: ["node1"], probability: 1 }]);
    expect(await reaches()).toBe(false);
    await lab.setFaults([]);
    expect(await reaches()).toBe(true);
  });

  test("captures who claims an address on the wire", async () => {
    await using capture = await lab.capture("lan");
    await using _asker = lab.ask(client, node.ipv4);
    await until("20 claims were captured", () => capture.claims(node.ipv4).length >= 20);
    const claims = capture.claims(node.ipv4);
    expect(new Set(claims.map(({ mac }) => lab.hostOf(mac)))).toEqual(new Set(["node1"]));
    expect(doubleClaimMs(claims, 500)).toBe(0);
    expect(claims[0]?.at).toBeGreaterThan(monotonicMs() - 30_000);
    expect(claims[0]?.at).toBeLessThan(monotonicMs() + 100);
  });

  test("notices two hosts that both answer for an address, by either protocol", async () => {
    const { ipv4, ipv6 } = serviceAddress(3);
    const second = lab.host("node2");
    const prefixed = [`${ipv4}/16`, `${ipv6}/64`] as const;
    for (const address of prefixed) {
      for (const host of [node, second]) await host.exec(["ip", "address", "add", address, "dev", "lan0", "nodad"]);
    }
    await using capture = await lab.capture("lan");
    for (const address of [ipv4, ipv6]) {
      await using _asker = lab.ask(client, address);
      await until("10 claims were captured", () => capture.claims(address).length >= 10);
      expect(doubleClaimMs(capture.claims(address), 500)).toBeGreaterThan(0);
      expect((await client.resolve(address)).toSorted()).toEqual([node.mac, second.mac]);
    }
    for (const address of prefixed) {
      for (const host of [node, second]) await host.exec(["ip", "address", "delete", address, "dev", "lan0"]);
    }
  });

  test("deletes a host's interface and makes it anew", async () => {
    await lab.unplug(node, "lan");
    expect((await node.attempt(["ip", "link", "show", "lan0"])).exitCode).not.toBe(0);
    await lab.plugIn(node, "lan");
    expect(await client.resolve(node.ipv4)).toEqual([node.mac]);
  });

  test("runs beside another one, and neither sees the other", async () => {
    await using other = await createLab({ name: unique("other"), nodes: 1 });
    const { ipv4 } = serviceAddress(2);
    await other.host("node1").exec(["ip", "address", "add", ipv4, "dev", "lan0"]);
    expect(await other.host("client1").resolve(ipv4)).toEqual([other.host("node1").mac]);
    expect(await client.resolve(ipv4, { waitMs: 300 })).toEqual([]);
  });

  test("is refused a second time while it is up", async () => {
    await expect(createLab({ name: unique("lab") })).rejects.toThrow(
      `Lab ${unique("lab")} is up (process ${process.pid})`,
    );
  });
});

test("a lab that was disposed of leaves nothing behind", async () => {
  const lab = await createLab({ name: unique("gone"), nodes: 1 });
  await lab.serve();
  const { pid } = lab.backend(lab.host("node1")).id;
  await lab[Symbol.asyncDispose]();
  expect(namespaces(unique("gone"))).toEqual([]);
  expect(identify(pid)).toBeUndefined();
  expect(existsSync(`/run/herald-lab/${unique("gone")}`)).toBe(false);
});

test("what a crashed lab left behind is removed by the next one, of any name", async () => {
  const script = fileURLToPath(new URL("./crashing-lab.fixture.ts", import.meta.url));
  const owner = spawn(process.execPath, ["--conditions=@heraldlb/source", script, unique("crash")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [output] = (await once(owner.stdout, "data")) as [Uint8Array];
  const pid = Number(new TextDecoder().decode(output));
  expect(identify(pid)).toBeDefined();
  owner.kill("SIGKILL");
  await once(owner, "exit");
  expect(namespaces(unique("crash"))).not.toEqual([]);

  await using _next = await createLab({ name: unique("next"), nodes: 1 });
  expect(namespaces(unique("crash"))).toEqual([]);
  expect(identify(pid)).toBeUndefined();
});

test("the command sets a lab up, runs commands in it and takes it down", async () => {
  const script = fileURLToPath(new URL("../../../tools/lab/src/main.ts", import.meta.url));
  const lab = (...args: string[]) => attempt(process.execPath, ["--conditions=@heraldlb/source", script, ...args]);
  const name = ["--name", unique("command")];
  try {
    expect(await lab("up", ...name, "--nodes", "1")).toMatchObject({ exitCode: 0 });
    expect((await lab("status")).stdout).toMatch(/Lab command-\d+ \(kept\).*backend-node1 +process \d+ in node1/s);
    const answer = await lab("exec", ...name, "client1", "curl", "-s", "http://10.64.0.1:8080/");
    expect(answer).toMatchObject({ exitCode: 0, stdout: "node1\n" });
    expect(await lab("exec", ...name, "client1", "sh", "-c", "exit 7")).toMatchObject({ exitCode: 7 });
    const wrong = await lab("exec", ...name, "node9", "true");
    expect(wrong).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("node1, client1, controller1, lan, mgmt"),
    });
  } finally {
    expect(await lab("down", ...name)).toMatchObject({ exitCode: 0 });
  }
  expect(namespaces(unique("command"))).toEqual([]);
});
