import type { SaslAuthenticateResponse, SaslHandshakeResponse } from '@headgate/wire'
import type { SignIn, SignInOrigin } from '../identity/authenticator.ts'
import { ownText, type UncheckedObject } from '../identity/token-shape.ts'
import { type ClientMechanism, parseSaslMessage } from './sasl-message.ts'

/** The mechanisms that only brokers understand: the gateway hands their messages on. */
export type PassedMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

/** Every mechanism that a client may sign in with. */
export type SaslMechanism = ClientMechanism | PassedMechanism

/** The mechanisms of {@link PassedMechanism}. */
export const passedMechanisms: readonly PassedMechanism[] = Object.freeze(['SCRAM-SHA-256', 'SCRAM-SHA-512'])

/** A conversation with the broker on a connection's own upstream connection, for clients that bring the broker's credential. */
export interface BrokerSasl {
  /** Whether clients may bring it now. */
  isOffered(): boolean
  /** Whether PLAIN is for the brokers; otherwise it is for an identity provider. */
  readonly takesPlain: boolean
  /** Whether a token is for the gateway, by what it says of itself: such a one is never handed on. */
  isForGateway(claims: UncheckedObject): boolean
  handshake(mechanism: SaslMechanism): Promise<SaslHandshakeResponse>
  authenticate(bytes: Buffer): Promise<SaslAuthenticateResponse>
  /** Makes the sign-in of a name that the broker has accepted; `lifetimeMs` 0 is one without an end. */
  signIn(subject: string, lifetimeMs: number, origin: SignInOrigin | undefined): SignIn
  /** The connection is gone, whether or not anybody has signed in on it. */
  close(): void
}

/** A sign-in that is handed on: whose, and how far it is. */
export interface BrokerExchange {
  readonly subject: string
  /** Messages of the client that the broker has answered. */
  round: number
}

const REPLACEMENT = '�'
const MAX_NAME_LENGTH = 255
/** RFC 5802 without channel binding and extensions: what Kafka's own server takes, but for delegation tokens. */
const CLIENT_FIRST = /^n,(?:a=([^,]*))?,n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)$/
const ROUNDS_OF_SCRAM = 2
/** No mechanism has more. */
export const MAX_ROUNDS = 3

/**
 * Tells whose sign-in the client's first message begins, where it is for the brokers: `null` where nobody can tell, and
 * `undefined` where it is not for them.
 *
 * The name is the one that a broker reads from the same bytes: what could be read in two ways is refused.
 */
export function beginBrokerExchange(
  mechanism: SaslMechanism,
  bytes: Buffer,
  brokers: BrokerSasl,
): BrokerExchange | null | undefined {
  if (mechanism === 'SCRAM-SHA-256' || mechanism === 'SCRAM-SHA-512') return exchangeOf(scramName(bytes))
  const message = parseSaslMessage(mechanism, bytes)
  if (message === null) return undefined
  if (message.kind === 'client-secret') return brokers.takesPlain ? exchangeOf(textName(message.clientId)) : undefined
  return mechanism === 'PLAIN' ? undefined : tokenExchange(message.token.reveal(), brokers)
}

/** Whether the broker has said its last word of a sign-in that it did not refuse. */
export function isComplete(mechanism: SaslMechanism, { round }: BrokerExchange, authBytes: Buffer): boolean {
  if (mechanism === 'PLAIN') return true
  // A token that is refused is answered with a reason first, and without an error.
  if (mechanism === 'OAUTHBEARER') return authBytes.length === 0
  return round === ROUNDS_OF_SCRAM && authBytes.subarray(0, 2).toString('latin1') === 'v='
}

function exchangeOf(subject: string | null): BrokerExchange | null {
  return subject === null ? null : { subject, round: 0 }
}

/** Bytes that are no UTF-8 would be another name to another reader. */
function textName(name: string): string | null {
  return name === '' || name.length > MAX_NAME_LENGTH || name.includes(REPLACEMENT) ? null : name
}

function scramName(bytes: Buffer): string | null {
  const [, authorizationId = '', encoded = ''] = CLIENT_FIRST.exec(bytes.toString('utf8')) ?? []
  if (/=(?!2C|3D)/.test(encoded)) return null
  const name = textName(encoded.replaceAll('=2C', ',').replaceAll('=3D', '='))
  return authorizationId === '' || authorizationId === name ? name : null
}

/** Brokers take the subject of a token for its name. A token that is for the gateway is not shown to them. */
function tokenExchange(token: string, brokers: BrokerSasl): BrokerExchange | null | undefined {
  const claims = claimsOf(token)
  if (claims === undefined) return null
  if (brokers.isForGateway(claims)) return undefined
  return exchangeOf(textName(ownText(claims, 'sub') ?? ''))
}

/** What a token says, signed or not: whether it is good is for the brokers to tell. */
function claimsOf(token: string): UncheckedObject | undefined {
  const [, claims, , ...more] = token.split('.')
  if (claims === undefined || more.length > 0) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as UncheckedObject) : undefined
  } catch {
    return undefined
  }
}
