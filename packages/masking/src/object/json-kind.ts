import { WithheldSignal } from './withheld-signal.ts'

/** A plain object: own members only, nothing that turns itself into something else when it is written. */
export type Members = Readonly<Record<string, unknown>>

/** Gives a value that is an object as its members, and throws for what JSON cannot hold. */
export function membersOf(value: object): Members {
  const prototype: unknown = Object.getPrototypeOf(value)
  const plain = prototype === Object.prototype || prototype === null
  if (!plain || typeof (value as { toJSON?: unknown }).toJSON === 'function')
    throw new WithheldSignal('not-a-json-value')
  return value as Members
}

/** Throws for what JSON cannot hold, and beyond `depth` levels. */
export function checkJson(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) {
    checkScalar(value)
    return
  }
  if (depth === 0) throw new WithheldSignal('too-deep')
  const values: readonly unknown[] = Array.isArray(value) ? value : Object.values(membersOf(value))
  for (const below of values) checkJson(below, depth - 1)
}

/** Throws for a scalar that JSON cannot hold. `undefined` is what JSON leaves out, and an infinity what `JSON.parse` makes of `1e400`. */
export function checkScalar(value: unknown): void {
  const kind = typeof value
  const sound = kind === 'number' ? !Number.isNaN(value) : kind === 'string' || kind === 'boolean' || value == null
  if (!sound) throw new WithheldSignal('not-a-json-value')
}
