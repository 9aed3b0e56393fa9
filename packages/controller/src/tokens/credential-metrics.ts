import { Counter, type Registry } from "prom-client";
import type { AuthenticationObserver } from "./authenticator.ts";
import type { CredentialObserver } from "./stream-credentials.ts";

/** Counts what becomes of credentials, in the registry. */
export function countingCredentials(registry: Registry): AuthenticationObserver & CredentialObserver {
  const registers = [registry];
  const accepted = new Counter({
    name: "herald_streams_authenticated_total",
    help: "Streams of speakers that were let in, by what proved whose they are",
    labelNames: ["proof"],
    registers,
  });
  const refused = new Counter({
    name: "herald_streams_refused_total",
    help: "Streams of speakers whose certificate and token did not prove whose they are",
    labelNames: ["reason"],
    registers,
  });
  const renewals = new Counter({
    name: "herald_token_renewals_total",
    help: "Tokens that were renewed in streams, by what became of them",
    labelNames: ["outcome"],
    registers,
  });
  const certificates = new Counter({
    name: "herald_speaker_certificates_total",
    help: "Certificates that speakers asked for in their streams",
    labelNames: ["outcome"],
    registers,
  });
  return {
    onAccepted: (proof) => accepted.inc({ proof }),
    onRefused: (reason) => refused.inc({ reason }),
    onRenewed: (outcome) => renewals.inc({ outcome }),
    onCertificate: (outcome) => certificates.inc({ outcome }),
  };
}
