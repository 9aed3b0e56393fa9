import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from "yaml";

/** A value that users may set. */
export interface ValueRow {
  /** For example `controller.image.tag`. */
  readonly path: string;
  readonly meaning: string;
  readonly preset: unknown;
}

/**
 * The values of a values.yaml: each key with a comment above it is one; what stands below it belongs to it.
 *
 * @throws Error that names a value without a comment
 */
export function valueRows(text: string): readonly ValueRow[] {
  const document = parseDocument(text);
  if (!isMap(document.contents)) throw new Error("values.yaml is no map");
  return rowsOf(document.contents, document.toJS(), "");
}

/** The values as a table in Markdown. */
export function valuesTable(rows: readonly ValueRow[]): string {
  const lines = rows.map(({ path, meaning, preset }) => {
    const shown = preset === "" ? "" : ` \`${JSON.stringify(preset)}\``;
    return `| \`${path}\` |${shown} | ${meaning} |`;
  });
  return ["| value | default | meaning |", "| --- | --- | --- |", ...lines, ""].join("\n");
}

function rowsOf(map: YAMLMap, values: Readonly<Record<string, unknown>>, parent: string): ValueRow[] {
  return map.items.flatMap((pair, i): ValueRow[] => {
    const key = isScalar(pair.key) ? String(pair.key.value) : "";
    const path = `${parent}${key}`;
    const meaning = commentAbove(pair) ?? (i === 0 ? lastParagraph(map.commentBefore) : undefined);
    const preset = values[key];
    if (meaning) return [{ path, meaning, preset }];
    if (isMap(pair.value)) return rowsOf(pair.value, preset as typeof values, `${path}.`);
    throw new Error(`values.yaml: ${path} has no comment that says what it means`);
  });
}

function commentAbove({ key }: Pair): string | undefined {
  return isScalar(key) ? lastParagraph(key.commentBefore) : undefined;
}

/** The comment of the file stands above that of the first value, which the parser takes for one. */
function lastParagraph(comment: string | null | undefined): string | undefined {
  return comment
    ?.split("\n\n")
    .at(-1)
    ?.trim()
    .replace(/\s*\n\s*/g, " ");
}
