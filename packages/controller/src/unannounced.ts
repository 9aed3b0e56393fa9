import type { BgpPlan, Layer2Plan } from "@heraldlb/announce";
import type { Logger } from "@heraldlb/runtime";

/**
 * What becomes of a Service by one protocol: nothing is in the way, or why nobody announces it; `noCommonNode`: no node
 * may announce it and those that it shares an address with, too.
 */
export type Layer2Silence = Layer2Plan["warning"] | { readonly reason: "noCommonNode"; readonly message: string };

/** As {@link Layer2Silence} for BGP; `noPeers`: no node that has the routes has a router that hears of them. */
export type BgpSilence = BgpPlan["warning"] | { readonly reason: "noPeers"; readonly message: string };

/** Why nobody announces a Service by one protocol. */
export type Silence = NonNullable<Layer2Silence | BgpSilence>;

/** What want of endpoints brings about: no trouble of its own, thousands may be without, and a new Service is for a moment. */
export const WITHOUT_ENDPOINTS: ReadonlySet<Silence["reason"]> = new Set(["notOwner", "noEndpoints"]);

// Nothing is amiss where another protocol reaches the Service.
const UNREACHED: ReadonlySet<Silence["reason"]> = new Set(["notOwner", "noMatchingAdvertisement", "noNodes"]);

/**
 * Says in the log which Services nobody announces, and why; once, and again when it is over. Layer 2 and BGP each say
 * what they know; a protocol that is not meant to announce a Service is not missed.
 */
export class Unannounced {
  readonly #log: Logger;
  readonly #layer2 = new Map<string, Silence>();
  /** Only Services that some advertisement reaches; undefined: announced. */
  readonly #bgp = new Map<string, Silence | undefined>();
  readonly #told = new Map<string, string>();
  readonly #changed = new Set<string>();

  readonly #onChange: (service: string) => void;

  /** `onChange` hears of each Service of which something else is said. */
  constructor(log: Logger, onChange: (service: string) => void) {
    this.#log = log;
    this.#onChange = onChange;
  }

  /** Why nobody announces the Service, as was said last. */
  of(service: string): readonly Silence[] {
    return this.#told.has(service) ? this.#silences(service) : [];
  }

  /** What layer 2 has found. */
  noteLayer2(service: string, silence: Layer2Silence): void {
    if (silence) this.#layer2.set(service, silence);
    else if (!this.#layer2.delete(service)) return;
    this.#changed.add(service);
  }

  /** What BGP has found; `unreached`: it has nothing to do with the Service. */
  noteBgp(service: string, found: BgpSilence | "unreached"): void {
    if (found !== "unreached" && !(found && UNREACHED.has(found.reason))) this.#bgp.set(service, found);
    else if (!this.#bgp.delete(service)) return;
    this.#changed.add(service);
  }

  /** The Service has no addresses any more. */
  forget(service: string): void {
    this.#layer2.delete(service);
    this.#bgp.delete(service);
    this.#told.delete(service);
    this.#changed.delete(service);
  }

  /** Everything has been planned: what there is to say is said. */
  tell(): void {
    for (const service of this.#changed) this.#tell(service, this.#silences(service));
    this.#changed.clear();
  }

  #silences(service: string): readonly Silence[] {
    const [layer2, bgp] = [this.#layer2.get(service), this.#bgp.get(service)];
    const isMissed = layer2 && !(this.#bgp.has(service) && UNREACHED.has(layer2.reason));
    // An address that no router hears of may be layer 2's.
    const isUnheard = bgp && (layer2 || bgp.reason !== "noPeers");
    return [isMissed ? layer2 : undefined, isUnheard ? bgp : undefined].filter((silence) => silence !== undefined);
  }

  #tell(service: string, silences: readonly Silence[]): void {
    const text = silences.map(({ reason, message }) => `${reason} ${message}`).join("\n");
    if ((this.#told.get(service) ?? "") === text) return;
    this.#onChange(service);
    if (text === "") {
      this.#told.delete(service);
      this.#log.info("may be announced again", { service });
      return;
    }
    this.#told.set(service, text);
    for (const { reason, message } of silences) {
      const level = WITHOUT_ENDPOINTS.has(reason) ? "info" : "warn";
      this.#log[level]("nobody may announce", { service, reason, detail: message });
    }
  }
}
