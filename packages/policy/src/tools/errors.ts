import { HeadgateError } from '@headgate/core'

/** Two policies have more cases than are looked at, so that nothing exact can be said of them. */
export class PolicyTooIntricateError extends HeadgateError<'ERR_POLICY_TOO_INTRICATE'> {
  readonly code = 'ERR_POLICY_TOO_INTRICATE'

  constructor(what: string, limit: number) {
    super({
      message: `the policies have more than ${limit} ${what}, so that they cannot be compared`,
      details: { limit },
    })
  }
}

/** What is asked about is no request of the policy language. */
export class RequestWordsError extends HeadgateError<'ERR_POLICY_REQUEST_WORDS'> {
  readonly code = 'ERR_POLICY_REQUEST_WORDS'

  constructor(message: string) {
    super({ message })
  }
}

/** A listing of Kafka's access rules cannot be understood whole. What is not understood might be a denial. */
export class AclListingError extends HeadgateError<'ERR_POLICY_ACL_LISTING'> {
  readonly code = 'ERR_POLICY_ACL_LISTING'

  constructor(line: number, reason: string) {
    super({ message: `access rules: entry or line ${line} cannot be understood: ${reason}`, details: { line } })
  }
}
