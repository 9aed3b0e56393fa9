import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { dirname, resolve } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Clock } from "@heraldlb/runtime";
import { KubeConfig } from "@kubernetes/client-node";
import { load } from "js-yaml";
import { KubeconfigError } from "./kubeconfig-error.ts";
import { within } from "./time-limit.ts";

/** Files are read, and plugins asked whether their token still holds, this often at most. */
const FRESH_MS = 10_000;
/** As kubectl knows them. */
const PROXY_PROTOCOLS = ["http:", "https:", "socks5:"];
/** A plugin that takes longer is not waited for. */
const PLUGIN_MS = 20_000;

/** What a request needs to be let in. */
export interface Access {
  readonly headers: Readonly<Record<string, string>>;
  /** Another object whenever something in it has changed. */
  readonly way: Way;
}

/** What a connection needs. */
export interface Way {
  readonly server: URL;
  readonly context: SecureContext;
  readonly servername: string | undefined;
  readonly rejectUnauthorized: boolean | undefined;
  /** Set if the kubeconfig names one. */
  readonly proxy: URL | undefined;
}

/** Where credentials come from. */
export interface CredentialsOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly clock: Clock;
  /** In front of /var/run; empty unless given. */
  readonly root?: string | undefined;
}

/** A server and the way in, from a kubeconfig or a pod's service account. */
export class Credentials {
  /** At the start. */
  readonly namespace: string | undefined;
  readonly #options: CredentialsOptions;
  #loaded: LoadedConfig | undefined;
  #access: { readonly promise: Promise<Access>; readonly at: number } | undefined;
  #way: { readonly way: Way; readonly material: string } | undefined;

  private constructor(options: CredentialsOptions, loaded: LoadedConfig) {
    this.#options = options;
    this.#loaded = loaded;
    const { config } = loaded;
    this.namespace = config.getContextObject(config.getCurrentContext())?.namespace?.trim() || undefined;
  }

  /** Reads everything once. @throws KubeconfigError */
  static async load(options: CredentialsOptions): Promise<Credentials> {
    const credentials = new Credentials(options, await loadConfig(options));
    await credentials.access();
    return credentials;
  }

  /** What to send now. @throws KubeconfigError if files or plugins fail */
  access(): Promise<Access> {
    const now = this.#options.clock.now();
    if (this.#access === undefined || now - this.#access.at >= FRESH_MS) {
      const promise = this.#read();
      this.#access = { promise, at: now };
      promise.catch(() => {
        if (this.#access?.promise === promise) this.#access = undefined;
      });
    }
    return this.#access.promise;
  }

  /** The server did not accept these: nothing that was read before counts, unless it has been read again meanwhile. */
  async forget(refused: Access): Promise<void> {
    const kept = this.#access;
    const last = await kept?.promise.catch(() => undefined);
    if (last !== refused || this.#access !== kept) return;
    this.#loaded = undefined;
    this.#access = undefined;
  }

  async #read(): Promise<Access> {
    const { clock } = this.#options;
    this.#loaded = await reloadConfig(this.#loaded, this.#options);
    const { config } = this.#loaded;
    const late = () => new Error(`no credentials within ${PLUGIN_MS / 1_000} s`);
    const options: RequestOptions = {};
    try {
      await within({ clock, timeoutMs: PLUGIN_MS, late }, () => config.applyToHTTPSOptions(options));
      const { auth } = options;
      const basic = auth ? `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(auth)))}` : undefined;
      const authorization = readHeader(options, "Authorization") ?? basic;
      const impersonated = readHeader(options, "Impersonate-User");
      return {
        headers: {
          ...(authorization === undefined ? {} : { Authorization: authorization.trim() }),
          ...(impersonated === undefined ? {} : { "Impersonate-User": impersonated }),
        },
        way: this.#wayOf(options, this.#loaded),
      };
    } catch (error) {
      throw new KubeconfigError(`${nameOf(this.#options)}: ${firstLine(error)}`, { cause: error });
    }
  }

  #wayOf({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions, { config, server }: LoadedConfig): Way {
    const { proxyUrl } = config.getCurrentCluster() ?? {};
    const material = [ca, cert, key, servername, rejectUnauthorized, proxyUrl, server].join("\n\n");
    if (this.#way?.material !== material) {
      const proxy = proxyUrl ? new URL(proxyUrl) : undefined;
      const context = createSecureContext({ ca, cert, key });
      this.#way = { way: { server, context, servername, rejectUnauthorized, proxy }, material };
    }
    return this.#way.way;
  }
}

interface LoadedConfig {
  readonly config: KubeConfig;
  readonly server: URL;
  /** The kubeconfig as it was read. */
  readonly text: string | undefined;
}

