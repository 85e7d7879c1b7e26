/** What OpenTelemetry's instrumentations leave on a function that they put in the place of another. */
interface Wrapped {
  readonly __wrapped?: unknown
  readonly __original?: unknown
}

/**
 * Gives an object its class's own methods again, where an instrumentation of `kafkajs` has wrapped them.
 *
 * That happens only where this package is installed under the name `kafkajs`. The instrumentation would make every span a second time,
 * with the key of the record on it. Mocks and spies of tests are left as they are.
 */
export function takeBackMethods<T extends object>(object: T, names: readonly (keyof T & string)[]): void {
  for (const name of names) {
    const { __wrapped: isWrapped, __original: original } = object[name] as Wrapped
    if (isWrapped !== true || typeof original !== 'function') continue
    Object.defineProperty(object, name, { value: original, writable: true, configurable: true, enumerable: false })
  }
}
