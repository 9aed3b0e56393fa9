import { expect, test } from "vitest";
import { readResource } from "./read.ts";
import { type Secret, secretPassword } from "./secret.ts";

function read(fields: object): Secret {
  const json = { ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "s" } }, ...fields };
  const outcome = readResource(json, { defaultNamespace: "herald" });
  if (outcome.type !== "resource" || outcome.resource.kind !== "Secret") throw new TypeError("no Secret");
  return outcome.resource;
}

const BASIC = { type: "kubernetes.io/basic-auth" };

test.each<[string, object, string]>([
  ["in base64", { data: { password: "aHVzaA==" } }, "hush"],
  ["in base64 of UTF-8", { data: { password: "w6Q=" } }, "ä"],
  ["as it is", { stringData: { password: "hush" } }, "hush"],
  ["as it is, before base64", { data: { password: "b2xk" }, stringData: { password: "new" } }, "new"],
])("the password stands %s", (_how, fields, password) => {
  expect(secretPassword(read({ ...BASIC, ...fields }))).toEqual({ password });
});

test.each<[string, object, string]>([
  [
    "of another type",
    { data: { password: "aHVzaA==" } },
    'secret type mismatch on "herald"/"s", type "kubernetes.io/basic-auth" is expected ; create it anew with that type',
  ],
  [
    "without a password",
    { ...BASIC, data: { username: "eA==" } },
    'password not specified in the secret "herald"/"s"; put it under the key "password"',
  ],
  [
    "with a password that is not base64",
    { ...BASIC, data: { password: "hush!" } },
    'the password in the secret "herald"/"s" is no UTF-8 text in base64',
  ],
  [
    "with a password that is no text",
    { ...BASIC, data: { password: "/w==" } },
    'the password in the secret "herald"/"s" is no UTF-8 text in base64',
  ],
  [
    "with a password that is too long",
    { ...BASIC, stringData: { password: "x".repeat(81) } },
    'secret "herald"/"s": the password is longer than 80 bytes, the most that TCP MD5 takes; choose a shorter one',
  ],
])("a Secret %s is of no use", (_how, fields, problem) => {
  expect(secretPassword(read(fields))).toEqual({ problem });
});

test("what a Secret holds is never shown", () => {
  const json = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s" },
    data: { password: 12_345 },
    stringData: 54_321,
  };
  const text = JSON.stringify(readResource(json, { defaultNamespace: "herald" }));
  expect(text).toContain("must be a string");
  expect(text).not.toMatch(/12345|54321/);
});
