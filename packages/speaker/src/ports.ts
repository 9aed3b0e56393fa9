import type { Link } from "@heraldlb/election";
import type { Interface, InterfaceEvent } from "@heraldlb/link";
import type { Mac } from "@heraldlb/net";
import { OwnMacs } from "./frame-bytes.ts";
import { describeInterface, type InterfaceRules, isAllowed, type UsableInterface } from "./interface-selection.ts";
import { Port, type PortEnvironment, type PortLink } from "./port.ts";

/** What {@link Ports} needs of the outside. */
export interface PortsEnvironment extends Omit<PortEnvironment, "own" | "onReadiness"> {
  readonly rules: InterfaceRules;
}

/** Who is told of changes. */
export interface PortsListener {
  /** The list of usable interfaces is another one. */
  links(links: readonly Link[]): void;
  /** An interface of the node, usable or not, has got carrier. */
  networkUp(): void;
  /** A port is new and has not been told of any address. */
  added(port: Port): void;
}

/** Keeps a port on each interface that may be used and can carry ARP or NDP, as the kernel reports them. */
export class Ports implements Iterable<Port> {
  readonly #env: PortEnvironment;
  readonly #rules: InterfaceRules;
  readonly #listener: PortsListener;
  readonly #own = new OwnMacs();
  readonly #macs = new Map<number, Mac>();
  readonly #usable = new Map<number, UsableInterface>();
  readonly #ports = new Map<number, Port>();
  #links: readonly Link[] = [];
  #synced = false;

  constructor(env: PortsEnvironment, listener: PortsListener) {
    this.#env = { ...env, own: this.#own, onReadiness: () => this.#tellLinks() };
    this.#rules = env.rules;
    this.#listener = listener;
  }

  [Symbol.iterator](): Iterator<Port> {
    return this.#ports.values();
  }

  /** The interfaces that may be used, as the election knows them. */
  get links(): readonly Link[] {
    return this.#links;
  }

  /** Takes note of what the kernel reports. Before the first `synced` nobody is told of links. */
  apply(event: InterfaceEvent): void {
    if (event.type === "changed") this.#changed(event.interface, event.previous);
    else if (event.type === "removed") this.#removed(event.interface.index);
    else this.#synced = true;
    this.#tellLinks();
  }

  /** Closes all ports. */
  async close(): Promise<void> {
    const ports = [...this.#ports.values()];
    this.#ports.clear();
    await Promise.all(ports.map((port) => port.close()));
  }

  #changed(link: Interface, previous: Interface | undefined): void {
    this.#setMac(link.index, link.mac);
    if (isAllowed(link.name, this.#rules)) this.#use(describeInterface(link));
    else this.#drop(link.index);
    const hadCarrier = previous?.up === true && previous.carrier;
    if (this.#synced && !link.loopback && link.up && link.carrier && !hadCarrier) this.#listener.networkUp();
  }

  #removed(index: number): void {
    this.#setMac(index, undefined);
    this.#drop(index);
  }

  #setMac(index: number, mac: Mac | undefined): void {
    if (this.#macs.get(index) === mac) return;
    if (mac) this.#macs.set(index, mac);
    else this.#macs.delete(index);
    this.#own.replace(this.#macs.values());
  }

  #use(link: UsableInterface): void {
    this.#usable.set(link.index, link);
    const port = this.#ports.get(link.index);
    const wanted = isPortLink(link);
    // A port's name is part of its answers, so a renamed interface gets another port.
    if (port && wanted && port.link.name === link.name) {
      port.update(link);
      return;
    }
    if (port) this.#close(port);
    if (!wanted) return;
    const added = new Port(link, this.#env);
    this.#ports.set(link.index, added);
    this.#listener.added(added);
  }

  #drop(index: number): void {
    this.#usable.delete(index);
    const port = this.#ports.get(index);
    if (port) this.#close(port);
  }

  #close(port: Port): void {
    const { name, index } = port.link;
    this.#ports.delete(index);
    this.#env.log.info("interface closed", { interface: name, index });
    port.close().catch((error: unknown) => {
      this.#env.log.warn("interface not closed in good order", { interface: name, reason: String(error) });
    });
  }

  #tellLinks(): void {
    if (!this.#synced) return;
    const links = [...this.#usable.values()].flatMap((link) => this.#describe(link)).sort(byName);
    if (sameLinks(links, this.#links)) return;
    this.#links = links;
    this.#listener.links(links);
  }

  /** Until its socket is open an interface cannot carry anything, whatever the kernel says. */
  #describe({ index, name, mac, up, carrier, arp, linkLocal }: UsableInterface): Link[] {
    if (!mac) return [];
    const port = this.#ports.get(index);
    const usable = carrier && (port?.ready ?? true);
    return [{ name, ifindex: index, present: true, up, carrier: usable, mac, arp, ndp: linkLocal !== undefined }];
  }
}

const isPortLink = (link: UsableInterface): link is PortLink =>
  link.mac !== undefined && (link.arp || link.linkLocal !== undefined);

const byName = (a: Link, b: Link): number => (a.name < b.name ? -1 : 1);

const sameLinks = (a: readonly Link[], b: readonly Link[]): boolean =>
  a.length === b.length && a.every((link, i) => sameLink(link, b[i] as Link));

const sameLink = (a: Link, b: Link): boolean =>
  a.name === b.name &&
  a.ifindex === b.ifindex &&
  a.up === b.up &&
  a.carrier === b.carrier &&
  a.mac === b.mac &&
  a.arp === b.arp &&
  a.ndp === b.ndp;
