import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { type Manifest, parseManifests } from "./manifest.ts";
import { type RenderedProcess, renderedProcesses } from "./process.ts";
import { renderChart } from "./render.ts";

const PACKAGES = join(import.meta.dirname, "../../../packages");
const run = promisify(execFile);

async function processes(values: unknown = {}): Promise<{ controller: RenderedProcess; speaker: RenderedProcess }> {
  const manifests = parseManifests(await renderChart({ values }));
  const all = renderedProcesses(manifests, (path) => `<${path}>`);
  const [controller, speaker] = ["controller", "speaker"].map((name) =>
    all.find(({ container }) => container === name),
  );
  if (!controller || !speaker || all.length !== 2) throw new RangeError("the chart has other containers");
  return { controller, speaker };
}

describe("as the chart has it by default", async () => {
  const { controller, speaker } = await processes();

  test("a controller has no capability and writes nowhere", () => {
    expect(controller).toMatchObject({
      ...{ workload: { kind: "Deployment", name: "herald-controller" }, serviceAccount: "herald-controller" },
      ...{ user: 65532, group: 65532, capabilities: [], hasNoNewPrivileges: true, isRootReadOnly: true },
      ...{ usesHostNetwork: false, mounts: [], env: {}, command: [], terminationGraceSeconds: 15 },
    });
  });

  test("a speaker has two capabilities, its node's network, an identity and a place for its state", () => {
    const token = { audience: "herald", expirationSeconds: 3600, path: "token" };
    const authority = { name: "herald-ca", items: [{ key: "ca.crt", path: "ca.crt" }] };
    expect(speaker).toMatchObject({
      ...{ workload: { kind: "DaemonSet", name: "herald-speaker" }, serviceAccount: "herald-speaker" },
      ...{ user: 65532, group: 65532, hasNoNewPrivileges: true, isRootReadOnly: true, usesHostNetwork: true },
      ...{ capabilities: ["NET_BIND_SERVICE", "NET_RAW"], terminationGraceSeconds: 15 },
      env: { NODE_NAME: "<spec.nodeName>" },
    });
    expect(speaker.args).toContain("--node=<spec.nodeName>");
    expect(speaker.mounts).toEqual([
      {
        ...{ path: "/var/run/secrets/heraldlb.io", isReadOnly: true },
        source: { projected: { sources: [{ serviceAccountToken: token }, { configMap: authority }] } },
      },
      { path: "/var/lib/herald", isReadOnly: false, source: { emptyDir: {} } },
    ]);
  });

  test("both answer a kubelet over HTTPS", () => {
    for (const { probes } of [controller, speaker]) {
      expect(probes).toEqual({
        liveness: { scheme: "HTTPS", path: "/healthz", port: 9120 },
        readiness: { scheme: "HTTPS", path: "/readyz", port: 9120 },
      });
    }
  });

  test("a speaker dials the name that the controller's certificate is for, and shows a token for its audience", () => {
    expect(flagValue(speaker, "--controller")).toBe(`${flagValue(controller, "--tls-name")}:7600`);
    expect(flagValue(controller, "--listen")).toBe("[::]:7600");
    expect(flagValue(controller, "--token-audience")).toBe("herald");
    expect(flagValue(controller, "--speaker-account")).toBe(speaker.serviceAccount);
    for (const flag of ["--token-file", "--tls-ca"]) {
      expect(flagValue(speaker, flag)).toMatch(/^\/var\/run\/secrets\/heraldlb\.io\//);
    }
  });
});

/** Makes every flag appear that a value stands for. */
const EVERY_FLAG = {
  loadBalancerClass: "example.com/herald",
  controller: { onStranded: "reassign", extraArgs: ["--heartbeat-interval=200ms"] },
  speaker: {
    ...{ ignoreExcludeLB: true, interfaces: "^eth", excludeInterfaces: { regex: "^eth9$" }, bgpListen: "[::]:179" },
    extraArgs: ["--frames=pcap"],
  },
};

// Each is a process of its own, which loads all of its sources.
test.each(["controller", "speaker"] as const)(
  "herald-%s understands its arguments",
  async (name) => {
    const { args } = (await processes(EVERY_FLAG))[name];
    const main = ["--conditions=@heraldlb/source", join(PACKAGES, name, "src/main.ts")];
    // A last one that is wrong keeps it from starting. It is read after all others, so nothing is wrong with those.
    const started = run(process.execPath, [...main, ...args, "--log-format=wrong"]);
    await expect(started).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(/--log-format: "wrong"/) });
  },
  120_000,
);

describe("arguments are expanded as by a kubelet", () => {
  test.each([
    ["$(A) and $(A)", "a and a"],
    ["$(NONE)", "$(NONE)"],
    ["$$(A)", "$(A)"],
    ["$A", "$A"],
  ])("%s", (text, expanded) => {
    const [process] = renderedProcesses([workload({ args: [text], env: [{ name: "A", value: "a" }] })], () => "");
    expect(process?.args).toEqual([expanded]);
  });
});

test("a mount without its volume, and a probe of a port without a number, are bugs", () => {
  const mounting = workload({ volumeMounts: [{ name: "none", mountPath: "/a" }] });
  expect(() => renderedProcesses([mounting], () => "")).toThrow("there is no volume none to mount at /a");
  const probing = workload({ livenessProbe: { httpGet: { path: "/a", port: "none", scheme: "HTTP" } } });
  expect(() => renderedProcesses([probing], () => "")).toThrow("there is no port none to ask for /a");
});

function workload(container: object): Manifest {
  const containers = [{ name: "c", image: "i", ...container }];
  const spec = { template: { spec: { containers, serviceAccountName: "a", terminationGracePeriodSeconds: 1 } } };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "d" }, spec };
}

function flagValue({ args }: RenderedProcess, flag: string): string | undefined {
  return args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1);
}
