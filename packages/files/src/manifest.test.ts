import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Manifest, parseManifest } from "./manifest.ts";
import { parse as parseWhole } from "./parse.ts";

const read = (file: string, bytes: Uint8Array, old?: Manifest) =>
  parseManifest(file, bytes, { old, rest: async () => {} });
const parse = (text: string, file = "a.yaml", old?: Manifest) => read(file, new TextEncoder().encode(text), old);
const jsons = async (text: string) => (await parse(text)).objects.map(({ json }) => json);

const SERVICE = `# a comment
apiVersion: v1
kind: Service
metadata:
  name: web
  annotations:
    metallb.io/address-pool: gold
spec:
  ports:
    - port: 80
    - port: 443
`;

describe("documents", () => {
  test("each has its file, number, position and line", async () => {
    const { objects, problems } = await parse(`${SERVICE}---\n---\n# nothing\n---\nkind: Node\n`);
    expect(problems).toEqual([]);
    expect(objects.map(({ file, document, position, line }) => [file, document, position, line])).toEqual([
      ["a.yaml", 0, 0, 2],
      ["a.yaml", 3, 1, 16],
    ]);
  });

  test("the items of a List stand for themselves", async () => {
    const { objects } = await parse(
      "kind: List\nitems:\n- kind: A\n- kind: NodeList\n  items:\n  - kind: B\n---\nkind: C\n",
    );
    expect(objects.map(({ json, position, line }) => [json, position, line])).toEqual([
      [{ kind: "A" }, 0, 3],
      [{ kind: "B" }, 1, 6],
      [{ kind: "C" }, 2, 8],
    ]);
    expect(objects[1]?.lineOf("kind")).toBe(6);
  });

  test("JSON is read too, with lines, indented by tabs or not", async () => {
    const { objects, problems } = await parse(
      '{\n\t"kind": "Service",\n\t"metadata": {\n\t\t"name": "a"\n\t}\n}\n',
      "a.json",
    );
    expect(problems).toEqual([]);
    expect(objects[0]?.json).toEqual({ kind: "Service", metadata: { name: "a" } });
    expect(objects[0]?.lineOf("metadata.name")).toBe(4);
  });

  test.each(["", "# only a comment\n", "---\n---\n", "\n\n"])("%j contains none", async (text) => {
    expect(await parse(text)).toMatchObject({ objects: [], problems: [] });
  });
});

describe("a file that has changed", () => {
  const [a, b, c] = ["kind: A\n", "---\nkind: B\nv: 1\n", "---\nkind: C\nv: [\n  1]\n"];

  test("has the same objects in front of the change, and the same contents behind it", async () => {
    const before = await parse(`${a}${b}${c}`);
    const after = await parse(`${a}${b}# longer\n${c}`, "a.yaml", before);
    expect(after.objects[0]).toBe(before.objects[0]);
    expect(after.objects[1]?.json).toEqual({ kind: "B", v: 1 });
    expect(after.objects[2]?.json).toBe(before.objects[2]?.json);
    expect(after.objects.map(({ document, position, line }) => [document, position, line])).toEqual([
      [0, 0, 1],
      [1, 1, 3],
      [2, 2, 7],
    ]);
    expect(after.objects[2]?.lineOf("v[0]")).toBe(9);
  });

  test("reads as if it had never been read before", async () => {
    const parts = fc.constantFrom(
      a,
      b,
      c,
      "---\n",
      "# x\n",
      "---\nkind: [\n",
      "%YAML 1.2\n---\nk: 1\n",
      "...\n",
      "\n",
      "--- {kind: D}\n",
    );
    const text = fc.array(parts, { maxLength: 8 }).map((chosen) => chosen.join(""));
    await fc.assert(
      fc.asyncProperty(text, text, async (first, second) => {
        const plain = ({ objects, problems }: Manifest) => ({
          problems,
          objects: objects.map(({ lineOf, ...object }) => ({ ...object, v: lineOf("v") })),
        });
        const old = await parse(first);
        expect(plain(await parse(second, "a.yaml", old))).toEqual(plain(await parse(second)));
      }),
    );
  });

  test("is read in parts, between which others have their turn", async () => {
    let rests = 0;
    const bytes = new TextEncoder().encode(`${a}${b}${c}`);
    await parseManifest("a.yaml", bytes, { rest: async () => void rests++ });
    expect(rests).toBe(3);
  });
});

