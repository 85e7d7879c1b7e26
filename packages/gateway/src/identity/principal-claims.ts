import type { Principal } from '@headgate/policy'
import type { ClaimPath, GroupMapping, IssuerConfig } from '../config/issuer-config.ts'
import { isAssertable } from '../config/policy-issuers.ts'
import { TokenClaimError } from './identity-errors.ts'
import { isText, MAX_NAME_LENGTH, memberOf, readGroups, readStatedClaims, requireText } from './token-claims.ts'
import { ownText, type UncheckedObject } from './token-shape.ts'

/** Groups in the words of the policy, and how many were left out because the issuer may not assert them. */
export interface MappedGroups {
  readonly groups: readonly string[] | undefined
  readonly dropped: number
}

/** Who a token speaks of. */
export interface MappedPrincipal {
  readonly principal: Principal
  readonly droppedGroups: number
}

/**
 * Gives the groups that an issuer states the names they have in the policy, and drops those that it may not assert.
 *
 * A name that the alias table gives is given by nothing else: a group that happens to be called so is dropped.
 */
export function mapGroups(mapping: GroupMapping, stated: readonly string[] | undefined): MappedGroups {
  if (stated === undefined) return { groups: undefined, dropped: 0 }
  const given = new Set(mapping.aliases.values())
  const named = stated.flatMap((group) => mapping.aliases.get(group) ?? (given.has(group) ? [] : [group]))
  const groups = [...new Set(named.filter((group) => isAssertable(mapping, group)))]
  const kept = named.filter((group) => isAssertable(mapping, group)).length
  return { groups: Object.freeze(groups), dropped: stated.length - kept }
}

function requireSubject(claims: UncheckedObject, path: ClaimPath): string {
  const value = path.reduce<unknown>(memberOf, claims)
  if (!isText(value) || value === '') throw new TokenClaimError(path.join('/'))
  return value
}

const SERVICE_ACCOUNT = /^system:serviceaccount:([a-z0-9-]{1,63}):([a-z0-9.-]{1,253})$/

/** A subject is believed that says the same as the claims of the API server (`kubernetes.io`). */
function readServiceAccount(claims: UncheckedObject): { readonly subject: string; readonly groups: readonly string[] } {
  const subject = requireText(claims, 'sub')
  const [, namespace, name] = SERVICE_ACCOUNT.exec(subject) ?? []
  if (namespace === undefined || name === undefined) throw new TokenClaimError('sub')
  const stated = memberOf(claims, 'kubernetes.io')
  const isSame =
    memberOf(stated, 'namespace') === namespace && memberOf(memberOf(stated, 'serviceaccount'), 'name') === name
  if (!isSame) throw new TokenClaimError('kubernetes.io')
  // The groups that Kubernetes itself gives every service account.
  return { subject, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`] }
}

const SPIFFE_PATH = /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)+$/

/** A SPIFFE id of the trust domain, as SPIFFE-ID sections 2.1 to 2.3 write one. */
function readSpiffeId(claims: UncheckedObject, trustDomain: string): string {
  const subject = ownText(claims, 'sub') ?? ''
  const isSound = subject.length <= MAX_NAME_LENGTH && subject.startsWith(`${trustDomain}/`)
  if (!isSound || !SPIFFE_PATH.test(subject.slice(trustDomain.length))) throw new TokenClaimError('sub')
  return subject
}

function readStated(claims: UncheckedObject, issuer: IssuerConfig): Pick<Principal, 'subject' | 'groups'> {
  if (issuer.type === 'kubernetes') return readServiceAccount(claims)
  // A trust domain has no groups: that is known, and its workloads are in none.
  if (issuer.type === 'spiffe') return { subject: readSpiffeId(claims, issuer.issuer), groups: [] }
  return { subject: requireSubject(claims, issuer.subjectClaim), groups: readGroups(claims, issuer.groupsClaim) }
}

/** Reads who a verified token of an issuer speaks of, in the words of the policy. */
export function readPrincipal(claims: UncheckedObject, issuer: IssuerConfig): MappedPrincipal {
  const { subject, groups: listed } = readStated(claims, issuer)
  const { groups, dropped } = mapGroups(issuer.groups, listed)
  const { kind } = issuer
  const stated = readStatedClaims(claims, issuer.claims)
  const principal = {
    ...{ issuer: issuer.name, subject, groups },
    ...(kind === undefined ? {} : { kind }),
    ...(stated === undefined ? {} : { claims: stated }),
  }
  return { principal: Object.freeze(principal), droppedGroups: dropped }
}
