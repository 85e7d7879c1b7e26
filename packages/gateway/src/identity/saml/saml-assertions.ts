import type { KeyObject } from 'node:crypto'
import type { Clock, LogPort } from '@headgate/core'
import type { Principal } from '@headgate/policy'
import type { GatewayConfig } from '../../config/gateway-config.ts'
import type { SamlIssuerConfig } from '../../config/issuer-config.ts'
import { TokenIssuerUnknownError } from '../identity-errors.ts'
import type { IssuerToken } from '../issuer-tokens.ts'
import { mapGroups } from '../principal-claims.ts'
import { readGroups, readStatedClaims } from '../token-claims.ts'
import type { UncheckedObject } from '../token-shape.ts'
import { SamlRefusedError } from './saml-errors.ts'
import type { SamlStatement, SamlTrust } from './saml-message.ts'
import { SamlThreads } from './saml-threads.ts'

/** What {@link SamlAssertions} needs. */
export interface SamlAssertionsOptions {
  readonly config: GatewayConfig
  readonly clock: Clock
  readonly log: LogPort
}

/** Entra says by this that there are more groups than it puts in. */
const GROUPS_ELSEWHERE = 'http://schemas.microsoft.com/claims/groups.link'

/** Verifies SAML 2 assertions of the configured issuers, as they come to the token endpoint (RFC 7522 section 3). */
export class SamlAssertions {
  readonly #recipient: string
  readonly #log: LogPort
  readonly #threads: SamlThreads
  #issuers: readonly SamlIssuerConfig[]

  constructor({ config, clock, log }: SamlAssertionsOptions) {
    this.#issuers = config.samlIssuers ?? []
    this.#recipient = `${config.http.publicUrl}/token`
    this.#log = log
    this.#threads = new SamlThreads({ clock, log })
  }

  /** Verifies an assertion; rejects with a refusal, and nothing else. Whether it was brought before is not asked here. */
  async verify(token: string): Promise<IssuerToken> {
    // INVARIANT: one assertion is judged by one set of issuers from end to end.
    const issuers = this.#issuers
    if (issuers.length === 0) throw new TokenIssuerUnknownError()
    const reply = await this.#threads.verify({
      token,
      issuers: issuers.map(trustOf),
      recipient: this.#recipient,
    })
    if (!reply.ok) throw new SamlRefusedError(reply)
    const { entityId, assertionId, issuedAtUnixMs, expiresAtUnixMs } = reply.statement
    const issuer = issuers.find((each) => each.entityId === entityId)
    if (issuer === undefined) throw new TokenIssuerUnknownError()
    const principal = this.#principalOf(issuer, reply.statement)
    return { principal, tokenId: assertionId, ...NOT_STATED, issuedAtUnixMs, expiresAtUnixMs }
  }

  /** Takes up the keys of the issuers that there are; assertions that are being verified are judged by those before. */
  takeConfig({ samlIssuers = [] }: GatewayConfig): void {
    this.#issuers = this.#issuers.map((issuer) => {
      const next = samlIssuers.find(({ name, entityId }) => name === issuer.name && entityId === issuer.entityId)
      if (next === undefined || isSameKeys(next.keys, issuer.keys)) return issuer
      const fields = { event: 'assertion-keys', issuer: issuer.name, count: next.keys.length }
      this.#log.info(fields, 'keys of an issuer of assertions in force')
      return { ...issuer, keys: next.keys }
    })
  }

  /** Ends the threads. */
  close(): Promise<void> {
    return this.#threads.close()
  }

  #principalOf(issuer: SamlIssuerConfig, { subject, attributes }: SamlStatement): Principal {
    const { name, groupsAttribute, kind } = issuer
    const claims: UncheckedObject = Object.fromEntries(attributes)
    const isTold = groupsAttribute !== undefined && !Object.hasOwn(claims, GROUPS_ELSEWHERE)
    const { groups, dropped } = mapGroups(issuer.groups, isTold ? readGroups(claims, [groupsAttribute]) : undefined)
    if (dropped > 0) {
      const fields = { event: 'groups-dropped', issuer: name, count: dropped }
      this.#log.info(fields, 'groups that the issuer may not assert were dropped')
    }
    const stated = readStatedClaims(claims, issuer.claims)
    return Object.freeze({
      ...{ issuer: name, subject, groups },
      ...(kind === undefined ? {} : { kind }),
      ...(stated === undefined ? {} : { claims: stated }),
    })
  }
}

function isSameKeys(one: readonly KeyObject[], other: readonly KeyObject[]): boolean {
  return one.length === other.length && one.every((key, index) => other[index]?.equals(key))
}

function trustOf({ entityId, keys, audiences, nameIdFormats, maxAgeSeconds }: SamlIssuerConfig): SamlTrust {
  return { entityId, keys, audiences, nameIdFormats, maxAgeSeconds }
}

/** What tokens can state and assertions cannot. */
const NOT_STATED = { clientId: undefined, certificateThumbprint: undefined }
