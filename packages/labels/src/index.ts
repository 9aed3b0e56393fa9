export { keyProblem, valueProblem } from "./name.ts";
export { type InvalidSelector, parseSelector, type SelectorProblem } from "./parse.ts";
export { everything, formatSelector, type Labels, matches, type Requirement, type Selector } from "./selector.ts";
export { canMatchTogether } from "./together.ts";
