import type { Clock, LogPort } from '@headgate/core'
import type { Principal } from '@headgate/policy'
import type { Element } from '@xmldom/xmldom'
import type { GatewayConfig } from '../../config/gateway-config.ts'
import type { SamlIssuerConfig } from '../../config/issuer-config.ts'
import { IdentityError, TokenIssuerUnknownError } from '../identity-errors.ts'
import type { IssuerToken } from '../issuer-tokens.ts'
import { mapGroups } from '../principal-claims.ts'
import { readGroups, readStatedClaims } from '../token-claims.ts'
import type { UncheckedObject } from '../token-shape.ts'
import { areGroupsElsewhere, readAttributes } from './saml-attributes.ts'
import { assertKnownParts, checkValidity, readIssuer, readSubject } from './saml-checks.ts'
import { SamlMalformedError } from './saml-errors.ts'
import { verifySignature } from './saml-signature.ts'
import { attributeOf, decodeAssertion, parseRoot } from './saml-xml.ts'

/** What {@link SamlAssertions} needs. */
export interface SamlAssertionsOptions {
  readonly config: GatewayConfig
  readonly clock: Clock
  readonly log: LogPort
}

/** Verifies SAML 2 assertions of the configured issuers, as they come to the token endpoint (RFC 7522 section 3). */
export class SamlAssertions {
  readonly #issuers: ReadonlyMap<string, SamlIssuerConfig>
  readonly #recipient: string
  readonly #clock: Clock
  readonly #log: LogPort

  constructor({ config, clock, log }: SamlAssertionsOptions) {
    this.#issuers = new Map((config.samlIssuers ?? []).map((issuer) => [issuer.entityId, issuer]))
    this.#recipient = `${config.http.publicUrl}/token`
    this.#clock = clock
    this.#log = log
  }

  /** Verifies an assertion; throws a refusal, and nothing else. Whether it was brought before is not asked here. */
  verify(token: string): IssuerToken {
    try {
      return this.#read(token)
    } catch (error) {
      // INVARIANT: nothing but a refusal comes out, whatever went in; the original may quote the assertion.
      if (error instanceof IdentityError) throw error
      throw new SamlMalformedError('it cannot be read')
    }
  }

  #read(token: string): IssuerToken {
    if (this.#issuers.size === 0) throw new TokenIssuerUnknownError()
    const xml = decodeAssertion(token)
    const root = parseRoot(xml)
    // Whose keys to try is all that is taken from what was brought.
    const signed = verifySignature(xml, root, this.#issuerOf(root).keys)
    assertKnownParts(signed)
    const issuer = this.#issuerOf(signed)
    const context = { issuer, recipient: this.#recipient, nowUnixMs: this.#clock.nowUnixMs() }
    const times = checkValidity(signed, context)
    const attributes = readAttributes(signed)
    const principal = this.#principalOf(issuer, readSubject(signed, context), attributes)
    return { principal, tokenId: attributeOf(signed, 'ID'), ...NOT_STATED, ...times }
  }

  #principalOf(issuer: SamlIssuerConfig, subject: string, attributes: UncheckedObject): Principal {
    const { name, groupsAttribute, kind } = issuer
    const isTold = groupsAttribute !== undefined && !areGroupsElsewhere(attributes)
    const { groups, dropped } = mapGroups(issuer.groups, isTold ? readGroups(attributes, [groupsAttribute]) : undefined)
    if (dropped > 0) {
      const fields = { event: 'groups-dropped', issuer: name, count: dropped }
      this.#log.info(fields, 'groups that the issuer may not assert were dropped')
    }
    const stated = readStatedClaims(attributes, issuer.claims)
    return Object.freeze({
      ...{ issuer: name, subject, groups },
      ...(kind === undefined ? {} : { kind }),
      ...(stated === undefined ? {} : { claims: stated }),
    })
  }

  #issuerOf(assertion: Element): SamlIssuerConfig {
    const issuer = this.#issuers.get(readIssuer(assertion))
    if (issuer === undefined) throw new TokenIssuerUnknownError()
    return issuer
  }
}

/** What tokens can state and assertions cannot. */
const NOT_STATED = { clientId: undefined, certificateThumbprint: undefined }
