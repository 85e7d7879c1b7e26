import { randomUUID } from 'node:crypto'
import { type Clock, type LogPort, type Secret, systemClock } from '@headgate/core'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { IssuerConfig } from '../config/issuer-config.ts'
import { AdmissionGate } from './admission-gate.ts'
import { type ClientSecretExchange, createClientSecretExchange } from './client-secret-exchange.ts'
import { GatewayTokens } from './gateway-token.ts'
import {
  ClientSecretRefusedError,
  ClientSecretUnsupportedError,
  TokenAlgorithmError,
  TokenCertificateError,
  TokenClaimError,
  TokenExchangeOnlyError,
  TokenIssuerUnknownError,
  TokenRevokedError,
  TokenTypeError,
} from './identity-errors.ts'
import { createIssuerMetadata } from './issuer-metadata.ts'
import { reachOf } from './issuer-reach.ts'
import { type IssuerToken, IssuerTokens, type PinnedToken } from './issuer-tokens.ts'
import type { TokenPins } from './jose-refusal.ts'
import { createKeyRings, type KeyRings } from './key-ring.ts'
import { createOutboundFetch } from './outbound-fetch.ts'
import { createRemoteKeySet } from './remote-key-set.ts'
import { SamlAssertions } from './saml/saml-assertions.ts'
import { SecretSignIns } from './secret-sign-ins.ts'
import { Sessions } from './sessions.ts'
import type { SignIn, SignInOrigin, SignInSource } from './sign-in.ts'
import type { SubjectToken } from './subject-token.ts'
import { digestOfToken, type SubjectTokenMark, SubjectTokens } from './subject-tokens.ts'
import { kindsOfSubject, SIGN_IN_KINDS, type TokenKind } from './token-rules.ts'
import { ownText, parseTokenShape, type UncheckedObject } from './token-shape.ts'

export type { SignIn, SignInOrigin } from './sign-in.ts'

/** Turns what a client brings into a verified identity. Every failure is an `IdentityError`. */
export interface Authenticator {
  /** Verifies a token of this gateway, or an access token of a configured issuer. */
  verifyToken(token: string, origin?: SignInOrigin): Promise<SignIn>
  /** Verifies what is brought to the token endpoint, by its type. */
  verifySubjectToken(subject: SubjectToken, origin?: SignInOrigin): Promise<SignIn>
  /** Exchanges client id and secret at the issuer that takes them, and verifies the token it gives. */
  signInWithClientSecret(clientId: string, clientSecret: Secret<string>, origin?: SignInOrigin): Promise<SignIn>
}

/** An authenticator, for whoever has to end it. */
export interface OwnedAuthenticator extends Authenticator {
  /** Takes up the keys of issuers of assertions, and the authorities by which issuers are asked. */
  takeConfig(config: GatewayConfig): void
  /** Ends what it has started; assertions that are being verified are refused. */
  close(): Promise<void>
}

/** What {@link createAuthenticator} needs. */
export interface AuthenticatorOptions {
  readonly config: GatewayConfig
  readonly log: LogPort
  readonly clock?: Clock
  /** Shared with whoever knows which connections there are. */
  readonly sessions?: Sessions
  /** The gateway's own keys; those of the config where none are given. */
  readonly keys?: KeyRings
  /** Shared with whoever revokes sessions. */
  readonly subjectTokens?: SubjectTokens
}

const FETCH_TIMEOUT_MS = 5_000
const MAX_ANSWER_BYTES = 1_048_576
const WAITING_PER_RUNNING = 64
const MAX_EXCHANGES = 16
const MAX_CREDENTIAL_LENGTH = 4_096

/** Refuses by what the header says, before a signature is looked at. */
function assertPinned(header: UncheckedObject, pins: TokenPins): void {
  const algorithm = ownText(header, 'alg')
  if (algorithm === undefined || !pins.algorithms.includes(algorithm)) throw new TokenAlgorithmError(pins.algorithms)
  if (ownText(header, 'typ') === undefined) throw new TokenTypeError(pins.types)
}

/** A token that is bound to a certificate is good on connections that have shown it, and on no other. */
function assertCertificate(token: Pick<SignIn, 'certificateThumbprint'>, origin: SignInOrigin | undefined): void {
  const { certificateThumbprint } = token
  if (certificateThumbprint !== undefined && certificateThumbprint !== origin?.certificateThumbprint)
    throw new TokenCertificateError('other')
}

interface SignInFacts {
  readonly source: SignInSource
  readonly origin: SignInOrigin | undefined
  readonly subjectToken?: SubjectTokenMark
  /** What is brought to the token endpoint begins no session here. */
  readonly purpose?: 'exchange' | undefined
}

