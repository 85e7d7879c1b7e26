const BRAND: unique symbol = Symbol.for('@headgate/error')

/** Identifiers, sizes and positions that describe an error. Never a record's value, a key, a token or a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>

/** What every Headgate error is made from. */
export interface HeadgateErrorOptions {
  /** Lower-case text without a full stop; context first, joined by colons; user input in backticks. */
  readonly message: string
  /** `true` when the same call may succeed later without a change. */
  readonly retryable?: boolean
  readonly details?: ErrorDetails
  readonly cause?: unknown
}

/**
 * The base of every error that Headgate throws.
 *
 * `code` is stable and has the form `ERR_<PACKAGE>_<CONDITION>`; match on it, never on the message. `instanceof` holds
 * across two installed copies of this package.
 */
export abstract class HeadgateError<Code extends string = string> extends Error {
  /** The stable code of the condition. */
  abstract readonly code: Code
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean
  /** Frozen scalars about the condition. */
  readonly details: ErrorDetails

  constructor(options: HeadgateErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.retryable = options.retryable ?? false
    this.details = Object.freeze({ ...options.details })
    Object.defineProperty(this, BRAND, { value: true })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // INVARIANT: only the base accepts the brand alone; a subclass must still be on the prototype chain.
    return this === HeadgateError ? isHeadgateError(value) : Function.prototype[Symbol.hasInstance].call(this, value)
  }
}

/** Tells whether a value is an error of Headgate, of this copy of the package or of another. */
export function isHeadgateError(value: unknown): value is HeadgateError {
  return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true
}
