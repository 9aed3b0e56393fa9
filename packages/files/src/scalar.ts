import type { ScalarTag, Tags } from "yaml";

const INTEGER = /^[-+]?(?:0[xX]_*[\da-fA-F][\da-fA-F_]*|0[bB]_*[01][01_]*|0[oO]_*[0-7][0-7_]*|0[0-7_]*|[1-9][\d_]*)$/;
const FLOAT = /^[-+]?(?:\._*\d[\d_]*|\d[\d_]*(?:\.[\d_]*)?)(?:[eE][-+]?_*\d[\d_]*)?$/;

const integer: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  test: INTEGER,
  resolve(text) {
    const [, sign, digits = ""] = /^([-+]?)(.*)$/.exec(text.replaceAll("_", "")) ?? [];
    const value = Number(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
    return sign === "-" && value !== 0 ? -value : value;
  },
};

const float: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  test: FLOAT,
  resolve: (text) => Number(text.replaceAll("_", "")),
};

const binary: ScalarTag = {
  tag: "tag:yaml.org,2002:binary",
  default: false,
  resolve: (text) => new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0))),
};

/**
 * Makes of the tags of YAML 1.1 those that kubectl reads: `yes` is true, 010 and 0o10 are 8, but times and dates stay
 * text, binary data becomes text, and what only begins like a number is none.
 */
export function kubectlTags(tags: Tags): Tags {
  const others = tags.filter((tag) => typeof tag === "string" || !REPLACED.test(tag.tag) || isNotANumber(tag));
  return [...others, integer, float, binary];
}

const REPLACED = /:(?:timestamp|int|float|binary)$/;

/** The tag of `.nan` and `.inf`. */
function isNotANumber({ tag, test }: { readonly tag: string; readonly test?: RegExp | undefined }): boolean {
  return tag.endsWith(":float") && test?.test(".inf") === true;
}
