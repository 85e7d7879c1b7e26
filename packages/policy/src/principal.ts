/**
 * Who asks. A principal is the pair of issuer and subject; the same subject of two issuers is two principals.
 */
export interface Principal {
  /** The name that the gateway's configuration gives the issuer, such as `corp`; never a URL. */
  readonly issuer: string
  /** The subject as the issuer states it: an opaque string. */
  readonly subject: string
  /** The groups that the issuer states: opaque strings. `undefined` means unknown, which is not the same as none. */
  readonly groups: readonly string[] | undefined
}
