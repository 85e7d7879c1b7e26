// Test fixture: a key, sound claims, and a signature over anything.
import { CompactSign } from 'jose'
import { ada, programOf } from '../program/policy-fixture.ts'
import type { Program } from '../program/program.ts'
import type { BundleClaims } from './bundle-claims.ts'
import { BUNDLE_TYPE } from './bundle-format.ts'
import { type BundleKey, createBundleKey } from './bundle-key.ts'
import { createCanaries } from './canaries.ts'
import { demandsOf } from './demands.ts'
import { signBundle } from './sign-bundle.ts'
import type { VerifiedBundle } from './verified-bundle.ts'
import { type BundleExpectation, verifyBundle } from './verify-bundle.ts'

/** When the bundles of tests are issued. */
export const ISSUED = 1_800_000_000_000

/** The key of tests. */
export const key: BundleKey = await createBundleKey()

/** What the bundles of tests allow. */
export const program: Program = programOf(`
topics:
  - { match: ["pii.*"], labels: [pii], format: json, mask: [{ fields: ssn, with: last-4 }, { key: true, with: remove }] }
  - { match: [pii.held], id: held, approval: { by: [leads], for: 1h }, audit: required }
rules:
  - { id: grant, who: everyone, may: { consume: [orders, "label:pii"], as: ["ada-*"], partitions: [0-3], unmask: [key] } }
  - { id: denial, who: everyone, never: { produce: [audit] } }`)

/** Claims of a sound bundle: it is refreshed after a minute and ends after five. */
export function claimsOf(changes: Partial<BundleClaims> = {}): BundleClaims {
  const residual = changes.residual ?? program.residual
  return {
    version: 1,
    issuer: 'https://gateway.example',
    audience: 'orders-service',
    subject: { issuer: ada.issuer, subject: ada.subject },
    cluster: 'orders-prod',
    revision: 7,
    issuedAtUnixMs: ISSUED,
    refreshAfterUnixMs: ISSUED + 60_000,
    expiresAtUnixMs: ISSUED + 300_000,
    onStale: 'deny',
    mustUnderstand: demandsOf(residual),
    canaries: createCanaries(program),
    residual,
    programDigest: program.digest,
    ...changes,
  }
}

/** What the client of tests expects. */
export function expectation(changes: Partial<BundleExpectation> = {}): BundleExpectation {
  return {
    thumbprints: [key.thumbprint],
    keys: [{ ...key.publicJwk }],
    audience: 'orders-service',
    cluster: 'orders-prod',
    nowUnixMs: ISSUED + 1000,
    ...changes,
  }
}

/** Signs any payload under any header, as an issuer that checks nothing would. */
export function signAnything(payload: unknown, header: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const bytes = new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload))
  const crit = Object.fromEntries(((header['crit'] as string[] | undefined) ?? []).map((name) => [name, true]))
  return new CompactSign(bytes)
    .setProtectedHeader({ alg: 'Ed25519', kid: key.thumbprint, typ: BUNDLE_TYPE, ...header })
    .sign(key.privateKey, { crit })
}

/** A bundle that was signed and verified, with its claims changed as told. */
export async function verifiedBundle(
  changes: Partial<BundleClaims> = {},
  nowUnixMs: number = ISSUED,
): Promise<VerifiedBundle> {
  return verifyBundle(await signBundle(claimsOf(changes), key), expectation({ nowUnixMs }))
}
