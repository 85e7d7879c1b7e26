import { CompactSign } from 'jose'
import { compileProgram } from '../program/program.ts'
import { type BundleClaims, bundleClaimsSchema } from './bundle-claims.ts'
import { BUNDLE_TYPE, MAX_BUNDLE_LENGTH } from './bundle-format.ts'
import { BUNDLE_ALGORITHM, type BundleSigningKey, describeBundleKey } from './bundle-key.ts'
import { BundleClaimsError, BundleKeyError, BundleProgramError, BundleTooLargeError } from './errors.ts'

/**
 * Signs a bundle: one compact JWS with the JSON inside, so that the bytes signed are the bytes parsed.
 *
 * @throws BundleClaimsError `ERR_POLICY_BUNDLE_CLAIMS` when a reader would refuse the claims for their form
 * @throws BundleProgramError `ERR_POLICY_BUNDLE_PROGRAM` when the digest is not that of the residual's program
 * @throws BundleKeyError `ERR_POLICY_BUNDLE_KEY` when the key is not what its thumbprint says
 * @throws BundleTooLargeError `ERR_POLICY_BUNDLE_TOO_LARGE`
 */
export async function signBundle(claims: BundleClaims, key: BundleSigningKey): Promise<string> {
  const checked = bundleClaimsSchema.safeParse(claims)
  if (!checked.success) {
    const where = checked.error.issues[0]?.path.join('.') ?? ''
    throw new BundleClaimsError({ message: `bundle claims: \`${where}\` does not fit`, details: { where } })
  }
  if (compileProgram(claims.residual).digest !== claims.programDigest) {
    throw new BundleProgramError({ message: 'bundle claims: the program digest is not that of the residual' })
  }
  await assertKey(key)
  const jws = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: BUNDLE_ALGORITHM, kid: key.thumbprint, typ: BUNDLE_TYPE })
    .sign(key.privateKey)
  if (jws.length > MAX_BUNDLE_LENGTH) {
    throw new BundleTooLargeError({ message: 'bundle: too large to be read', details: { length: jws.length } })
  }
  return jws
}

async function assertKey({ privateKey, thumbprint }: BundleSigningKey): Promise<void> {
  const isEd25519 = privateKey.type === 'private' && privateKey.asymmetricKeyType === 'ed25519'
  if (!isEd25519 || (await describeBundleKey(privateKey)).thumbprint !== thumbprint) {
    throw new BundleKeyError({ message: 'bundle key: not a private Ed25519 key with this thumbprint' })
  }
}
