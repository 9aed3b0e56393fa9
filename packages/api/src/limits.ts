/** The largest message either end accepts, in bytes. A snapshot is cut into chunks far below it. */
export const MAX_MESSAGE_BYTES: number = 4 * 1024 * 1024;

/** A good size for a chunk of a snapshot: what must leave at once waits for one chunk at most. */
export const CHUNK_BYTES: number = 32 * 1024;

/** The longest bearer token that is shown or taken, in bytes. Those of service accounts have about 1,500. */
export const MAX_TOKEN_BYTES: number = 16 * 1024;
