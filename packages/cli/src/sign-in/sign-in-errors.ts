import { HeadgateError } from '@headgate/core'

/** Neither the gateway nor an option says where to sign in. */
export class LoginUnknownError extends HeadgateError<'ERR_CLI_LOGIN_UNKNOWN'> {
  readonly code = 'ERR_CLI_LOGIN_UNKNOWN'

  constructor(what: string) {
    super({ message: `login: ${what}` })
  }
}

/** The identity provider offers no way in which a person can sign in from a command line. */
export class LoginUnsupportedError extends HeadgateError<'ERR_CLI_LOGIN_UNSUPPORTED'> {
  readonly code = 'ERR_CLI_LOGIN_UNSUPPORTED'

  constructor(issuer: string, what: string) {
    super({ message: `login: \`${issuer}\` ${what}`, details: { issuer } })
  }
}

/** The person, or the identity provider on her behalf, said no. */
export class LoginDeniedError extends HeadgateError<'ERR_CLI_LOGIN_DENIED'> {
  readonly code = 'ERR_CLI_LOGIN_DENIED'

  constructor(issuer: string) {
    super({ message: `login: it was refused at \`${issuer}\`: nobody is signed in`, details: { issuer } })
  }
}

/** Nobody signed in while the code was good. */
export class LoginExpiredError extends HeadgateError<'ERR_CLI_LOGIN_EXPIRED'> {
  readonly code = 'ERR_CLI_LOGIN_EXPIRED'

  constructor(issuer: string) {
    super({ message: 'login: nobody signed in while the code was good: start again', details: { issuer } })
  }
}

/** The identity provider does not serve the client, a scope or another part of the request. */
export class LoginRefusedError extends HeadgateError<'ERR_CLI_LOGIN_REFUSED'> {
  readonly code = 'ERR_CLI_LOGIN_REFUSED'

  constructor(issuer: string, error: string) {
    const message = `login: \`${issuer}\` refused the request: ${error}: check client id and scopes`
    super({ message, details: { issuer, error } })
  }
}

/** An answer of the identity provider does not belong to this sign-in, or is none. */
export class LoginAnswerError extends HeadgateError<'ERR_CLI_LOGIN_ANSWER'> {
  readonly code = 'ERR_CLI_LOGIN_ANSWER'

  constructor(issuer: string, what: string) {
    super({ message: `login: the answer of \`${issuer}\` is not taken: ${what}`, details: { issuer } })
  }
}

/** The saved sign-in cannot be renewed. */
export class SignInEndedError extends HeadgateError<'ERR_CLI_SIGN_IN_ENDED'> {
  readonly code = 'ERR_CLI_SIGN_IN_ENDED'

  constructor(gateway: string) {
    const message = `the sign-in at \`${gateway}\` has ended: run \`headgate login --gateway ${gateway}\``
    super({ message, details: { gateway } })
  }
}

/** The gateway does not take the identity provider's token. */
export class ExchangeRefusedError extends HeadgateError<'ERR_CLI_EXCHANGE_REFUSED'> {
  readonly code = 'ERR_CLI_EXCHANGE_REFUSED'

  constructor(gateway: string, error: string) {
    super({ message: `the gateway does not take the sign-in: ${error}`, details: { gateway } })
  }
}

/** Another command holds the saved sign-in and does not let go. */
export class SignInBusyError extends HeadgateError<'ERR_CLI_SIGN_IN_BUSY'> {
  readonly code = 'ERR_CLI_SIGN_IN_BUSY'

  constructor(path: string) {
    const message = `another command is renewing the sign-in: try again, or remove \`${path}\``
    super({ message, details: { path }, retryable: true })
  }
}
