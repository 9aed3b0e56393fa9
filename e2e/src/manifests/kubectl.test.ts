// What a manifest means is what kubectl takes it for.
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readManifests } from "@heraldlb/files";
import { kubernetesTool } from "@heraldlb/kubectl";
import { beforeAll, expect, test } from "vitest";

/** Scalars as they may be written in a manifest. */
const SCALARS = [
  ..."yes|no|Yes|NO|on|Off|y|Y|n|N|true|TRUE|True|tRUE|yEs|~|null|Null|NULL|nULL".split("|"),
  ..."010|08|09|0o10|0O10|0x1F|0X1f|0b11|0B11|-010|+1|-0|-0x1F|+0x1F|-0b1|0777|00|0|007|0b|0x|0b12|0o8".split("|"),
  ..."1_000|_1|1__0|1_|0x_1F|685_230.15|1.5_0|1,000|12345678901234567890123".split("|"),
  ..."1e3|1E3|1e+3|1.e3|.5|-.5|5.|1.0|1.10|1e3.5|12e03|0.1|1.0e-3|6.8523015e+5|.|+|.e3|e3".split("|"),
  ..."2001-01-01|2001-12-14t21:59:43.10-05:00|2001-12-14 21:59:43|1:30|190:20:30|1:30.5".split("|"),
  ..."=|<<|0.0.0.0|10.0.0.0/24|10.0.0.1-10.0.0.9|fd00::1|'010'|\"on\"".split("|"),
  ...'!!str 010|!!int "8"|!!float 1|!!bool yes|!!binary w6Q='.split("|"),
];

let kubectlSays: readonly unknown[] = [];

// All at once: kubectl takes a tenth of a second to start, and the first time it has to be fetched.
beforeAll(async () => {
  await using folder = await scratchFolder();
  const files = await Promise.all(SCALARS.map((scalar, i) => thing(folder.path, `${i}.yaml`, scalar)));
  const args = ["annotate", "--local", ...files.flatMap((file) => ["-f", file]), "a=b", "-o", "json"];
  const env = { KUBECONFIG: "/dev/null", HOME: folder.path };
  const printed = execFileSync(await kubernetesTool("kubectl"), args, { env, encoding: "utf8" });
  // One object after the other, each with its brackets at the beginning of a line.
  kubectlSays = printed
    .split(/(?<=^\})\n/m)
    .flatMap((json) => (json.trim() ? [specValue({ json: JSON.parse(json) })] : []));
}, 120_000);

test.each(SCALARS.map((scalar, i) => ({ scalar, i })))("$scalar", async ({ scalar, i }) => {
  await using folder = await scratchFolder();
  const { objects, problems } = await readManifests([await thing(folder.path, "thing.yaml", scalar)]);
  expect(problems).toEqual([]);
  expect(kubectlSays).toHaveLength(SCALARS.length);
  expect(objects.map(specValue)).toEqual([kubectlSays[i]]);
});

/** A manifest with this scalar in it. */
async function thing(folder: string, name: string, scalar: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, `apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\nspec:\n  value: ${scalar}\n`);
  return file;
}

function specValue({ json }: { readonly json: unknown }): unknown {
  return (json as { readonly spec: { readonly value: unknown } }).spec.value;
}

async function scratchFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "herald-kubectl-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
