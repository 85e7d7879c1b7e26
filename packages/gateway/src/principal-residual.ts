import { ENFORCED, type PolicyResidual, type Principal, type Rule, residualUnder } from '@headgate/policy'
import type { PolicySnapshot } from './control-port.ts'

/** No issuer of a config can be named so: names of issuers have no colon. */
const BROKERS_PREFIX = 'brokers:'

/**
 * The issuer of clients that signed in with the brokers' own credentials: the brokers vouch for their names, and each cluster
 * for its own.
 */
export function brokersIssuer(clusterName: string): string {
  return `${BROKERS_PREFIX}${clusterName}`
}

/** Whether the brokers vouch for the principal, and no identity provider. */
export function isBrokersPrincipal({ issuer }: Principal): boolean {
  return issuer.startsWith(BROKERS_PREFIX)
}

/**
 * What a policy and its modes say of one principal.
 *
 * INVARIANT: to a name that the brokers vouch for only a rule grants something that names its issuer: such a name may be the
 * same as one of an identity provider, and somebody else. Denials reach it as they reach everybody.
 */
export function residualOf({ document, modes = ENFORCED }: PolicySnapshot, principal: Principal): PolicyResidual {
  if (!isBrokersPrincipal(principal)) return residualUnder(document, modes, principal)
  const rules = document.rules.filter((rule) => rule.effect === 'deny' || namesIssuer(rule, principal.issuer))
  return residualUnder({ ...document, rules }, modes, principal)
}

function namesIssuer({ who }: Rule, issuer: string): boolean {
  return who !== 'everyone' && who.issuers?.includes(issuer) === true
}
