import { HeadgateError } from '@headgate/core'

/** The gateway did not take the token that the relay signs in with; `details.errorCode` is Kafka's. */
export class RelaySignInError extends HeadgateError<'ERR_GATEWAY_RELAY_SIGN_IN'> {
  readonly code = 'ERR_GATEWAY_RELAY_SIGN_IN'

  constructor(what: string, errorCode: number) {
    super({ message: `relay: the gateway refused the sign-in: ${what}`, details: { errorCode } })
  }
}
