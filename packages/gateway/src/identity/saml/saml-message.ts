import type { SamlIssuerConfig } from '../../config/issuer-config.ts'
import type { SamlTimes } from './saml-checks.ts'

/** What of an issuer an assertion is verified by. */
export type SamlTrust = Pick<SamlIssuerConfig, 'entityId' | 'keys' | 'audiences' | 'nameIdFormats' | 'maxAgeSeconds'>

/** An assertion to verify, and all that it is verified by: the thread itself keeps nothing. */
export interface SamlRequest {
  readonly token: string
  readonly issuers: readonly SamlTrust[]
  /** The token endpoint's URL, byte for byte. */
  readonly recipient: string
  readonly nowUnixMs: number
}

/** An attribute of an assertion with its values; `null` where one of them is no text. */
export type SamlAttribute = readonly [name: string, values: readonly string[] | null]

/** What a verified assertion says. */
export interface SamlStatement extends SamlTimes {
  readonly entityId: string
  readonly subject: string
  readonly assertionId: string | undefined
  readonly attributes: readonly SamlAttribute[]
}

/** What came of it. */
export type SamlReply =
  | { readonly ok: true; readonly statement: SamlStatement }
  | {
      readonly ok: false
      readonly code: string
      /** Without any part of the assertion. */
      readonly message: string
    }
