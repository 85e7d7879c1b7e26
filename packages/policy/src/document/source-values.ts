/*
 * Reads of raw values: what is not there, or has not the right shape, is passed over, for the schema has named it.
 */

/** Tells whether a value is a mapping. */
export function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member of a mapping. */
export function member(value: unknown, key: string): unknown {
  return isMapping(value) && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}

/** A list that is a member of a mapping. */
export function listAt(value: unknown, key: string): readonly unknown[] {
  const list = member(value, key)
  return Array.isArray(list) ? list : []
}
