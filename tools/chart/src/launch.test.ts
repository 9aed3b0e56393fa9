import { describe, expect, test } from "vitest";
import { launchCommand } from "./launch.ts";
import { parseManifests } from "./manifest.ts";
import { type RenderedProcess, renderedProcesses } from "./process.ts";
import { renderChart } from "./render.ts";

const [controller, speaker] = renderedProcesses(parseManifests(await renderChart()), () => "node1").toSorted((a, b) =>
  a.container < b.container ? -1 : 1,
) as [RenderedProcess, RenderedProcess];
const MOUNTED = { "/var/run/secrets/heraldlb.io": "/identity", "/var/lib/herald": "/state" };
const options = { entrypoint: ["/node", "/main.mjs"], binds: MOUNTED, root: "/root" } as const;

describe("the command of a process", () => {
  test("has the user, the group and the capabilities that the chart says, and ends with the arguments", () => {
    const command = launchCommand(speaker, options);
    for (const word of ["--uid=65532", "--gid=65532", "--groups=65532", "--caps=10,13=ep", "--no-new-privs"]) {
      expect(command).toContain(word);
    }
    expect(command).toContain("NODE_NAME=node1");
    expect(command.slice(-speaker.args.length - 3)).toEqual(["--shell=/node", "--", "/main.mjs", ...speaker.args]);
  });

  test("drops everything else", () => {
    const dropped = launchCommand(controller, options).find((word) => word.startsWith("--drop="));
    expect(dropped?.slice("--drop=".length).split(",")).toEqual(Array.from({ length: 41 }, (_, number) => `${number}`));
    expect(launchCommand(controller, options)).toContain("--caps==");
  });

  test("binds what the process may write to, and all else read-only", () => {
    const command = launchCommand(speaker, { ...options, binds: { ...MOUNTED, "/main.mjs": "/bundle.mjs" } });
    const binds = command.slice(command.indexOf("/root") + 1, command.indexOf("--"));
    expect(binds).toEqual([
      ...["/identity", "/var/run/secrets/heraldlb.io", "ro"],
      ...["/state", "/var/lib/herald", "rw"],
      ...["/bundle.mjs", "/main.mjs", "ro"],
    ]);
  });

  test("is the chart's own where the chart has one", () => {
    const command = launchCommand({ ...controller, command: ["/other", "--first"] }, options);
    expect(command.slice(-controller.args.length - 3)).toEqual(["--shell=/other", "--", "--first", ...controller.args]);
  });
});

test.each([
  ["a mount that nothing is bound at", speaker, {}, "nothing to bind at /var/run/secrets/heraldlb.io"],
  ["an unknown capability", { ...speaker, capabilities: ["FLY"] }, MOUNTED, "the capability FLY is not known"],
  ["a process that would be root", { ...speaker, user: undefined }, MOUNTED, "speaker has no user and group"],
])("%s is a bug", (_, process, binds, message) => {
  expect(() => launchCommand(process, { ...options, binds })).toThrow(message);
});
