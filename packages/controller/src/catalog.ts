import { isDeepStrictEqual } from "node:util";
import {
  type Candidate,
  type Configuration,
  EMPTY_CONFIGURATION,
  formatObjectId,
  type ObjectProblem,
  type Origin,
  type ReadOutcome,
  type Resource,
  readResource,
  resolve,
} from "@heraldlb/config";
import type { FileObject, FileProblem, Reading } from "@heraldlb/files";
import type { Logger } from "@heraldlb/runtime";

/** Kinds whose errors leave the configuration as it last was. */
const CONFIGURATION_KINDS: ReadonlySet<string> = new Set(["IPAddressPool", "L2Advertisement"]);

/** What a catalog needs. */
export interface CatalogOptions {
  readonly log: Logger;
  /** Only `metallb.io` objects of this namespace act; undefined: of any. */
  readonly namespace: string | undefined;
}

/**
 * Turns readings of a folder into what is in force, and tells of what is wrong: each problem once, and again when its
 * object has changed.
 *
 * An object that reads as before stays the same object, so that whoever compares needs to look no deeper.
 */
export class Catalog {
  readonly #log: Logger;
  readonly #namespace: string | undefined;
  #configuration = EMPTY_CONFIGURATION;
  readonly #outcomes = new WeakMap<FileObject, ReadOutcome>();
  #told = new Map<string, unknown>();
  readonly #manifests = new WeakMap<Resource, unknown>();
  #isStale = false;

  constructor({ log, namespace }: CatalogOptions) {
    this.#log = log;
    this.#namespace = namespace;
  }

  /** What is in force. */
  get configuration(): Configuration {
    return this.#configuration;
  }

  /** Some pool or advertisement, or a file as a whole, is not in force as it is written. */
  get isStale(): boolean {
    return this.#isStale;
  }

  /** The object as it was written. */
  manifest(resource: Resource): unknown {
    return this.#manifests.get(resource);
  }

  /** Takes a reading in; false if nothing may act on it, since something could not be read. */
  take(reading: Reading): boolean {
    const told = new Map<string, unknown>();
    for (const problem of reading.problems) this.#tellOfFile(problem, told);
    if (!reading.complete) {
      this.#told = told;
      return false;
    }
    this.#configuration = resolve(
      this.#configuration,
      reading.objects.map((object) => this.#read(object)),
      { namespace: this.#namespace },
    );
    const objects = new Map(reading.objects.map((object) => [placeOf(object), object]));
    for (const problem of this.#configuration.problems) this.#tellOfObject(problem, objects, told);
    this.#isStale =
      reading.problems.length > 0 ||
      this.#configuration.problems.some(
        ({ severity, id }) => severity === "error" && CONFIGURATION_KINDS.has(id?.kind ?? ""),
      );
    this.#told = told;
    return true;
  }

  #read(object: FileObject): Candidate {
    const origin = { file: object.file, position: object.position };
    const known = this.#outcomes.get(object);
    if (known) return { origin, outcome: known };
    const outcome = readResource(object.json, { defaultNamespace: "default" });
    this.#outcomes.set(object, outcome);
    if (outcome.type === "resource") this.#manifests.set(outcome.resource, object.json);
    return { origin, outcome };
  }

  #tellOfFile(problem: FileProblem, told: Map<string, unknown>): void {
    const { file, line, code, message } = problem;
    if (this.#isNew(`${file}\n${code}\n${line}\n${message}`, undefined, told)) {
      this.#log.error("file not read", { file, line, reason: code, problem: message });
    }
  }

  #tellOfObject(problem: ObjectProblem, objects: ReadonlyMap<string, FileObject>, told: Map<string, unknown>): void {
    const { severity, id, origin, path, code, message } = problem;
    const object = objects.get(placeOf(origin));
    const key = `${placeOf(origin)}\n${path}\n${code}\n${message}`;
    if (!this.#isNew(key, object?.json, told)) return;
    const fields = {
      object: id && formatObjectId(id),
      file: origin.file,
      line: object?.lineOf(path),
      field: path || undefined,
      reason: code,
      problem: message,
    };
    if (severity === "error") this.#log.error("object refused", fields);
    else this.#log.warn("object is odd", fields);
  }

  #isNew(key: string, json: unknown, told: Map<string, unknown>): boolean {
    const isNew = !this.#told.has(key) || !isDeepStrictEqual(this.#told.get(key), json);
    told.set(key, json);
    return isNew;
  }
}

const placeOf = ({ file, position }: Origin): string => `${file}\n${position}`;
