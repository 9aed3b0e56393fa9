import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createAuthority } from "./authority.test.fixture.ts";
import { advertisement, pool, service, slice } from "./controller.test.fixture.ts";
import { cleanUp, dial, makeFolder, put, startProcess, type TestSpeaker } from "./run.test.fixture.ts";

const lab = {
  "pool.yaml": pool("lab", ["10.0.0.1-10.0.0.9"]),
  "advertisement.yaml": advertisement(),
  "web/service.yaml": service("web"),
  "web/endpoints.json": slice("web", ["n1", "n2"]),
};

afterEach(cleanUp);
// Everything here is real, and the machine may be busy.
vi.setConfig({ testTimeout: 30_000 });

const within = { timeout: 25_000, interval: 10 };

/** The one speaker that owns the group, once there is one. */
const ownerAmong = (speakers: readonly TestSpeaker[], group = "10.0.0.1") =>
  vi.waitFor(() => {
    const owners = speakers.filter(({ owned }) => owned.has(group));
    expect(owners).toHaveLength(1);
    return owners[0] as TestSpeaker;
  }, within);

const statusOf = (folder: string, name = "web") =>
  readFile(join(folder, ".herald/status/default", `${name}.yaml`), "utf8");

describe("a controller on a folder", () => {
  test("gives an address, stores it, defines its group and assigns it, and the Assign is acknowledged", async () => {
    const folder = await makeFolder(lab);
    const controller = await startProcess(folder);
    const speakers = [await dial(controller, "n1"), await dial(controller, "n2")];
    await ownerAmong(speakers);
    expect(await statusOf(folder)).toContain("10.0.0.1");
    const metrics = await controller.registry.metrics();
    expect(metrics).toContain('metallb_allocator_addresses_in_use_total{pool="lab"} 1');
    expect(metrics).toContain('metallb_allocator_addresses_total{pool="lab"} 9');
    expect(metrics).toContain("metallb_k8s_client_config_loaded_bool 1");
    expect(metrics).toContain("herald_groups_unowned 0");
    expect(metrics).toContain("herald_groups_answered 0");
    expect(metrics).toContain('herald_owner_changes_total{reason="ranked"} 1');
    expect(controller.health.missing.size).toBe(0);
  });

  test("gives a killed owner's group to the other speaker, with a higher epoch", async () => {
    const controller = await startProcess(await makeFolder(lab));
    const [n1, n2] = [await dial(controller, "n1"), await dial(controller, "n2")];
    const owner = await ownerAmong([n1, n2]);
    const epoch = owner.owned.get("10.0.0.1") ?? Number.NaN;
    owner.kill();
    const heir = await ownerAmong([owner === n1 ? n2 : n1]);
    expect(heir.owned.get("10.0.0.1")).toBeGreaterThan(epoch);
  });

  test("follows a Service that comes later, and one that goes", async () => {
    const folder = await makeFolder(lab);
    const controller = await startProcess(folder);
    const n1 = await dial(controller, "n1");
    await ownerAmong([n1]);
    await put(folder, "late.yaml", service("late"));
    await put(folder, "late-endpoints.yaml", slice("late", ["n1"]));
    await ownerAmong([n1], "10.0.0.2");
    await put(folder, "late.yaml", "# gone\n");
    await vi.waitFor(() => expect(n1.owned.has("10.0.0.2")).toBe(false), within);
    await vi.waitFor(() => expect(statusOf(folder, "late")).rejects.toThrow("ENOENT"), within);
  });

  test("keeps addresses over a restart, leads in a higher term, and awaits the speakers it knew", async () => {
    const folder = await makeFolder({ ...lab, "web/service.yaml": service("web", { loadBalancerIP: "10.0.0.7" }) });
    const first = await startProcess(folder);
    const n1 = await dial(first, "n1");
    await ownerAmong([n1], "10.0.0.7");
    const term = n1.lastReply?.term ?? Number.NaN;
    await first.stop();
    expect(n1.lastReply).toMatchObject({ role: "ROLE_LEADER", firm: false });
    await put(folder, "web/service.yaml", service("web"));
    const second = await startProcess(folder);
    const again = await dial(second, "n1");
    await ownerAmong([again], "10.0.0.7");
    expect(again.lastReply?.term).toBeGreaterThan(term);
    expect(JSON.parse(await readFile(join(folder, ".herald/speakers.json"), "utf8"))).toEqual(["n1"]);
  });

  test("serves good manifests beside bad ones, and says where a bad one is wrong", async () => {
    const folder = await makeFolder({
      ...lab,
      "bad/pool.yaml":
        "apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata:\n  name: bad\n  namespace: m\nspec:\n  addresses:\n    - 10.0.0.300/24\n",
      "bad/syntax.yaml": "kind: [\n",
    });
    const controller = await startProcess(folder);
    await ownerAmong([await dial(controller, "n1")]);
    expect(controller.log.entries.find(({ message }) => message === "object refused")?.fields).toMatchObject({
      file: "bad/pool.yaml",
      line: 8,
      field: "spec.addresses[0]",
    });
    expect(controller.log.entries.find(({ message }) => message === "file not read")?.fields).toMatchObject({
      file: "bad/syntax.yaml",
    });
    expect(await controller.registry.metrics()).toContain("metallb_k8s_client_config_stale_bool 1");
  });

  test.each([
    ["wrong", JSON.stringify({ ...service("web"), spec: { type: "LoadBalancer", ports: "none" } })],
    ["in a file that cannot be read", "kind: [\n"],
  ])("keeps the address of a Service that is %s when the process starts", async (_name, text) => {
    const folder = await makeFolder({ ...lab, "web/service.yaml": service("web", { loadBalancerIP: "10.0.0.7" }) });
    const first = await startProcess(folder);
    await ownerAmong([await dial(first, "n1")], "10.0.0.7");
    await first.stop();
    await put(folder, "web/service.yaml", text);
    await put(folder, "other.yaml", service("other", { loadBalancerIP: "10.0.0.7" }));
    await put(folder, "other-endpoints.yaml", slice("other", ["n1"]));
    const second = await startProcess(folder);
    const n1 = await dial(second, "n1");
    await ownerAmong([n1], "10.0.0.7");
    expect(await statusOf(folder)).toContain("10.0.0.7");
    await expect(statusOf(folder, "other")).rejects.toThrow("ENOENT");
    await put(folder, "web/service.yaml", "# gone for good\n");
    await vi.waitFor(async () => expect(await statusOf(folder, "other")).toContain("10.0.0.7"), within);
  });

  test("stands by while another one leads, and takes over when that one ends", async () => {
    const folder = await makeFolder(lab);
    const leader = await startProcess(folder);
    await ownerAmong([await dial(leader, "n1")]);
    const standby = await startProcess(folder);
    const n1 = await dial(standby, "n1");
    await vi.waitFor(() => expect(n1.replies).toBeGreaterThan(2), within);
    expect(n1.lastReply?.role).toBe("ROLE_STANDBY");
    expect(n1.defined.size).toBe(0);
    await leader.stop();
    await ownerAmong([n1]);
    expect(n1.lastReply).toMatchObject({ role: "ROLE_LEADER", firm: true, term: 2 });
  });

  test("ends when another one has led on its folder all the same", async () => {
    const folder = await makeFolder(lab);
    const controller = await startProcess(folder);
    await ownerAmong([await dial(controller, "n1")]);
    await put(folder, ".herald/term", { term: 9, holder: "another" });
    await expect(controller.ended).rejects.toMatchObject({ name: "FatalError" });
  });

  test("leaves nothing but its own files in .herald", async () => {
    const folder = await makeFolder(lab);
    const controller = await startProcess(folder);
    await ownerAmong([await dial(controller, "n1")]);
    await controller.stop();
    expect((await readdir(join(folder, ".herald"))).sort()).toEqual(["lock", "speakers.json", "status", "term"]);
  });

  test.each([
    ["is not there", "/nonexistent/herald"],
    ["is a file", import.meta.filename],
  ])("that %s is fatal", async (_name, folder) => {
    await expect(startProcess(folder)).rejects.toMatchObject({ name: "FatalError" });
  });

  test("whose .herald cannot be a folder is fatal", async () => {
    const folder = await makeFolder({ ...lab, ".herald": "in the way" });
    await expect(startProcess(folder)).rejects.toMatchObject({ name: "FatalError" });
  });

  test("fails when its port is taken", async () => {
    const { endpoint } = await startProcess(await makeFolder(lab));
    await expect(startProcess(await makeFolder(lab), { listen: endpoint })).rejects.toThrow("EADDRINUSE");
  });
});

