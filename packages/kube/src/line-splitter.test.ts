import fc from "fast-check";
import { expect, test } from "vitest";
import { LineSplitter } from "./line-splitter.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("lines are the same however the bytes are cut, letters of several bytes too", () => {
  const line = fc.string({ unit: "binary" }).map((text) => text.replaceAll("\n", ""));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat()), (lines, cuts) => {
      const all = bytes(lines.map((each) => `${each}\n`).join(""));
      const splitter = new LineSplitter();
      const places = [0, ...cuts.map((cut) => cut % (all.length + 1)), all.length].sort((a, b) => a - b);
      const read = places.flatMap((end, index) => splitter.push(all.subarray(places[index - 1] ?? 0, end)));
      expect(read).toEqual(lines);
    }),
  );
});

test("a line may begin with any letter", () => {
  expect(new LineSplitter().push(bytes("\ufeffa\n\u0000b\n"))).toEqual(["\ufeffa", "\u0000b"]);
});

test("lines that end in one chunk come together, and one that has not ended waits", () => {
  const splitter = new LineSplitter();
  expect(splitter.push(bytes("a\nb\nc"))).toEqual(["a", "b"]);
  expect(splitter.push(bytes("d"))).toEqual([]);
  expect(splitter.push(bytes("\n"))).toEqual(["cd"]);
});

test("a line that does not end is given up, and what a chunk has of short lines is not", () => {
  expect(new LineSplitter(4).push(bytes("aaaa\nbbbb\n"))).toEqual(["aaaa", "bbbb"]);
  const splitter = new LineSplitter(4);
  splitter.push(bytes("aaa"));
  expect(() => splitter.push(bytes("aa"))).toThrow("a line of more than 4 bytes");
});
