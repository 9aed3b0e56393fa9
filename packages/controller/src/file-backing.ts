import { stat } from "node:fs/promises";
import { join } from "node:path";
import { FatalError } from "@heraldlb/daemon";
import {
  type FileObject,
  FolderError,
  openStateFolder,
  readFolder,
  type StateFolder,
  watchFolder,
} from "@heraldlb/files";
import { lockFile } from "@heraldlb/link";
import type { Backing, BackingContext } from "./backing.ts";
import type { ClusterOptions } from "./cluster.ts";
import type { Controller } from "./controller.ts";
import { lead } from "./leadership.ts";
import { Authenticator } from "./tokens/authenticator.ts";
import { countingCredentials } from "./tokens/credential-metrics.ts";
import { restAfter, TURN_MS } from "./turn.ts";

/** A folder as a source. */
export interface FileSource {
  readonly type: "files";
  /** Path of the folder of manifests. */
  readonly folder: string;
}

/**
 * A folder of manifests, in which the controllers on it also keep what they decide.
 *
 * @throws FatalError when the folder cannot be used
 */
export async function openFileBacking(
  { folder }: FileSource,
  { namespace }: Pick<ClusterOptions, "namespace">,
  context: BackingContext,
): Promise<Backing> {
  const state = await openFolder(folder);
  const authenticator = new Authenticator({
    // A certificate of an authority that somebody else keeps is worth what it says.
    nodeExists: () => true,
    ...{ tokens: undefined, observer: countingCredentials(context.registry) },
  });
  return {
    ...{ namespace, authenticator },
    store: {
      writeStatus: async (manifest, record) => {
        await state.writeStatus(manifest, record);
        return true;
      },
      deleteStatus: (namespace, name) => state.deleteStatus(namespace, name),
      // A status outlives its Service: who has what need not be noted beside it.
      writeNotes: ({ freed }) => state.writeFreed(freed),
      notesIntervalMs: 0,
    },
    writeSpeakers: (names) => state.writeSpeakers(names),
    run: async (controller, signal) => {
      const readManifests = () => readStored(folder);
      try {
        await Promise.all([
          readSource(controller, folder, context, signal),
          lead(controller, context.identity, { ...context, state, readManifests }, signal),
        ]);
      } catch (error) {
        throw asFatal(error);
      }
    },
    end: async () => {},
    [Symbol.asyncDispose]: () => state[Symbol.asyncDispose](),
  };
}

async function openFolder(folder: string): Promise<StateFolder> {
  const found = await stat(folder).catch((cause: Error) => {
    throw new FatalError(`--source: ${cause.message}`, { cause });
  });
  if (!found.isDirectory()) throw new FatalError(`--source: ${folder} is not a folder`);
  try {
    return await openStateFolder(folder, { tryLock: lockFile });
  } catch (error) {
    throw asFatal(error);
  }
}

const asFatal = (error: unknown): unknown =>
  error instanceof FolderError ? new FatalError(error.message, { cause: error }) : error;

async function readSource(
  controller: Controller,
  folder: string,
  { clock, log, health }: BackingContext,
  signal: AbortSignal,
): Promise<void> {
  for await (const reading of watchFolder(folder, { clock, log }, signal)) {
    await controller.cluster.prepare(reading.objects, restAfter(TURN_MS, clock));
    if (signal.aborted) return;
    controller.take(reading);
    if (controller.cluster.isRead) health.ready("source");
  }
}

async function readStored(folder: string): Promise<readonly FileObject[]> {
  const { objects } = await readFolder(join(folder, ".herald", "status"));
  return objects;
}
