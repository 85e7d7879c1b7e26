import type { Clock } from '@headgate/core'
import type { Principal } from '@headgate/policy'
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { IssuerConfig } from '../config/gateway-config.ts'
import { TokenExpiredError, TokenLifetimeError } from './identity-errors.ts'
import { refusalOf, type TokenPins } from './jose-refusal.ts'
import {
  readCertificateThumbprint,
  readClientId,
  readGroups,
  readStatedClaims,
  requireSeconds,
  requireText,
} from './token-claims.ts'
import { ownText } from './token-shape.ts'

/** A verified access token of an issuer. */
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

/** Clocks of two machines differ: a token from the near future is taken, one past its end never. */
const CLOCK_TOLERANCE_SECONDS = 10

/** Verifies the access tokens of one issuer, everything pinned. */
export class IssuerTokens {
  readonly config: IssuerConfig
  readonly pins: TokenPins
  readonly #keySet: JWTVerifyGetKey
  readonly #clock: Clock

  constructor(config: IssuerConfig, keySet: JWTVerifyGetKey, clock: Clock) {
    this.config = config
    this.#keySet = keySet
    this.#clock = clock
    this.pins = {
      algorithms: config.algorithms,
      type: config.tokenType,
      audiences: config.audiences,
      maxLifetimeSeconds: config.maxTokenLifetimeSeconds,
    }
  }

  /** Verifies a token; throws a refusal. */
  async verify(token: string): Promise<IssuerToken> {
    try {
      const { payload } = await jwtVerify(token, this.#keySet, {
        algorithms: [...this.pins.algorithms],
        typ: this.pins.type,
        issuer: this.config.issuer,
        audience: [...this.pins.audiences],
        requiredClaims: this.pins.type === 'at+jwt' ? ['exp', 'iat', 'sub', 'jti'] : ['exp', 'iat', 'sub'],
        maxTokenAge: this.pins.maxLifetimeSeconds,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(this.#clock.nowUnixMs()),
      })
      return this.#read(payload)
    } catch (error) {
      throw refusalOf(error, this.pins)
    }
  }

  #read(claims: JWTPayload): IssuerToken {
    const expiresAt = requireSeconds(claims, 'exp')
    if (expiresAt * 1_000 <= this.#clock.nowUnixMs()) throw new TokenExpiredError()
    const issuedAt = requireSeconds(claims, 'iat')
    if (expiresAt - issuedAt > this.pins.maxLifetimeSeconds) {
      throw new TokenLifetimeError(this.pins.maxLifetimeSeconds)
    }
    const subject = requireText(claims, 'sub')
    const groups = readGroups(claims, this.config.groupsClaim)
    const { kind } = this.config
    const stated = readStatedClaims(claims, this.config.claims)
    const principal = Object.freeze({
      issuer: this.config.name,
      subject,
      groups,
      ...(kind === undefined ? {} : { kind }),
      ...(stated === undefined ? {} : { claims: stated }),
    })
    const times = { issuedAtUnixMs: Math.floor(issuedAt * 1_000), expiresAtUnixMs: Math.floor(expiresAt * 1_000) }
    const certificateThumbprint = readCertificateThumbprint(claims)
    return {
      principal,
      clientId: readClientId(claims),
      tokenId: ownText(claims, 'jti'),
      certificateThumbprint,
      ...times,
    }
  }
}
