import { CHUNK_BYTES, type Encoded } from "@heraldlb/api";
import type { RouteDefinition, ServiceDefinition } from "./bgp-definition.ts";
import type { Definition, DefinitionDelta, DefinitionKey } from "./definitions.ts";
import { encodeChunk, encodeDelta } from "./responses.ts";

// What differs between nodes are their interfaces and advertisements: a handful of variants at most.
const VARIANTS = 8;
// Names, texts and a password of the greatest length together.
const PEER_BYTES = 1024;

interface Cached<T> {
  readonly key: string;
  readonly input: T;
  readonly output: readonly Encoded[];
}

/** Encodes definitions, once for all the speakers that are told the same. */
export class Encoder {
  readonly #holder: string;
  #snapshots: Cached<readonly Definition[]>[] = [];
  #deltas: Cached<DefinitionDelta>[] = [];

  /** `holder`: the controller process that numbers the revisions. */
  constructor(holder: string) {
    this.#holder = holder;
  }

  /** A snapshot as chunks, at least one. */
  snapshot(revision: number, definitions: readonly Definition[]): readonly Encoded[] {
    const key = `${revision}`;
    const known = this.#snapshots.find((each) => each.key === key && isSame(each.input, definitions));
    if (known) return known.output;
    const pieces = cut(definitions);
    const output = pieces.map((piece, index) =>
      encodeChunk({ revision, index, last: index === pieces.length - 1, definitions: piece, holder: this.#holder }),
    );
    this.#snapshots = remember(this.#snapshots, { key, input: definitions, output });
    return output;
  }

  /**
   * A delta as messages, at least one: only the last one reaches the revision, so that a speaker which was cut off in
   * the middle is told everything again.
   */
  delta(base: number, revision: number, delta: DefinitionDelta): readonly Encoded[] {
    const key = `${base} ${revision}`;
    const known = this.#deltas.find(
      ({ key: other, input }) =>
        other === key && isSame(input.changed, delta.changed) && isSameKeys(input.removed, delta.removed),
    );
    if (known) return known.output;
    const pieces = cut(delta.changed);
    const output = pieces.map((changed, index) => {
      const last = index === pieces.length - 1;
      return encodeDelta({
        base,
        revision: last ? revision : base,
        changed,
        removed: index === 0 ? delta.removed : [],
      });
    });
    this.#deltas = remember(this.#deltas, { key, input: delta, output });
    return output;
  }
}

/** Keeps only what belongs to the newest key: an older one never comes again. */
function remember<T>(cached: readonly Cached<T>[], added: Cached<T>): Cached<T>[] {
  return [added, ...cached.filter(({ key }) => key === added.key)].slice(0, VARIANTS);
}

function isSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function isSameKeys(a: readonly DefinitionKey[], b: readonly DefinitionKey[]): boolean {
  return a.length === b.length && a.every(({ type, id }, index) => type === b[index]?.type && id === b[index].id);
}

/** Pieces of about `CHUNK_BYTES`; an empty one if there is nothing. */
function cut(definitions: readonly Definition[]): Definition[][] {
  const pieces: Definition[][] = [];
  let room = 0;
  for (const definition of definitions) {
    const size = sizeOf(definition);
    if (room < size) {
      pieces.push([]);
      room = CHUNK_BYTES;
    }
    pieces.at(-1)?.push(definition);
    room -= size;
  }
  return pieces.length > 0 ? pieces : [[]];
}

/** About how many bytes it takes: protobuf's framing is small beside the names. */
function sizeOf(definition: Definition): number {
  if (definition.type === "peer") return PEER_BYTES;
  if (definition.type === "route") return routeSize(definition);
  if (definition.type === "service") return serviceSize(definition);
  const { id, addresses, holders = [], interfaces } = definition;
  const names = interfaces === "all" ? 0 : textSize(interfaces);
  const holding = holders.reduce((sum, keys) => sum + textSize(keys), 0);
  return id.length + 8 + holding + addresses.reduce((sum, address) => sum + address.length + 8 + names, 0);
}

const textSize = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length + 2, 0);

const serviceSize = ({ id, addresses, routes }: ServiceDefinition): number =>
  id.length + 8 + textSize(addresses) + textSize(routes);

function routeSize({ id, prefix, peers, communities, largeCommunities }: RouteDefinition): number {
  return id.length + prefix.length + textSize(peers) + 5 * communities.length + 18 * largeCommunities.length + 24;
}
