import type { TlsMaterial } from "@heraldlb/api";
import type { Endpoint, MainContext } from "@heraldlb/daemon";
import { mayGet, reviewToken } from "@heraldlb/kube";
import { serveWebhook } from "../admission/webhook.ts";
import { countingWebhook } from "../admission/webhook-metrics.ts";
import type { BackingContext } from "../backing.ts";
import { type Authority, openAuthority } from "../certificates/authority.ts";
import { keepTrust } from "../certificates/keep-trust.ts";
import { KubeSecret } from "../certificates/kube-secret.ts";
import type { Controller } from "../controller.ts";
import { Authenticator } from "../tokens/authenticator.ts";
import { countingCredentials } from "../tokens/credential-metrics.ts";
import { MetricsReviewer } from "../tokens/metrics-reviewer.ts";
import { StreamCredentials } from "../tokens/stream-credentials.ts";
import { TokenReviewer } from "../tokens/token-reviewer.ts";
import type { KubernetesAccess } from "./kubernetes-access.ts";

/** An authority that the controllers of a cluster keep themselves. */
export interface OwnAuthority {
  /** The Secret that it is kept in. */
  readonly secret: string;
  /** What speakers dial. */
  readonly names: readonly string[];
}

/** What controllers do for a cluster beside what all do. */
export interface ClusterServiceOptions {
  /** Whom the tokens of speakers are meant for. */
  readonly tokenAudience: string;
  /** The ServiceAccount of speakers. */
  readonly speakerAccount: string;
  /** Undefined: no webhooks are served. */
  readonly webhook: { readonly listen: Endpoint; readonly service: string; readonly configuration: string } | undefined;
}

/** What these services are given. */
export interface ClusterServicesContext
  extends Pick<BackingContext, "clock" | "log" | "wallClock">,
    Pick<MainContext, "registry" | "metrics" | "health"> {
  /** The controller, once there is one. */
  controller(): Controller | undefined;
}

const RANDOM = { random: Math.random };
// A speaker gives up after a second, and dials again.
const REVIEW = { timeoutMs: 3_000 } as const;
const CONFIG_MAP = "herald-ca";

/** Who speakers and readers of metrics are, certificates, and the webhooks: what each replica does for a cluster. */
export class ClusterServices {
  readonly authenticator: Authenticator;
  readonly credentials: StreamCredentials;
  readonly #options: ClusterServiceOptions & KubernetesAccess;
  readonly #context: ClusterServicesContext;
  readonly #authority: Authority | undefined;
  readonly #own: OwnAuthority | undefined;

  private constructor(
    options: ClusterServiceOptions & KubernetesAccess,
    context: ClusterServicesContext,
    own: { readonly authority: Authority; readonly settings: OwnAuthority } | undefined,
  ) {
    const { kube, namespace, tokenAudience: audience, speakerAccount } = options;
    const { clock, log, registry, metrics, controller } = context;
    this.#options = options;
    this.#context = context;
    this.#authority = own?.authority;
    this.#own = own?.settings;
    const observer = countingCredentials(registry);
    const review = (token: string, audiences: readonly string[]) => reviewToken(kube, token, audiences, REVIEW);
    const account = `system:serviceaccount:${namespace}:${speakerAccount}`;
    this.authenticator = new Authenticator({
      // Before the first reading nobody knows which Nodes there are.
      nodeExists: (name) => {
        const { cluster } = controller() ?? {};
        return !cluster?.isRead || cluster.world.hasNode(name);
      },
      tokens: new TokenReviewer({ clock, review, audience, account }),
      observer,
    });
    const reviewer = new MetricsReviewer({ clock, review, mayGet: (user, path) => mayGet(kube, user, path, REVIEW) });
    metrics.protect((token) => reviewer.review(token));
    const { authority } = own ?? {};
    const sign = async (publicKey: Uint8Array, node: string) => ({
      certificate: (await authority?.signClient(publicKey, node)) ?? "",
      authorities: authority?.bundle ?? "",
    });
    const { authenticator } = this;
    this.credentials = new StreamCredentials({
      ...{ log, observer, authenticator, metrics: reviewer, sign: authority && sign },
    });
  }

  /** Opens the authority, if there is to be one; until then the process is not ready. @throws the signal's reason */
  static async open(
    options: ClusterServiceOptions & KubernetesAccess,
    context: ClusterServicesContext,
    { own, signal }: { readonly own: OwnAuthority | undefined; readonly signal: AbortSignal },
  ): Promise<ClusterServices> {
    if (!own) return new ClusterServices(options, context, undefined);
    const { kube, namespace } = options;
    const { health } = context;
    const store = new KubeSecret(kube, { namespace, name: own.secret, signal });
    const wait = (reason: string) => health.unready("authority", `Secret ${namespace}/${own.secret} ${reason}`);
    wait("not read yet");
    const authority = await openAuthority({ ...context, ...RANDOM, store }, signal, (problem) =>
      wait(`not usable yet: ${problem instanceof Error ? problem.message : problem}`),
    );
    health.ready("authority");
    return new ClusterServices(options, context, { authority, settings: own });
  }

  /** Certificates of the streams' server; undefined: others are to be used. */
  certificates(signal: AbortSignal): AsyncGenerator<TlsMaterial, void, undefined> | undefined {
    return this.#authority?.serverCertificates(this.#own?.names ?? [], signal);
  }

  /** The Secret of this name has changed. */
  noteSecret(name: string): void {
    if (name === this.#own?.secret) this.#authority?.refresh();
  }

  /** Serves until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const authority = this.#authority;
    if (!authority) return;
    await Promise.all([authority.run(signal), this.#certifyMetrics(authority, signal), this.#serve(authority, signal)]);
  }

  /** What only the leader does: whoever is to trust the authority is told of it. */
  async lead(signal: AbortSignal): Promise<void> {
    const authority = this.#authority;
    if (!authority) return;
    const { kube, namespace, webhook } = this.#options;
    const { clock, log } = this.#context;
    await keepTrust(
      {
        ...{ kube, clock, log, ...RANDOM, bundles: (until) => authority.bundles(until) },
        configMap: { namespace, name: CONFIG_MAP },
        webhook: webhook && { service: { namespace, name: webhook.service }, configuration: webhook.configuration },
      },
      signal,
    );
  }

  async #certifyMetrics(authority: Authority, signal: AbortSignal): Promise<void> {
    for await (const pair of authority.serverCertificates(this.#own?.names ?? [], signal)) {
      this.#context.metrics.certify(pair);
    }
  }

  async #serve(authority: Authority, signal: AbortSignal): Promise<void> {
    const { webhook, namespace } = this.#options;
    if (!webhook) return;
    const { clock, log, registry, controller } = this.#context;
    const host = `${webhook.service}.${namespace}.svc`;
    await serveWebhook(
      {
        ...{ listen: webhook.listen, namespace, clock, log, ...RANDOM, observer: countingWebhook(registry) },
        certificates: authority.serverCertificates([host, `${host}.cluster.local`], signal),
        configuration: () => {
          const { cluster } = controller() ?? {};
          return cluster?.isRead ? cluster.configuration : undefined;
        },
      },
      signal,
    );
  }
}
