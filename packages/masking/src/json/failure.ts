import type { WithheldReason } from '../result.ts'

/**
 * Cursors are indexes from 0; a negative one is a failure that holds its kind and its place.
 *
 * INVARIANT: no record is longer than 2^28 bytes, so that both fit into a small integer.
 */
const PLACE_BITS = 28

const REASONS: readonly WithheldReason[] = ['not-json', 'too-deep', 'token-key-missing']

/** The failure of a byte that JSON does not allow where it stands. */
export function notJson(at: number): number {
  return -1 - at
}

/** The failure of a value that lies deeper than the plan reads. */
export function tooDeep(at: number): number {
  return -1 - at - (1 << PLACE_BITS)
}

/** The failure of a value whose token nobody here can make. */
export function keyMissing(at: number): number {
  return -1 - at - (2 << PLACE_BITS)
}

/** The reason in a failure. */
export function failureReason(failure: number): WithheldReason {
  return REASONS[(-1 - failure) >>> PLACE_BITS] ?? 'not-json'
}

/** The place in a failure. */
export function failurePosition(failure: number): number {
  return (-1 - failure) & ((1 << PLACE_BITS) - 1)
}
