import { readFile } from 'node:fs/promises'
import { HeadgateIdentityUnavailableError } from '../errors.ts'
import { type IdentitySource, identityToken, TokenType } from './identity-source.ts'

/** Details of a token file. */
export interface TokenFileOptions {
  /** What the file holds; a signed JWT, such as Kubernetes projects, when absent. */
  readonly type?: TokenType
}

/**
 * Takes the identity from a file that the platform keeps fresh: a Kubernetes projected token, a CI token.
 *
 * The file is read anew each time a token is needed, so a rotated one is used at once.
 */
export function tokenFile(path: string, options: TokenFileOptions = {}): IdentitySource {
  const type = options.type ?? TokenType.JWT
  return {
    kind: 'token-file',
    async getToken() {
      const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
        throw unreadable(path, cause.code ?? 'unreadable')
      })
      const token = text.trim()
      if (token === '') throw unreadable(path, 'empty')
      return identityToken(token, type)
    },
  }
}

function unreadable(path: string, reason: string): HeadgateIdentityUnavailableError {
  return new HeadgateIdentityUnavailableError({
    message: `the token file \`${path}\` gives no token (${reason}): check HEADGATE_TOKEN_FILE and that the platform writes it`,
    details: { path, reason },
  })
}
