import {
  advertisementManifest,
  createLab,
  Deployment,
  endpointsManifest,
  type Host,
  type Lab,
  type LabShape,
  manifests,
  poolManifest,
  type ServiceManifest,
  type SpeakerOptions,
  serviceManifest,
  until,
} from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";

/** A lab in which Herald can be started: nodes that serve, a client, and a witness that asks questions. */
export interface Site extends AsyncDisposable {
  readonly lab: Lab;
  readonly herald: Deployment;
  readonly client: Host;
  /** Asks who has an address, so that the client's own kernel learns nothing from the answers. */
  readonly witness: Host;
}

/** Makes the lab, and a folder with a pool and its advertisement. */
export async function setUp(name: string, shape: Omit<LabShape, "name"> = {}): Promise<Site> {
  // Two runs of the tests may go on at once.
  const lab = await createLab({ clients: 2, ...shape, name: `${name}-${process.pid}` });
  try {
    await lab.serve();
    // What else the machine does must not decide whether a test passes.
    const herald = new Deployment(lab, { nice: -10 });
    herald.write(
      "pool.yaml",
      manifests(
        poolManifest("main", ["10.64.1.10-10.64.1.19", "fd64::1:10-fd64::1:19"]),
        advertisementManifest("main", ["main"]),
      ),
    );
    const dispose = () => lab[Symbol.asyncDispose]();
    return {
      lab,
      herald,
      client: lab.host("client1"),
      witness: lab.host("client2"),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

/** Writes a Service with a ready endpoint on every node. */
export function writeService({ herald, lab }: Site, service: ServiceManifest): void {
  herald.write(
    `${service.name}.yaml`,
    manifests(
      serviceManifest(service),
      endpointsManifest({
        service: service.name,
        families: service.families,
        ready: lab.nodes.map(({ name }) => name),
      }),
    ),
  );
}

/** Starts the controller and all speakers. */
export async function startHerald({ herald, lab }: Site, options?: SpeakerOptions): Promise<void> {
  await herald.startController();
  for (const node of lab.nodes) herald.startSpeaker(node, options);
}

/** Waits until exactly one node answers for an address, and returns site. */
export async function owner(
  { lab, witness }: Pick<Site, "lab" | "witness">,
  address: Ip,
  timeoutMs = 10_000,
): Promise<Host> {
  return await until(
    `one node answered for ${address}`,
    async () => {
      const macs = await witness.resolve(address, { waitMs: 200 });
      const [mac] = macs;
      if (mac === undefined || macs.length > 1)
        throw new Error(`${macs.length} answered: ${macs.map((each) => lab.hostOf(each))}`);
      return lab.host(lab.hostOf(mac));
    },
    { timeoutMs },
  );
}

/** Waits until nobody answers for an address. */
export async function nobodyOwns({ witness }: Site, address: Ip): Promise<void> {
  await until(
    `nobody answered for ${address}`,
    async () => (await witness.resolve(address, { waitMs: 200 })).length === 0,
  );
}

/** Prints the ends of all logs, for a test that failed. */
export function printLogs({ lab }: Site): void {
  process.stderr.write(`${lab.logs()}\n`);
}
