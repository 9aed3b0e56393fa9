import {
  advertisementManifest,
  createLab,
  Deployment,
  type DeploymentOptions,
  endpointsManifest,
  type Host,
  type Lab,
  type LabShape,
  manifests,
  poolManifest,
  serviceManifest,
  until,
} from "@heraldlb/lab";
import type { Family, Ip } from "@heraldlb/net";

/** A lab with Herald in it, as a suite needs it. */
export interface Site extends AsyncDisposable {
  readonly lab: Lab;
  readonly herald: Deployment;
  readonly client: Host;
  readonly witness: Host;
}

/** Sets up a lab that serves, and Herald's folder with one pool of all its service addresses. */
export async function setUp(shape: LabShape, options?: DeploymentOptions): Promise<Site> {
  const lab = await createLab({ clients: 2, ...shape });
  try {
    await lab.serve();
    const herald = new Deployment(lab, options);
    const pool = poolManifest("bench", Object.values(lab.plan.services));
    herald.write("pool.yaml", manifests(pool, advertisementManifest("bench", ["bench"])));
    const [client, witness] = [lab.host("client1"), lab.host("client2")];
    return { lab, herald, client, witness, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

/** Writes `count` Services with an endpoint on every node, in one file; replaces those of an earlier call. */
export function writeServices({ herald, lab }: Site, count: number, families: readonly Family[]): void {
  const ready = lab.nodes.map(({ name }) => name);
  const documents = Array.from({ length: count }, (_, i) => {
    const name = `service-${i}`;
    return manifests(serviceManifest({ name, families }), endpointsManifest({ service: name, families, ready }));
  });
  herald.write("services.yaml", manifests(...documents));
}

/** Waits until exactly one host answers for an address, and returns it. */
export async function ownerOf({ lab, witness }: Site, address: Ip): Promise<Host> {
  return await until(
    `one host answered for ${address}`,
    async () => {
      const [mac, ...others] = await witness.resolve(address, { waitMs: 200 });
      return mac !== undefined && others.length === 0 && lab.host(lab.hostOf(mac));
    },
    { timeoutMs: 30_000 },
  );
}

/** Starts a controller and a speaker on every node, and waits until all are ready. */
export async function ready({ lab, herald }: Site): Promise<void> {
  await herald.startController();
  for (const node of lab.nodes) herald.startSpeaker(node);
  for (const node of lab.nodes) await herald.ready(node, herald.speaker(node));
}
