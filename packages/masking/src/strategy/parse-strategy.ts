import { StrategyInvalidError } from '../errors.ts'
import { MAX_KEPT_CHARACTERS, type MaskStrategy } from './strategy.ts'

const WORDS: ReadonlyMap<string, MaskStrategy> = new Map<string, MaskStrategy>([
  ['remove', { type: 'remove' }],
  ['null', { type: 'null' }],
  ['default', { type: 'default' }],
  ['email', { type: 'email' }],
])

const LABEL = /^[a-z0-9][a-z0-9-]{0,31}$/

/**
 * Reads a strategy as a policy writes it: `remove`, `null` (or YAML's null), `default`, `email`, `first-4`, `last-4`,
 * `{ constant: … }`, `{ token: label }`, or a {@link MaskStrategy} itself.
 *
 * Throws `ERR_MASKING_STRATEGY_INVALID`, which never quotes a constant.
 */
export function parseStrategy(source: unknown): MaskStrategy {
  if (source === null) return { type: 'null' }
  if (typeof source === 'string') return WORDS.get(source) ?? parseKept(source)
  if (typeof source !== 'object') throw invalid('is neither a word nor an object')
  const { constant, token } = source as { constant?: unknown; token?: unknown }
  if (constant !== undefined) return checkStrategy({ type: 'constant', value: constant } as MaskStrategy)
  if (token !== undefined) return checkStrategy({ type: 'token', label: token } as MaskStrategy)
  return checkStrategy(source as MaskStrategy)
}

function parseKept(word: string): MaskStrategy {
  const [, end, count] = /^(first|last)-(\d{1,3})$/.exec(word) ?? []
  if (end === undefined) throw invalid('is none of `remove`, `null`, `default`, `email`, `first-N`, `last-N`')
  return checkStrategy({ type: end === 'first' ? 'keep-first' : 'keep-last', count: Number(count) })
}

/** Checks a strategy that came as data, and gives a frozen copy. Throws `ERR_MASKING_STRATEGY_INVALID`. */
export function checkStrategy(strategy: MaskStrategy): MaskStrategy {
  switch (strategy.type) {
    case 'remove':
    case 'null':
    case 'default':
    case 'email':
      return Object.freeze({ type: strategy.type })
    case 'constant':
      return Object.freeze({ type: 'constant', value: checkConstant(strategy.value) })
    case 'keep-first':
    case 'keep-last':
      return Object.freeze({ type: strategy.type, count: checkCount(strategy.count) })
    case 'token':
      return Object.freeze({ type: 'token', label: checkLabel(strategy.label) })
    default:
      throw invalid('is of no known type')
  }
}

function checkConstant(value: unknown): string | number | boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'string' && value.length <= 1024 && !/\p{Surrogate}/u.test(value)) return value
  if (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)) return value
  throw invalid('has a constant that is no short text, no finite number and no boolean')
}

function checkCount(count: unknown): number {
  const fits = Number.isInteger(count) && Number(count) >= 1 && Number(count) <= MAX_KEPT_CHARACTERS
  if (!fits) throw invalid(`keeps no number of characters from 1 to ${MAX_KEPT_CHARACTERS}`)
  return Number(count)
}

function checkLabel(label: unknown): string {
  if (typeof label === 'string' && LABEL.test(label)) return label
  throw invalid('has a token label that is not 1 to 32 of `a-z`, `0-9`, `-`')
}

function invalid(what: string): StrategyInvalidError {
  return new StrategyInvalidError({ message: `a masking strategy ${what}` })
}
