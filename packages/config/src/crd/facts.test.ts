import { evaluate } from "@marcbachmann/cel-js";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { changeProblems } from "../change.ts";
import { formatPath } from "../field-path.ts";
import { describeIssue } from "../issue.ts";
import { METALLB_KINDS } from "../metallb-kinds.ts";
import type { Resource } from "../resource.ts";
import type { Change, Fact } from "./fact.test.fixture.ts";
import { FACTS } from "./metallb-facts.test.fixture.ts";

describe.each(Object.entries(FACTS))("%s", (name, { fields }) => {
  const facts = new Map(fields);
  const parse = parser(name);

  test.each(fields)("%s takes what MetalLB's schema takes", (path, fact) => {
    for (const value of goodValues(facts, path)) {
      expect(parse(place(facts, path, value)), JSON.stringify(value)).toEqual({ problems: [] });
    }
    // In MetalLB's words an object without a spec is accepted, and refused for what its spec must have.
    const mayBeAbsent = !fact.required && !/(\[\]|\*)$/.test(path) && !hasRequired(facts, path);
    expect(mayBeAbsent ? parse(place(facts, path, undefined)).problems : []).toEqual([]);
  });

  test.each(fields)("%s takes nothing else, and the message says what to write", (path, fact) => {
    const bad = badValues(fact);
    expect(bad.length).toBeGreaterThan(0);
    for (const value of bad) {
      const [problem] = parse(place(facts, path, value)).problems;
      expect(problem, JSON.stringify(value)).toEqual([
        concrete(path),
        expect.stringMatching(/^(must|is no|is required)/),
      ]);
    }
  });
});

const DEFAULTS = Object.entries(FACTS).flatMap(([name, { fields }]) =>
  fields.filter(([, fact]) => "default" in fact).map(([path, fact]) => [name, path, fact.default] as const),
);

test.each(DEFAULTS)("%s: %s is %j unless it is given", (name, path, value) => {
  const facts = new Map(FACTS[name]?.fields);
  expect(parser(name)(place(facts, path, undefined), path).value).toBe(value);
});

const CASES = Object.entries(FACTS).flatMap(([name, { fields }]) =>
  fields.flatMap(([path, { rules = [] }]) =>
    rules.flatMap(({ rule, message, accepts, refuses }) => [
      ...accepts.map((value) => ({ name, path, value, rule, message, holds: true })),
      ...refuses.map((value) => ({ name, path, value, rule, message, holds: false })),
    ]),
  ),
);

test.each(CASES)(
  "$name: $rule is $holds for $value, in CEL and here",
  ({ name, path, value, rule, message, holds }) => {
    const facts = new Map(FACTS[name]?.fields);
    const isChange = rule.includes("oldSelf");
    expect(evaluate(rule, isChange ? (value as Change) : { self: value })).toBe(holds);
    const problems = isChange
      ? changed(name, facts, path, value as Change)
      : parser(name)(place(facts, path, value)).problems;
    expect(problems.filter(([, text]) => text === message)).toEqual(holds ? [] : [[path, message]]);
  },
);

test("a field that may not change may still be set", () => {
  const peer = (spec: object) => ({ kind: "BGPPeer", spec }) as unknown as Resource;
  expect(changeProblems(peer({}), peer({ enableGracefulRestart: true }))).toEqual([]);
});

interface Parsed {
  readonly problems: readonly (readonly [path: string, message: string])[];
  readonly value?: unknown;
}

/** Reads whole objects, also those parts that Herald does not. */
function parser(name: string): (fields: object, at?: string) => Parsed {
  const [kind, versionName] = name.split(" ");
  const version = METALLB_KINDS.find((known) => known.kind === kind)?.versions.find(({ name }) => name === versionName);
  const schema = z.object({ ...version?.schema.shape, ...version?.unread });
  return (fields, at) => {
    const object = { apiVersion: `metallb.io/${versionName}`, kind, metadata: { name: "x" }, ...fields };
    const { error, data } = schema.safeParse(object, { error: describeIssue });
    if (error) return { problems: error.issues.map(({ path, message }) => [formatPath(path), message] as const) };
    return at === undefined ? { problems: [] } : { problems: [], value: valueAt(data, at) };
  };
}

