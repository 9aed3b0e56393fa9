import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isBearerToken } from "@heraldlb/api";
import { SettingError } from "@heraldlb/daemon";
import type { Logger } from "@heraldlb/runtime";

/** Where a speaker that shows a token finds what it needs. */
export interface CredentialFiles {
  /** The token of its service account. */
  readonly token: string;
  /** The authorities that vouch for controllers: PEM. */
  readonly ca: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * What is in the files, read anew each time: kubelet replaces them while the process runs. Of a file that cannot be used
 * what was read before stays in use.
 */
export class CredentialFileReader {
  readonly #files: CredentialFiles;
  readonly #log: Logger;
  readonly #complaints = new Map<string, string>();
  #contents: CredentialFiles;

  /** @throws SettingError if one of the files cannot be used */
  constructor(files: CredentialFiles, log: Logger) {
    this.#files = files;
    this.#log = log;
    this.#contents = { token: readToken(files.token), ca: readAuthorities(files.ca) };
  }

  /** The files' contents. */
  read(): CredentialFiles {
    const { token, ca } = this.#files;
    this.#contents = {
      token: this.#readOr(this.#contents.token, token, readToken),
      ca: this.#readOr(this.#contents.ca, ca, readAuthorities),
    };
    return this.#contents;
  }

  /** The same trouble is told once. */
  #readOr(before: string, file: string, read: (file: string) => string): string {
    try {
      const contents = read(file);
      this.#complaints.delete(file);
      return contents;
    } catch (error) {
      const reason = (error as Error).message;
      if (this.#complaints.get(file) !== reason)
        this.#log.warn("credentials not usable, keeping what was read before", { reason });
      this.#complaints.set(file, reason);
      return before;
    }
  }
}

function readToken(file: string): string {
  const token = read("--token-file", file).trim();
  if (!isBearerToken(token)) throw new SettingError(`--token-file: ${file} holds no token`);
  return token;
}

function readAuthorities(file: string): string {
  const pem = read("--tls-ca", file);
  try {
    for (const each of pem.match(CERTIFICATE) ?? [pem]) new X509Certificate(each);
    return pem;
  } catch (cause) {
    throw new SettingError(`--tls-ca: ${file} holds no certificate in PEM form`, { cause });
  }
}

function read(flag: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new SettingError(`${flag}: cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
}