interface ConfiguredIssuer {
  readonly tokens: IssuerTokens
  readonly exchange: ClientSecretExchange | undefined
  /** PEM of the authorities that are accepted when it is asked. */
  takeAuthorities(caPem: string | undefined): void
}

function configureIssuer(issuer: IssuerConfig, clock: Clock, log: LogPort): ConfiguredIssuer {
  const { jwksUri, keysMaxStaleMs, name, type } = issuer
  const onRefused = (host: string, reason: string): void =>
    log.warn({ event: 'issuer-address', issuer: name, host, reason }, 'an address of the issuer is not asked')
  const bounds = { timeoutMs: FETCH_TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES }
  // The fetch looks at its options anew each time.
  const reach = { ...reachOf(issuer), ...bounds, onRefused }
  const fetch = createOutboundFetch(reach)
  const discovered = createIssuerMetadata(issuer, fetch, clock)
  const locate = async (): Promise<string> => jwksUri ?? (await discovered.get()).jwks_uri ?? ''
  const keyUse = type === 'spiffe' ? 'jwt-svid' : 'sig'
  const findKey = createRemoteKeySet({
    issuerName: name,
    keyUse,
    maxStaleMs: keysMaxStaleMs,
    locate,
    fetch,
    clock,
    log,
  })
  const exchange =
    issuer.clientCredentials && createClientSecretExchange({ issuer, metadata: () => discovered.get(), fetch })
  return {
    tokens: new IssuerTokens({ config: issuer, findKey, clock, log }),
    exchange,
    takeAuthorities: (caPem) => void Object.assign(reach, { caPem }),
  }
}

/**
 * Finds the issuer that has to answer for a token: by `iss`, byte by byte, and a JWT-SVID, which need not have one, by the
 * trust domain of its subject.
 */
function findIssuer(
  issuers: ReadonlyMap<string, ConfiguredIssuer>,
  claims: UncheckedObject,
): ConfiguredIssuer | undefined {
  const named = issuers.get(ownText(claims, 'iss') ?? '')
  if (named !== undefined) return named
  const [trustDomain] = /^spiffe:\/\/[^/]+/.exec(ownText(claims, 'sub') ?? '') ?? []
  return trustDomain === undefined ? undefined : issuers.get(trustDomain)
}

