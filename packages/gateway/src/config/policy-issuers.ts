import { matchesGlob, type PolicyIssuer } from '@headgate/policy'
import type { GroupMapping, IssuerConfig } from './issuer-config.ts'

/** Tells whether a mapping lets an issuer assert a group, by its name in the policy. */
export function isAssertable({ assertable }: GroupMapping, group: string): boolean {
  return assertable === undefined || assertable.some((pattern) => matchesGlob(pattern, group))
}

const SERVICE_ACCOUNTS = /^system:serviceaccounts(:|$)/

function statesGroup({ type, groupsClaim }: IssuerConfig, group: string): boolean {
  if (type === 'oidc') return groupsClaim !== undefined
  return type === 'kubernetes' && SERVICE_ACCOUNTS.test(group)
}

/** What a policy has to know of the issuers of a config to tell whose names it means. */
export function policyIssuersOf(issuers: readonly IssuerConfig[]): readonly PolicyIssuer[] {
  return issuers.map((issuer) => ({
    name: issuer.name,
    claims: Object.keys(issuer.claims),
    mayAssert: (group) => statesGroup(issuer, group) && isAssertable(issuer.groups, group),
  }))
}