describe("documents that were cut apart", () => {
  const parts = [
    "kind: A\n",
    "---\nkind: B\n",
    "---\n",
    "# x\n",
    "\n",
    "--- {kind: D}\n",
    "---\nk: |\n  ---\n  x\n",
    '---\nk: "a\n  --- b"\n',
  ];

  test("are what the file has as a whole", async () => {
    const text = fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((chosen) => chosen.join(""));
    await fc.assert(
      fc.asyncProperty(text, async (whole) => {
        const { objects, problems } = parseWhole(whole);
        const read = await parse(whole);
        fc.pre(problems.length === 0);
        expect(read.objects.map(({ document, line, json }) => ({ document, line, json }))).toEqual(
          objects.map(({ document, line, json }) => ({ document, line, json })),
        );
      }),
    );
  });
});

describe("lines of fields", () => {
  test.each([
    ["kind", 3],
    ["metadata.name", 5],
    ['metadata.annotations["metallb.io/address-pool"]', 7],
    ["metadata.annotations[metallb.io/address-pool]", 7],
    ["spec.ports[1].port", 11],
    ["spec.ports[1]", 11],
    ["spec.ports[7].port", 9],
    ["spec.selector.app", 8],
    ["nowhere", 2],
    ["", 2],
    ["]][[..", 2],
  ])("%s is on line %i", async (path, line) => {
    const [service] = (await parse(SERVICE)).objects;
    expect(service?.lineOf(path)).toBe(line);
  });
});

describe("YAML as kubectl reads it", () => {
  test.each<[string, unknown]>([
    ["yes", true],
    ["off", false],
    ["y", true],
    ["'yes'", "yes"],
    ["010", 8],
    ["0o10", 8],
    ["08", 8],
    ["-0x1F", -31],
    ["0b11", 3],
    ["1_000", 1000],
    ["-0", 0],
    [".5", 0.5],
    [".", "."],
    ["e3", "e3"],
    ["!!binary w6Q=", "ä"],
    ["1:30", "1:30"],
    ["2024-01-02", "2024-01-02"],
    ["2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"],
    ["10.0.0.0/24", "10.0.0.0/24"],
    ["fc00::1-fc00::9", "fc00::1-fc00::9"],
    ["~", null],
    ["1e3", 1000],
  ])("%s", async (text, value) => {
    expect(await jsons(`v: ${text}\n`)).toEqual([{ v: value }]);
  });

  test("anchors and merge keys", async () => {
    expect(await jsons("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n")).toEqual([{ a: { b: 1 }, c: { b: 1, d: 2 } }]);
  });
});

describe("broken files", () => {
  test("a broken document is reported with its line, and the others count", async () => {
    const { objects, problems } = await parse("kind: A\n---\nkind: B\n  bad: [1\n---\nkind: C\n");
    expect(objects.map(({ json }) => json)).toContainEqual({ kind: "A" });
    expect(problems[0]).toMatchObject({ file: "a.yaml", code: "syntax" });
    expect(problems[0]?.line).toBeGreaterThanOrEqual(3);
  });

  test("a key twice is an error", async () => {
    expect((await parse("a: 1\na: 2\n")).problems).toMatchObject([{ code: "syntax", line: 2 }]);
  });

  test.each(["just text", "- a\n- b\n", "42"])("%j is no object", async (text) => {
    expect(await parse(text)).toMatchObject({ objects: [], problems: [{ code: "notAnObject", line: 1 }] });
  });

  test.each<[string, Uint8Array]>([
    ["not UTF-8", Uint8Array.of(0xff, 0xfe, 0x41)],
    ["an alias that means nothing", new TextEncoder().encode("a: *b\n")],
    ["aliases that multiply", new TextEncoder().encode(bomb())],
    ["lists 20,000 deep", new TextEncoder().encode("[".repeat(20_000))],
  ])("%s is a problem, not a crash", async (_what, bytes) => {
    expect(await read("a.yaml", bytes)).toMatchObject({ objects: [], problems: [{ code: "syntax" }] });
  });
});

function bomb(): string {
  const lines = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(", ")}]`);
  return `a0: &a0 [x]\n${lines.join("\n")}\n`;
}
