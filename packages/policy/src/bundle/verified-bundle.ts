import type { Program } from '../program/program.ts'
import type { BundleClaims } from './bundle-claims.ts'

const SEAL = Symbol('verified')

let seal: (claims: BundleClaims, program: Program, verifiedAtUnixMs: number) => VerifiedBundle

/**
 * A bundle that was verified. Verification is the only way to have one: the class cannot be constructed from outside,
 * so that "signed" is a matter of type and needs no flag.
 */
export class VerifiedBundle {
  readonly claims: BundleClaims
  readonly program: Program
  /** The time that verification used, once for all its checks. */
  readonly verifiedAtUnixMs: number
  readonly #isSealed = true

  static {
    seal = (claims, program, verifiedAtUnixMs) => new VerifiedBundle(SEAL, claims, program, verifiedAtUnixMs)
  }

  private constructor(token: symbol, claims: BundleClaims, program: Program, verifiedAtUnixMs: number) {
    if (token !== SEAL) throw new TypeError('a bundle is verified, never constructed')
    this.claims = claims
    this.program = program
    this.verifiedAtUnixMs = verifiedAtUnixMs
    Object.freeze(this)
  }

  /** Tells whether a value came from verification; one that only looks like it did not. */
  static is(value: unknown): value is VerifiedBundle {
    return typeof value === 'object' && value !== null && #isSealed in value && value.#isSealed
  }
}

/** Makes a verified bundle. Called by verification alone, when every check has passed. */
export function sealBundle(claims: BundleClaims, program: Program, verifiedAtUnixMs: number): VerifiedBundle {
  return seal(claims, program, verifiedAtUnixMs)
}
