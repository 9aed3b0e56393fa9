/**
 * Whether one version of an object is earlier than another. API servers of one cluster count upwards (Kubernetes API
 * conventions, "Resource Version Semantics"); of what is no number nobody knows.
 */
export function isEarlier(a: string, b: string): boolean {
  if (!(/^\d+$/.test(a) && /^\d+$/.test(b))) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