class ConfiguredAuthenticator implements OwnedAuthenticator {
  readonly #publicUrl: string
  readonly #gatewayTokens: GatewayTokens
  readonly #issuers: ReadonlyMap<string, ConfiguredIssuer>
  /** Names of issuers whose tokens are for one exchange. */
  readonly #oneTimeIssuers: ReadonlySet<string>
  readonly #sessions: Sessions
  readonly #subjectTokens: SubjectTokens
  readonly #secretSignIns: SecretSignIns
  readonly #samlAssertions: SamlAssertions
  readonly #verifications: AdmissionGate
  readonly #exchanges: AdmissionGate = new AdmissionGate({
    maxRunning: MAX_EXCHANGES,
    maxWaiting: MAX_EXCHANGES * WAITING_PER_RUNNING,
  })

  constructor({
    config,
    log,
    clock = systemClock,
    sessions = new Sessions(clock),
    keys = createKeyRings(config, clock),
    subjectTokens = new SubjectTokens(clock),
  }: AuthenticatorOptions) {
    const maxRunning = config.limits.maxConcurrentVerifications
    this.#publicUrl = config.http.publicUrl
    this.#gatewayTokens = new GatewayTokens(config, clock, keys.tokens)
    this.#issuers = new Map(config.issuers.map((issuer) => [issuer.issuer, configureIssuer(issuer, clock, log)]))
    this.#oneTimeIssuers = new Set(config.tokens.oneTimeIssuers)
    this.#sessions = sessions
    this.#subjectTokens = subjectTokens
    this.#secretSignIns = new SecretSignIns(clock)
    this.#samlAssertions = new SamlAssertions({ config, clock, log })
    this.#verifications = new AdmissionGate({ maxRunning, maxWaiting: maxRunning * WAITING_PER_RUNNING })
  }

  async verifyToken(token: string, origin?: SignInOrigin): Promise<SignIn> {
    const signIn = await this.#verifyJwt(token, SIGN_IN_KINDS, origin)
    // Whoever ends the session has to know what could begin another one.
    if (signIn.subjectToken !== undefined) this.#subjectTokens.note(signIn.sessionId, signIn.subjectToken)
    return signIn
  }

  async verifySubjectToken({ type, token }: SubjectToken, origin?: SignInOrigin): Promise<SignIn> {
    if (type !== 'saml2') return this.#verifyJwt(token, kindsOfSubject(type), origin, 'exchange')
    return this.#signIn(await this.#samlAssertions.verify(token), { source: 'saml-assertion', origin })
  }

  takeConfig(config: GatewayConfig): void {
    this.#samlAssertions.takeConfig(config)
    for (const { issuer, caPem } of config.issuers) this.#issuers.get(issuer)?.takeAuthorities(caPem)
  }

  close(): Promise<void> {
    return this.#samlAssertions.close()
  }

  async #verifyJwt(
    token: string,
    kinds: readonly TokenKind[],
    origin: SignInOrigin | undefined,
    purpose?: 'exchange',
  ): Promise<SignIn> {
    const shape = parseTokenShape(token)
    if (ownText(shape.claims, 'iss') === this.#publicUrl) return this.#verifyOwn(token, shape.header, origin)
    const tokens = findIssuer(this.#issuers, shape.claims)?.tokens
    if (tokens === undefined) throw new TokenIssuerUnknownError()
    const pinned = tokens.pin(token, shape, kinds)
    const verified = await this.#verifyPinned(tokens, pinned)
    assertCertificate(verified, origin)
    // A Kafka client brings its token to every broker, and again: a use cannot be told from another's who has it too.
    if (purpose === undefined && this.#oneTimeIssuers.has(verified.principal.issuer)) throw new TokenExchangeOnlyError()
    const digest = digestOfToken(verified.principal.issuer, verified.tokenId, token)
    const subjectToken = { digest, untilUnixMs: verified.expiresAtUnixMs }
    return this.#signIn(verified, { source: 'idp-token', origin, subjectToken, purpose })
  }

  async #verifyOwn(token: string, header: UncheckedObject, origin: SignInOrigin | undefined): Promise<SignIn> {
    assertPinned(header, this.#gatewayTokens.pins)
    const signIn = await this.#verifications.run(() => this.#gatewayTokens.verify(token))
    assertCertificate(signIn, origin)
    if (this.#sessions.isRevoked(signIn.sessionId)) throw new TokenRevokedError()
    return signIn
  }

  async signInWithClientSecret(clientId: string, clientSecret: Secret<string>, origin?: SignInOrigin): Promise<SignIn> {
    const issuer = [...this.#issuers.values()].find(({ exchange }) => exchange !== undefined)
    const exchange = issuer?.exchange
    if (issuer === undefined || exchange === undefined) throw new ClientSecretUnsupportedError()
    const length = Math.max(clientId.length, clientSecret.reveal().length)
    if (clientId === '' || clientSecret.reveal() === '' || length > MAX_CREDENTIAL_LENGTH) {
      throw new ClientSecretRefusedError(issuer.tokens.config.name, 'invalid_client')
    }
    const token = await this.#secretSignIns.signIn(clientId, clientSecret, () =>
      this.#exchanges.run(async () =>
        this.#verifyExchanged(issuer.tokens, clientId, await exchange(clientId, clientSecret)),
      ),
    )
    return this.#signIn(token, { source: 'client-secret', origin })
  }

  async #verifyExchanged(tokens: IssuerTokens, clientId: string, token: string): Promise<IssuerToken> {
    const pinned = tokens.pin(token, parseTokenShape(token), ['access-token'])
    const verified = await this.#verifyPinned(tokens, pinned)
    if (verified.clientId !== undefined && verified.clientId !== clientId) throw new TokenClaimError('client_id')
    return verified
  }

  /** A key that has to be fetched is waited for outside of the gate: nobody with a known one stands behind it. */
  async #verifyPinned(tokens: IssuerTokens, pinned: PinnedToken): Promise<IssuerToken> {
    const keyed = await tokens.withKey(pinned)
    return this.#verifications.run(() => tokens.verify(keyed))
  }

  #signIn(token: IssuerToken, { source, origin, subjectToken, purpose }: SignInFacts): SignIn {
    const { principal, clientId: oauthClientId } = token
    const { address, kafkaClientId } = origin ?? {}
    const mayBegin = subjectToken === undefined || !this.#subjectTokens.isRefused(subjectToken.digest)
    // Who is no Kafka client has no session that could go on.
    if (!mayBegin && kafkaClientId === undefined && purpose === undefined) throw new TokenRevokedError()
    // Whether an exchange may go on with a session of its own is decided where that session is known.
    const sessionId =
      purpose === 'exchange'
        ? randomUUID()
        : this.#sessions.plainSession({ principal, oauthClientId, kafkaClientId, address }, mayBegin)
    return Object.freeze({ ...token, sessionId, source, minimumRevision: 0, subjectToken })
  }
}

/** Creates the authenticator of a configuration. Nothing is fetched before the first token comes. */
export function createAuthenticator(options: AuthenticatorOptions): OwnedAuthenticator {
  return new ConfiguredAuthenticator(options)
}
