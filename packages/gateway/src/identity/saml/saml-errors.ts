import { IdentityError } from '../identity-errors.ts'

/** What was brought is no assertion in the one form that is read here, or is too long. */
export class SamlMalformedError extends IdentityError<'ERR_GATEWAY_SAML_MALFORMED'> {
  readonly code = 'ERR_GATEWAY_SAML_MALFORMED'

  constructor(what: string) {
    super({ message: `assertion: ${what}` })
  }
}

/** The signature is not valid, covers something else, or is made by means that are not accepted. */
export class SamlSignatureError extends IdentityError<'ERR_GATEWAY_SAML_SIGNATURE'> {
  readonly code = 'ERR_GATEWAY_SAML_SIGNATURE'

  constructor() {
    super({
      message: 'assertion: its signature is not valid, or not one by a key of its issuer with SHA-256 or better',
    })
  }
}

/** The subject has no name that can be a principal. */
export class SamlSubjectError extends IdentityError<'ERR_GATEWAY_SAML_SUBJECT'> {
  readonly code = 'ERR_GATEWAY_SAML_SUBJECT'

  constructor(what: string) {
    super({ message: `assertion: its subject ${what}` })
  }
}

/** The assertion does not say that whoever brings it here, now, is its subject. */
export class SamlConfirmationError extends IdentityError<'ERR_GATEWAY_SAML_CONFIRMATION'> {
  readonly code = 'ERR_GATEWAY_SAML_CONFIRMATION'

  constructor(what: string) {
    super({ message: `assertion: its subject confirmation ${what}` })
  }
}

/** The assertion has no conditions, or some that cannot be kept here. */
export class SamlConditionsError extends IdentityError<'ERR_GATEWAY_SAML_CONDITIONS'> {
  readonly code = 'ERR_GATEWAY_SAML_CONDITIONS'

  constructor(what: string) {
    super({ message: `assertion: its conditions ${what}` })
  }
}

/** The thread that verified it came to no end. The assertion is not spent. */
export class SamlUnverifiedError extends IdentityError<'ERR_GATEWAY_SAML_UNVERIFIED'> {
  readonly code = 'ERR_GATEWAY_SAML_UNVERIFIED'

  constructor() {
    super({ message: 'assertion: it could not be verified now', retryable: true })
  }
}

/** A refusal as the thread told it: with the code and the words of the error that stood behind it there. */
export class SamlRefusedError extends IdentityError {
  readonly code: string

  constructor({ code, message }: { readonly code: string; readonly message: string }) {
    super({ message })
    this.code = code
  }
}
