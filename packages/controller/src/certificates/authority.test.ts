import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Authority, openAuthority } from "./authority.ts";
import { FakeSecret } from "./fake-secret.test.fixture.ts";
import { type AuthorityState, bundleOf, dueStep } from "./rotation.ts";
import { readAuthority } from "./secret-data.ts";

const DAY_MS = 24 * 3_600_000;
const PATIENCE = { timeout: 5000, interval: 1 };
const START = Date.parse("2026-01-01T00:00:00Z");

let clock: FakeClock;
let secret: FakeSecret;
let stop: AbortController;

beforeEach(() => {
  clock = new FakeClock();
  secret = new FakeSecret();
  stop = new AbortController();
});
afterEach(() => stop.abort());

const wallClock = () => START + clock.now();

async function open({ log = recordingLogger(), signal = stop.signal, store = secret } = {}): Promise<Authority> {
  return openAuthority({ store, clock, log, wallClock, random: () => 0 }, signal);
}

/** What an endless iteration has come to so far. */
function follow<T>(iterable: AsyncIterable<T>): T[] {
  const seen: T[] = [];
  void (async () => {
    for await (const each of iterable) seen.push(each);
  })();
  return seen;
}

/** Lets days pass; keys are made on other threads, so what is due by then is waited for. */
async function passDays(days: number, each: () => void | Promise<void> = () => {}): Promise<void> {
  for (let day = 0; day < days; day++) {
    await clock.advance(DAY_MS);
    await vi.waitFor(() => expect(dueStep(stored(), wallClock())).toBeUndefined(), PATIENCE);
    await each();
  }
}

function stored(): AuthorityState {
  const state = readAuthority(secret.data ?? {});
  if (!state) throw new Error("nothing is stored");
  return state;
}

const spki = () =>
  new Uint8Array(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "der", type: "spki" }));

const certificatesIn = (pem: string): X509Certificate[] =>
  Array.from(pem.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----\n/g) ?? [], (each) => new X509Certificate(each));

/** Whether some authority of the bundle has signed it, and both are valid at the time. */
function isTrusted(cert: string, bundle: string, at: number): boolean {
  const leaf = new X509Certificate(cert);
  const isValid = (each: X509Certificate) => Date.parse(each.validFrom) <= at && at < Date.parse(each.validTo);
  return (
    isValid(leaf) &&
    certificatesIn(bundle).some((ca) => isValid(ca) && leaf.checkIssued(ca) && leaf.verify(ca.publicKey))
  );
}

