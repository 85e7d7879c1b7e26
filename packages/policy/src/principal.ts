/** What stands behind a principal. */
export const principalKinds: readonly ['service', 'human', 'agent'] = Object.freeze(['service', 'human', 'agent'])

/** What stands behind a principal: a program, a person, or a program that acts on its own judgement for one. */
export type PrincipalKind = (typeof principalKinds)[number]

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
  /** What stands behind it, where the gateway's configuration tells; absent means unknown. */
  readonly kind?: PrincipalKind
  /** What else the issuer states, by the names that the gateway's configuration gives. One that is not there is unknown. */
  readonly claims?: Readonly<Record<string, readonly string[]>>
}

/** A key that is the same for principals of whom the same is known, in whatever order it was told. */
export function principalKey({ issuer, subject, groups, kind, claims }: Principal): string {
  const stated = Object.entries(claims ?? {}).map(([name, values]) => [name, [...values].sort()] as const)
  // JSON keeps the parts apart whatever characters they hold.
  return JSON.stringify([
    issuer,
    subject,
    groups === undefined ? null : [...groups].sort(),
    kind ?? null,
    stated.sort(([a], [b]) => (a < b ? -1 : 1)),
  ])
}
