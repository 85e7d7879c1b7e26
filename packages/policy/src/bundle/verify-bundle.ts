import { compactVerify, decodeProtectedHeader } from 'jose'
import { compileProgram, type Program } from '../program/program.ts'
import type { BundleClaims } from './bundle-claims.ts'
import { BUNDLE_TYPE, MAX_BUNDLE_LENGTH } from './bundle-format.ts'
import { BUNDLE_ALGORITHM, bundleKeyThumbprint, bundlePublicKey, type OkpKey, type ServedKey } from './bundle-key.ts'
import { assertCanaries } from './canaries.ts'
import { understoodFeatures } from './demands.ts'
import {
  BundleAddresseeError,
  BundleClaimsError,
  BundleEquivocationError,
  BundleExpiredError,
  BundleFormatError,
  BundleKeyError,
  BundleNotUnderstoodError,
  BundleProgramError,
  BundleRollbackError,
  BundleSignatureError,
  BundleTooLargeError,
  BundleTypeError,
} from './errors.ts'
import { sealBundle, type VerifiedBundle } from './verified-bundle.ts'

/** The newest thing seen of one addressee: nothing older is accepted, and nothing else under the same revision. */
export interface HighWaterMark {
  readonly revision: number
  readonly programDigest: string
}

/** What a client expects of its bundle. */
export interface BundleExpectation {
  /** Thumbprints of the keys that are trusted, by configuration: current and next. */
  readonly thumbprints: readonly string[]
  /** The keys that the gateway serves. Not trusted: one counts only if its recomputed thumbprint is configured. */
  readonly keys: readonly ServedKey[]
  /** The client id or subject of this client. */
  readonly audience: string
  /** The name of the cluster that this client uses. */
  readonly cluster: string
  /** The gateway's public address, where it is known beforehand. */
  readonly issuer?: string
  /** Whose rights are expected, where that is known beforehand. */
  readonly subject?: { readonly issuer: string; readonly subject: string }
  /** The least revision that is accepted, such as the one that the gateway token carries. */
  readonly minimumRevision?: number
  /** What was in force before. */
  readonly highWaterMark?: HighWaterMark | undefined
  /** The time, once for all checks. */
  readonly nowUnixMs: number
}

/**
 * Verifies a bundle. Checks come in the order of The Update Framework, each only after those before it have passed:
 * size, signature by a configured key, type, demands, form, addressee, revision, expiry, digest, canaries.
 *
 * @throws BundleError one class and code for each check; nothing of a refused bundle is used
 */
export async function verifyBundle(jws: string, expected: BundleExpectation): Promise<VerifiedBundle> {
  const { payload, type } = await verifySignature(jws, expected)
  if (type !== BUNDLE_TYPE) throw new BundleTypeError({ message: 'bundle: signed as something else' })
  const claims = await parseClaims(payload)
  assertAddressee(claims, expected)
  assertRevision(claims, expected)
  if (!(claims.expiresAtUnixMs > expected.nowUnixMs)) {
    const { expiresAtUnixMs } = claims
    throw new BundleExpiredError({ message: 'bundle: expired', details: { expiresAtUnixMs } })
  }
  const program = compileClaims(claims, expected.nowUnixMs)
  // What is expected was worked out when it was issued; meanwhile rules may have begun or ended to apply.
  const isTimed = claims.residual.rules.some(({ when }) => when !== undefined)
  assertCanaries(isTimed ? compileClaims(claims, claims.issuedAtUnixMs) : program, claims.canaries)
  return sealBundle(claims, program, expected.nowUnixMs)
}

async function verifySignature(
  jws: string,
  expected: BundleExpectation,
): Promise<{ readonly payload: Uint8Array; readonly type: string }> {
  if (jws.length > MAX_BUNDLE_LENGTH) {
    throw new BundleTooLargeError({ message: 'bundle: too large', details: { length: jws.length } })
  }
  const { kid, typ } = readHeader(jws)
  const key = await findKey(kid, expected)
  try {
    const { payload } = await compactVerify(jws, key, { algorithms: [BUNDLE_ALGORITHM] })
    return { payload, type: typ }
  } catch (cause) {
    throw new BundleSignatureError({ message: 'bundle: the signature does not verify', details: { kid }, cause })
  }
}

const COMPACT_JWS = /^[A-Za-z0-9_-]{1,1024}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$/

