import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Clock, Logger } from "@heraldlb/runtime";
import { SettingError } from "./setting-error.ts";

/** Where a process finds its certificates. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** What is in the files: PEM text. */
export interface TlsContents {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export interface TlsDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  /** The wall clock, in ms since 1970: certificates have dates. */
  wallClock(): number;
}

// Files that are swapped one after the other do not fit for a moment, and links (as Kubernetes makes them) escape a
// watch; so they are read again now and then, which costs nothing.
const INTERVAL_MS = 5000;

/**
 * Reads TLS files, and reads them again until the signal aborts. Yields their contents, and then every other contents
 * they come to have. Contents that are not valid are logged, once, and not yielded: what was valid stays in use.
 *
 * @throws SettingError if the files are not valid at the start
 */
export async function* watchTlsFiles(
  files: TlsFiles,
  { clock, log, wallClock }: TlsDependencies,
  signal: AbortSignal,
): AsyncGenerator<TlsContents, void, undefined> {
  let current = await readTlsFiles(files, wallClock());
  let complaint = "";
  yield current;
  while (!signal.aborted) {
    try {
      await clock.sleep(INTERVAL_MS, signal);
    } catch {
      return;
    }
    try {
      const contents = await readTlsFiles(files, wallClock());
      complaint = "";
      if (isSame(contents, current)) continue;
      current = contents;
      log.info("TLS files changed", { certificate: files.cert, expires: new X509Certificate(contents.cert).validTo });
      yield contents;
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      if (error.message !== complaint) log.warn("TLS files not usable, keeping what was read before", { error });
      complaint = error.message;
    }
  }
}

/** Reads and validates TLS files at a time of the wall clock. @throws SettingError that names the flag and the file */
export async function readTlsFiles(files: TlsFiles, now: number): Promise<TlsContents> {
  const [cert, key, ca] = await Promise.all([
    read("--tls-cert", files.cert),
    read("--tls-key", files.key),
    read("--tls-ca", files.ca),
  ]);
  const certificate = parseCertificate("--tls-cert", files.cert, cert);
  if (certificate.validToDate.getTime() <= now) {
    throw new SettingError(`--tls-cert: ${files.cert} expired on ${certificate.validTo}`);
  }
  if (certificate.validFromDate.getTime() > now) {
    throw new SettingError(`--tls-cert: ${files.cert} is not valid before ${certificate.validFrom}`);
  }
  if (!certificate.checkPrivateKey(parseKey(files.key, key))) {
    throw new SettingError(`--tls-key: ${files.key} is not the key of the certificate in ${files.cert}`);
  }
  for (const each of ca.match(CERTIFICATE) ?? [ca]) parseCertificate("--tls-ca", files.ca, each);
  return { cert, key, ca };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

async function read(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new SettingError(`${flag}: cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
}

function parseCertificate(flag: string, file: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new SettingError(`${flag}: ${file} holds no certificate in PEM form`, { cause });
  }
}

function parseKey(file: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new SettingError(`--tls-key: ${file} holds no unencrypted private key in PEM form`, { cause });
  }
}

const isSame = (a: TlsContents, b: TlsContents): boolean => a.cert === b.cert && a.key === b.key && a.ca === b.ca;
