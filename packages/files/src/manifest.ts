import { createHash } from "node:crypto";
import { isMap, isScalar, LineCounter, type Node, parseAllDocuments, type YAMLError } from "yaml";
import { nodesAlong, parsePath } from "./field-line.ts";
import type { FileObject, FileProblem } from "./reading.ts";

/** What a file contains. */
export interface Manifest {
  /** Digest of the text. */
  readonly digest: string;
  readonly objects: readonly FileObject[];
  readonly problems: readonly FileProblem[];
}

interface Parsed {
  readonly root: Node | undefined;
  readonly errors: readonly YAMLError[];
  toJson(): unknown;
}

/** Digest of a file's bytes, to tell whether it is worth parsing. */
export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}

/** Reads all objects of a file. A document that cannot be read is a problem of its own; the others count. */
export function parseManifest(file: string, bytes: Uint8Array): Manifest {
  const digest = digestOf(bytes);
  const text = decode(bytes);
  if (text === undefined) return broken(digest, { file, code: "syntax", message: "is not UTF-8 text" });
  const objects: FileObject[] = [];
  const problems: FileProblem[] = [];
  const lines = new LineCounter();
  for (const [document, { root, errors, toJson }] of parseYaml(text, lines).entries()) {
    const report = (code: FileProblem["code"], message: string, offset = root?.range?.[0] ?? 0) => {
      problems.push({ file, line: lines.linePos(offset).line, code, message });
    };
    const [error] = errors;
    if (error) report("syntax", error.message, error.pos[0]);
    if (error || !root || (isScalar(root) && root.value === null)) continue;
    const json = attempt(toJson);
    if (json instanceof Error) report("syntax", json.message);
    else if (!isMap(root)) report("notAnObject", "is no Kubernetes object: write a map with apiVersion and kind");
    else {
      for (const item of expand(json, [])) {
        const lineOf = (path: string) => lineIn(text, document, [...item.path, ...parsePath(path)]);
        const start = nodesAlong(root, item.path).at(-1) ?? root;
        const { line } = lines.linePos(start.range?.[0] ?? 0);
        objects.push({ file, document, position: objects.length, line, json: item.json, lineOf });
      }
    }
  }
  return { digest, objects, problems };
}

function broken(digest: string, problem: FileProblem): Manifest {
  return { digest, objects: [], problems: [problem] };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** As kubectl reads YAML: version 1.1, in which `yes` is true and 010 is 8, but times and dates are text. */
function parseYaml(text: string, lineCounter: LineCounter): Parsed[] {
  try {
    const documents = parseAllDocuments(text, {
      version: "1.1",
      prettyErrors: false,
      lineCounter,
      customTags: (tags) => tags.filter((tag) => typeof tag === "string" || !isTime(tag)),
    });
    if (!Array.isArray(documents)) return [];
    return documents.map((document) => ({
      root: document.contents ?? undefined,
      errors: document.errors,
      toJson: () => document.toJS({ maxAliasCount: 100 }),
    }));
  } catch (error) {
    // Nested so deeply that the parser's stack overflows.
    if (!(error instanceof RangeError)) throw error;
    const tooDeep = { pos: [0, 0], message: "is nested too deeply" } as unknown as YAMLError;
    return [{ root: undefined, errors: [tooDeep], toJson: () => undefined }];
  }
}

function isTime({ tag, format }: { readonly tag: string; readonly format?: string }): boolean {
  return tag.endsWith(":timestamp") || format === "TIME";
}

function attempt(toJson: () => unknown): unknown {
  try {
    return toJson();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

interface Item {
  readonly json: unknown;
  readonly path: readonly (string | number)[];
}

/** The objects of a `List`, of lists in it too; anything else is itself. */
function expand(json: unknown, path: Item["path"]): readonly Item[] {
  const { kind, items } = (typeof json === "object" && json !== null ? json : {}) as Record<"kind" | "items", unknown>;
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(items)) return [{ json, path }];
  return items.flatMap((item: unknown, i) => (path.length > 10 ? [] : expand(item, [...path, "items", i])));
}

/** Parses again, for a syntax tree of each file would take many times the memory and is seldom asked. */
function lineIn(text: string, document: number, path: readonly (string | number)[]): number {
  const lines = new LineCounter();
  const root = parseYaml(text, lines)[document]?.root;
  if (!root) return 1;
  const node = nodesAlong(root, path).at(-1) ?? root;
  return lines.linePos(node.range?.[0] ?? 0).line;
}
