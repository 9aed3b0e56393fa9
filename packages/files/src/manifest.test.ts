import { describe, expect, test } from "vitest";
import { parseManifest } from "./manifest.ts";

const parse = (text: string, file = "a.yaml") => parseManifest(file, new TextEncoder().encode(text));
const jsons = (text: string) => parse(text).objects.map(({ json }) => json);

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
  test("each has its file, number, position and line", () => {
    const { objects, problems } = parse(`${SERVICE}---\n---\n# nothing\n---\nkind: Node\n`);
    expect(problems).toEqual([]);
    expect(objects.map(({ file, document, position, line }) => [file, document, position, line])).toEqual([
      ["a.yaml", 0, 0, 2],
      ["a.yaml", 3, 1, 16],
    ]);
  });

  test("the items of a List stand for themselves", () => {
    const { objects } = parse("kind: List\nitems:\n- kind: A\n- kind: NodeList\n  items:\n  - kind: B\n---\nkind: C\n");
    expect(objects.map(({ json, position, line }) => [json, position, line])).toEqual([
      [{ kind: "A" }, 0, 3],
      [{ kind: "B" }, 1, 6],
      [{ kind: "C" }, 2, 8],
    ]);
    expect(objects[1]?.lineOf("kind")).toBe(6);
  });

  test("JSON is read too, with lines, indented by tabs or not", () => {
    const { objects, problems } = parse(
      '{\n\t"kind": "Service",\n\t"metadata": {\n\t\t"name": "a"\n\t}\n}\n',
      "a.json",
    );
    expect(problems).toEqual([]);
    expect(objects[0]?.json).toEqual({ kind: "Service", metadata: { name: "a" } });
    expect(objects[0]?.lineOf("metadata.name")).toBe(4);
  });

  test.each(["", "# only a comment\n", "---\n---\n", "\n\n"])("%j contains none", (text) => {
    expect(parse(text)).toMatchObject({ objects: [], problems: [] });
  });
});

describe("lines of fields", () => {
  const [service] = parse(SERVICE).objects;
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
  ])("%s is on line %i", (path, line) => {
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
    ["0o10", "0o10"],
    ["1:30", "1:30"],
    ["2024-01-02", "2024-01-02"],
    ["2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"],
    ["10.0.0.0/24", "10.0.0.0/24"],
    ["fc00::1-fc00::9", "fc00::1-fc00::9"],
    ["~", null],
    ["1e3", 1000],
  ])("%s", (text, value) => {
    expect(jsons(`v: ${text}\n`)).toEqual([{ v: value }]);
  });

  test("anchors and merge keys", () => {
    expect(jsons("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n")).toEqual([{ a: { b: 1 }, c: { b: 1, d: 2 } }]);
  });
});

describe("broken files", () => {
  test("a broken document is reported with its line, and the others count", () => {
    const { objects, problems } = parse("kind: A\n---\nkind: B\n  bad: [1\n---\nkind: C\n");
    expect(objects.map(({ json }) => json)).toContainEqual({ kind: "A" });
    expect(problems[0]).toMatchObject({ file: "a.yaml", code: "syntax" });
    expect(problems[0]?.line).toBeGreaterThanOrEqual(3);
  });

  test("a key twice is an error", () => {
    expect(parse("a: 1\na: 2\n").problems).toMatchObject([{ code: "syntax", line: 2 }]);
  });

  test.each(["just text", "- a\n- b\n", "42"])("%j is no object", (text) => {
    expect(parse(text)).toMatchObject({ objects: [], problems: [{ code: "notAnObject", line: 1 }] });
  });

  test.each<[string, Uint8Array]>([
    ["not UTF-8", Uint8Array.of(0xff, 0xfe, 0x41)],
    ["an alias that means nothing", new TextEncoder().encode("a: *b\n")],
    ["aliases that multiply", new TextEncoder().encode(bomb())],
    ["lists 20,000 deep", new TextEncoder().encode("[".repeat(20_000))],
  ])("%s is a problem, not a crash", (_what, bytes) => {
    expect(parseManifest("a.yaml", bytes)).toMatchObject({ objects: [], problems: [{ code: "syntax" }] });
  });
});

function bomb(): string {
  const lines = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(", ")}]`);
  return `a0: &a0 [x]\n${lines.join("\n")}\n`;
}
