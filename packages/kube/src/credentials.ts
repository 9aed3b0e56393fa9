import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Clock } from "@heraldlb/runtime";
import { KubeConfig } from "@kubernetes/client-node";
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
  /** Another object whenever certificates have changed. */
  readonly tls: TlsAccess;
}

/** What a connection needs. */
export interface TlsAccess {
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
  readonly server: URL;
  readonly namespace: string | undefined;
  readonly #options: CredentialsOptions;
  #config: KubeConfig | undefined;
  #access: { readonly promise: Promise<Access>; readonly at: number } | undefined;
  #tls: { readonly access: TlsAccess; readonly material: string } | undefined;

  private constructor(options: CredentialsOptions, { config, server }: LoadedConfig) {
    this.#options = options;
    this.#config = config;
    this.server = server;
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

  /** The server did not accept these: everything is read again, the kubeconfig too, unless it has been meanwhile. */
  async forget(refused: Access): Promise<void> {
    const kept = this.#access;
    const last = await kept?.promise.catch(() => undefined);
    if (last !== refused || this.#access !== kept) return;
    this.#config = undefined;
    this.#access = undefined;
  }

  async #read(): Promise<Access> {
    const { clock } = this.#options;
    this.#config ??= (await loadConfig(this.#options)).config;
    const config = this.#config;
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
        tls: this.#connection(options),
      };
    } catch (error) {
      throw new KubeconfigError(`${nameOf(this.#options)}: ${firstLine(error)}`, { cause: error });
    }
  }

  #connection(options: RequestOptions): TlsAccess {
    const { ca, cert, key } = options;
    const material = [ca, cert, key].join("\n\n");
    if (this.#tls?.material !== material) {
      const proxy = this.#config?.getCurrentCluster()?.proxyUrl;
      const access: TlsAccess = {
        context: createSecureContext({ ca, cert, key }),
        servername: options.servername,
        rejectUnauthorized: options.rejectUnauthorized,
        proxy: proxy ? new URL(proxy) : undefined,
      };
      this.#tls = { access, material };
    }
    return this.#tls.access;
  }
}

interface LoadedConfig {
  readonly config: KubeConfig;
  readonly server: URL;
}

async function loadConfig(options: CredentialsOptions): Promise<LoadedConfig> {
  const config = new KubeConfig();
  try {
    if (options.kubeconfig === undefined) loadFromPod(config, options.root ?? "");
    else await loadFromFile(config, options.kubeconfig);
    return { config, server: selectContext(config, options.context) };
  } catch (error) {
    throw new KubeconfigError(`${nameOf(options)}: ${firstLine(error)}`, { cause: error });
  }
}

function loadFromPod(config: KubeConfig, root: string): void {
  const { KUBERNETES_SERVICE_HOST: host } = process.env;
  if (!host) {
    throw new Error("not in a pod (KUBERNETES_SERVICE_HOST is not set), and no kubeconfig is given");
  }
  config.loadFromCluster(root);
}

async function loadFromFile(config: KubeConfig, file: string): Promise<void> {
  // Read here first: client-node's own error for a folder or a missing file does not name it.
  await readFile(file);
  config.loadFromFile(file);
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
