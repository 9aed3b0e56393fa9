import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const PAGES = ["*.md", "docs/**/*.md", "{packages,tools}/*/README.md", "e2e/README.md", "examples/**/*.md"];
const pages = (await Array.fromAsync(glob(PAGES, { cwd: ROOT }))).toSorted();

const read = (page: string) => readFile(join(ROOT, page), "utf8");

/** What a page's headings can be linked by. */
const anchorsOf = (page: string) =>
  Array.from(page.replace(/^```.*?^```/gms, "").matchAll(/^#+ (.*)$/gm), ([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

/** Links of a page that lead nowhere. Those to other sites are not looked at. */
async function brokenLinks(page: string): Promise<string[]> {
  const links = Array.from((await read(page)).matchAll(/\]\(([^)\s]+)\)/g), ([, link = ""]) => link);
  const broken = links.map(async (link) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [path = "", anchor] = link.split("#");
    const target = path ? join(dirname(page), path) : page;
    if (!existsSync(join(ROOT, target))) return [link];
    return anchor === undefined || anchorsOf(await read(target)).includes(anchor) ? [] : [link];
  });
  return (await Promise.all(broken)).flat();
}

test.each(pages)("every link of %s leads somewhere", async (page) => {
  expect(await brokenLinks(page)).toEqual([]);
});

test.each(["docs/adr", "docs/reference"])("the index of %s names every page", async (folder) => {
  const index = await read(`${folder}/README.md`);
  const others = await Array.fromAsync(glob("*.md", { cwd: join(ROOT, folder) }));
  const missing = others.filter((name) => name !== "README.md" && !index.includes(`](${name})`));
  expect(missing).toEqual([]);
});

test("each decision has a number of its own", async () => {
  const numbers = await Array.fromAsync(glob("[0-9]*.md", { cwd: join(ROOT, "docs/adr") }), (name) => name.slice(0, 4));
  expect(new Set(numbers).size).toBe(numbers.length);
});
