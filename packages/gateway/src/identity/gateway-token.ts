import { randomUUID } from 'node:crypto'
import type { Clock } from '@headgate/core'
import { type Principal, principalKinds } from '@headgate/policy'
import { createLocalJWKSet, type JWTPayload, type JWTVerifyGetKey, jwtVerify, SignJWT } from 'jose'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { PublicSigningJwk } from '../config/signing-key.ts'
import { TokenExpiredError, TokenKeyUnknownError } from './identity-errors.ts'
import { refusalOf, type TokenPins } from './jose-refusal.ts'
import { createKeyRings, type KeyRing } from './key-ring.ts'
import { SESSION_IDLE_MS } from './sessions.ts'
import type { SignIn } from './sign-in.ts'
import type { SubjectTokenMark } from './subject-tokens.ts'
import { readCertificateThumbprint, readGroups, readStatedClaims, requireSeconds, requireText } from './token-claims.ts'

/** Gateways behind one balancer have clocks of their own: a token from the near future is taken, one past its end never. */
const CLOCK_TOLERANCE_SECONDS = 10

const REQUIRED_CLAIMS = ['exp', 'iat', 'sub', 'jti', 'client_id', 'idp', 'sid', 'rev']

/** Gives the audience of the gateway's tokens: the cluster they are good for. */
export function gatewayAudience(clusterName: string): string {
  return `headgate:${clusterName}`
}

/** What a gateway token says. */
export interface GatewayTokenContent {
  readonly principal: Principal
  readonly clientId: string
  readonly sessionId: string
  readonly minimumRevision: number
  /** The certificate that it is bound to; a bearer token when absent. */
  readonly certificateThumbprint?: string | undefined
  /** The identity provider's token that it was exchanged for; nothing where that is taken once only. */
  readonly subjectToken?: SubjectTokenMark | undefined
  /** The token ends no later than this. */
  readonly notAfterUnixMs: number
}

/** A minted token. */
export interface MintedToken {
  readonly token: string
  readonly expiresAtUnixMs: number
}

/** Mints and verifies the gateway's own access tokens (RFC 9068, ES256). */
export class GatewayTokens {
  readonly pins: TokenPins
  readonly #issuer: string
  readonly #ring: KeyRing
  #keySet: { readonly of: readonly PublicSigningJwk[]; readonly find: JWTVerifyGetKey } | undefined
  readonly #clock: Clock

  constructor(config: GatewayConfig, clock: Clock, ring: KeyRing = createKeyRings(config, clock).tokens) {
    this.#issuer = config.http.publicUrl
    this.#ring = ring
    this.#clock = clock
    this.pins = {
      algorithms: [ring.current.algorithm],
      types: ['at+jwt'],
      audiences: [gatewayAudience(config.cluster.name)],
      maxLifetimeSeconds: config.tokens.lifetimeSeconds,
    }
  }

