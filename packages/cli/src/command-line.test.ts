import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "./command-line.ts";

const POOL = `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: NAME
  namespace: herald-system
spec:
  addresses:
    - RANGE
`;
const pool = (name: string, range: string): string => POOL.replace("NAME", name).replace("RANGE", range);

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "herald-cli-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  let [out, err] = ["", ""];
  const exitCode = await runCommand(args, {
    version: "1.2.3",
    env,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { exitCode, out, err };
}

describe("herald validate", () => {
  test("accepts what is right", async () => {
    const path = await file("right.yaml", pool("a", "192.0.2.0/28"));
    expect(await run(["validate", path])).toEqual({
      exitCode: 0,
      out: "",
      err: "1 object checked: 0 errors, 0 warnings\n",
    });
  });

  test("names file, line, object, field, reason and fix of what is wrong, one line each", async () => {
    const path = await file("wrong.yaml", `${pool("a", "192.0.2.0/33")}---\n${pool("b", "nonsense")}`);
    const { exitCode, out } = await run(["validate", path]);
    expect(exitCode).toBe(1);
    const [first = "", second = "", ...more] = out.split("\n");
    expect(more).toEqual([""]);
    expect(first).toMatch(
      /^.*\/wrong\.yaml:8 IPAddressPool\/a spec\.addresses\[0\]: invalid CIDR "192\.0\.2\.0\/33".* — .+$/,
    );
    expect(second).toMatch(/^.*\/wrong\.yaml:17 IPAddressPool\/b spec\.addresses\[0\]: .* — .+$/);
  });

  test("checks objects of several files against each other", async () => {
    const paths = [
      await file("one.yaml", pool("one", "192.0.2.0/28")),
      await file("two.yaml", pool("two", "192.0.2.8/32")),
    ];
    const { exitCode, out } = await run(["validate", ...paths]);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/two\.yaml:8 IPAddressPool\/two spec\.addresses\[0\]: .*overlaps/);
  });

  test("passes over kinds that are not Herald's, and counts them", async () => {
    const others =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: y}\n";
    const path = await file("others.yaml", `${others}---\n${others}`);
    expect(await run(["validate", path])).toEqual({
      exitCode: 0,
      out: "",
      err: "0 objects checked: 0 errors, 0 warnings; passed over 4 objects of other kinds (Pod 2, apps/Deployment 2)\n",
    });
  });

  test("takes a misspelt kind of metallb.io for an error", async () => {
    const path = await file("kind.yaml", pool("a", "192.0.2.0/28").replace("IPAddressPool", "IPAdressPool"));
    expect(await run(["validate", path])).toMatchObject({
      exitCode: 1,
      out: expect.stringMatching(/kind\.yaml:2 .*kind: there is no IPAdressPool/),
    });
  });

  describe("a reference to what is not in these files", () => {
    const advertisement = `apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: l2, namespace: herald-system}
spec:
  ipAddressPools: [elsewhere]
`;

    test("is a warning", async () => {
      const path = await file("reference.yaml", advertisement);
      const { exitCode, out, err } = await run(["validate", path]);
      expect([exitCode, out]).toEqual([0, ""]);
      expect(err).toMatch(/^warning: .*reference\.yaml:5 L2Advertisement\/l2 spec\.ipAddressPools\[0\]: .*"elsewhere"/);
    });

    test.each([
      [["--strict"], {}],
      [[], { HERALD_STRICT: "true" }],
    ] as const)("is an error with %j %j", async (flags, env) => {
      const path = await file("reference.yaml", advertisement);
      const { exitCode, out } = await run(["validate", ...flags, path], env);
      expect(exitCode).toBe(1);
      expect(out).toMatch(/reference\.yaml:5 L2Advertisement\/l2 /);
    });
  });

  test("prints JSON for programs", async () => {
    const path = await file("json.yaml", pool("a", "nonsense"));
    const { exitCode, out, err } = await run(["validate", "-o", "json", path]);
    expect([exitCode, err]).toEqual([1, ""]);
    expect(JSON.parse(out)).toMatchObject({
      objects: 1,
      errors: [
        {
          file: path,
          line: 8,
          kind: "IPAddressPool",
          namespace: "herald-system",
          name: "a",
          field: "spec.addresses[0]",
        },
      ],
      warnings: [],
      passedOver: {},
    });
  });

  test("tells of a text that cannot be parsed, with its line", async () => {
    const path = await file("broken.yaml", "a: 1\nb: [\n");
    expect(await run(["validate", path])).toMatchObject({
      exitCode: 1,
      out: expect.stringMatching(/^.*broken\.yaml:3: /),
    });
  });

  test("reads each file once, however often it is named", async () => {
    const path = await file("twice.yaml", pool("twice", "192.0.2.0/28"));
    expect(await run(["validate", path, path])).toMatchObject({
      exitCode: 0,
      err: expect.stringMatching(/^1 object /),
    });
  });

  test("cannot do without its files", async () => {
    const { exitCode, out, err } = await run(["validate", join(folder, "missing.yaml")]);
    expect([exitCode, out]).toEqual([2, ""]);
    expect(err).toMatch(/^herald: .*missing\.yaml: cannot be read: no such file.*\n$/);
  });
});

