/** A closed range of versions; `last` is Infinity for an open one such as `3+`. */
export interface VersionRange {
  readonly first: number
  readonly last: number
}

/** Reads `3`, `3-5`, `3+`; `none` gives `undefined`. */
export function parseVersions(text: string): VersionRange | undefined {
  if (text === 'none') return undefined
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text)
  if (match === null) throw new Error(`versions \`${text}\` are not understood`)
  const first = Number(match[1])
  if (match[2] !== undefined) return { first, last: Number.POSITIVE_INFINITY }
  return { first, last: match[3] === undefined ? first : Number(match[3]) }
}

/** The versions in both ranges. */
export function intersect(left: VersionRange, right: VersionRange | undefined): VersionRange | undefined {
  if (right === undefined) return undefined
  const first = Math.max(left.first, right.first)
  const last = Math.min(left.last, right.last)
  return first > last ? undefined : { first, last }
}

/** Tells whether two ranges are the same. */
export function sameRange(left: VersionRange | undefined, right: VersionRange | undefined): boolean {
  return left?.first === right?.first && left?.last === right?.last
}

/**
 * The TypeScript condition that a version of `valid` lies in `wanted`.
 *
 * Gives `true` and `false` as words when nothing needs to be asked.
 */
export function condition(valid: VersionRange, wanted: VersionRange | undefined): string {
  const both = intersect(valid, wanted)
  if (both === undefined) return 'false'
  const tests = []
  if (both.first > valid.first) tests.push(`version >= ${both.first}`)
  if (both.last < valid.last) tests.push(`version <= ${both.last}`)
  return tests.length === 0 ? 'true' : tests.join(' && ')
}

/** `v3+`, `v3-5` or `v3` for a comment. */
export function describe(range: VersionRange, valid: VersionRange): string {
  if (range.last >= valid.last) return `v${range.first}+`
  return range.first === range.last ? `v${range.first}` : `v${range.first}-${range.last}`
}
