import { Secret } from '@headgate/core'
import { HeadgateIdentityUnavailableError } from '../errors.ts'
import { type IdentitySource, TokenType } from './identity-source.ts'

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
      if (typeof token === 'string' && token !== '') return { token: new Secret(token), type }
      throw new HeadgateIdentityUnavailableError({
        message: 'the token callback gave no token: it must give a text that is not empty',
      })
    },
  }
}