describe("opening", () => {
  test("an authority that nobody has made yet is made, and kept", async () => {
    const authority = await open();
    expect(secret.data).toEqual({ "ca.crt": authority.bundle, "ca.key": expect.stringContaining("PRIVATE KEY") });
    const [ca] = certificatesIn(authority.bundle);
    expect(ca?.ca).toBe(true);
    expect(ca?.subject).toMatch(/^CN=herald-ca [0-9a-f]{8}$/);
    expect(Date.parse(ca?.validTo ?? "")).toBe(START + 365 * DAY_MS);
    expect((await open()).bundle).toBe(authority.bundle);
    expect(secret.writes).toBe(1);
  });

  test("replicas that make it at once end with the same one", async () => {
    secret.latency = () => new Promise(setImmediate);
    const bundles = (await Promise.all([open(), open(), open()])).map(({ bundle }) => bundle);
    expect(new Set(bundles).size).toBe(1);
    expect(secret.writes).toBe(1);
  });

  test("a Secret without data is filled", async () => {
    secret.put({});
    expect((await open()).bundle).toBe(secret.data?.["ca.crt"]);
  });

  test("what else the Secret holds stays in it", async () => {
    await open();
    secret.put({ ...secret.data, note: "ours" });
    const authority = await open();
    void authority.run(stop.signal);
    await passDays(250);
    expect(secret.data).toMatchObject({ note: "ours", "ca-former.crt": expect.any(String) });
  });

  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs8" });
  test.each([
    ["somebody else's data", () => ({ "tls.crt": "x", "tls.key": "y" }), "there is neither ca.crt nor ca.key"],
    ["no certificate", (data) => ({ ...data, "ca.crt": "hello" }), "ca.crt holds no certificate in PEM form"],
    ["no key", ({ "ca.crt": cert }) => ({ "ca.crt": cert }), "ca.key holds no private key in PEM form"],
    [
      "a damaged key",
      (data) => ({ ...data, "ca.key": data["ca.key"]?.slice(0, 90) }),
      "ca.key holds no private key in PEM form",
    ],
    ["another key", (data) => ({ ...data, "ca.key": String(rsa) }), "ca.key is not the key of ca.crt"],
    [
      "half a next generation",
      (data) => ({ ...data, "ca-next.crt": data["ca.crt"] }),
      "ca-next.key holds no private key in PEM form",
    ],
    [
      "a former one without end",
      (data) => ({ ...data, "ca-former.crt": data["ca.crt"] }),
      "ca-former.until holds no time",
    ],
    [
      "a former one that is none",
      (data) => ({ ...data, "ca-former.crt": "x", "ca-former.until": "2026-01-01T00:00:00Z" }),
      "ca-former.crt holds no certificate in PEM form",
    ],
  ] as readonly (readonly [string, (data: Record<string, string>) => Record<string, string>, string])[])(
    "a Secret with %s is left as it is, and read again until it is put right",
    async (_, damage, message) => {
      await open();
      const good = secret.data ?? {};
      const bad = damage(good);
      secret.put(bad);
      const log = recordingLogger();
      const opening = open({ log });
      await clock.advance(60_000);
      expect(secret.data).toBe(bad);
      const errors = log.entries.filter(({ level }) => level === "error");
      expect(errors.map(({ fields }) => fields)).toEqual([{ error: expect.objectContaining({ message }) }]);
      secret.put(good);
      await clock.advance(60_000);
      expect((await opening).bundle).toBe(good["ca.crt"]);
    },
  );

  test("an API server that is away is asked again, and told of once", async () => {
    secret.problem = new Error("connection refused");
    const log = recordingLogger();
    const opening = open({ log });
    await clock.advance(60_000);
    expect(log.entries.filter(({ level }) => level === "warn")).toHaveLength(1);
    secret.problem = undefined;
    // Nothing else asks the API server before the authority is there, so nothing tells that it is back.
    await clock.advance(5_000);
    await expect(opening).resolves.toBeDefined();
  });

  test("it ends with the signal", async () => {
    secret.problem = new Error("connection refused");
    const opening = open();
    await clock.advance(1000);
    stop.abort(new Error("over"));
    await expect(opening).rejects.toThrow("over");
  });
});

describe("server certificates", () => {
  test("one is for these names, and for servers", async () => {
    const authority = await open();
    const names = ["herald-webhook.herald.svc", "10.0.0.1", "fd00::1"];
    const { value } = await authority.serverCertificates(names, stop.signal).next();
    const certificate = new X509Certificate(value?.cert ?? "");
    expect(certificate.subject).toBe("CN=herald-webhook.herald.svc");
    expect(certificate.checkHost("herald-webhook.herald.svc")).toBeDefined();
    expect(certificate.checkIP("10.0.0.1")).toBeDefined();
    expect(certificate.checkIP("fd00::1")).toBeDefined();
    expect(certificate.checkHost("other")).toBeUndefined();
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(Date.parse(certificate.validTo)).toBe(START + 30 * DAY_MS);
  });

  test("it is renewed after two thirds of its life, although the API server is away", async () => {
    const authority = await open();
    void authority.run(stop.signal);
    const seen = follow(authority.serverCertificates(["a"], stop.signal));
    await passDays(1);
    secret.problem = new Error("connection refused");
    await passDays(18);
    expect(seen).toHaveLength(1);
    await passDays(2);
    await vi.waitFor(() => expect(seen).toHaveLength(2), PATIENCE);
    expect(seen[1]?.ca).toBe(seen[0]?.ca);
  });
});

