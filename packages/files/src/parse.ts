import { isMap, isScalar, LineCounter, type Node, parseAllDocuments, type YAMLError } from "yaml";
import { nodesAlong, parsePath, type Step } from "./field-line.ts";
import { kubectlTags } from "./scalar.ts";

/** A JSON object in a text. */
export interface ParsedObject {
  /** Which document in the text, from 0. Objects of one `List` share it. */
  readonly document: number;
  /** Line in the text, from 1. */
  readonly line: number;
  readonly json: unknown;
  /** The line of a field in the text. */
  lineOf(path: string): number;
}

/** What is wrong with a text, and where. */
export interface ParseProblem {
  readonly line: number;
  readonly code: "syntax" | "notAnObject";
  readonly message: string;
}

/** What a text contains. */
export interface Parsed {
  readonly documents: number;
  readonly objects: readonly ParsedObject[];
  readonly problems: readonly ParseProblem[];
}

interface Tree {
  readonly root: Node | undefined;
  readonly errors: readonly YAMLError[];
  toJson(): unknown;
}

/** Reads all objects of a text. A document that cannot be read is a problem of its own; the others count. */
export function parse(text: string): Parsed {
  const lines = new LineCounter();
  const trees = treesOf(text, lines);
  const parts = trees.map((tree, document) => read(tree, { text, document, lines }));
  return {
    documents: Math.max(1, trees.length),
    objects: parts.flatMap(({ objects }) => objects),
    problems: parts.flatMap(({ problems }) => problems),
  };
}

interface Place {
  readonly text: string;
  readonly document: number;
  readonly lines: LineCounter;
}

function read({ root, errors, toJson }: Tree, { text, document, lines }: Place): Pick<Parsed, "objects" | "problems"> {
  const wrong = (code: ParseProblem["code"], message: string, offset = root?.range?.[0] ?? 0) => {
    return { objects: [], problems: [{ line: lines.linePos(offset).line, code, message }] };
  };
  const [error] = errors;
  if (error) return wrong("syntax", error.message, error.pos[0]);
  if (!root || (isScalar(root) && root.value === null)) return { objects: [], problems: [] };
  const json = attempt(toJson);
  if (json instanceof Error) return wrong("syntax", json.message);
  if (!isMap(root)) return wrong("notAnObject", "is no Kubernetes object: write a map with apiVersion and kind");
  const objects = expand(json, []).map((item) => {
    const start = nodesAlong(root, item.path).at(-1) ?? root;
    return { document, line: lines.linePos(start.range?.[0] ?? 0).line, json: item.json, path: item.path };
  });
  return {
    objects: objects.map(({ path, ...object }) => ({ ...object, lineOf: finder(text, document, path) })),
    problems: [],
  };
}

/**
 * Finds lines by parsing again: a syntax tree takes many times a text's memory, and is seldom asked. A function of its
 * own, so that what it returns refers to no tree.
 */
function finder(text: string, document: number, start: readonly Step[]): ParsedObject["lineOf"] {
  return (path) => {
    const lines = new LineCounter();
    const root = treesOf(text, lines)[document]?.root;
    if (!root) return 1;
    const node = nodesAlong(root, [...start, ...parsePath(path)]).at(-1) ?? root;
    return lines.linePos(node.range?.[0] ?? 0).line;
  };
}

function treesOf(text: string, lineCounter: LineCounter): Tree[] {
  try {
    const documents = parseAllDocuments(text, {
      version: "1.1",
      prettyErrors: false,
      lineCounter,
      customTags: kubectlTags,
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

function attempt(toJson: () => unknown): unknown {
  try {
    return toJson();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

interface Item {
  readonly json: unknown;
  readonly path: readonly Step[];
}

/** The objects of a `List`, of lists in it too; anything else is itself. */
function expand(json: unknown, path: Item["path"]): readonly Item[] {
  const { kind, items } = (typeof json === "object" && json !== null ? json : {}) as Record<"kind" | "items", unknown>;
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(items)) return [{ json, path }];
  return items.flatMap((item: unknown, i) => (path.length > 10 ? [] : expand(item, [...path, "items", i])));
}
