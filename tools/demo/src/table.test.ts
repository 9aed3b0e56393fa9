import { expect, test } from "vitest";
import { drawTable, widthOf } from "./table.ts";

const red = (text: string): string => `\u001b[31m${text}\u001b[0m`;

test("columns are as wide as their widest cell, whatever its colour", () => {
  const columns = [{ title: "step" }, { title: "ms", align: "right" }] as const;
  expect(
    drawTable(columns, [
      ["owner killed", red("7")],
      ["stop", "1200"],
    ]),
  ).toEqual(["step            ms", "────────────  ────", `owner killed     ${red("7")}`, "stop          1200"]);
});

test("a text's width is that of what is seen", () => {
  expect(widthOf(red("✔ ok"))).toBe(4);
});
