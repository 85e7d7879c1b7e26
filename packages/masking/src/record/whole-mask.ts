import { isUtf8 } from 'node:buffer'
import { type MaskedField, type MaskPartResult, UNCHANGED, withhold } from '../result.ts'
import { createAction } from '../strategy/action.ts'
import { checkStrategy } from '../strategy/parse-strategy.ts'
import type { MaskStrategy } from '../strategy/strategy.ts'
import { Tokenizer, type TokenKey } from '../strategy/token.ts'

/** Masks a key or the value of a header whole. */
export type WholeMask = (bytes: Uint8Array) => MaskPartResult

const NOTHING = Buffer.alloc(0)
const KEEPS_CHARACTERS: ReadonlySet<MaskStrategy['type']> = new Set(['keep-first', 'keep-last', 'email'])

/**
 * Makes a strategy ready for one part of a record; `field` is what it is counted as. Bytes that are no text are hidden
 * whole by strategies that keep characters, and get a token of their own.
 */
export function createWholeMask(source: MaskStrategy, field: string, tokenKeys: readonly TokenKey[]): WholeMask {
  const strategy = checkStrategy(source)
  const masked: readonly MaskedField[] = Object.freeze([Object.freeze({ field, count: 1 })])
  if (strategy.type === 'remove') return () => ({ status: 'removed', masked })
  if (strategy.type === 'null') return () => ({ status: 'masked', bytes: null, masked })
  const constant = strategy.type === 'constant' ? String(strategy.value) : undefined
  const action = createAction(strategy, 0, new Tokenizer(tokenKeys))
  const isKept = KEEPS_CHARACTERS.has(strategy.type)
  return (bytes) => {
    // No characters, or what was hidden because it is no text.
    if (bytes.length === 0 && isKept) return UNCHANGED
    const isText = isUtf8(bytes)
    if (!isText && isKept) return { status: 'masked', bytes: NOTHING, masked }
    const text = textOf(bytes, isText)
    const shown = constant ?? action.maskText(text)
    if (shown == null) return withhold('token-key-missing')
    return shown === text ? UNCHANGED : { status: 'masked', bytes: Buffer.from(shown), masked }
  }
}

/** No text begins with a zero and this word by chance. */
function textOf(bytes: Uint8Array, isText: boolean): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isText ? buffer.toString('utf8') : `\0base64:${buffer.toString('base64')}`
}
