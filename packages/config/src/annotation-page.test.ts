import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { METALLB_ANNOTATIONS } from "./annotation.ts";
import { HERALD_ANNOTATIONS } from "./herald-annotation.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/reference/annotations.md"), "utf8");

const ours = Object.entries(HERALD_ANNOTATIONS).map(([name, { kinds, value, otherwise, meaning }]) =>
  row(`\`${name}\``, kinds.join(", "), value.syntax, otherwise, meaning),
);
const metallb = Object.entries(METALLB_ANNOTATIONS).map(([name, { value, otherwise, meaning }]) =>
  row(`\`metallb.io/${name}\``, value, otherwise, meaning),
);

test.each([...ours, ...metallb])("the page has the row %s", (line) => {
  expect(page).toContain(`${line}\n`);
});

test("the page has no annotation that Herald does not know", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  expect(rows).toEqual([...ours, ...metallb]);
});

function row(...cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
