import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SettingError } from "@heraldlb/daemon";
import { recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createAuthority } from "./authority.test.fixture.ts";
import { CredentialFileReader } from "./credential-files.ts";

let folder: string;
let [ca, otherCa] = ["", ""];

beforeAll(async () => {
  ca = (await createAuthority()).ca;
  otherCa = (await createAuthority()).ca;
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "herald-credentials-"));
  put("token", "first\n");
  put("ca", ca);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string) => join(folder, name);
const put = (name: string, content: string) => writeFileSync(file(name), content);

function open() {
  const log = recordingLogger();
  return { log, reader: new CredentialFileReader({ token: file("token"), ca: file("ca") }, log) };
}

test("files are read anew each time, and as kubelet swaps them", () => {
  const { reader } = open();
  expect(reader.read()).toEqual({ token: "first", ca });
  put("second", "second");
  unlinkSync(file("token"));
  symlinkSync(file("second"), file("token"));
  put("ca", `${ca}\n${otherCa}`);
  expect(reader.read()).toEqual({ token: "second", ca: `${ca}\n${otherCa}` });
});

test("of a file that cannot be used what was read before stays, and it is told once, without its content", () => {
  const { reader, log } = open();
  put("token", "two words");
  put("ca", "nonsense");
  expect([reader.read(), reader.read()]).toEqual([
    { token: "first", ca },
    { token: "first", ca },
  ]);
  expect(log.entries.map(({ fields }) => fields)).toEqual([
    { reason: `--token-file: ${file("token")} holds no token` },
    { reason: `--tls-ca: ${file("ca")} holds no certificate in PEM form` },
  ]);
  put("token", "third");
  expect(reader.read()).toEqual({ token: "third", ca });
  unlinkSync(file("token"));
  expect(reader.read().token).toBe("third");
  expect(log.entries).toHaveLength(3);
});

test.each([
  ["token", "", "--token-file: "],
  ["token", "tök", "--token-file: "],
  ["ca", "", "--tls-ca: "],
  ["ca", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "--tls-ca: "],
])("at the start a bad file (%s: %j) is refused", (name, content, message) => {
  put(name, content);
  expect(open).toThrow(SettingError);
  expect(open).toThrow(message);
});

test("at the start a missing file is refused", () => {
  unlinkSync(file("token"));
  expect(open).toThrow(`--token-file: cannot read ${file("token")}`);
});
