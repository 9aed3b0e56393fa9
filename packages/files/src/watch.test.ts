import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@heraldlb/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FolderError } from "./folder-error.ts";
import type { Reading } from "./reading.ts";
import { readFolder, watchFolder } from "./watch.ts";

let dir: string;
let stop: AbortController;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "herald-files-"));
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
  rmSync(dir, { recursive: true, force: true });
});

const put = (path: string, text: string) => {
  mkdirSync(join(dir, path, ".."), { recursive: true });
  writeFileSync(join(dir, path), text);
};
const kinds = ({ objects }: Reading) => objects.map(({ json }) => (json as { kind: string }).kind);

/** Readings one after another; `until` skips those that come in between. */
function watched() {
  const readings = watchFolder(dir, { clock: systemClock, log: silentLogger }, stop.signal);
  async function next(): Promise<Reading> {
    const { value, done } = await readings.next();
    return done ? expect.fail("the readings have ended") : value;
  }
  async function until(isIt: (reading: Reading) => boolean): Promise<Reading> {
    for (;;) {
      const reading = await next();
      if (isIt(reading)) return reading;
    }
  }
  return { next, until, readings };
}

const has = (expected: readonly string[]) => (reading: Reading) => kinds(reading).join() === expected.join();

describe("reading a folder", () => {
  test("takes *.yaml, *.yml and *.json, subfolders too, in the order of paths, and no names with a dot", async () => {
    put("b.yaml", "kind: B\n---\nkind: B2");
    put("a.yml", "kind: A");
    put("sub/deep/c.json", '{"kind": "C"}');
    put("notes.txt", "kind: X");
    put(".hidden.yaml", "kind: X");
    put(".git/x.yaml", "kind: X");
    put(".herald/status/ns/x.yaml", "kind: X");
    const reading = await readFolder(dir);
    expect(kinds(reading)).toEqual(["A", "B", "B2", "C"]);
    expect(reading.objects.map(({ file }) => file)).toEqual(["a.yml", "b.yaml", "b.yaml", "sub/deep/c.json"]);
    expect(reading).toMatchObject({ complete: true, problems: [] });
  });

  test("follows links, but not in circles", async () => {
    put("real/a.yaml", "kind: A");
    symlinkSync("real", join(dir, "link"));
    symlinkSync("..", join(dir, "real", "up"));
    expect(kinds(await readFolder(dir))).toEqual(["A", "A"]);
  });

  test("reports a broken file and goes on with the others", async () => {
    put("a.yaml", "kind: A");
    put("b.yaml", "kind: [\n");
    const reading = await readFolder(dir);
    expect(kinds(reading)).toEqual(["A"]);
    expect(reading.problems).toMatchObject([{ file: "b.yaml", code: "syntax" }]);
    expect(reading.complete).toBe(true);
  });

  test("what the machine does not let it read makes the reading incomplete", async () => {
    put("a.yaml", "kind: A");
    symlinkSync("nowhere", join(dir, "b.yaml"));
    const reading = await readFolder(dir);
    expect(reading).toMatchObject({ complete: false, objects: [], problems: [{ file: "b.yaml", code: "unreadable" }] });
  });

  test.each([
    ["missing", "missing"],
    ["file.yaml", "notAFolder"],
  ])("%s is no folder to read", async (name, code) => {
    put("file.yaml", "kind: A");
    const reading = readFolder(join(dir, name));
    await expect(reading).rejects.toThrow(FolderError);
    await expect(reading).rejects.toMatchObject({ code });
  });
});

