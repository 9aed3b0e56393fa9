import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createCertificate, VALID } from "./certificate.test.fixture.ts";
import { readTlsFiles, type TlsContents, type TlsFiles, watchTlsFiles } from "./tls-files.ts";

const PATIENCE = { timeout: 20_000 };

const NOW = (VALID.from + VALID.to) / 2;

let folder: string;
let files: TlsFiles;
let first: TlsContents;
let second: TlsContents;

beforeAll(async () => {
  first = await createCertificate();
  second = await createCertificate();
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "herald-tls-"));
  files = { cert: join(folder, "tls.crt"), key: join(folder, "tls.key"), ca: join(folder, "ca.crt") };
  await write(first);
});

afterEach(() => rm(folder, { recursive: true }));

async function write(contents: Partial<TlsContents>): Promise<void> {
  for (const name of ["cert", "key", "ca"] as const) {
    const text = contents[name];
    if (text !== undefined) await writeFile(files[name], text);
  }
}

describe("TLS files", () => {
  test("are read as they are", async () => {
    expect(await readTlsFiles(files, NOW)).toEqual(first);
  });

  test("may hold several authorities, and text between them", async () => {
    const ca = `# one\n${first.ca}\n# two\n${second.ca}`;
    await write({ ca });
    expect((await readTlsFiles(files, NOW)).ca).toBe(ca);
  });

  test.each<[what: string, now: number, change: () => Partial<TlsContents>, message: RegExp]>([
    ["a certificate that has expired", VALID.to, () => ({}), /^--tls-cert: \S+tls\.crt expired on /],
    ["a certificate of the future", VALID.from - 1, () => ({}), /^--tls-cert: \S+tls\.crt is not valid before /],
    [
      "the key of another",
      NOW,
      () => ({ key: second.key }),
      /^--tls-key: \S+ is not the key of the certificate in \S+tls\.crt$/,
    ],
    ["no certificate", NOW, () => ({ cert: "" }), /^--tls-cert: \S+ holds no certificate in PEM form$/],
    ["no key", NOW, () => ({ key: first.cert }), /^--tls-key: \S+ holds no unencrypted private key in PEM form$/],
    ["no authority", NOW, () => ({ ca: "nothing" }), /^--tls-ca: \S+ holds no certificate in PEM form$/],
    [
      "one bad authority among good ones",
      NOW,
      () => ({ ca: `${first.ca}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n` }),
      /^--tls-ca: \S+ holds no certificate in PEM form$/,
    ],
  ])("with %s are refused, naming flag and file", async (_what, now, change, message) => {
    await write(change());
    await expect(readTlsFiles(files, now)).rejects.toMatchObject({
      name: "SettingError",
      message: expect.stringMatching(message),
    });
  });

  test("that are not there are refused, naming flag and file", async () => {
    await rm(files.key);
    await expect(readTlsFiles(files, NOW)).rejects.toThrow(/^--tls-key: cannot read \S+tls\.key: ENOENT/);
  });
});

describe("a watch on TLS files", () => {
  function watch() {
    const clock = new FakeClock();
    const log = recordingLogger();
    const stop = new AbortController();
    let now = NOW;
    const changes = watchTlsFiles(files, { clock, log, wallClock: () => now }, stop.signal);
    let isWaiting = false;
    const next = async () => {
      isWaiting = true;
      const { value } = await changes.next();
      isWaiting = false;
      return value;
    };
    const setTime = (time: number) => {
      now = time;
    };
    /** Has the files read once more, which takes real time. */
    const pass = async () => {
      await vi.waitFor(() => expect(clock.pending).toBe(1), PATIENCE);
      await clock.advance(5000);
      await vi.waitFor(() => expect(clock.pending === 1 || !isWaiting).toBe(true), PATIENCE);
    };
    return { next, log, stop, pass, setTime };
  }

  test("yields what they hold, and then only changes", async () => {
    const { next, pass, log } = watch();
    expect(await next()).toEqual(first);
    const change = next();
    await pass();
    await write(second);
    await pass();
    expect(await change).toEqual(second);
    expect(log.entries).toMatchObject([
      { level: "info", message: "TLS files changed", fields: { certificate: files.cert } },
    ]);
  });

  test("goes on with what was valid, and complains once, while they are half replaced", async () => {
    const { next, pass, log } = watch();
    await next();
    const change = next();
    await write({ cert: second.cert });
    await pass();
    await pass();
    expect(log.entries.map(({ level }) => level)).toEqual(["warn"]);
    await write(second);
    await pass();
    expect(await change).toEqual(second);
  });

  test("says when the certificate in use has expired", async () => {
    const { next, pass, log, setTime, stop } = watch();
    await next();
    const change = next();
    setTime(VALID.to);
    await pass();
    const error = { message: expect.stringMatching(/ expired on /) };
    expect(log.entries).toMatchObject([{ level: "warn", fields: { error } }]);
    stop.abort();
    expect(await change).toBeUndefined();
  });

  test("fails at the start if they are not valid", async () => {
    await write({ key: second.key });
    await expect(watch().next()).rejects.toMatchObject({ name: "SettingError" });
  });

  test("ends when it is told to", async () => {
    const { next, stop } = watch();
    await next();
    const change = next();
    stop.abort();
    expect(await change).toBeUndefined();
  });
});
