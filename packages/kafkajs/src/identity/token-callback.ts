import { HeadgateIdentityUnavailableError } from '../errors.ts'
import { type IdentitySource, identityToken, TokenType } from './identity-source.ts'

/** Details of a token callback. */
export interface TokenCallbackOptions {
  /** What the callback gives; a signed JWT when absent. */
  readonly type?: TokenType
}

/**
 * Takes the identity from the application's own code: it is called each time the gateway needs to see a token.
 *
 * An error of the callback counts as "not now" and is retried; it is the `cause` of what the caller sees.
 */
export function tokenCallback(
  callback: () => string | Promise<string>,
  options: TokenCallbackOptions = {},
): IdentitySource {
  const type = options.type ?? TokenType.JWT
  return {
    kind: 'token-callback',
    async getToken() {
      const token: unknown = await Promise.resolve()
        .then(callback)
        .catch((cause: unknown) => {
          throw new HeadgateIdentityUnavailableError({ message: 'the token callback failed: see the cause', cause })
        })
      if (typeof token === 'string' && token.trim() !== '') return identityToken(token.trim(), type)
      throw new HeadgateIdentityUnavailableError({
        message: 'the token callback gave no token: it must give a text that is not empty',
      })
    },
  }
}

/**
 * Takes the identity from SAML 2 assertions: the callback gives a new one each time, since a gateway takes each once.
 *
 * It gives the XML of the signed `Assertion` alone, as its issuer wrote it, or base64url of that. An error of it is retried, as that
 * of `tokenCallback` is.
 */
export function samlAssertion(callback: () => string | Promise<string>): IdentitySource {
  return { ...tokenCallback(callback, { type: TokenType.SAML2 }), kind: 'saml-assertion' }
}