describe("watching a folder", () => {
  test("yields what is there, then each change", async () => {
    put("a.yaml", "kind: A");
    const { next, until } = watched();
    expect(kinds(await next())).toEqual(["A"]);
    put("b.yaml", "kind: B");
    await until(has(["A", "B"]));
    put("a.yaml", "kind: A2");
    await until(has(["A2", "B"]));
    put("sub/new/c.yaml", "kind: C");
    await until(has(["A2", "B", "C"]));
    put("sub/new/c.yaml", "kind: C2");
    await until(has(["A2", "B", "C2"]));
    rmSync(join(dir, "b.yaml"));
    await until(has(["A2", "C2"]));
    rmSync(join(dir, "sub"), { recursive: true });
    await until(has(["A2"]));
  });

  test("an unchanged file gives the same objects, a touched one too", async () => {
    put("a.yaml", "kind: A");
    put("b.yaml", "kind: B");
    const { next, until } = watched();
    const before = await next();
    utimesSync(join(dir, "a.yaml"), 1, 1);
    put("c.yaml", "kind: C");
    const after = await until(has(["A", "B", "C"]));
    expect(after.objects[0]).toBe(before.objects[0]);
    expect(after.objects[1]).toBe(before.objects[1]);
  });

  test("a rewrite of equal length within the clock's grain is seen", async () => {
    put("a.yaml", "kind: A");
    const { next, until } = watched();
    await next();
    for (const kind of ["B", "C", "D", "E"]) {
      put("a.yaml", `kind: ${kind}`);
      await until(has([kind]));
    }
  });

  test("files renamed into place are seen at once and together", async () => {
    put("a.yaml", "kind: A");
    const { next } = watched();
    await next();
    put(".a.new", "kind: A2");
    put(".b.new", "kind: B2");
    renameSync(join(dir, ".a.new"), join(dir, "a.yaml"));
    renameSync(join(dir, ".b.new"), join(dir, "b.yaml"));
    expect(kinds(await next())).toEqual(["A2", "B2"]);
  });

  test("a ConfigMap's swap of ..data is one change", async () => {
    const volume = (version: string, kind: string) => {
      put(`..${version}/a.yaml`, `kind: ${kind}A`);
      put(`..${version}/b.yaml`, `kind: ${kind}B`);
    };
    volume("v1", "One");
    symlinkSync("..v1", join(dir, "..data"));
    symlinkSync("..data/a.yaml", join(dir, "a.yaml"));
    symlinkSync("..data/b.yaml", join(dir, "b.yaml"));
    const { next } = watched();
    expect(kinds(await next())).toEqual(["OneA", "OneB"]);
    for (const [version, last] of [
      ["v2", "v1"],
      ["v3", "v2"],
    ] as const) {
      volume(version, version);
      symlinkSync(`..${version}`, join(dir, "..data_tmp"));
      renameSync(join(dir, "..data_tmp"), join(dir, "..data"));
      rmSync(join(dir, `..${last}`), { recursive: true });
      expect(kinds(await next())).toEqual([`${version}A`, `${version}B`]);
    }
  });

  test("a half-written file keeps what it contained, beside what can be read of it", async () => {
    const named = (name: string) => `kind: K\nmetadata: {name: ${name}}\n`;
    put("a.yaml", `${named("x")}---\n${named("z")}`);
    const { next, until } = watched();
    const before = await next();
    put("a.yaml", `${named("new")}---\n${named("x")}---\nkind: K\nmetadata: {name`);
    const after = await until(({ problems }) => problems.length > 0);
    const names = after.objects.map(({ json }) => (json as { metadata: { name: string } }).metadata.name);
    expect(names).toEqual(["new", "x", "z"]);
    expect(after.objects[2]).toBe(before.objects[1]);
    expect(after.problems[0]).toMatchObject({ file: "a.yaml", code: "syntax" });
    put("a.yaml", named("x"));
    await until(({ objects, problems }) => objects.length === 1 && problems.length === 0);
  });

  test("an emptied file keeps what it contained, one with a comment does not", async () => {
    put("a.yaml", "kind: A");
    const { next, until } = watched();
    await next();
    put("a.yaml", "");
    const emptied = await until(({ problems }) => problems.length > 0);
    expect(kinds(emptied)).toEqual(["A"]);
    expect(emptied.problems).toMatchObject([{ file: "a.yaml", code: "emptied" }]);
    put("a.yaml", "# nothing\n");
    await until(has([]));
  });

  test("writes to .herald and to other files change nothing", async () => {
    put("a.yaml", "kind: A");
    put(".herald/term", "1");
    const { next, until } = watched();
    await next();
    put(".herald/status/ns/x.yaml", "kind: X");
    appendFileSync(join(dir, "notes.txt"), "text");
    put("b.yaml", "kind: B");
    expect(kinds(await next())).toEqual(["A", "B"]);
    put("b.yaml", "kind: C");
    await until(has(["A", "C"]));
  });

  test("a folder that goes away changes nothing, is reported, and is taken up again when it returns", async () => {
    put("a.yaml", "kind: A");
    const { next, until } = watched();
    await next();
    renameSync(dir, `${dir}-away`);
    const gone = await until(({ complete }) => !complete);
    expect(kinds(gone)).toEqual(["A"]);
    expect(gone.problems).toMatchObject([{ file: ".", code: "unreadable" }]);
    rmSync(`${dir}-away`, { recursive: true });
    put("a.yaml", "kind: B");
    await until(has(["B"]));
    put("a.yaml", "kind: C");
    await until(has(["C"]));
  });

  test("a change behind a link is seen within a second or two", async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "herald-files-target-"));
    try {
      writeFileSync(join(elsewhere, "a.yaml"), "kind: A");
      symlinkSync(join(elsewhere, "a.yaml"), join(dir, "a.yaml"));
      const { next, until } = watched();
      await next();
      writeFileSync(join(elsewhere, "a.yaml"), "kind: B");
      await until(has(["B"]));
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  test("a folder that is missing at the start is an error that says so", async () => {
    const readings = watchFolder(join(dir, "none"), { clock: systemClock, log: silentLogger }, stop.signal);
    await expect(readings.next()).rejects.toMatchObject({ code: "missing", message: expect.stringContaining("none") });
  });

  test("ends when the signal aborts", async () => {
    const { next, readings } = watched();
    await next();
    const pending = readings.next();
    stop.abort();
    expect(await pending).toEqual({ done: true, value: undefined });
  });

  test("is closed by the signal even if nobody asks for more", async () => {
    const { next } = watched();
    await next();
    const watchers = () => process.getActiveResourcesInfo().filter((name) => name === "FSEventWrap").length;
    expect(watchers()).toBeGreaterThan(0);
    stop.abort();
    await expect.poll(watchers, { interval: 1 }).toBe(0);
  });
});
