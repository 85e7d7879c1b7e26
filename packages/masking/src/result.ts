/** Why a record is withheld. */
export type WithheldReason =
  /** Longer than the plan reads. */
  | 'too-large'
  | 'not-utf8'
  /** Not one JSON document: what `JSON.parse` refuses. */
  | 'not-json'
  /** Deeper than the plan reads. */
  | 'too-deep'
  /** A token was asked for where no key is, and the value is none yet. */
  | 'token-key-missing'
  /** No format is declared by which the value could be masked. */
  | 'no-format'
  /** An object holds what JSON cannot: a bigint, a function, an instance of a class. */
  | 'not-a-json-value'

/** How often a target of the plan was masked. */
export interface MaskedField {
  /** A name of the plan, never of the record. */
  readonly field: string
  readonly count: number
}

/** The record holds nothing that the plan masks, or holds it masked already: what was given is what may be seen. */
export interface Unchanged {
  readonly status: 'unchanged'
}

/** The record cannot be masked, so that nothing of it may be seen. */
export interface Withheld {
  readonly status: 'withheld'
  readonly reason: WithheldReason
  /** Byte at which it was found out, where there is one; -1 otherwise. */
  readonly position: number
}

/** What became of the bytes of a record. */
export type MaskBytesResult =
  | Unchanged
  | Withheld
  | { readonly status: 'masked'; readonly bytes: Buffer; readonly masked: readonly MaskedField[] }

/** What became of a key or a header: `bytes` is `null` where it has no value any more. */
export type MaskPartResult =
  | Unchanged
  | Withheld
  | { readonly status: 'masked'; readonly bytes: Buffer | null; readonly masked: readonly MaskedField[] }
  | { readonly status: 'removed'; readonly masked: readonly MaskedField[] }

/** What became of an object. */
export type MaskValueResult =
  | Unchanged
  | Withheld
  | { readonly status: 'masked'; readonly value: unknown; readonly masked: readonly MaskedField[] }

/** The one result for whatever is unchanged. */
export const UNCHANGED: Unchanged = Object.freeze({ status: 'unchanged' })

/** Gives a result for what is withheld. */
export function withhold(reason: WithheldReason, position = -1): Withheld {
  return { status: 'withheld', reason, position }
}

/** Lists what was counted by target; `once` holds what stands for a target that was masked once. */
export function maskedFields(
  { once }: { readonly once: readonly MaskedField[] },
  counts: readonly number[],
): readonly MaskedField[] {
  let found = 0
  for (let target = 0; target < counts.length; target += 1) if ((counts[target] as number) > 0) found += 1
  // An array that grows would take room for many more than most records need.
  const fields = new Array<MaskedField>(found)
  for (let target = 0, to = 0; to < found; target += 1) {
    const count = counts[target] as number
    if (count === 0) continue
    const single = once[target] as MaskedField
    fields[to] = count === 1 ? single : { field: single.field, count }
    to += 1
  }
  return fields
}
