import { isUtf8 } from 'node:buffer'
import type { MaskedField, MaskPartResult } from '../result.ts'
import { UNCHANGED, withhold } from '../result.ts'
import { createAction } from '../strategy/action.ts'
import { checkStrategy } from '../strategy/parse-strategy.ts'
import type { MaskStrategy } from '../strategy/strategy.ts'
import { Tokenizer, type TokenKey } from '../strategy/token.ts'

/** Masks a key or the value of a header whole. */
export type WholeMask = (bytes: Uint8Array) => MaskPartResult

/** What hides everything looks at nothing, so that any bytes will do; the others read a text. */
const LOOKS: Readonly<Record<MaskStrategy['type'], boolean>> = Object.freeze({
  remove: false,
  null: false,
  default: false,
  constant: false,
  'keep-first': true,
  'keep-last': true,
  email: true,
  token: true,
})

/** Makes a strategy ready for one part of a record; `field` is what it is counted as. */
export function createWholeMask(
  strategy: MaskStrategy,
  field: string,
  tokenKeys: readonly TokenKey[],
  maxBytes: number,
): WholeMask {
  const { type } = checkStrategy(strategy)
  const { maskText } = createAction(checkStrategy(strategy), 0, new Tokenizer(tokenKeys))
  const masked: readonly MaskedField[] = Object.freeze([Object.freeze({ field, count: 1 })])
  if (type === 'remove') return () => ({ status: 'removed', masked })
  if (type === 'null') return () => ({ status: 'masked', bytes: null, masked })
  return (bytes) => {
    if (bytes.length > maxBytes) return withhold('too-large')
    if (LOOKS[type] && !isUtf8(bytes)) return withhold('not-utf8')
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const shown = maskText(LOOKS[type] ? text.toString('utf8') : '')
    if (shown == null) return withhold('token-key-missing')
    const result = Buffer.from(shown)
    return result.equals(text) ? UNCHANGED : { status: 'masked', bytes: result, masked }
  }
}
