const REDACTED = '[secret]'
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * Holds a value that must never be printed.
 *
 * String conversion, JSON and `util.inspect` all give `[secret]`; only {@link Secret.reveal} gives the value.
 */
export class Secret<T> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
    Object.defineProperty(this, INSPECT, { value: () => REDACTED })
  }

  /** Gives the value; call it where the value is used, and keep no copy. */
  reveal(): T {
    return this.#value
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }
}