/** The same unless the kubeconfig reads otherwise: plugins have asked for tokens that still hold. */
async function reloadConfig(last: LoadedConfig | undefined, options: CredentialsOptions): Promise<LoadedConfig> {
  const { kubeconfig } = options;
  if (!last) return await loadConfig(options);
  if (kubeconfig === undefined) return last;
  try {
    return (await readFile(kubeconfig, "utf8")) === last.text ? last : await loadConfig(options);
  } catch {
    // It may be half written. What is in use is so until the server refuses it.
    return last;
  }
}

async function loadConfig(options: CredentialsOptions): Promise<LoadedConfig> {
  const config = new KubeConfig();
  const { kubeconfig, context, root = "" } = options;
  try {
    const text = kubeconfig === undefined ? loadFromPod(config, root) : await loadFromFile(config, kubeconfig);
    return { config, server: selectContext(config, context), text };
  } catch (error) {
    throw new KubeconfigError(`${nameOf(options)}: ${firstLine(error)}`, { cause: error });
  }
}

function loadFromPod(config: KubeConfig, root: string): undefined {
  const { KUBERNETES_SERVICE_HOST: host } = process.env;
  if (!host) {
    throw new Error("not in a pod (KUBERNETES_SERVICE_HOST is not set), and no kubeconfig is given");
  }
  config.loadFromCluster(root);
}

async function loadFromFile(config: KubeConfig, file: string): Promise<string> {
  const text = await readFile(file, "utf8");
  config.loadFromString(text);
  config.makePathsAbsolute(dirname(file));
  nameTokenFiles(config, text, dirname(file));
  return text;
}

/** What client-node does not look for, though it reads such a file again every minute for a service account. */
function nameTokenFiles(config: KubeConfig, text: string, folder: string): void {
  const { users } = load(text) as { readonly users?: readonly { readonly user?: { readonly tokenFile?: unknown } }[] };
  config.users = config.users.map((user, index) => {
    const tokenFile = users?.[index]?.user?.tokenFile;
    if (typeof tokenFile !== "string" || tokenFile === "") return user;
    const { token: _, ...rest } = user;
    return { ...rest, authProvider: { name: "tokenFile", config: { tokenFile: resolve(folder, tokenFile) } } };
  });
}

/** Makes the context the current one; the URL of its server. Throws if it, or the way to it, cannot be used. */
function selectContext(config: KubeConfig, wanted: string | undefined): URL {
  const name = wanted ?? config.getCurrentContext();
  if (!name) throw new Error("it has no current-context, and no context is given");
  const context = config.getContexts().find((known) => known.name === name);
  if (context === undefined) {
    const known = config.getContexts().map((each) => each.name);
    throw new Error(`it has no context "${name}"${known.length > 0 ? ` (it has: ${known.join(", ")})` : ""}`);
  }
  config.setCurrentContext(name);
  const cluster = config.getCluster(context.cluster);
  if (cluster === null) throw new Error(`its context "${name}" names the cluster "${context.cluster}", which it lacks`);
  if (context.user && config.getUser(context.user) === null) {
    throw new Error(`its context "${name}" names the user "${context.user}", which it lacks`);
  }
  const server = URL.parse(cluster.server);
  if (server === null || !["http:", "https:"].includes(server.protocol)) {
    throw new Error(`the server of its cluster "${cluster.name}" is not an http or https URL`);
  }
  if (server.protocol === "http:" && !cluster.skipTLSVerify) {
    throw new Error(`its cluster "${cluster.name}" is plain http, which wants insecure-skip-tls-verify: true`);
  }
  if (cluster.proxyUrl && !PROXY_PROTOCOLS.includes(URL.parse(cluster.proxyUrl)?.protocol ?? "")) {
    throw new Error(`the proxy-url of its cluster "${cluster.name}" is not an http, https or socks5 URL`);
  }
  return server;
}

function readHeader({ headers }: RequestOptions, name: string): string | undefined {
  const value = headers && !Array.isArray(headers) ? (headers as Record<string, unknown>)[name] : undefined;
  return typeof value === "string" ? value : undefined;
}

const nameOf = ({ kubeconfig }: CredentialsOptions): string =>
  kubeconfig === undefined ? "service account" : `kubeconfig ${kubeconfig}`;

/** What is wrong, in one line. A YAML error's message quotes the file, tokens included: only its reason and line. */
function firstLine(error: unknown): string {
  if (isYamlError(error)) return `not YAML: ${error.reason}${error.mark ? ` (line ${error.mark.line + 1})` : ""}`;
  if (error instanceof TypeError) return "not a kubeconfig";
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split("\n", 1)[0]?.slice(0, 300) ?? "";
}

function isYamlError(error: unknown): error is { readonly reason: string; readonly mark?: { readonly line: number } } {
  return error instanceof Error && error.name === "YAMLException";
}