describe("herald crds", () => {
  test("prints all nine as one YAML stream", async () => {
    const { exitCode, out } = await run(["crds"]);
    expect(exitCode).toBe(0);
    expect(out.match(/^kind: CustomResourceDefinition$/gm)).toHaveLength(9);
    expect(out.split("---\n")).toHaveLength(9);
  });

  test("prints those that are named", async () => {
    const { out } = await run(["crds", "BGPPeer", "-o", "json"]);
    expect(JSON.parse(out)).toMatchObject({
      kind: "CustomResourceDefinition",
      metadata: { name: "bgppeers.metallb.io" },
    });
  });

  test("prints a table for people", async () => {
    const { out } = await run(["crds", "-o", "table"]);
    expect(out).toMatch(/^NAME +KIND +VERSIONS +SCOPE\n/);
    expect(out).toMatch(/^bgppeers\.metallb\.io +BGPPeer +v1beta1,v1beta2 +Namespaced$/m);
  });
});

describe("wrong usage ends with 2 and one line that says what is allowed", () => {
  test.each([
    [[], /^herald: no command given; allowed: validate, crds, completion\n$/],
    [["verify"], /^herald: unknown command 'verify'.*; allowed: validate, crds, completion\n$/],
    [["validate"], /^herald: missing required argument 'FILE\|DIR'\n$/],
    [
      ["validate", "--loud", "x"],
      /^herald: unknown option '--loud'; allowed: --output, --namespace, --strict, --help\n$/,
    ],
    [["validate", "--output"], /^herald: option '.*--output.*' argument missing; allowed: table, json, yaml\n$/],
    [["crds", "--strict"], /^herald: unknown option '--strict'; allowed: --output, --help\n$/],
    [["--loud", "validate", "x"], /^herald: unknown option '--loud'; allowed: --version, --help\n$/],
    [["validate", "-o", "xml", "x"], /^herald: .*'xml' is invalid\. Allowed choices are table, json, yaml\n$/],
    [["crds", "Pool"], /^herald: .*'Pool' is invalid .*\. Allowed choices are .*IPAddressPool/],
    [["completion", "tcsh"], /^herald: .*'tcsh' is invalid .*\. Allowed choices are bash, zsh, fish\n$/],
  ])("%j", async (args, message) => {
    const { exitCode, out, err } = await run(args);
    expect([exitCode, out]).toEqual([2, ""]);
    expect(err).toMatch(message);
  });
});

describe("environment variables stand for flags", () => {
  test("that are not given", async () => {
    const { out } = await run(["crds", "BGPPeer"], { HERALD_OUTPUT: "json" });
    expect(JSON.parse(out)).toMatchObject({ kind: "CustomResourceDefinition" });
    expect((await run(["crds", "-o", "table"], { HERALD_OUTPUT: "json" })).out).toMatch(/^NAME /);
  });

  test.each([
    ["HERALD_OUTPUT", "xml", /^herald: HERALD_OUTPUT: "xml"; allowed: table, json, yaml\n$/],
    ["HERALD_STRICT", "maybe", /^herald: HERALD_STRICT: "maybe"; allowed: true, false\n$/],
  ])("%s=%s is wrong usage", async (variable, value, message) => {
    const { exitCode, err } = await run(["validate", folder], { [variable]: value });
    expect(exitCode).toBe(2);
    expect(err).toMatch(message);
  });
});

test.each([
  [["--help"], /^Usage: herald /],
  [["validate", "--help"], /^Usage: herald validate /],
  [["--version"], /^1\.2\.3\n$/],
])("%j prints and ends with 0", async (args, text) => {
  expect(await run(args)).toEqual({ exitCode: 0, out: expect.stringMatching(text), err: "" });
});
