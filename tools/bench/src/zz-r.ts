import { rmSync } from "node:fs";
import { STREAM_PORT, until } from "@heraldlb/lab";
import { memoryOf } from "./process-usage.ts";
import { setUp, writeServices } from "./site.ts";

const ownedGroups = (m: string) => Number(/^herald_speaker_holdings\{state="owner"\} (\d+)$/m.exec(m)?.[1] ?? 0);
await using site = await setUp({ name: "rab", nodes: 1 });
const { lab, herald } = site;
const [node] = lab.nodes;
const [controller] = lab.controllers;
if (!node || !controller) throw new Error();
await herald.startController();
writeServices(site, 10_000, ["ipv4"]);
await herald.given("service-9999", 1, { timeoutMs: 240_000 });
for (const v of ["a", "b", "a", "b", "a", "b"]) {
  rmSync(herald.stateFolder(node), { recursive: true, force: true });
  const speaker = node.start(
    [
      `/tmp/r-ab/packages/${v}/bin/herald-speaker`,
      "--node",
      node.name,
      "--controller",
      `${controller.ipv4}:${STREAM_PORT}`,
      "--state-dir",
      herald.stateFolder(node),
      "--interfaces",
      "^lan",
      "--insecure",
    ],
    { name: `speaker-${v}` },
  );
  try {
    await until("owned", async () => ownedGroups(await herald.metrics(node)) === 10_000, {
      timeoutMs: 60_000,
      everyMs: 500,
    });
    const s = performance.now();
    await until("settled", () => performance.now() - s > 25_000, { timeoutMs: 60_000, everyMs: 500 });
    console.log(v, memoryOf(speaker.id.pid));
  } catch (e) {
    console.log(v, String(e), speaker.log().slice(-600));
  }
  speaker.kill("SIGKILL");
  await speaker.exited;
  await new Promise((r) => setTimeout(r, 1500));
}
