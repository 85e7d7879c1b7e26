import { printable } from '../json-value.ts'
import type { GatewayToken, Person } from './gateway-exchange.ts'
import type { SavedSignIn } from './saved-sign-ins.ts'

/** A person in words: `ada of corp, groups engineers, payments-leads`. */
export function describePerson({ subject, issuer, groups }: Person): string {
  const names = groups === undefined ? 'groups unknown' : `groups ${groups.join(', ') || 'none'}`
  return printable(`${subject} of ${issuer}, ${names}`)
}

/** A sign-in as `--json` tells it: no token. */
export function describeSignIn(gateway: string, { person, expiresAtUnixMs }: GatewayToken): object {
  const { issuer, subject, groups } = person
  return { gateway, issuer, subject, groups: groups ?? null, tokenExpiresAt: timeOf(expiresAtUnixMs) }
}

function timeOf(unixMs: number): string {
  return new Date(unixMs).toISOString()
}

/** How long a sign-in lasts: as long as it is renewed, or to the end of its one token. */
export function lifeOf(
  token: GatewayToken,
  saved: SavedSignIn | undefined,
): { readonly words: string; readonly members: object } {
  const isRenewed = saved?.refreshToken !== undefined
  const end = timeOf(saved?.expiresAtUnixMs ?? token.expiresAtUnixMs)
  const words = isRenewed ? 'renewed by itself until the identity provider ends it' : `until ${end}`
  return { words, members: { isRenewed, expiresAt: isRenewed ? null : end } }
}
