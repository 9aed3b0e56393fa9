import { createHash } from "node:crypto";
import { type Parsed, parse } from "./parse.ts";
import { cut } from "./piece.ts";
import type { FileObject, FileProblem } from "./reading.ts";

/** What a file contains. */
export interface Manifest {
  /** Digest of the text. */
  readonly digest: string;
  readonly objects: readonly FileObject[];
  readonly problems: readonly FileProblem[];
  /** The parts that were read each by itself, by their text. */
  readonly sections: ReadonlyMap<string, Section>;
}

/** A part of a file. */
interface Section {
  readonly parsed: Parsed;
  readonly start: Start;
  readonly objects: readonly FileObject[];
}

/** What comes before a section in its file. */
interface Start {
  /** Lines, 1 more than there are; documents; objects. */
  readonly line: number;
  readonly document: number;
  readonly position: number;
}

/** How a file is read. */
export interface ParseOptions {
  /** What the file contained before: what is still the same is not parsed again. */
  readonly old?: Manifest | undefined;
  /** Called often; lets others have a turn when it is time. */
  rest(): Promise<void>;
}

/** Digest of a file's bytes, to tell whether it is worth parsing. */
export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}

/**
 * Reads all objects of a file. A document that cannot be read is a problem of its own; the others count. An object
 * stays the same one as long as its document and what comes before it stay; its `json` as long as its document does.
 */
export async function parseManifest(file: string, bytes: Uint8Array, { old, rest }: ParseOptions): Promise<Manifest> {
  const digest = digestOf(bytes);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const sections = new Map<string, Section>();
  const objects: FileObject[] = [];
  const problems: FileProblem[] = [];
  let document = 0;
  for (const piece of cut(bytes)) {
    await rest();
    const text = attempt(() => decoder.decode(piece.bytes));
    if (text === undefined) {
      const problem = { file, code: "syntax", message: "is not UTF-8 text" } as const;
      return { digest, objects: [], problems: [problem], sections: new Map() };
    }
    const start = { line: piece.line, document, position: objects.length };
    const section = sectionOf(file, start, sections.get(text) ?? old?.sections.get(text) ?? parse(text));
    sections.set(text, section);
    document += section.parsed.documents;
    for (const object of section.objects) objects.push(object);
    for (const { line, code, message } of section.parsed.problems) {
      problems.push({ file, line: start.line + line - 1, code, message });
    }
  }
  return { digest, objects, problems, sections };
}

function sectionOf(file: string, start: Start, known: Section | Parsed): Section {
  const isPlaced = "parsed" in known;
  if (isPlaced && isSame(known.start, start)) return known;
  const parsed = isPlaced ? known.parsed : known;
  const objects = parsed.objects.map(({ document, line, json, lineOf }, index): FileObject => {
    return {
      ...{ file, document: start.document + document, position: start.position + index, json },
      line: start.line + line - 1,
      lineOf: (path) => start.line + lineOf(path) - 1,
    };
  });
  return { parsed, start, objects };
}

function isSame(a: Start, b: Start): boolean {
  return a.line === b.line && a.document === b.document && a.position === b.position;
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
