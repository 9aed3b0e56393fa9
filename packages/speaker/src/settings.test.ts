import { commonOptions, readSettings } from "@heraldlb/daemon";
import { expect, test } from "vitest";
import { speakerOptions, speakerSecurity } from "./settings.ts";

const REQUIRED = ["--controller", "controller.example:7600", "--state-dir", "/state"];

function security(...flags: readonly string[]) {
  const options = { ...speakerOptions, ...commonOptions };
  const command = { name: "herald-speaker", version: "0", description: "", options };
  const reading = readSettings(command, [...REQUIRED, ...flags], {});
  if (reading.type !== "settings") throw new Error(reading.text);
  return speakerSecurity(reading.settings);
}

test("a token stands for a certificate", () => {
  expect(security("--token-file", "/token", "--tls-ca", "/ca")).toEqual({ tokenFiles: { token: "/token", ca: "/ca" } });
});

test("without a token it is as for every process", () => {
  const files = ["--tls-cert", "/cert", "--tls-key", "/key", "--tls-ca", "/ca"];
  expect(security(...files)).toEqual({ cert: "/cert", key: "/key", ca: "/ca" });
  expect(security("--insecure")).toBe("insecure");
  expect(() => security("--tls-ca", "/ca")).toThrow("--tls-cert and --tls-key missing");
});

test("metrics that everybody may read do not make streams insecure", () => {
  expect(security("--token-file", "/token", "--tls-ca", "/ca", "--insecure")).toMatchObject({ tokenFiles: {} });
});

test.each([
  [["--tls-cert", "/cert", "--tls-key", "/key", "--tls-ca", "/ca"], "allowed: without --tls-cert and --tls-key"],
  [["--insecure"], "needs --tls-ca"],
  [[], "needs --tls-ca"],
])("with --token-file %j is refused", (flags, message) => {
  expect(() => security("--token-file", "/token", ...flags)).toThrow(message);
});
