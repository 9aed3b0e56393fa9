import { cpSync } from "node:fs";
import { createLab, Deployment, until } from "@heraldlb/lab";
import { parseIp } from "@heraldlb/net";
import { expect, test } from "vitest";

test("the manifests of examples/layer2 work as they are", async ({ onTestFailed }) => {
  await using lab = await createLab({ name: `examples-${process.pid}`, nodes: 2 });
  onTestFailed(() => void process.stderr.write(`${lab.logs()}\n`));
  const herald = new Deployment(lab);
  cpSync(new URL("../../../examples/layer2", import.meta.url), herald.folder, { recursive: true });
  await herald.startController();
  for (const host of lab.nodes) herald.startSpeaker(host, { node: host.name.replace("node", "node-") });

  expect(await herald.given("web", 2)).toEqual(["192.0.2.100", "2001:db8:0:1::"]);
  expect(await herald.given("dns", 1)).toEqual(["198.51.100.10"]);
  for (const [text, node, why] of [
    ["192.0.2.100", "node1", "is preferred"],
    ["2001:db8:0:1::", "node1", "is preferred"],
    ["198.51.100.10", "node2", "has the only endpoint, and the traffic policy is Local"],
  ] as const) {
    const address = parseIp(text);
    if (!address) throw new TypeError(`no address: ${text}`);
    const answers = async () => {
      const macs = await lab.host("client1").resolve(address);
      return macs.length === 1 && macs.every((mac) => lab.hostOf(mac) === node);
    };
    // On a busy machine the preferred node may come too late for the start, and takes over once it was fit for 10 s.
    await until(`${node} answered for ${text}: it ${why}`, answers, { timeoutMs: 20_000 });
  }
});
