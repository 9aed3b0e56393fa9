// The documentation says what the programs do: its commands run, its flags and metrics are those that exist.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
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
import { examplesOf } from "../packages/readme.ts";

const ROOT = join(import.meta.dirname, "../../..");
const exec = promisify(execFile);
/** A router that is not there: metrics of BGP are served once one is defined. */
const ROUTER = `apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: { name: router, namespace: metallb-system }
spec: { myASN: 64512, peerASN: 64513, peerAddress: 10.64.0.250 }
`;
const read = (path: string) => readFile(join(ROOT, path), "utf8");

const documents = ["README.md", "docs/getting-started.md"] as const;
const blocks = (
  await Promise.all(
    documents.map(async (document) => examplesOf(await read(document)).map((example) => ({ document, ...example }))),
  )
).flat();
// The demo stands in both: once is enough.
const distinct = blocks.filter(({ code }, i) => blocks.findIndex((other) => other.code === code) === i);

/** The commands as they stand would take over, and down, the cluster that somebody has up under the usual name. */
function onOwnCluster(code: string): string {
  const name = `docs-${process.pid}`;
  const own = code.replaceAll(/npm run cluster -- \w+/g, `$& --name ${name}`);
  return own === code ? code : `trap 'npm run cluster -- down --name ${name}' EXIT\n${own}`;
}

test.each(distinct)(
  "the block of $document at line $line runs",
  async ({ code }) => {
    const folder = await mkdtemp(join(tmpdir(), "herald-docs-"));
    try {
      const script = join(folder, "block.sh");
      await writeFile(script, onOwnCluster(code));
      const options = { cwd: ROOT, timeout: 290_000 };
      const { error, stdout, stderr } = await exec("bash", ["-eu", script], options).catch(
        (error) => error && { ...error, error },
      );
      expect(error, `${stdout}\n${stderr}`).toBeUndefined();
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  300_000,
);

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
