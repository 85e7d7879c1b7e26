import type { Clock, LogPort } from '@headgate/core'
import type { Principal } from '@headgate/policy'
import { type CryptoKey, type JWTPayload, jwtVerify } from 'jose'
import type { IssuerConfig } from '../config/issuer-config.ts'
import { TokenAlgorithmError, TokenClaimError, TokenExpiredError, TokenLifetimeError } from './identity-errors.ts'
import { refusalOf, type TokenPins } from './jose-refusal.ts'
import { readPrincipal } from './principal-claims.ts'
import type { KeyFinder } from './remote-key-set.ts'
import { readCertificateThumbprint, readClientId, requireSeconds } from './token-claims.ts'
import { assertType, audiencesOf, chooseRule, type TokenKind, type TokenRule, tokenRulesOf } from './token-rules.ts'
import { ownText, type TokenShape } from './token-shape.ts'

/** A verified token of an issuer. */
export interface IssuerToken {
  readonly principal: Principal
  readonly clientId: string | undefined
  readonly issuedAtUnixMs: number
  readonly expiresAtUnixMs: number
  /** What the issuer calls it (`jti`). */
  readonly tokenId: string | undefined
  /** The certificate that it is bound to; nothing where it is a bearer token. */
  readonly certificateThumbprint: string | undefined
}

/** What {@link IssuerTokens} needs. */
export interface IssuerTokensOptions {
  readonly config: IssuerConfig
  readonly findKey: KeyFinder
  readonly clock: Clock
  readonly log: LogPort
}

/** A token that has been found worth a signature check, and by what. */
export interface PinnedToken {
  readonly token: string
  readonly rule: TokenRule
  readonly algorithm: string
  readonly keyId: string | undefined
}

/** A token and the key that it has to be signed with. */
export interface KeyedToken extends PinnedToken {
  readonly key: CryptoKey
}

/** Verifies the tokens of one issuer, everything pinned. */
export class IssuerTokens {
  readonly config: IssuerConfig
  readonly #rules: readonly TokenRule[]
  readonly #options: IssuerTokensOptions

  constructor(options: IssuerTokensOptions) {
    this.config = options.config
    this.#options = options
    this.#rules = tokenRulesOf(options.config)
  }

  /** Refuses by what a token says of itself, before a signature is looked at; gives what it has to be verified by. */
  pin(token: string, shape: TokenShape, kinds: readonly TokenKind[]): PinnedToken {
    const { algorithms } = this.config
    const algorithm = ownText(shape.header, 'alg')
    const isAccepted = algorithms.some((accepted) => accepted === algorithm)
    if (algorithm === undefined || !isAccepted) throw new TokenAlgorithmError(algorithms)
    return { token, algorithm, keyId: ownText(shape.header, 'kid'), rule: chooseRule(this.#rules, kinds, shape) }
  }

  /** Finds the key of a token; it may have to be fetched, so that nobody else should have to wait. Throws a refusal. */
  async withKey(pinned: PinnedToken): Promise<KeyedToken> {
    try {
      return { ...pinned, key: await this.#options.findKey(pinned) }
    } catch (error) {
      throw refusalOf(error, this.#pinsOf(pinned.rule))
    }
  }

  /** Verifies a token; throws a refusal. */
  async verify({ token, rule, algorithm, key }: KeyedToken): Promise<IssuerToken> {
    const { config } = this
    const pins = this.#pinsOf(rule)
    try {
      const { payload, protectedHeader } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        // A JWT-SVID need not have `iss`: its trust domain is its subject's, and has keys of its own.
        ...(config.type === 'spiffe' ? {} : { issuer: config.issuer }),
        audience: [...pins.audiences],
        requiredClaims: [...rule.requiredClaims],
        maxTokenAge: pins.maxLifetimeSeconds,
        clockTolerance: config.clockToleranceSeconds,
        currentDate: new Date(this.#options.clock.nowUnixMs()),
      })
      assertType({ ...protectedHeader }, [rule])
      return this.#read(payload, rule)
    } catch (error) {
      throw refusalOf(error, pins)
    }
  }

  #pinsOf(rule: TokenRule): TokenPins {
    return {
      algorithms: this.config.algorithms,
      types: rule.types.flatMap((type) => type ?? []),
      audiences: rule.audiences,
      maxLifetimeSeconds: this.config.maxTokenLifetimeSeconds,
    }
  }

  #read(claims: JWTPayload, rule: TokenRule): IssuerToken {
    const { clock, log } = this.#options
    const { maxTokenLifetimeSeconds, name, requiredClaims } = this.config
    const expiresAt = requireSeconds(claims, 'exp')
    // The tolerance is for clocks that are ahead; the end of a token is never moved.
    if (expiresAt * 1_000 <= clock.nowUnixMs()) throw new TokenExpiredError()
    const issuedAt = requireSeconds(claims, 'iat')
    if (expiresAt - issuedAt > maxTokenLifetimeSeconds) throw new TokenLifetimeError(maxTokenLifetimeSeconds)
    for (const [claim, accepted] of requiredClaims) assertClaim(claims, claim, accepted)
    const clientId = this.#readParty(claims, rule)
    const certificateThumbprint = readCertificateThumbprint(claims)
    const { principal, droppedGroups } = readPrincipal(claims, this.config)
    if (droppedGroups > 0) {
      const fields = { event: 'groups-dropped', issuer: name, count: droppedGroups }
      log.info(fields, 'groups that the issuer may not assert were dropped')
    }
    const times = { issuedAtUnixMs: Math.floor(issuedAt * 1_000), expiresAtUnixMs: Math.floor(expiresAt * 1_000) }
    return { principal, clientId, tokenId: ownText(claims, 'jti'), certificateThumbprint, ...times }
  }

  /** The OAuth client that a token was issued to. An ID token is for it and for nobody else (OpenID Connect Core 3.1.3.7). */
  #readParty(claims: JWTPayload, { kind }: TokenRule): string | undefined {
    const { clients, idTokenClients } = this.config
    const stated = readClientId(claims)
    if (kind === 'access-token' && clients !== undefined && (stated === undefined || !clients.includes(stated))) {
      throw new TokenClaimError('client_id')
    }
    if (kind !== 'id-token') return stated
    const audiences = audiencesOf(claims)
    const party = stated ?? (audiences.length === 1 ? audiences[0] : undefined)
    if (party === undefined || !idTokenClients.includes(party)) throw new TokenClaimError('azp')
    if (!audiences.every((audience) => idTokenClients.includes(audience))) throw new TokenClaimError('aud')
    return party
  }
}

function assertClaim(claims: JWTPayload, name: string, accepted: readonly string[]): void {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  // A claim such as `email_verified` is a truth value.
  const texts = values.map((each) => (typeof each === 'boolean' ? String(each) : each))
  const isAccepted = accepted.some((each) => texts.includes(each))
  if (!isAccepted) throw new TokenClaimError(name)
}
