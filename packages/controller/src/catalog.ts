import { isDeepStrictEqual } from "node:util";
import {
  type Candidate,
  type Configuration,
  formatObjectId,
  type InForce,
  type ObjectProblem,
  type Origin,
  objectId,
  type ReadOutcome,
  Resolver,
  type Resource,
  readResource,
  unclearForm,
} from "@heraldlb/config";
import type { FileProblem } from "@heraldlb/files";
import type { Logger } from "@heraldlb/runtime";
import { ConfigurationLog } from "./configuration-log.ts";
import type { SourceChange, SourceObject, SourceReading } from "./source-object.ts";
import { isConfigurationError } from "./status/configuration-problem.ts";

/** What a catalog needs. */
export interface CatalogOptions {
  readonly log: Logger;
  /** Only `metallb.io` objects of this namespace act; undefined: of any. */
  readonly namespace: string | undefined;
}

/**
 * Turns readings of a source into what is in force, and tells of what is wrong: each problem once, and again when its
 * object has changed.
 *
 * An object that reads as before stays the same object, so that whoever compares needs to look no deeper.
 */
export class Catalog {
  readonly #log: Logger;
  readonly #resolver: Resolver;
  readonly #changes: ConfigurationLog;
  #configuration: Configuration;
  #last: { readonly objects: readonly SourceObject[]; readonly candidates: readonly Candidate[] } = {
    ...{ objects: [], candidates: [] },
  };
  readonly #candidates = new WeakMap<SourceObject, Candidate>();
  /** By what was written, for an object whose place has changed stays what it is. */
  readonly #outcomes = new WeakMap<object, ReadOutcome>();
  #told = new Map<string, unknown>();
  readonly #manifests = new WeakMap<Resource, unknown>();
  #remembered: ReadonlyMap<string, InForce> = new Map();
  #hasFileProblems = false;

  constructor({ log, namespace }: CatalogOptions) {
    this.#log = log;
    this.#resolver = new Resolver({ namespace });
    this.#changes = new ConfigurationLog(log);
    this.#configuration = this.#resolver.configuration;
  }

  /** What is in force. */
  get configuration(): Configuration {
    return this.#configuration;
  }

  /** Some object of the configuration, or a file as a whole, is not in force as it is written. */
  get isStale(): boolean {
    return this.#hasFileProblems || this.#configuration.problems.some(isConfigurationError);
  }

  /** What an object is, if it is valid by itself. */
  understand(object: SourceObject): Resource | undefined {
    const { outcome } = this.#read(object);
    return outcome.type === "resource" ? outcome.resource : undefined;
  }

  /** The object as it was written; undefined for one of an API server, which has it. */
  manifest(resource: Resource): unknown {
    return this.#manifests.get(resource);
  }

  /** Some object or file is wrong. */
  get hasErrors(): boolean {
    return this.#hasFileProblems || this.#configuration.problems.some(({ severity }) => severity === "error");
  }

  /** Understands objects of a reading that is to be taken in, between which others have their turn. */
  async prepare(objects: readonly SourceObject[], rest: () => Promise<void>): Promise<void> {
    for (const object of objects) {
      if (this.#candidates.has(object)) continue;
      this.#read(object);
      await rest();
    }
  }

  /** Takes a reading in; false if nothing may act on it, since something could not be read. */
  take(reading: SourceReading): boolean {
    const told = new Map<string, unknown>();
    for (const problem of reading.problems) this.#tellOfFile(problem, told);
    if (!reading.complete) {
      this.#told = new Map([...this.#told, ...told]);
      return false;
    }
    this.#hasFileProblems = reading.problems.length > 0;
    const { objects, candidates } = this.#last;
    this.#last = {
      objects: reading.objects,
      // Most often nearly all are what they were, in the same place.
      candidates: reading.objects.map((object, i) => {
        return object === objects[i] ? (candidates[i] as Candidate) : this.#read(object);
      }),
    };
    this.#take(this.#resolver.update(this.#last.candidates));
    this.#keepRemembered();
    this.#changes.tell(this.#configuration.inForce);
    this.#tellOfObjects(reading.objects, told);
    this.#told = told;
    return true;
  }

  /** Takes in what became different. A catalog is given either readings, always, or changes, the first being everything. */
  change({ gone, come }: SourceChange): void {
    const read = (object: SourceObject) => this.#read(object);
    const candidates = { gone: gone.map(read), come: come.map(read) };
    this.#take(this.#resolver.change(candidates));
    this.#changes.follow(this.#configuration.inForce, candidates);
    const told = new Map<string, unknown>();
    this.#tellOfObjects([], told);
    this.#told = told;
  }

  /**
   * Services as they were when they were given their addresses. One that is wrong now, or that may be in a file that
   * cannot be read, stays in force in that form: a last valid form outlives its process.
   */
  remember(objects: readonly SourceObject[]): void {
    const remembered = new Map<string, InForce>();
    for (const object of objects) {
      const { origin, outcome } = this.#read(object);
      const isRight = outcome.type === "resource" && outcome.resource.kind === "Service";
      const form = isRight ? { resource: outcome.resource, origin, outdated: true } : unclearForm(outcome, origin);
      if (form) remembered.set(formatObjectId(objectId(form.resource)), form);
    }
    this.#remembered = remembered;
    this.#keepRemembered();
  }

  #take(resolved: Configuration): void {
    // What cannot be read may be a pool.
    this.#configuration = { ...resolved, poolSetAside: resolved.poolSetAside || this.#hasFileProblems };
  }

  #keepRemembered(): void {
    if (this.#remembered.size === 0) return;
    const { inForce, problems } = this.#configuration;
    const wrong = new Set(problems.map(({ id, severity }) => (id && severity === "error" ? formatObjectId(id) : "")));
    const kept = [...this.#remembered].filter(([id, { unclear }]) => {
      const form = inForce.get(id);
      const isNeeded = !form || (form.unclear !== undefined && unclear === undefined);
      return isNeeded && (this.#hasFileProblems || wrong.has(id));
    });
    this.#remembered = new Map(kept);
    if (kept.length > 0) this.#take(this.#resolver.keep(kept));
  }

  #read(object: SourceObject): Candidate {
    const known = this.#candidates.get(object);
    if (known) return known;
    const candidate = object.isRemote ? { origin: NOWHERE, outcome: readJson(object.json) } : this.#readWritten(object);
    this.#candidates.set(object, candidate);
    return candidate;
  }

  #readWritten({ file, position, json }: SourceObject): Candidate {
    const outcome = this.#outcome(json);
    if (outcome.type === "resource") this.#manifests.set(outcome.resource, json);
    else if (outcome.type === "invalid" && outcome.readable) this.#manifests.set(outcome.readable, json);
    return { origin: { file, position }, outcome };
  }

  #outcome(json: unknown): ReadOutcome {
    const key = typeof json === "object" && json !== null ? json : undefined;
    const known = key && this.#outcomes.get(key);
    if (known) return known;
    const outcome = readJson(json);
    if (key) this.#outcomes.set(key, outcome);
    return outcome;
  }

  #tellOfFile(problem: FileProblem, told: Map<string, unknown>): void {
    const { file, line, code, message } = problem;
    if (this.#isNew(`${file}\n${code}\n${line}\n${message}`, undefined, told)) {
      this.#log.error("file not read", { file, line, reason: code, problem: message });
    }
  }

  #tellOfObjects(objects: readonly SourceObject[], told: Map<string, unknown>): void {
    const { problems } = this.#configuration;
    const places = new Set(problems.map(placeOf));
    const concerned = places.size === 0 ? [] : objects.filter((object) => places.has(placeOf({ origin: object })));
    const byPlace = new Map(concerned.map((object) => [placeOf({ origin: object }), object]));
    for (const problem of problems) this.#tellOfObject(problem, byPlace.get(placeOf(problem)), told);
  }

  #tellOfObject(problem: ObjectProblem, object: SourceObject | undefined, told: Map<string, unknown>): void {
    const { severity, id, origin, path, code, message } = problem;
    if (!this.#isNew(`${placeOf(problem)}\n${path}\n${code}\n${message}`, object?.json, told)) return;
    const fields = {
      object: id && formatObjectId(id),
      file: origin.file,
      line: object?.lineOf?.(path),
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

// One for all, of which there may be many thousands.
const NOWHERE: Origin = {};

const readJson = (json: unknown): ReadOutcome => readResource(json, { defaultNamespace: "default" });

/** Where it was found, as a key; what comes from an API server has a name of its own. */
function placeOf({ origin: { file, position }, id }: Pick<ObjectProblem, "origin"> & Partial<ObjectProblem>): string {
  return file === undefined && id ? formatObjectId(id) : `${file}\n${position}`;
}
