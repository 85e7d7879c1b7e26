import type { Program } from '../program/program.ts'
import type { BundleClaims } from './bundle-claims.ts'

const SEAL = Symbol('verified')

/**
 * A bundle that was verified. There is no other way to have one than verification: the class has no constructor to
 * call, and "signed" needs no flag.
 */
export class VerifiedBundle {
  readonly claims: BundleClaims
  readonly program: Program
  /** The clock that verification used, once for all its checks. */
  readonly verifiedAtUnixMs: number
  readonly #sealed = true

  private constructor(seal: symbol, claims: BundleClaims, program: Program, verifiedAtUnixMs: number) {
    if (seal !== SEAL) throw new TypeError('a bundle is verified, never constructed')
    this.claims = claims
    this.program = program
    this.verifiedAtUnixMs = verifiedAtUnixMs
    Object.freeze(this)
  }

  /** @internal Only verification calls this. */
  static seal(claims: BundleClaims, program: Program, verifiedAtUnixMs: number): VerifiedBundle {
    return new VerifiedBundle(SEAL, claims, program, verifiedAtUnixMs)
  }

  /** Tells whether a value came from verification; an object that only looks like it did not. */
  static is(value: unknown): value is VerifiedBundle {
    return typeof value === 'object' && value !== null && #sealed in value
  }
}
