import { readSettings, type SettingError } from "@heraldlb/daemon";
import { describe, expect, test } from "vitest";
import { controllerOptions, controllerSecurity, idleOptions, sourceOf, timersOf } from "./settings.ts";

const command = {
  name: "herald-controller",
  version: "0",
  description: "",
  options: controllerOptions,
  idle: idleOptions,
};

/** What stands in a cluster without any flag. */
const CLUSTER = {
  ...{ tlsSecret: undefined, tlsName: [], tokenAudience: "herald", speakerAccount: "herald-speaker" },
  ...{ webhookListen: undefined, webhookService: "herald-webhook", webhookConfiguration: "herald-webhook" },
};

function read(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const reading = readSettings(command, args, env);
  if (reading.type !== "settings") throw new Error("no settings");
  return reading.settings;
}

test("a folder is all that has to be said", () => {
  expect(read(["--source", "file:manifests"])).toEqual({
    ...{
      source: { type: "files", folder: "manifests" },
      namespace: undefined,
      listen: { host: "::", port: 7600 },
      lbClass: undefined,
    },
    ...{ ignoreExcludeLb: false, heartbeatInterval: 100, heartbeatMisses: 3, startHold: 3_000 },
    ...{ massSilenceLimit: 10_000, onStranded: "keep", kubeQps: 50, kubeBurst: 100 },
    ...{ kubeconfig: undefined, context: undefined, ...CLUSTER },
  });
});

test("every flag is a variable too", () => {
  const env = {
    ...{ HERALD_SOURCE: "kubernetes", HERALD_NAMESPACE: "metallb-system", HERALD_LISTEN: "127.0.0.1:1" },
    ...{ HERALD_LB_CLASS: "herald", HERALD_IGNORE_EXCLUDE_LB: "true", HERALD_HEARTBEAT_INTERVAL: "0.5s" },
    ...{ HERALD_HEARTBEAT_MISSES: "10", HERALD_START_HOLD: "1s", HERALD_MASS_SILENCE_LIMIT: "1m" },
    ...{ HERALD_ON_STRANDED: "reassign", HERALD_KUBECONFIG: "/k", HERALD_CONTEXT: "lab" },
    ...{ HERALD_KUBE_QPS: "5", HERALD_KUBE_BURST: "6", HERALD_TLS_NAME: "a,b" },
  };
  expect(read([], env)).toEqual({
    ...{
      source: { type: "kubernetes" },
      namespace: "metallb-system",
      listen: { host: "127.0.0.1", port: 1 },
      lbClass: "herald",
    },
    ...{ ignoreExcludeLb: true, heartbeatInterval: 500, heartbeatMisses: 10, startHold: 1_000 },
    ...{ massSilenceLimit: 60_000, onStranded: "reassign", kubeQps: 5, kubeBurst: 6 },
    ...{ kubeconfig: "/k", context: "lab", ...CLUSTER, tlsName: ["a", "b"] },
  });
});

describe("a setting that is refused", () => {
  test.each([
    [[], "--source is required"],
    [["--source", "/tmp"], '--source: "/tmp"; allowed: file:DIR, kubernetes'],
    [["--source", "file:"], "--source"],
    [["--source", "file:m", "--listen", "localhost:7600"], "--listen"],
    [["--source", "file:m", "--heartbeat-interval", "49ms"], "50ms to 1s"],
    [["--source", "file:m", "--heartbeat-interval", "2s"], "50ms to 1s"],
    [["--source", "file:m", "--heartbeat-misses", "1"], "2 to 10"],
    [["--source", "file:m", "--heartbeat-misses", "2.5"], "2 to 10"],
    [["--source", "file:m", "--start-hold", "soon"], "--start-hold"],
    [["--source", "file:m", "--mass-silence-limit", "1ms"], "--mass-silence-limit"],
    [["--source", "file:m", "--on-stranded", "drop"], "keep, reassign"],
    [["--source", "file:m", "--namespace", ""], "--namespace"],
    [["--source", "file:m", "--namespace", "A_B"], "--namespace"],
    [["--source", "kubernetes", "--kube-qps", "0"], "--kube-qps"],
  ])("%j: is named in one line", (args, hint) => {
    expect(() => read(args)).toThrow(
      expect.objectContaining({ name: "SettingError", message: expect.stringContaining(hint) }),
    );
    try {
      read(args);
    } catch (error) {
      expect((error as SettingError).message).not.toContain("\n");
    }
  });
});

test("speakers that nobody knows are never awaited longer than known ones", () => {
  const settings = read(["--source", "file:m", "--start-hold", "200ms", "--heartbeat-interval", "50ms"]);
  expect(timersOf(settings)).toMatchObject({ startHoldMs: 200, unknownStartHoldMs: 200, intervalMs: 50, misses: 3 });
});

test("a source has its own flags", () => {
  expect(sourceOf(read(["--source", "kubernetes", "--kubeconfig", "/k", "--context", "lab"]))).toEqual({
    ...{ type: "kubernetes", kubeconfig: "/k", context: "lab", qps: 50, burst: 100 },
  });
  expect(sourceOf(read(["--source", "file:m"]))).toEqual({ type: "files", folder: "m" });
});

test.each([
  ...["--kubeconfig", "--context", "--kube-qps", "--kube-burst", "--tls-secret", "--tls-name", "--token-audience"],
  ...["--speaker-account", "--webhook-listen", "--webhook-service", "--webhook-configuration"],
])("%s means nothing to a folder", (flag) => {
  const value = flag === "--webhook-listen" ? "[::]:9443" : "50";
  expect(() => read(["--source", "file:m", flag, value])).toThrow(`${flag}: only with --source kubernetes`);
});

describe("an authority of the controllers' own", () => {
  const security = (...args: readonly string[]) =>
    controllerSecurity(
      read(["--source", "kubernetes", ...args]) as ReturnType<typeof read> & Parameters<typeof controllerSecurity>[0],
    );

  test("is kept in a Secret, for the names that speakers dial", () => {
    expect(security("--tls-secret", "herald-ca", "--tls-name", "a", "--tls-name", "b")).toEqual({
      ...{ secret: "herald-ca", names: ["a", "b"] },
    });
  });

  test.each([
    [["--tls-secret", "herald-ca"], "--tls-secret: needs --tls-name"],
    [[], "give --tls-secret and --tls-name, or --tls-cert"],
    [["--tls-name", "a"], "--tls-name: only with --tls-secret"],
    [["--webhook-listen", "[::]:9443"], "--webhook-listen: needs --tls-secret"],
  ])("is not what %j say", (args, hint) => {
    expect(() => security(...args)).toThrow(hint);
  });
});
