/** How a cell stands in its column. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Draws a table with a rule under its head. Cells may hold escape sequences; they take no room. */
export function drawTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[index] ?? ""))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => padded(cell, widths[index] ?? 0, columns[index]?.align ?? "left"))
      .join("  ")
      .trimEnd();
  return [
    line(columns.map(({ title }) => title)),
    widths.map((width) => "─".repeat(width)).join("  "),
    ...rows.map((row) => line(row)),
  ];
}

/** How many columns of a terminal a text takes, its escape sequences not counted. */
export function widthOf(text: string): number {
  return [...text.replaceAll(ESCAPES, "")].length;
}

const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

function padded(cell: string, width: number, align: "left" | "right"): string {
  const room = " ".repeat(Math.max(0, width - widthOf(cell)));
  return align === "right" ? room + cell : cell + room;
}
