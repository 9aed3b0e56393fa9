// docs/allocation.md explains every reason that the allocator gives, and no others.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const source = (name: string) => readFile(join(ROOT, "packages/ipam/src", name), "utf8");

test.each([
  ["RefusalReason", "action.ts", "## Why has it no address?", "A pool in `pools`"],
  ["PoolRefusal", "explanation.ts", "A pool in `pools`", "`addresses taken away` names"],
  ["ReleaseReason", "action.ts", "`addresses taken away` names", "## What it costs"],
])("%s", async (type, file, from, to) => {
  const code = (await source(file)).split(`export type ${type} =`)[1]?.split(";")[0] ?? "";
  const reasons = Array.from(code.matchAll(/\| "(\w+)"/g), ([, reason]) => reason);
  expect(reasons.length).toBeGreaterThan(5);
  const page = await readFile(join(ROOT, "docs/allocation.md"), "utf8");
  const section = page.slice(page.indexOf(from), page.indexOf(to));
  const rows = section.split("\n").filter((line) => line.startsWith("| `") && !line.startsWith("| `reason`"));
  const documented = rows.flatMap((row) =>
    Array.from((row.split(" | ")[0] ?? "").matchAll(/`(\w+)`/g), ([, name]) => name),
  );
  expect(documented.toSorted()).toEqual(reasons.toSorted());
});