describe("rotation", () => {
  test("over two rotations nobody is ever refused, and every generation goes", async () => {
    const authority = await open();
    const other = await open();
    void authority.run(stop.signal);
    void other.run(stop.signal);
    const bundles = follow(authority.bundles(stop.signal));
    const servers = [authority, other].map((each) => follow(each.serverCertificates(["a"], stop.signal)));
    /** What somebody trusts who hears of news up to a day late. */
    let heard = authority.bundle;
    let client = await authority.signClient(spki(), "n1");
    await passDays(560, async () => {
      // As a watch does; otherwise this replica may hear of what the other one did only the next day.
      authority.refresh();
      await vi.waitFor(() => {
        expect(authority.bundle).toBe(bundleOf(stored()));
        for (const seen of servers) {
          const last = seen.at(-1)?.cert ?? "";
          expect(isTrusted(last, stored().current.cert, wallClock() + 9 * DAY_MS)).toBe(true);
          expect(isTrusted(last, heard, wallClock())).toBe(true);
        }
      }, PATIENCE);
      expect(isTrusted(client, authority.bundle, wallClock() - 1000)).toBe(true);
      heard = authority.bundle;
      client = await other.signClient(spki(), "n1");
    });
    const generations = new Set(bundles.flatMap(certificatesIn).map(({ fingerprint256 }) => fingerprint256));
    expect(generations.size).toBe(3);
    expect(Math.max(...bundles.map((bundle) => certificatesIn(bundle).length))).toBe(2);
    expect(other.bundle).toBe(authority.bundle);
  }, 60_000);

  test("a next generation does not sign on the day that it is announced", async () => {
    const authority = await open();
    void authority.run(stop.signal);
    await passDays(244);
    const before = authority.bundle;
    await passDays(1);
    expect(certificatesIn(authority.bundle)).toHaveLength(2);
    expect(isTrusted(await authority.signClient(spki(), "n1"), before, wallClock())).toBe(true);
    await passDays(1);
    expect(isTrusted(await authority.signClient(spki(), "n1"), before, wallClock())).toBe(false);
    expect(authority.bundle).toContain(before);
    await passDays(30);
    expect(authority.bundle).toContain(before);
    await passDays(1);
    expect(authority.bundle).not.toContain(before);
  });

  test("after years without a controller there is a valid one at once", async () => {
    const before = await open();
    await clock.advance(1000 * DAY_MS);
    const authority = await open();
    expect(isTrusted(await authority.signClient(spki(), "n1"), authority.bundle, wallClock())).toBe(true);
    expect(authority.bundle).toContain(before.bundle);
  });

  test("what another replica did is taken over when it is told", async () => {
    const authority = await open();
    void authority.run(stop.signal);
    const bundles = follow(authority.bundles(stop.signal));
    const other = new FakeSecret();
    const { bundle } = await open({ store: other });
    await clock.advance(1000);
    secret.put(other.data);
    authority.refresh();
    await clock.advance(0);
    expect(bundles.at(-1)).toBe(bundle);
  });

  test("a Secret that was deleted is written again", async () => {
    const authority = await open();
    const { data } = secret;
    void authority.run(stop.signal);
    await clock.advance(1000);
    secret.put(undefined);
    authority.refresh();
    await clock.advance(0);
    expect(secret.data).toEqual(data);
  });

  test("a Secret that was spoilt is left, and what is known stays in use", async () => {
    const authority = await open();
    const { bundle } = authority;
    void authority.run(stop.signal);
    await clock.advance(1000);
    secret.put({ "ca.crt": "spoilt" });
    authority.refresh();
    await clock.advance(DAY_MS);
    expect(secret.data).toEqual({ "ca.crt": "spoilt" });
    expect(authority.bundle).toBe(bundle);
    expect(isTrusted(await authority.signClient(spki(), "n1"), bundle, wallClock())).toBe(true);
  });

  test("the Secret is read every six hours", async () => {
    const authority = await open();
    let reads = 0;
    secret.latency = async () => void reads++;
    void authority.run(stop.signal);
    await clock.advance(DAY_MS);
    expect(reads).toBe(5);
  });
});
