import { describe, expect, test } from "vitest";
import { defaulted, list, optional, required, requiredList, toggle } from "./option.ts";
import { addressPort, duration, hostPort, integer, namespaceName, oneOf, regex, text } from "./parser.ts";
import { type CommandLine, type Environment, readSettings } from "./read-settings.ts";
import { SettingError } from "./setting-error.ts";

const options = {
  stateDir: required("DIR", text, "where to keep what is known"),
  controller: requiredList("HOST:PORT", hostPort, "whom to call"),
  listen: defaulted("ADDR:PORT", addressPort, "[::]:7600", "where to listen"),
  heartbeatInterval: defaulted("DURATION", duration(50, 1000), "100ms", "how often"),
  heartbeatMisses: defaulted("NUMBER", integer(2, 10), "3", "how many"),
  frames: defaulted("BACKEND", oneOf("packet", "pcap"), "packet", "how frames are sent"),
  interfaces: optional("REGEX", regex, "which interfaces"),
  pool: list("NAME", text, "which pools"),
  insecure: toggle("without TLS"),
};

const command = { name: "herald-test", version: "1.2.3", description: "A test.", options };
const needed = ["--state-dir", "/d", "--controller", "c:7600"];

function read(args: readonly string[], env: Environment = {}) {
  const reading = readSettings(command, args, env);
  if (reading.type !== "settings") throw new Error("printed");
  return reading.settings;
}

function failure(args: readonly string[], env: Environment = {}): string {
  try {
    read(args, env);
  } catch (error) {
    if (error instanceof SettingError) return error.message;
    throw error;
  }
  return "no failure";
}

describe("settings", () => {
  test("have defaults", () => {
    expect(read(needed)).toEqual({
      stateDir: "/d",
      controller: [{ host: "c", port: 7600 }],
      listen: { host: "::", port: 7600 },
      heartbeatInterval: 100,
      heartbeatMisses: 3,
      frames: "packet",
      interfaces: undefined,
      pool: [],
      insecure: false,
    });
  });

  test("come from flags", () => {
    const flags = [
      "--listen=127.0.0.1:1",
      "--heartbeat-interval",
      "0.5s",
      "--frames",
      "pcap",
      "--interfaces",
      "^eth",
      "--insecure",
    ];
    expect(read([...needed, ...flags])).toMatchObject({
      listen: { host: "127.0.0.1", port: 1 },
      heartbeatInterval: 500,
      frames: "pcap",
      interfaces: /^eth/,
      insecure: true,
    });
  });

  test("come from the environment, lists separated by commas", () => {
    const env = {
      HERALD_STATE_DIR: "/e",
      HERALD_CONTROLLER: "a:1, [::1]:2",
      HERALD_HEARTBEAT_MISSES: "5",
      HERALD_POOL: "x,y",
      HERALD_INSECURE: "true",
    };
    expect(read([], env)).toMatchObject({
      stateDir: "/e",
      controller: [
        { host: "a", port: 1 },
        { host: "::1", port: 2 },
      ],
      heartbeatMisses: 5,
      pool: ["x", "y"],
      insecure: true,
    });
  });

  test("come from a flag rather than its variable, and of several flags from the last", () => {
    const env = { HERALD_STATE_DIR: "/e", HERALD_CONTROLLER: "a:1", HERALD_INSECURE: "false" };
    expect(read(["--state-dir", "/f", "--state-dir", "/g", "--insecure"], env)).toMatchObject({
      stateDir: "/g",
      insecure: true,
    });
  });

  test("can repeat where they are lists", () => {
    expect(read([...needed, "--controller", "d:7600"]).controller).toHaveLength(2);
  });

  test("are not given by an empty variable", () => {
    expect(read(needed, { HERALD_FRAMES: "", HERALD_INSECURE: "" })).toMatchObject({
      frames: "packet",
      insecure: false,
    });
  });
});

