import { HeadgateError } from '@headgate/core'

/** A bundle was refused. What is in force stays in force until it expires. */
export abstract class BundleError<
  Code extends `ERR_POLICY_BUNDLE_${string}` = `ERR_POLICY_BUNDLE_${string}`,
> extends HeadgateError<Code> {}

/** The bundle is larger than any that is read; nothing of it was looked at. */
export class BundleTooLargeError extends BundleError<'ERR_POLICY_BUNDLE_TOO_LARGE'> {
  readonly code = 'ERR_POLICY_BUNDLE_TOO_LARGE'
}

/** The text is no compact JWS, or its header is not exactly `alg`, `kid` and `typ` with `alg` `Ed25519`. */
export class BundleFormatError extends BundleError<'ERR_POLICY_BUNDLE_FORMAT'> {
  readonly code = 'ERR_POLICY_BUNDLE_FORMAT'
}

/** The key that is named was not configured, or was not served as it should be. */
export class BundleKeyError extends BundleError<'ERR_POLICY_BUNDLE_KEY'> {
  readonly code = 'ERR_POLICY_BUNDLE_KEY'
}

/** The signature is not one of the named key over these bytes. */
export class BundleSignatureError extends BundleError<'ERR_POLICY_BUNDLE_SIGNATURE'> {
  readonly code = 'ERR_POLICY_BUNDLE_SIGNATURE'
}

/** The text was signed as something else than a bundle. */
export class BundleTypeError extends BundleError<'ERR_POLICY_BUNDLE_TYPE'> {
  readonly code = 'ERR_POLICY_BUNDLE_TYPE'
}

/** The payload has a member too many, too few, or of the wrong kind. */
export class BundleClaimsError extends BundleError<'ERR_POLICY_BUNDLE_CLAIMS'> {
  readonly code = 'ERR_POLICY_BUNDLE_CLAIMS'
}

/** The bundle needs something that this version does not know. */
export class BundleNotUnderstoodError extends BundleError<'ERR_POLICY_BUNDLE_NOT_UNDERSTOOD'> {
  readonly code = 'ERR_POLICY_BUNDLE_NOT_UNDERSTOOD'
}

/** The bundle is for someone else, for another cluster, or from another issuer. */
export class BundleAddresseeError extends BundleError<'ERR_POLICY_BUNDLE_ADDRESSEE'> {
  readonly code = 'ERR_POLICY_BUNDLE_ADDRESSEE'
}

/** The bundle is older than what was seen or demanded. */
export class BundleRollbackError extends BundleError<'ERR_POLICY_BUNDLE_ROLLBACK'> {
  readonly code = 'ERR_POLICY_BUNDLE_ROLLBACK'
}

/** Two bundles of one revision say different things: whoever runs the gateway should look at once. */
export class BundleEquivocationError extends BundleError<'ERR_POLICY_BUNDLE_EQUIVOCATION'> {
  readonly code = 'ERR_POLICY_BUNDLE_EQUIVOCATION'
}

/** The bundle's life is over. */
export class BundleExpiredError extends BundleError<'ERR_POLICY_BUNDLE_EXPIRED'> {
  readonly code = 'ERR_POLICY_BUNDLE_EXPIRED'
}

/** The rules in the bundle are not those that its digest is of, or they cannot be compiled. */
export class BundleProgramError extends BundleError<'ERR_POLICY_BUNDLE_PROGRAM'> {
  readonly code = 'ERR_POLICY_BUNDLE_PROGRAM'
}

/** A decision that the issuer expects came out otherwise here. */
export class BundleCanaryError extends BundleError<'ERR_POLICY_BUNDLE_CANARY'> {
  readonly code = 'ERR_POLICY_BUNDLE_CANARY'
}
