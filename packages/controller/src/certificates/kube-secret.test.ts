import { KubeError } from "@heraldlb/kube";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { openAuthority } from "./authority.ts";
import { FakeKube } from "./fake-kube.test.fixture.ts";
import { KubeSecret } from "./kube-secret.ts";

const ID = { namespace: "herald", name: "herald-ca" };
const PATH = "/api/v1/namespaces/herald/secrets/herald-ca";

test("a Secret that is not there is nothing, and made when it is written", async () => {
  const kube = new FakeKube();
  const secret = new KubeSecret(kube, ID);
  expect(await secret.read()).toBeUndefined();
  await secret.write({ "ca.crt": "x" }, undefined);
  expect(kube.objects.get(PATH)).toMatchObject({ type: "Opaque", data: { "ca.crt": btoa("x") } });
  expect(await secret.read()).toEqual({ data: { "ca.crt": "x" }, resourceVersion: "1" });
});

test("what others have put on the Secret stays, byte for byte", async () => {
  const kube = new FakeKube();
  const labels = { team: "net" };
  kube.put(PATH, { metadata: { name: "herald-ca", labels }, type: "custom", data: { blob: "/wD+" } });
  const secret = new KubeSecret(kube, ID);
  const read = await secret.read();
  await secret.write({ ...read?.data, "ca.crt": "x" }, read?.resourceVersion);
  expect(kube.objects.get(PATH)).toMatchObject({
    ...{ metadata: { labels }, type: "custom", data: { blob: "/wD+", "ca.crt": btoa("x") } },
  });
});

test("a Secret without data is empty", async () => {
  const kube = new FakeKube();
  kube.put(PATH, { metadata: { name: "herald-ca" } });
  expect(await new KubeSecret(kube, ID).read()).toMatchObject({ data: {} });
});

test("nobody is overwritten", async () => {
  const kube = new FakeKube();
  kube.put(PATH, { metadata: { name: "herald-ca" }, data: {} });
  const secret = new KubeSecret(kube, ID);
  const read = await secret.read();
  kube.put(PATH, { metadata: { name: "herald-ca" }, data: { other: "" } });
  await expect(secret.write({ "ca.crt": "x" }, read?.resourceVersion)).rejects.toThrow(KubeError);
});

test("replicas that open an authority at once share it", async () => {
  const kube = new FakeKube();
  const open = () =>
    openAuthority(
      {
        store: new KubeSecret(kube, ID),
        clock: new FakeClock(),
        log: recordingLogger(),
        wallClock: Date.now,
        random: () => 0,
      },
      new AbortController().signal,
    );
  const [one, other] = await Promise.all([open(), open()]);
  expect(other?.bundle).toBe(one?.bundle);
});

test("what goes wrong otherwise is told", async () => {
  const kube = new FakeKube();
  kube.fault = () => new KubeError("forbidden", { status: 403 });
  await expect(new KubeSecret(kube, ID).read()).rejects.toThrow("forbidden");
});