test.each<[args: string[], env: Environment, message: string]>([
  [[], {}, "--state-dir is required; allowed: a text that is not empty"],
  [
    ["--state-dir", "/d"],
    {},
    "--controller is required; allowed: HOST:PORT, for example controller.example:7600 or [fd00::1]:7600",
  ],
  [[...needed, "--state-dir"], {}, "--state-dir needs a value; allowed: a text that is not empty"],
  [[...needed, "--listen", "x"], {}, '--listen: "x"; allowed: ADDR:PORT, for example 127.0.0.1:9120 or [::]:7600'],
  [
    [...needed, "--heartbeat-interval", "10ms"],
    {},
    '--heartbeat-interval: "10ms"; allowed: a duration from 50ms to 1s, for example 100ms or 1m30s',
  ],
  [needed, { HERALD_HEARTBEAT_MISSES: "1" }, 'HERALD_HEARTBEAT_MISSES: "1"; allowed: a whole number from 2 to 10'],
  [[...needed, "--frames", "raw"], {}, '--frames: "raw"; allowed: packet, pcap'],
  [[...needed, "--frames", "a\nb"], {}, '--frames: "a\\nb"; allowed: packet, pcap'],
  [[...needed, "--interfaces", "("], {}, '--interfaces: "("; allowed: a regular expression'],
  [needed, { HERALD_INSECURE: "yes" }, 'HERALD_INSECURE: "yes"; allowed: true, false'],
  [needed, { HERALD_POOL: "a,,b" }, 'HERALD_POOL: ""; allowed: a text that is not empty'],
])("%j with %j is refused in one line that says what is allowed", (args, env, message) => {
  expect(failure(args, env)).toBe(message);
});

test.each([
  ["--statedir", "unknown option '--statedir'"],
  ["--insecur", "unknown option '--insecur'"],
  ["stray", "too many arguments. Expected 0 arguments but got 1: stray"],
])("%s is refused in one line that names all flags", (arg, start) => {
  const message = failure([...needed, arg]);
  expect(message).toBe(
    `${start}; allowed: --state-dir, --controller, --listen, --heartbeat-interval, --heartbeat-misses, --frames, --interfaces, --pool, --insecure, --help, --version`,
  );
});

describe("an option without effect", () => {
  const folders: CommandLine<typeof options> = {
    ...command,
    idle: ({ frames }) =>
      frames === "pcap" ? undefined : { options: ["pool", "heartbeatMisses"], needed: "--frames pcap" },
  };

  test.each<[args: string[], env: Environment, message: string]>([
    [["--pool", "a"], {}, "--pool: only with --frames pcap"],
    // Its default would be the same.
    [["--heartbeat-misses", "3"], {}, "--heartbeat-misses: only with --frames pcap"],
    [[], { HERALD_POOL: "a,b" }, "HERALD_POOL: only with --frames pcap"],
  ])("is refused: %j with %j", (args, env, message) => {
    expect(() => readSettings(folders, [...needed, ...args], env)).toThrow(new SettingError(message));
  });

  test.each([{ args: [] }, { args: ["--pool", "a", "--frames", "pcap"] }])("is none of $args", ({ args }) => {
    expect(readSettings(folders, [...needed, ...args], {}).type).toBe("settings");
  });
});

test("--help shows every flag with its default and its variable, whatever else is wrong", () => {
  const reading = readSettings(command, ["--help"], { HERALD_INSECURE: "nonsense" });
  const printed = reading.type === "print" ? reading.text.replaceAll(/\s+/g, " ") : "";
  expect(printed).toContain("Usage: herald-test [options] A test.");
  expect(printed).toContain("--listen <ADDR:PORT> where to listen (default: [::]:7600, env: HERALD_LISTEN)");
  expect(printed).toContain("--controller <HOST:PORT> whom to call (repeats, env: HERALD_CONTROLLER)");
});

test("--version shows the version", () => {
  expect(readSettings(command, ["--version"], {})).toEqual({ type: "print", text: "1.2.3\n" });
});

test.each([
  ["kube-system", true],
  ["a", true],
  ["7", true],
  ["a".repeat(63), true],
  ["a".repeat(64), false],
  ["", false],
  ["A", false],
  ["a_b", false],
  ["a.b", false],
  ["-a", false],
  ["a-", false],
  ["a\n", false],
])("%j can be a namespace: %j", (name, can) => {
  expect(namespaceName.parse(name)).toBe(can ? name : undefined);
});
