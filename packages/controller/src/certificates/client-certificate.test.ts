import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { DecodeError } from "@heraldlb/net";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { describe, expect, test } from "vitest";
import { type Authority, openAuthority } from "./authority.ts";
import { FakeSecret } from "./fake-secret.test.fixture.ts";

const DAY_MS = 24 * 3_600_000;
const START = Date.parse("2026-01-01T00:00:00Z");

const open = (): Promise<Authority> =>
  openAuthority(
    {
      store: new FakeSecret(),
      clock: new FakeClock(),
      log: recordingLogger(),
      wallClock: () => START,
      random: () => 0,
    },
    new AbortController().signal,
  );

const spki = () => der("P-256");

describe("client certificates", () => {
  test("one names the node and is for clients, and for servers of metrics, for a day", async () => {
    const authority = await open();
    const certificate = new X509Certificate(await authority.signClient(spki(), "node-1.example"));
    expect(certificate.subject).toBe("CN=node-1.example");
    expect(certificate.subjectAltName).toBe("DNS:node-1.example");
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"]);
    expect(certificate.ca).toBe(false);
    expect(Date.parse(certificate.validTo)).toBe(START + DAY_MS);
    expect(Date.parse(certificate.validFrom)).toBeLessThan(START);
  });

  test("a name too long for a common name is an alternative name only", async () => {
    const authority = await open();
    const name = `${"n".repeat(62)}.${"m".repeat(62)}`;
    const certificate = new X509Certificate(await authority.signClient(spki(), name));
    expect(certificate.subject).toBeFalsy();
    expect(certificate.subjectAltName).toBe(`DNS:${name}`);
  });

  test.each(["", "Node", "a..b", "a/b", "-a", "a-", "*.example", "a,CN=b", "a\n", "a\0b", "é", "n".repeat(254)])(
    "%j is no node's name",
    async (name) => {
      const authority = await open();
      const error = await authority.signClient(spki(), name).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(DecodeError);
    },
  );

  test.each([
    ["nothing", new Uint8Array()],
    ["text", new TextEncoder().encode("hello")],
    ["half a key", spki().subarray(0, 40)],
    ["a point off the curve", spki().fill(1, 30)],
    ["another curve", der("P-384")],
    ["RSA", generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "der", type: "spki" })],
    ["Ed25519", generateKeyPairSync("ed25519").publicKey.export({ format: "der", type: "spki" })],
  ])("%s is no key to certify", async (_, bytes) => {
    const authority = await open();
    const error = await authority.signClient(bytes, "n1").catch((error: unknown) => error);
    expect(error).toBeInstanceOf(DecodeError);
  });
});

function der(namedCurve: string): Uint8Array {
  return generateKeyPairSync("ec", { namedCurve }).publicKey.export({ format: "der", type: "spki" });
}
