import type { Clock } from '@headgate/core'
import { observesAny } from '@headgate/policy'
import { defaultSaslAuthenticateRequest, defaultSaslHandshakeRequest } from '@headgate/wire'
import { AuthenticatorBusyError } from '../identity/identity-errors.ts'
import type { Sessions } from '../identity/sessions.ts'
import { ownText, type UncheckedObject } from '../identity/token-shape.ts'
import type { BrokerSasl } from './broker-sasl.ts'
import type { PassThrough } from './plane-context.ts'
import type { PolicyView } from './policy-view.ts'
import type { UpstreamLink } from './upstream-link.ts'

const HANDSHAKE = { apiKey: 17, apiVersion: 1, clientId: 'headgate' }
const AUTHENTICATE = { apiKey: 36, apiVersion: 1, clientId: 'headgate' }

/** What a conversation with the broker of one connection needs. */
export interface BrokerConversationOptions {
  readonly passThrough: PassThrough
  readonly policy: Pick<PolicyView, 'modes'>
  readonly sessions: Sessions
  readonly clock: Clock
  /** Where the client is. */
  readonly address: string
  /** The connection to the broker, begun with the first message. */
  readonly link: () => UpstreamLink
}

/**
 * Creates the conversation that hands a client's sign-in on. It is offered as long as something is observed: where everything
 * is enforced, or warned of, who somebody is must be known from an identity provider.
 */
export function createBrokerSasl(options: BrokerConversationOptions): BrokerSasl {
  const { passThrough, policy, sessions, clock, address, link } = options
  const { issuer, takesPlain, underWay } = passThrough
  let end: (() => void) | undefined
  let isOpen = false
  const open = (): UpstreamLink => {
    if (!isOpen) {
      end = underWay.begin(address)
      if (end === undefined) throw new AuthenticatorBusyError()
      isOpen = true
    }
    return link()
  }
  return {
    close: () => end?.(),
    takesPlain,
    isOffered: () => observesAny(policy.modes),
    isForGateway: (claims) => isForGateway(claims, passThrough),
    handshake: async (mechanism) =>
      open().request({ ...HANDSHAKE, body: { ...defaultSaslHandshakeRequest(), mechanism } }),
    authenticate: async (authBytes) =>
      open().request({ ...AUTHENTICATE, body: { ...defaultSaslAuthenticateRequest(), authBytes } }),
    signIn: (subject, lifetimeMs, origin) => {
      end?.()
      const principal = { issuer, subject, groups: undefined }
      const nowUnixMs = clock.nowUnixMs()
      const { kafkaClientId } = origin ?? {}
      const plain = { oauthClientId: undefined, kafkaClientId, address: origin?.address }
      const sessionId = sessions.plainSession({ principal, ...plain })
      return Object.freeze({
        ...{ principal, sessionId, source: 'brokers' as const, minimumRevision: 0, clientId: undefined },
        issuedAtUnixMs: nowUnixMs,
        expiresAtUnixMs: lifetimeMs === 0 ? Number.POSITIVE_INFINITY : nowUnixMs + lifetimeMs,
      })
    },
  }
}

/** The part of a SPIFFE id that names the trust domain. */
const TRUST_DOMAIN = /^spiffe:\/\/[^/]+/

/**
 * By its issuer; by its trust domain, since a JWT-SVID need not name an issuer; or by whom it is meant for. One of the three is
 * enough: a token that could be for the gateway is not shown to a broker.
 */
function isForGateway(claims: UncheckedObject, { knownIssuers, audiences }: PassThrough): boolean {
  const [trustDomain = ''] = TRUST_DOMAIN.exec(ownText(claims, 'sub') ?? '') ?? []
  const audience: unknown = Object.hasOwn(claims, 'aud') ? claims['aud'] : undefined
  const meant = Array.isArray(audience) ? audience : [audience]
  return (
    knownIssuers.has(ownText(claims, 'iss') ?? '') ||
    knownIssuers.has(trustDomain) ||
    meant.some((each) => audiences.has(each))
  )
}
