/** The longest key that the kernel takes for TCP MD5 signatures, in bytes. */
const LONGEST = 80;

/** What is wrong with the password of a BGP session; never shows it. */
export function passwordProblem(password: string): string | undefined {
  if (new TextEncoder().encode(password).length <= LONGEST) return undefined;
  return `the password is longer than ${LONGEST} bytes, the most that TCP MD5 takes; choose a shorter one`;
}