describe("with TLS", () => {
  async function startWithTls() {
    const authority = await createAuthority();
    const own = await authority.issue("127.0.0.1");
    const keys = await makeFolder({ cert: own.cert, key: own.key, ca: own.ca });
    const security = { cert: join(keys, "cert"), key: join(keys, "key"), ca: join(keys, "ca") };
    return { authority, controller: await startProcess(await makeFolder(lab), { security }) };
  }

  test("a speaker with its node's certificate is served", async () => {
    const { authority, controller } = await startWithTls();
    await ownerAmong([await dial(controller, "n1", { security: await authority.issue("n1") })]);
  });

  test("a speaker with another node's certificate is refused, and told why", async () => {
    const { authority, controller } = await startWithTls();
    const speaker = await dial(controller, "n1", { security: await authority.issue("n2") });
    expect(await speaker.ended).toMatchObject({ name: "StreamError", code: "permissionDenied" });
    expect(controller.log.entries.map(({ message }) => message)).toContain("speaker refused");
  });

  test("a speaker of another authority gets no stream", async () => {
    const { controller } = await startWithTls();
    const [own, other] = [await createAuthority(), await createAuthority()];
    const { ca } = await own.issue("x");
    await expect(dial(controller, "n1", { security: { ...(await other.issue("n1")), ca } })).rejects.toMatchObject({
      name: "DialError",
      code: "tls",
    });
  });

  test("a speaker without TLS gets no stream", async () => {
    const { controller } = await startWithTls();
    await expect(dial(controller, "n1").then(({ ended }) => ended)).rejects.toMatchObject({ name: "DialError" });
  });
});
