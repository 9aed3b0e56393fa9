import type { Manifest } from "./manifest.ts";

/** A container of a rendered workload, as a kubelet would start it. */
export interface RenderedProcess {
  readonly workload: { readonly kind: string; readonly name: string };
  readonly container: string;
  readonly image: string;
  /** What to run instead of the image's entry point; empty: that one. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly user: number | undefined;
  readonly group: number | undefined;
  /** The bounding and the permitted set, without `CAP_`, sorted. */
  readonly capabilities: readonly string[];
  /** Whether `no_new_privs` is set. */
  readonly hasNoNewPrivileges: boolean;
  readonly isRootReadOnly: boolean;
  readonly usesHostNetwork: boolean;
  readonly serviceAccount: string;
  readonly terminationGraceSeconds: number;
  readonly probes: { readonly liveness?: Probe; readonly readiness?: Probe };
}

/** A folder that is put into a container. */
export interface Mount {
  readonly path: string;
  readonly isReadOnly: boolean;
  /** Without the volume's name: for example `{ emptyDir: {} }`. */
  readonly source: VolumeSource;
}

/** The kinds of volumes that the chart uses, and those that an API server adds. */
export interface VolumeSource {
  readonly emptyDir?: object;
  readonly projected?: { readonly sources: readonly ProjectedSource[] };
}

/** A part of a projected volume. */
export interface ProjectedSource {
  readonly serviceAccountToken?: {
    /** The API server, unless given. */
    readonly audience?: string;
    readonly expirationSeconds: number;
    readonly path: string;
  };
  readonly configMap?: {
    readonly name: string;
    readonly items: readonly { readonly key: string; readonly path: string }[];
  };
  readonly downwardAPI?: {
    readonly items: readonly { readonly path: string; readonly fieldRef: { readonly fieldPath: string } }[];
  };
}

/** A request that a kubelet makes. */
export interface Probe {
  readonly scheme: "HTTP" | "HTTPS";
  readonly path: string;
  readonly port: number;
}

/**
 * The processes that Deployments and DaemonSets stand for, one of each.
 *
 * `fieldOf` answers for the pod: `spec.nodeName`, `metadata.name` and the like.
 */
export function renderedProcesses(
  manifests: readonly Manifest[],
  fieldOf: (path: string) => string,
): readonly RenderedProcess[] {
  return manifests
    .filter(isWorkload)
    .flatMap(({ kind, metadata: { name }, spec: { template } }) =>
      podProcesses(template.spec, fieldOf).map((process) => ({ workload: { kind, name }, ...process })),
    );
}

/** The processes of a pod, as {@link renderedProcesses} has them. */
export function podProcesses(
  pod: PodSpec,
  fieldOf: (path: string) => string,
): readonly Omit<RenderedProcess, "workload">[] {
  return pod.containers.map((container) => processOf(pod, container, fieldOf));
}

interface Workload extends Manifest {
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}

/** What a pod is made from, as far as it matters to a process. */
export interface PodSpec {
  readonly containers: readonly Container[];
  readonly hostNetwork?: boolean;
  readonly securityContext?: { readonly runAsUser?: number; readonly runAsGroup?: number; readonly fsGroup?: number };
  readonly serviceAccountName: string;
  readonly terminationGracePeriodSeconds: number;
  readonly volumes?: readonly ({ readonly name: string } & VolumeSource)[];
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvironmentVariable[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly add?: readonly string[] };
  };
  readonly livenessProbe?: ContainerProbe;
  readonly readinessProbe?: ContainerProbe;
}

interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
}

/** When to ask a container, and how many answers in a row count. */
export interface ProbeTiming {
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
}

interface ContainerProbe extends ProbeTiming {
  readonly httpGet: { readonly path: string; readonly port: string | number; readonly scheme: Probe["scheme"] };
}

function isWorkload(manifest: Manifest): manifest is Workload {
  return manifest.kind === "Deployment" || manifest.kind === "DaemonSet";
}

function processOf(
  pod: PodSpec,
  container: Container,
  fieldOf: (path: string) => string,
): Omit<RenderedProcess, "workload"> {
  const env = Object.fromEntries(
    (container.env ?? []).map((variable) => [variable.name, variableValue(variable, fieldOf)]),
  );
  const { livenessProbe, readinessProbe, securityContext: security } = container;
  return {
    container: container.name,
    image: container.image,
    command: (container.command ?? []).map((text) => expand(text, env)),
    args: (container.args ?? []).map((text) => expand(text, env)),
    env,
    mounts: mountsOf(pod, container),
    user: pod.securityContext?.runAsUser,
    group: pod.securityContext?.runAsGroup,
    capabilities: (security?.capabilities?.add ?? []).toSorted(),
    hasNoNewPrivileges: security?.allowPrivilegeEscalation === false,
    isRootReadOnly: security?.readOnlyRootFilesystem === true,
    usesHostNetwork: pod.hostNetwork === true,
    serviceAccount: pod.serviceAccountName,
    terminationGraceSeconds: pod.terminationGracePeriodSeconds,
    probes: {
      ...(livenessProbe && { liveness: probeOf(livenessProbe, container) }),
      ...(readinessProbe && { readiness: probeOf(readinessProbe, container) }),
    },
  };
}

function variableValue({ value = "", valueFrom }: EnvironmentVariable, fieldOf: (path: string) => string): string {
  return valueFrom?.fieldRef ? fieldOf(valueFrom.fieldRef.fieldPath) : value;
}

/** As a kubelet does: `$(NAME)` is the variable if there is one, else it stays; `$$` is a dollar sign. */
function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\((\w+)\)/g, (whole, name) => (whole === "$$" ? "$" : (env[name] ?? whole)));
}

function mountsOf({ volumes = [] }: PodSpec, { volumeMounts = [] }: Container): readonly Mount[] {
  return volumeMounts.map(({ name, mountPath, readOnly = false }) => {
    const volume = volumes.find((candidate) => candidate.name === name);
    if (!volume) throw new RangeError(`there is no volume ${name} to mount at ${mountPath}`);
    const { name: _, ...source } = volume;
    return { path: mountPath, isReadOnly: readOnly, source };
  });
}

function probeOf({ httpGet }: ContainerProbe, { ports = [] }: Container): Probe {
  const { path, port, scheme } = httpGet;
  const number = typeof port === "number" ? port : ports.find(({ name }) => name === port)?.containerPort;
  if (number === undefined) throw new RangeError(`there is no port ${port} to ask for ${path}`);
  return { scheme, path, port: number };
}
