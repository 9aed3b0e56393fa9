// The documentation says what the programs do: its commands run, its flags and metrics are those that exist.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  advertisementManifest,
  createLab,
  Deployment,
  heraldCommand,
  manifests,
  poolManifest,
  until,
} from "@heraldlb/lab";
import { expect, test } from "vitest";
import { documentedMetrics, servedMetrics } from "../metrics-page.fixture.ts";
import { documentedBlocks, runBlock, setsUp } from "./blocks.fixture.ts";

const ROOT = join(import.meta.dirname, "../../..");
const exec = promisify(execFile);
/** A router that is not there: metrics of BGP are served once one is defined. */
const ROUTER = `apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: { name: router, namespace: metallb-system }
spec: { myASN: 64512, peerASN: 64513, peerAddress: 10.64.0.250 }
`;
const read = (path: string) => readFile(join(ROOT, path), "utf8");

const blocks = await documentedBlocks();

test.each(blocks.filter((block) => !setsUp(block)))("the block of $document at line $line runs", runBlock, 300_000);

test("the README's test command is the one that CI runs", async () => {
  expect(await read("README.md")).toContain("npm test");
  expect(await read(".ci/run")).toMatch(/ npm test$/m);
});

test.each([
  { command: "herald-controller", args: [], page: "herald-controller.md" },
  { command: "herald-speaker", args: [], page: "herald-speaker.md" },
  { command: "herald", args: ["validate"], page: "herald.md" },
  { command: "herald", args: ["crds"], page: "herald.md" },
] as const)("the reference has the flags of $command $args", async ({ command, args, page }) => {
  const { stdout } = await exec(heraldCommand(command), [...args, "--help"]);
  const flags = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
  const sections = (await read(`docs/reference/${page}`)).split(/^(?=## )/m);
  const rows = sections
    .filter((section) => args.every((arg) => section.startsWith(`## herald ${arg} `)))
    .flatMap((section) => [...section.matchAll(/^\| .*?(?= \| )/gm)].map(([cell]) => cell));
  const named = rows.flatMap((cell) => [...cell.matchAll(/`(--[a-z-]+)/g)].map(([, flag]) => flag));
  expect(named.toSorted()).toEqual(flags.toSorted());
});

test("the reference has the metrics of both commands", async () => {
  await using lab = await createLab({ name: `docs-${process.pid}`, nodes: 1 });
  const herald = new Deployment(lab);
  const [node] = lab.nodes;
  const [controller] = lab.controllers;
  if (!node || !controller) throw new RangeError("the lab has neither a node nor a controller");
  herald.write(
    "pool.yaml",
    manifests(poolManifest("main", ["10.64.1.10/32"]), advertisementManifest("main", ["main"]), ROUTER),
  );
  await herald.startController();
  // It is not ready: the router is not there.
  herald.startSpeaker(node);
  await until("the speaker knew the router", async () =>
    (await herald.metrics(node)).includes("metallb_bgp_session_up{"),
  );
  const text = `${await herald.metrics(controller)}\n${await herald.metrics(node)}`;
  // A controller in a cluster has the others: its own tests look for them.
  const { everywhere } = await documentedMetrics();
  expect(everywhere).toEqual(servedMetrics(text));
});
