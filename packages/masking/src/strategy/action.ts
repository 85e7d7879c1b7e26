import { maskEmail } from './email.ts'
import { keepEnd, keepPlain } from './kept.ts'
import type { MaskStrategy } from './strategy.ts'
import type { Tokenizer } from './token.ts'

/** A strategy made ready, with the place where its work is counted. */
export interface Action {
  /** Index among the plan's targets. */
  readonly target: number
  readonly strategy: MaskStrategy
  /** The member goes with its key. */
  readonly removes: boolean
  /** An array is masked element by element; otherwise its replacement is among `fixed`. */
  readonly elementwise: boolean
  /** As `fixed`, encoded. */
  readonly fixedBytes: FixedBytes
  /** Masks ASCII text without escapes where it stands, where the strategy can. */
  readonly maskPlain: PlainMasker | undefined
  /** JSON texts for the kinds whose replacement does not depend on the value. */
  readonly fixed: FixedTexts
  /** The replacement of a text; `undefined`: it needs a key that is not there. */
  readonly maskText: (text: string) => string | null | undefined
  /** The replacement of a number; `text` is the number as it stood. */
  readonly maskNumber: (value: number, text: string) => number | string | null | undefined
}

/**
 * Writes the masked form of the bytes from `start` to `end`, which is as long, to `to` of the target; false if it is the
 * same.
 */
export type PlainMasker = (source: Uint8Array, start: number, end: number, target: Uint8Array, to: number) => boolean

/** Replacements by kind, encoded. */
export type FixedBytes = { readonly [Kind in keyof FixedTexts]: Uint8Array | undefined }

/** Replacements as JSON text by kind; `undefined` where the value decides. */
export interface FixedTexts {
  readonly string: string | undefined
  readonly number: string | undefined
  readonly boolean: string
  readonly object: string
  readonly array: string | undefined
}

const DEFAULTS = { string: '""', number: '0', boolean: 'false', object: '{}', array: '[]' } as const
const BY_VALUE = { ...DEFAULTS, string: undefined, number: undefined, array: undefined } as const
const TEXT_BY_VALUE = { ...BY_VALUE, number: '0' } as const
const NULLS = { string: 'null', number: 'null', boolean: 'null', object: 'null', array: 'null' } as const

type Parts = Pick<Action, 'elementwise' | 'fixed' | 'maskText' | 'maskNumber'> & Partial<Pick<Action, 'maskPlain'>>

const toDefault: Parts = { elementwise: false, fixed: DEFAULTS, maskText: () => '', maskNumber: () => 0 }

const toNull: Parts = { elementwise: false, fixed: NULLS, maskText: () => null, maskNumber: () => null }

/** Makes a strategy ready to be applied. */
export function createAction(strategy: MaskStrategy, target: number, tokenizer: Tokenizer): Action {
  return assemble(strategy, target, partsOf(strategy, tokenizer))
}

/** Makes the action for what no list keeps: a member is removed, and what has to keep its place becomes null. */
export function createAbsence(target: number): Action {
  return assemble({ type: 'remove' }, target, toNull)
}

function assemble(strategy: MaskStrategy, target: number, parts: Parts): Action {
  const fixedBytes = encodeFixed(parts.fixed)
  const removes = strategy.type === 'remove'
  return Object.freeze({ target, strategy, removes, fixedBytes, maskPlain: undefined, ...parts })
}

/** The action where a list keeps but members of what is masked: a scalar has none, and becomes null. */
export function onMembersOnly(action: Action): Action {
  const { object, array } = action.fixed
  const fixed: FixedTexts = { ...NULLS, object, array }
  const { maskText, maskNumber } = toNull
  return Object.freeze({ ...action, maskText, maskNumber, maskPlain: undefined, fixed, fixedBytes: encodeFixed(fixed) })
}

function encodeFixed({ string, number, boolean, object, array }: FixedTexts): FixedBytes {
  const encode = (text: string | undefined): Uint8Array | undefined =>
    text === undefined ? undefined : Buffer.from(text)
  return {
    string: encode(string),
    number: encode(number),
    boolean: encode(boolean),
    object: encode(object),
    array: encode(array),
  }
}

function partsOf(strategy: MaskStrategy, tokenizer: Tokenizer): Parts {
  switch (strategy.type) {
    case 'remove':
    case 'default':
      return toDefault
    case 'null':
      return toNull
    case 'constant':
      return constantParts(strategy.value)
    case 'keep-first':
    case 'keep-last':
      return keptParts(strategy.count, strategy.type === 'keep-first' ? 'first' : 'last')
    case 'email':
      return { elementwise: true, fixed: TEXT_BY_VALUE, maskText: maskEmail, maskNumber: () => 0 }
    case 'token':
      return tokenParts(strategy.label, tokenizer)
  }
}

function constantParts(value: string | number | boolean): Parts {
  const text = typeof value === 'string' ? value : ''
  const number = typeof value === 'number' ? value : 0
  const own = { [typeof value]: JSON.stringify(value) }
  const fixed: FixedTexts = { ...DEFAULTS, array: undefined, ...own }
  return { elementwise: true, fixed, maskText: () => text, maskNumber: () => number }
}

function keptParts(count: number, end: 'first' | 'last'): Parts {
  return {
    elementwise: true,
    fixed: TEXT_BY_VALUE,
    maskPlain: (source, start, stop, target, to) => keepPlain(source, start, stop, target, to, count, end),
    maskText: (text) => keepEnd(text, count, end),
    maskNumber: () => 0,
  }
}

function tokenParts(label: string, tokenizer: Tokenizer): Parts {
  return {
    elementwise: true,
    fixed: BY_VALUE,
    maskText: (text) => (text === '' ? '' : tokenizer.tokenFor(label, text)),
    maskNumber: (value, text) => tokenizer.tokenFor(label, /^-?[1-9]\d*$/.test(text) ? text : String(value)),
  }
}
