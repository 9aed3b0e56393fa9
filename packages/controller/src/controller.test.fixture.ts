import type { Peer } from "@heraldlb/api";
import { DEFAULT_CONTROLLER_TIMERS } from "@heraldlb/election";
import type { FileObject, FileProblem, Reading } from "@heraldlb/files";
import { FakeClock, type RecordingLogger, recordingLogger } from "@heraldlb/runtime/testing";
import type { Remembered } from "./cluster.ts";
import { Controller } from "./controller.ts";
import type { ControllerOptions } from "./controller-ports.ts";
import { FakeSpeaker, type HelloParts } from "./fake-speaker.test.fixture.ts";
import type { StatusRecord } from "./ledger.ts";
import { Authenticator } from "./tokens/authenticator.ts";

type Json = Record<string, unknown>;

/** An IPAddressPool. */
export const pool = (name: string, addresses: readonly string[], spec: Json = {}): Json => ({
  ...{ apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool" },
  metadata: { name, namespace: "metallb-system" },
  spec: { addresses, ...spec },
});

/** An L2Advertisement. */
export const advertisement = (name = "all", spec: Json = {}): Json => ({
  ...{ apiVersion: "metallb.io/v1beta1", kind: "L2Advertisement" },
  metadata: { name, namespace: "metallb-system" },
  spec,
});

/** A Service of type LoadBalancer in the namespace `default`. */
export const service = (name: string, spec: Json = {}, metadata: Json = {}): Json => ({
  ...{ apiVersion: "v1", kind: "Service" },
  metadata: { name, namespace: "default", ...metadata },
  spec: { type: "LoadBalancer", ports: [{ port: 80, protocol: "TCP" }], ...spec },
});

/** An EndpointSlice with one ready endpoint on each node. */
export const slice = (name: string, nodes: readonly string[]): Json => ({
  ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4" },
  metadata: { name: `${name}-1`, namespace: "default", labels: { "kubernetes.io/service-name": name } },
  endpoints: nodes.map((nodeName) => ({ nodeName, addresses: ["10.244.0.1"], conditions: { ready: true } })),
});

/** A Node. */
export const node = (name: string, labels: Record<string, string> = {}): Json => ({
  ...{ apiVersion: "v1", kind: "Node" },
  metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
});

/** A complete reading of these objects, each in a file of its own name. */
export function reading(objects: readonly Json[], problems: readonly FileProblem[] = []): Reading {
  const files = objects.map((json): FileObject => {
    const { kind, metadata } = json as { kind: string; metadata: { name: string } };
    const file = `${kind}-${metadata.name}.yaml`;
    return { file, document: 0, position: 0, line: 1, json, lineOf: () => 4 };
  });
  return { complete: true, objects: files, problems };
}

const options: ControllerOptions = {
  ...{ identity: "leader-1", namespace: undefined, loadBalancerClass: undefined },
  ...{ ignoreExcludeLabel: false, onStranded: "keep", listsNodes: false, timers: DEFAULT_CONTROLLER_TIMERS },
};

/** A controller with what surrounds it. */
export interface Kit {
  readonly controller: Controller;
  readonly clock: FakeClock;
  readonly log: RecordingLogger;
  /** Status files, by key of the Service. */
  readonly stored: ReadonlyMap<string, StatusRecord>;
  /** Speakers' names, as they were to be stored. */
  readonly heard: readonly (readonly string[])[];
  readonly steppedDown: readonly number[];
  readonly bugs: readonly unknown[];
  /** How many conflicts were counted. */
  conflicts(): number;
  /** Leads and decides, with what is remembered. */
  lead(term: number, remembered?: Partial<Remembered>): void;
  /** Lets time pass as in a process: with a tick every 25 ms. */
  advance(ms: number): Promise<void>;
  dial(node: string, hello?: HelloParts, peer?: Partial<Peer>): FakeSpeaker;
}

/** A controller on a fake clock, which stores into memory at once. */
export function startController(changed: Partial<ControllerOptions> = {}): Kit {
  const clock = new FakeClock();
  const log = recordingLogger();
  const stored = new Map<string, StatusRecord>();
  const heard: string[][] = [];
  const steppedDown: number[] = [];
  const bugs: unknown[] = [];
  let conflicts = 0;
  const observer = {
    ...{ onUpdate: () => {}, onUpdateError: () => {}, onOwner: () => {} },
    ...{ onItemError: () => {}, onConflict: () => void conflicts++ },
  };
  const controller = new Controller(
    { ...options, ...changed },
    {
      ...{ clock, log, observer, wallClock: () => clock.now() },
      authenticator: new Authenticator({
        ...{ nodeExists: () => true, tokens: undefined },
        observer: { onAccepted: () => {}, onRefused: () => {} },
      }),
      store: {
        writeStatus: async (_manifest, record) => {
          stored.set(`${record.namespace}/${record.name}`, record);
          return true;
        },
        deleteStatus: async (namespace, name) => void stored.delete(`${namespace}/${name}`),
        writeNotes: async () => {},
        notesIntervalMs: 0,
      },
      onSpeakers: (names) => void heard.push([...names]),
      onStepDown: (above) => void steppedDown.push(above),
      onBug: (error) => void bugs.push(error),
    },
  );
  async function advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 25) {
      await clock.advance(25);
      controller.tick();
      await clock.advance(0);
      for (const speaker of speakers) if (speaker.beats) speaker.beat();
      await settle();
    }
  }
  const speakers: FakeSpeaker[] = [];
  const dial = (name: string, hello: HelloParts = {}, peer?: Partial<Peer>) => {
    const speaker = new FakeSpeaker(name, () => clock.now(), hello);
    speakers.push(speaker);
    speaker.serve(controller, peer);
    return speaker;
  };
  const lead = (term: number, remembered: Partial<Remembered> = {}) => {
    controller.lead(term);
    controller.begin({ statuses: [], freed: [], holders: undefined, speakers: [], manifests: [], ...remembered });
  };
  return { controller, clock, log, stored, heard, steppedDown, bugs, conflicts: () => conflicts, lead, advance, dial };
}

/** Lets promises that are due settle. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** A pool, an advertisement, and a Service with endpoints on two nodes. */
export const lab: readonly Json[] = [
  pool("lab", ["10.0.0.1-10.0.0.9"]),
  advertisement(),
  service("web"),
  slice("web", ["n1", "n2"]),
];

/** A leader that has taken the manifests in, with two speakers, after the start's waits. */
export async function running(
  objects: readonly Json[] = lab,
): Promise<Kit & { readonly n1: FakeSpeaker; readonly n2: FakeSpeaker }> {
  const kit = startController();
  kit.controller.take(reading(objects));
  kit.lead(1);
  const [n1, n2] = [kit.dial("n1"), kit.dial("n2")];
  await kit.advance(1_500);
  if (kit.bugs.length > 0) throw kit.bugs[0];
  return { ...kit, n1, n2 };
}

/** It was told to own something. */
export const isOwner = ({ orders }: FakeSpeaker): boolean => orders.some((order) => order.startsWith("assign"));
