const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const LONGEST_NAME = 63;
const LONGEST_SUBDOMAIN = 253;

const NAME_RULE = "letters, digits, '-', '_' and '.', a letter or digit at both ends";

/** Why Kubernetes would refuse the label key (`PREFIX/NAME` or `NAME`), if it would. */
export function keyProblem(key: string): string | undefined {
  const slash = key.indexOf("/");
  const name = key.slice(slash + 1);
  if (slash >= 0) {
    const prefix = key.slice(0, slash);
    if (prefix.length > LONGEST_SUBDOMAIN) return `the prefix has more than ${LONGEST_SUBDOMAIN} characters`;
    if (!SUBDOMAIN.test(prefix)) return "the prefix is not a DNS subdomain in lower case";
  }
  if (name === "") return "the name is empty";
  if (name.length > LONGEST_NAME) return `the name has more than ${LONGEST_NAME} characters`;
  return NAME.test(name) ? undefined : `the name may have ${NAME_RULE}`;
}

/** Why Kubernetes would refuse the label value, if it would. The empty value is fine. */
export function valueProblem(value: string): string | undefined {
  if (value === "") return undefined;
  if (value.length > LONGEST_NAME) return `a value has at most ${LONGEST_NAME} characters`;
  return NAME.test(value) ? undefined : `a value may have ${NAME_RULE}`;
}
