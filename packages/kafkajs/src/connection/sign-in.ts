import { type AuthenticationProviderArgs, type Authenticator, KafkaJSSASLAuthenticationError } from '#kafkajs'
import { HeadgateSignInRefusedError } from '../errors.ts'
import { KafkaJSConnectionClosedError } from '../kafkajs/undeclared-errors.ts'

/** What signing in needs of the session. */
export interface SignInSession {
  token(): Promise<string>
  /** Drops a token that was not taken, so that the next one is new. */
  forgetToken(): unknown
  /** Whether the token may be refused for the connection's sake: it has shown another certificate than there is now. */
  readonly hasNewCertificate?: boolean
}

// Its types declare no parameter.
const SignInFailedError = KafkaJSSASLAuthenticationError as new (message: string) => KafkaJSSASLAuthenticationError

/** Tokens that are refused one after the other before it is taken for an answer. */
const MAX_REFUSED = 2
const REFUSED = 'SASL_AUTHENTICATION_FAILED'

/** RFC 7628, in the length-prefixed form that kafkajs's messages have. */
function encodeBearer(token: string): Buffer {
  const message = Buffer.from(`n,,\x01auth=Bearer ${token}\x01\x01`)
  const length = Buffer.alloc(4)
  length.writeInt32BE(message.length)
  return Buffer.concat([length, message])
}

const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && 'type' in error && error.type === REFUSED

/**
 * A sign-in that came to nothing, in the form of a connection that was closed: kafkajs then makes another one. It has sent the
 * handshake before it asks for a token, and would send it once more on the same connection, which no broker takes.
 */
function interrupted(cause: unknown, address: { readonly host: string; readonly port: number }): Error {
  const message = cause instanceof Error ? cause.message : 'no token'
  const retriable = !(cause instanceof Error && 'retriable' in cause && cause.retriable === false)
  const error = new KafkaJSConnectionClosedError(message, address)
  return Object.assign(error, { cause, type: 'ILLEGAL_SASL_STATE', retriable })
}

/**
 * Creates what signs connections in: OAUTHBEARER, as kafkajs has it, but for what it makes of failures.
 *
 * kafkajs takes each for final, so that a lost connection in the middle of a sign-in, a provider that does not answer, or a token
 * whose session was revoked, ends a consumer for good. Here a lost connection stays one, what may pass is tried again, and
 * after a refusal the next try is made with a new token; when that is refused too, it is final.
 */
export function createSignIn(session: SignInSession): (args: AuthenticationProviderArgs) => Authenticator {
  const refused = new Set<string>()
  return ({ host, port, logger, saslAuthenticate }) => ({
    async authenticate() {
      const address = { host, port }
      const token = await session.token().catch((error: unknown) => {
        throw interrupted(error, address)
      })
      try {
        await saslAuthenticate({ request: { encode: () => encodeBearer(token) } })
        refused.clear()
      } catch (error) {
        if (!isRefusal(error)) throw error
        logger.error(`SASL OAUTHBEARER authentication failed: ${error.message}`, { broker: `${host}:${port}` })
        if (session.hasNewCertificate) throw interrupted(new HeadgateSignInRefusedError(error), address)
        // Connections that share a token are refused together: that is one refusal.
        refused.add(token)
        session.forgetToken()
        if (refused.size < MAX_REFUSED) throw interrupted(new HeadgateSignInRefusedError(error), address)
        throw new SignInFailedError(`SASL OAUTHBEARER authentication failed: ${error.message}`)
      }
    },
  })
}
