import type { SavedOwnership } from "@heraldlb/election";
import { type KnownAddresses, parseKnownAddresses } from "./controller-addresses.ts";
import { Definitions } from "./definitions.ts";
import { parseOwnership } from "./ownership-record.ts";
import type { StateFile, StateFolder } from "./state-folder.ts";
import { decodeDefinitions } from "./translate.ts";

/** What a state folder says at the start of a process. */
export interface SavedState {
  readonly ownership: SavedOwnership | undefined;
  readonly definitions: Definitions;
  readonly addresses: KnownAddresses;
}

/**
 * Reads a state folder. Of an earlier boot only the highest term and the controllers' addresses count; what cannot be
 * read counts as absent.
 */
export function loadState(folder: StateFolder, bootId: string): SavedState {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const ownership = readFile(folder, "ownership.json", (bytes) => parseOwnership(text(bytes)));
  const addresses = readFile(folder, "controllers.json", (bytes) => parseKnownAddresses(text(bytes))) ?? {};
  if (ownership?.bootId !== bootId) return { ownership, definitions: new Definitions(), addresses };
  const saved = readFile(folder, "desired.bin", decodeDefinitions);
  const known = new Set(saved?.groups.map(({ id }) => id));
  // The two files are not written in one stroke; what is held has to be defined in any case.
  const held = ownership.groups.filter(({ id }) => !known.has(id));
  const position = saved?.position ?? { revision: 0n, holder: "" };
  return {
    ownership,
    definitions: new Definitions({ ...saved, position, groups: [...(saved?.groups ?? []), ...held] }),
    addresses,
  };
}

function readFile<T>(folder: StateFolder, file: StateFile, parse: (bytes: Uint8Array) => T): T | undefined {
  const bytes = folder.read(file);
  if (!bytes) return undefined;
  try {
    return parse(bytes);
  } catch (error) {
    folder.ignore(file, error);
    return undefined;
  }
}