  /** Mints a token of the configured life, or shorter where the content says so. */
  async mint(content: GatewayTokenContent): Promise<MintedToken> {
    const issuedAt = Math.floor(this.#clock.nowUnixMs() / 1_000)
    const expiresAt = Math.min(issuedAt + this.pins.maxLifetimeSeconds, Math.floor(content.notAfterUnixMs / 1_000))
    if (expiresAt <= issuedAt) throw new TokenExpiredError()
    const { algorithm, thumbprint, privateKey } = this.#ring.current
    const token = await new SignJWT(this.#claims(content))
      .setProtectedHeader({ alg: algorithm, kid: thumbprint, typ: 'at+jwt' })
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(privateKey)
    return { token, expiresAtUnixMs: expiresAt * 1_000 }
  }

  /** Verifies a token of this gateway; throws a refusal. */
  async verify(token: string): Promise<SignIn> {
    try {
      const signIn = await this.#read(token, CLOCK_TOLERANCE_SECONDS)
      if (signIn.expiresAtUnixMs <= this.#clock.nowUnixMs()) throw new TokenExpiredError()
      return signIn
    } catch (error) {
      const refusal = refusalOf(error, this.pins)
      // The keys are this gateway's own, so that the same token is refused again: its client should get another one.
      throw refusal instanceof TokenKeyUnknownError ? new TokenKeyUnknownError(false) : refusal
    }
  }

  /**
   * Gives what a token said whose session may be kept: one of this gateway that ended less than ten minutes ago, if it has
   * ended. `undefined` for any other. It is good for nothing else.
   */
  async readForSession(token: string): Promise<SignIn | undefined> {
    try {
      return await this.#read(token, SESSION_IDLE_MS / 1_000)
    } catch {
      return undefined
    }
  }

  /** Keys are few and change seldom: the set is made anew when they do. */
  #findKey(): JWTVerifyGetKey {
    const { published } = this.#ring
    if (this.#keySet?.of !== published) {
      const find = createLocalJWKSet({ keys: published.map((key) => ({ ...key })) })
      this.#keySet = { of: published, find }
    }
    return this.#keySet.find
  }

  async #read(token: string, clockTolerance: number): Promise<SignIn> {
    const { payload } = await jwtVerify(token, this.#findKey(), {
      algorithms: [...this.pins.algorithms],
      typ: 'at+jwt',
      issuer: this.#issuer,
      audience: [...this.pins.audiences],
      requiredClaims: REQUIRED_CLAIMS,
      maxTokenAge: this.pins.maxLifetimeSeconds,
      clockTolerance,
      currentDate: new Date(this.#clock.nowUnixMs()),
    })
    return signInOf(payload)
  }

  #claims(content: GatewayTokenContent): JWTPayload {
    const { principal, clientId, sessionId, minimumRevision, certificateThumbprint, subjectToken } = content
    const claims = {
      iss: this.#issuer,
      aud: [...this.pins.audiences][0] ?? '',
      sub: principal.subject,
      client_id: clientId,
      jti: randomUUID(),
      idp: principal.issuer,
      sid: sessionId,
      rev: minimumRevision,
      ...(principal.kind === undefined ? {} : { kind: principal.kind }),
      ...(principal.claims === undefined ? {} : { stated: principal.claims }),
      ...(subjectToken === undefined ? {} : { subject_token: [subjectToken.digest, subjectToken.untilUnixMs] }),
      ...(certificateThumbprint === undefined ? {} : { cnf: { 'x5t#S256': certificateThumbprint } }),
    }
    // Groups that are unknown are left out, which verifies to unknown again.
    return principal.groups === undefined ? claims : { ...claims, groups: [...principal.groups] }
  }
}

function signInOf(claims: JWTPayload): SignIn {
  const kind = principalKinds.find((each) => each === claims['kind'])
  const { stated: own } = claims
  const isObject = typeof own === 'object' && own !== null
  const stated = isObject
    ? readStatedClaims({ ...own }, Object.fromEntries(Object.keys(own).map((name) => [name, name])))
    : undefined
  const principal: Principal = {
    issuer: requireText(claims, 'idp'),
    subject: requireText(claims, 'sub'),
    groups: readGroups(claims, ['groups']),
    ...(kind === undefined ? {} : { kind }),
    ...(stated === undefined ? {} : { claims: stated }),
  }
  return Object.freeze({
    principal: Object.freeze(principal),
    sessionId: requireText(claims, 'sid'),
    issuedAtUnixMs: requireSeconds(claims, 'iat') * 1_000,
    expiresAtUnixMs: requireSeconds(claims, 'exp') * 1_000,
    source: 'gateway-token',
    minimumRevision: requireSeconds(claims, 'rev'),
    clientId: requireText(claims, 'client_id'),
    subjectToken: subjectTokenOf(claims),
    certificateThumbprint: readCertificateThumbprint(claims),
  })
}

function subjectTokenOf({ subject_token: mark }: JWTPayload): SubjectTokenMark | undefined {
  if (!Array.isArray(mark)) return undefined
  const [digest, untilUnixMs]: readonly unknown[] = mark
  return typeof digest === 'string' && typeof untilUnixMs === 'number' ? { digest, untilUnixMs } : undefined
}
