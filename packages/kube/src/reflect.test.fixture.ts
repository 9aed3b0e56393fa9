import { Mailbox } from "@heraldlb/runtime";
import { FakeClock, type RecordingLogger, recordingLogger } from "@heraldlb/runtime/testing";
import { expect, onTestFinished } from "vitest";
import { type ApiServer, type Exchange, listOf, startApiServer } from "./api-server.test.fixture.ts";
import { type Kube, type KubeObject, type ReflectTarget, reflect } from "./index.ts";

/** What a consumer was told, in short. */
export type Told =
  | { readonly synced: readonly string[] }
  | { readonly changed: readonly string[]; readonly removed: readonly string[] }
  | { readonly trouble: string | undefined };

export interface Reflecting {
  readonly server: ApiServer;
  /** For requests of others. */
  readonly kube: Kube;
  readonly clock: SleepClock;
  readonly log: RecordingLogger;
  /** The objects told last, whole. */
  readonly objects: readonly KubeObject[];
  readonly done: Promise<void>;
  stop(): void;
  /** What is told next; pauses are cut short. */
  told(): Promise<Told>;
  /** What was told so far and not taken. */
  untold(): readonly Told[];
  /** The next request; pauses are cut short. */
  request(): Promise<Exchange>;
  /** Answers the first list with these, and begins the watch. */
  sync(objects: readonly KubeObject[], version: string): Promise<Exchange>;
}

export async function startReflecting(target: Partial<ReflectTarget> = {}): Promise<Reflecting> {
  const server = await startApiServer();
  const clock = new SleepClock();
  const log = recordingLogger();
  const kube = await server.connect({ clock });
  const stop = new AbortController();
  const inbox = new Mailbox<Told>();
  const inboxEnd = new AbortController();
  const tellings = inbox.take(inboxEnd.signal);
  const untold: Told[] = [];
  let objects: readonly KubeObject[] = [];
  const tell = (telling: Told) => {
    untold.push(telling);
    inbox.put(telling);
  };
  const done = reflect(
    kube,
    { path: "/api/v1/services", ...target },
    {
      onSynced: (all) => {
        objects = [...all.values()];
        tell({ synced: [...all].map(([key, object]) => `${key}@${object.metadata.resourceVersion}`) });
      },
      onChange: ({ changed, removed }) => {
        objects = changed;
        tell({ changed: changed.map(nameOf), removed: removed.map(nameOf) });
      },
      onTrouble: (problem) => tell({ trouble: problem === undefined ? undefined : String(problem) }),
    },
    { clock, log, random: () => 0 },
    stop.signal,
  );
  onTestFinished(async () => {
    stop.abort();
    inboxEnd.abort();
    await done;
  });
  const request = () => clock.passUntil(server.next());
  return {
    server,
    kube,
    clock,
    log,
    done,
    request,
    get objects() {
      return objects;
    },
    stop: () => stop.abort(),
    told: async () => {
      const { value } = await clock.passUntil(tellings.next());
      if (!value) throw new Error("nothing more is told");
      untold.shift();
      return value;
    },
    untold: () => untold,
    sync: async (list, version) => {
      (await request()).answer(200, listOf(list, version));
      const watch = await request();
      expect(watch.query).toMatchObject({ watch: "true", resourceVersion: version });
      watch.send();
      return watch;
    },
  };
}

/** Virtual time that passes only while something sleeps, so that the network's pace does not show in it. */
class SleepClock extends FakeClock {
  #sleepers = 0;
  readonly #slept: number[] = [];

  /** How long each sleep was, those of nothing left out. */
  get slept(): readonly number[] {
    return this.#slept.filter((ms) => ms > 0);
  }

  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.#slept.push(ms);
    this.#sleepers += 1;
    try {
      await super.sleep(ms, signal);
    } finally {
      this.#sleepers -= 1;
    }
  }

  async passUntil<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    while (!isSettled) await this.advance(this.#sleepers > 0 ? 50 : 0);
    return await promise;
  }
}

const nameOf = ({ metadata: { name, resourceVersion } }: KubeObject): string => `${name}@${resourceVersion}`;
