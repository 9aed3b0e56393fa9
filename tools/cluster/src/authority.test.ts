import { createPrivateKey, createPublicKey, sign, verify, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createAuthority, createKeyPair } from "./authority.ts";

describe("an authority", () => {
  test("signs servers' certificates for names and addresses of both families", async () => {
    const authority = await createAuthority("test");
    const { cert, key } = await authority.server(["localhost", "10.0.0.1", "fd00::1"]);
    const certificate = new X509Certificate(cert);
    expect(certificate.verify(new X509Certificate(authority.ca).publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(certificate.checkHost("localhost")).toBe("localhost");
    expect(certificate.checkIP("10.0.0.1")).toBe("10.0.0.1");
    expect(certificate.checkIP("fd00::1")).toBe("fd00::1");
    expect(certificate.checkHost("elsewhere")).toBeUndefined();
  });

  test("writes a client's user as common name and groups as organizations", async () => {
    const authority = await createAuthority("test");
    const { cert } = await authority.client({ user: "system:kube-proxy", groups: ["a", "system:masters"] });
    expect(new X509Certificate(cert).subject).toBe("O=a\nO=system:masters\nCN=system:kube-proxy");
  });

  test("is no other authority", async () => {
    const [one, other] = await Promise.all([createAuthority("test"), createAuthority("test")]);
    const { cert } = await one.client({ user: "u" });
    expect(new X509Certificate(cert).verify(new X509Certificate(other.ca).publicKey)).toBe(false);
  });
});

test("a pair of keys belongs together", async () => {
  const { privateKey, publicKey } = await createKeyPair();
  const signature = sign("sha256", Uint8Array.of(1, 2, 3), createPrivateKey(privateKey));
  expect(verify("sha256", Uint8Array.of(1, 2, 3), createPublicKey(publicKey), signature)).toBe(true);
});