// INVARIANT: a header says which configured key to use and nothing else; `jwk`, `jku`, `x5c` and `crit` refuse it.
function readHeader(jws: string): { readonly kid: string; readonly typ: string } {
  if (!COMPACT_JWS.test(jws)) throw new BundleFormatError({ message: 'bundle: no signed compact JWS' })
  let header: Readonly<Record<string, unknown>>
  try {
    header = { ...decodeProtectedHeader(jws) }
  } catch {
    throw new BundleFormatError({ message: 'bundle: the header cannot be read' })
  }
  const { alg, kid, typ, ...others } = header
  if (alg !== BUNDLE_ALGORITHM || typeof kid !== 'string' || Object.keys(others).length > 0) {
    throw new BundleFormatError({ message: `bundle: the header is not of \`${BUNDLE_ALGORITHM}\` with a key id only` })
  }
  return { kid, typ: typeof typ === 'string' ? typ : '' }
}

async function findKey(kid: string, { thumbprints, keys }: BundleExpectation): Promise<OkpKey> {
  if (!thumbprints.includes(kid)) {
    throw new BundleKeyError({ message: 'bundle: signed by a key that is not configured', details: { kid } })
  }
  for (const served of keys) {
    const key = bundlePublicKey(served)
    if (key !== undefined && (await bundleKeyThumbprint(key.x ?? '')) === kid) return key
  }
  throw new BundleKeyError({ message: 'bundle: the key that signed it is not served', details: { kid } })
}

/** Loads what the first verification would load, so that this is done while a bundle is waited for. */
export async function prepareVerification(): Promise<void> {
  await import('./bundle-claims.ts')
}

async function parseClaims(payload: Uint8Array): Promise<BundleClaims> {
  // Loaded when the first bundle is there: whoever only imports a client pays for no schema.
  const { bundleClaimsSchema, demandsSchema } = await import('./bundle-claims.ts')
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload))
  } catch {
    // The engine's message quotes its input.
    throw new BundleClaimsError({ message: 'bundle: the payload is no JSON' })
  }
  // First what it demands: a client that is too old should say so, and not that the form is wrong.
  const { data: demands } = demandsSchema.safeParse(value)
  assertUnderstood(demands?.mustUnderstand ?? [])
  const result = bundleClaimsSchema.safeParse(value)
  if (result.success) return result.data
  const where = result.error.issues[0]?.path.join('.') ?? ''
  throw new BundleClaimsError({ message: `bundle: the payload does not fit at \`${where}\``, details: { where } })
}

function assertUnderstood(demands: readonly string[]): void {
  const unknown = demands.find((feature) => !understoodFeatures.has(feature))
  if (unknown === undefined) return
  throw new BundleNotUnderstoodError({ message: 'bundle: it needs a newer client', details: { feature: unknown } })
}

function assertAddressee(claims: BundleClaims, expected: BundleExpectation): void {
  const { audience, cluster, issuer, subject } = claims
  const wrong = [
    audience === expected.audience ? undefined : 'audience',
    cluster === expected.cluster ? undefined : 'cluster',
    issuer === (expected.issuer ?? issuer) ? undefined : 'issuer',
    subject.issuer === (expected.subject?.issuer ?? subject.issuer) ? undefined : 'subject.issuer',
    subject.subject === (expected.subject?.subject ?? subject.subject) ? undefined : 'subject.subject',
  ].find((member) => member !== undefined)
  if (wrong === undefined) return
  throw new BundleAddresseeError({ message: `bundle: \`${wrong}\` is not as expected`, details: { member: wrong } })
}

function assertRevision({ revision, programDigest }: BundleClaims, expected: BundleExpectation): void {
  const { minimumRevision = 0, highWaterMark } = expected
  const least = Math.max(minimumRevision, highWaterMark?.revision ?? 0)
  if (!(revision >= least)) {
    throw new BundleRollbackError({
      message: `bundle: revision ${revision} is older than ${least}`,
      details: { revision, least },
    })
  }
  if (revision === highWaterMark?.revision && programDigest !== highWaterMark.programDigest) {
    const message = `bundle: revision ${revision} was signed for two different programs`
    throw new BundleEquivocationError({ message, details: { revision } })
  }
}

function compileClaims({ residual, programDigest }: BundleClaims, atUnixMs: number): Program {
  let program: Program
  try {
    program = compileProgram(residual, atUnixMs)
  } catch (cause) {
    throw new BundleProgramError({ message: 'bundle: the rules cannot be compiled', cause })
  }
  if (program.digest === programDigest) return program
  throw new BundleProgramError({ message: 'bundle: the rules are not those of its digest' })
}
