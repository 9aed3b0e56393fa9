import {
  type ClientSecurity,
  type ConnectResponse,
  type ControllerStream,
  connectSpeaker,
  type DialOptions,
} from "@heraldlb/api";
import { type FileSecurity, type MainContext, readTlsFiles, watchTlsFiles } from "@heraldlb/daemon";
import type { DialId } from "@heraldlb/election";
import { systemClock } from "@heraldlb/runtime";

/** A dial, before it is said how it is protected. */
export type UnprotectedDial = Omit<DialOptions, "security">;

/** How a speaker's streams are protected, and how it proves which node's it is. */
export interface Credentials extends Disposable {
  /** As `connectSpeaker`. */
  connect(dial: UnprotectedDial, signal: AbortSignal): Promise<ControllerStream>;
  /** Takes note of a controller's message. True if it was about credentials, and about nothing else. */
  received(dial: DialId, message: ConnectResponse): boolean;
}

/** Credentials in files, which are read again as long as the process runs; or none. */
export async function fileCredentials({ security, log, signal }: MainContext<FileSecurity>): Promise<Credentials> {
  let current: ClientSecurity = security === "insecure" ? security : await readTlsFiles(security, Date.now());
  const watch = async () => {
    if (security === "insecure") return;
    const contents = watchTlsFiles(security, { clock: systemClock, log, wallClock: Date.now }, signal);
    for await (const next of contents) current = next;
  };
  watch().catch((error: unknown) => log.error("TLS files not watched any more", { error }));
  return {
    connect: (dial, aborted) => connectSpeaker({ ...dial, security: current }, aborted),
    received: () => false,
    [Symbol.dispose]: () => {},
  };
}
