/** An address that was given up and rests. */
export interface StoredFreed {
  readonly address: string;
  /** When that was, in ms since the epoch. */
  readonly at: number;
  /** `namespace/name` of the Service that had it last. */
  readonly by: string;
}

/** One address a line, for people; the time is written as in Kubernetes. */
export function formatFreed(freed: readonly StoredFreed[]): string {
  const lines = freed.map(({ address, at, by }) => {
    return JSON.stringify({ address, freedAt: new Date(at).toISOString(), service: by });
  });
  return `[\n${lines.join(",\n")}\n]\n`;
}

/** What `formatFreed` wrote. Throws `Error` for any other text. */
export function parseFreed(text: string): StoredFreed[] {
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) throw new Error("is no list of addresses");
  return list.map((item: unknown) => {
    const { address, freedAt, service } = (item ?? {}) as Readonly<Record<string, unknown>>;
    const at = typeof freedAt === "string" ? Date.parse(freedAt) : Number.NaN;
    if (typeof address !== "string" || typeof service !== "string" || Number.isNaN(at)) {
      throw new Error("has an entry without address, time or Service");
    }
    return { address, at, by: service };
  });
}