function changed(name: string, facts: ReadonlyMap<string, Fact>, path: string, { oldSelf, self }: Change) {
  const object = (value: unknown) =>
    ({ kind: name.split(" ")[0], ...place(facts, path, value) }) as unknown as Resource;
  return changeProblems(object(oldSelf), object(self)).map(({ path, message }) => [path, message] as const);
}

function goodValues(facts: ReadonlyMap<string, Fact>, path: string): unknown[] {
  const fact = facts.get(path) as Fact;
  const { type, maxLength, readable = [-(2 ** 40), 2 ** 40] } = fact;
  if (fact.enum) return [...fact.enum];
  if (type === "boolean") return [true, false];
  if (type === "integer") return [fact.minimum ?? readable[0], fact.maximum ?? readable[1]];
  const long = type === "string" && maxLength !== undefined ? ["a".repeat(maxLength)] : [];
  return [sample(facts, path), ...long];
}

function badValues({ type, minLength, maxLength, minItems, refuses = [], ...fact }: Fact): unknown[] {
  const wrongType = {
    string: [5, true, [], {}],
    boolean: ["true", 1],
    array: [{}, "a"],
    object: ["a", [], 1],
    integer: ["1", 1.5, true],
  };
  const least = fact.minimum ?? fact.readable?.[0];
  const greatest = fact.maximum ?? fact.readable?.[1];
  return [
    ...wrongType[type],
    ...refuses,
    ...(fact.enum ? ["other", ""] : []),
    ...(least === undefined ? [] : [least - 1]),
    ...(greatest === undefined ? [] : [greatest + 1]),
    ...(minLength === undefined ? [] : ["a".repeat(minLength - 1)]),
    ...(maxLength === undefined ? [] : ["a".repeat(maxLength + 1)]),
    ...(minItems === undefined ? [] : [[]]),
    ...(fact.required ? [undefined] : []),
  ];
}

/** The smallest good value: of an object its required fields only. */
function sample(facts: ReadonlyMap<string, Fact>, path: string): unknown {
  const { type, example, minimum = 1, minItems, ...fact } = facts.get(path) as Fact;
  switch (type) {
    case "object":
      return Object.fromEntries(
        childrenOf(facts, path)
          .filter((child) => facts.get(child)?.required)
          .map((child) => [lastStep(child), sample(facts, child)]),
      );
    case "array":
      return minItems === undefined ? [] : [sample(facts, `${path}[]`)];
    case "string":
      return example ?? fact.enum?.[0] ?? "a";
    case "integer":
      return minimum;
    case "boolean":
      return true;
  }
}

/** The smallest good object with this value at a path. */
function place(facts: ReadonlyMap<string, Fact>, path: string, value: unknown): Record<string, unknown> {
  const parent = parentOf(path);
  if (parent === undefined) {
    const tops = [...facts.keys()].filter((key) => parentOf(key) === undefined);
    return { ...Object.fromEntries(tops.map((top) => [top, sample(facts, top)])), [path]: value };
  }
  if (path.endsWith("[]")) return place(facts, parent, [value]);
  return place(facts, parent, { ...(sample(facts, parent) as object), [lastStep(path)]: value });
}

function hasRequired(facts: ReadonlyMap<string, Fact>, path: string): boolean {
  return childrenOf(facts, path).some((child) => facts.get(child)?.required);
}

function childrenOf(facts: ReadonlyMap<string, Fact>, path: string): string[] {
  return [...facts.keys()].filter((key) => parentOf(key) === path);
}

function parentOf(path: string): string | undefined {
  if (path.endsWith("[]")) return path.slice(0, -2);
  const dot = path.lastIndexOf(".");
  return dot === -1 ? undefined : path.slice(0, dot);
}

function lastStep(path: string): string {
  return concrete(path.slice(path.lastIndexOf(".") + 1));
}

/** The path in an object made by `place`. */
function concrete(path: string): string {
  return path.replaceAll("[]", "[0]").replaceAll("*", "k");
}

function valueAt(data: unknown, path: string): unknown {
  return path.split(".").reduce((value, key) => (value as Record<string, unknown>)[key], data);
}
