import { isUtf8 } from 'node:buffer'
import { UNCHANGED, type Unchanged, type Withheld, withhold } from '../result.ts'
import { createAction } from '../strategy/action.ts'
import { checkStrategy } from '../strategy/parse-strategy.ts'
import type { MaskStrategy } from '../strategy/strategy.ts'
import { Tokenizer, type TokenKey } from '../strategy/token.ts'

/** What became of a value that is masked whole. */
export type MaskWholeResult =
  | Unchanged
  | Withheld
  /** `null`: nothing stands in its place. */
  | { readonly status: 'masked'; readonly bytes: Buffer | null }
  /** It goes, with whatever names it. */
  | { readonly status: 'removed' }

/** Masks values as a whole, whatever they hold: a header's value, or a record's key. */
export interface WholeMasker {
  /** Never throws; a value that is not there is not given. */
  mask(bytes: Uint8Array): MaskWholeResult
}

const REMOVED = Object.freeze({ status: 'removed' } as const)
const NOTHING = Object.freeze({ status: 'masked', bytes: null } as const)
const EMPTY = Object.freeze({ status: 'masked', bytes: Buffer.alloc(0) } as const)
const KEEPS_CHARACTERS: ReadonlySet<MaskStrategy['type']> = new Set(['keep-first', 'keep-last', 'email'])

/**
 * Makes a strategy ready for values that are masked whole. Bytes that are no text are hidden whole by strategies that keep
 * characters, and get a token of their own.
 *
 * Throws `ERR_MASKING_STRATEGY_INVALID` and `ERR_MASKING_TOKEN_KEY_INVALID`.
 */
export function createWholeMasker(
  source: MaskStrategy,
  { tokenKeys = [] }: { readonly tokenKeys?: readonly TokenKey[] } = {},
): WholeMasker {
  const strategy = checkStrategy(source)
  if (strategy.type === 'remove') return { mask: () => REMOVED }
  if (strategy.type === 'null') return { mask: () => NOTHING }
  if (strategy.type === 'constant') return constantMasker(String(strategy.value))
  const action = createAction(strategy, 0, new Tokenizer(tokenKeys))
  return {
    mask(bytes) {
      const isText = isUtf8(bytes)
      if (!isText && KEEPS_CHARACTERS.has(strategy.type)) return EMPTY
      const text = textOf(bytes, isText)
      const shown = action.maskText(text)
      if (shown === undefined) return withhold('token-key-missing')
      return shown === text ? UNCHANGED : { status: 'masked', bytes: Buffer.from(shown ?? '') }
    },
  }
}

function constantMasker(text: string): WholeMasker {
  const constant = Buffer.from(text)
  const masked = Object.freeze({ status: 'masked', bytes: constant } as const)
  return { mask: (bytes) => (constant.equals(bytes) ? UNCHANGED : masked) }
}

/** No text begins with a zero and this word by chance. */
function textOf(bytes: Uint8Array, isText: boolean): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isText ? buffer.toString('utf8') : `\0base64:${buffer.toString('base64')}`
}
