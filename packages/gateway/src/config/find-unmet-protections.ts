import { findUnknownIssuers, type PolicyDocument, type SourceProblem, type TopicProtection } from '@headgate/policy'
import { brokersIssuer } from '../principal-residual.ts'
import type { GatewayConfig } from './gateway-config.ts'
import { policyIssuersOf } from './policy-issuers.ts'

/** What a protection wants of the config. */
interface Need {
  readonly code: string
  isWantedBy(protection: TopicProtection): boolean
  isMet(config: GatewayConfig): boolean
  readonly message: string
  readonly mend: string
}

const NEEDS: readonly Need[] = Object.freeze([
  {
    code: 'ERR_GATEWAY_CONFIG_AUDIT_WANTED',
    isWantedBy: ({ audit }) => audit === 'required',
    isMet: ({ audit }) => audit !== undefined,
    message: 'access must be on record, and the config keeps no trail: it is refused',
    mend: 'add `audit:` to the config',
  },
  {
    code: 'ERR_GATEWAY_CONFIG_TOKEN_KEYS_WANTED',
    isWantedBy: ({ mask }) => mask.some((entry) => entry.with.type === 'token'),
    isMet: ({ masking }) => masking.tokenKeys.length > 0,
    message: 'a mask makes tokens, and the config has no keys for them: such records are withheld',
    mend: 'add `masking: { tokenKeys: … }` to the config',
  },
  {
    code: 'ERR_GATEWAY_CONFIG_STORE_WANTED',
    isWantedBy: ({ approval }) => approval !== undefined,
    isMet: ({ store }) => store !== undefined,
    message: 'access takes an approval, and the config has no store: asks and approvals end with the process',
    mend: 'add `store: { path: … }` to the config',
  },
] satisfies readonly Need[])

function warningOf({ code, message, mend }: Need, wanting: readonly TopicProtection[]): SourceProblem[] {
  const [first] = wanting
  if (first === undefined) return []
  const more = wanting.length === 1 ? '' : ` (so for ${wanting.length} entries)`
  return [{ ...first.source, code, message: `topics \`${first.match.join(', ')}\`: ${message}${more}`, mend }]
}

/**
 * Tells what a sound policy wants and a sound config does not have, once for each thing that is missing, at the first entry
 * of the policy that wants it. The gateway serves in spite of it, and keeps to the policy.
 */
export function findUnmetProtections(config: GatewayConfig, document: PolicyDocument): readonly SourceProblem[] {
  const { topics } = document
  const unmet = NEEDS.flatMap((need) => (need.isMet(config) ? [] : warningOf(need, topics.filter(need.isWantedBy))))
  // Those whose names the brokers vouch for have an issuer of their own.
  const brokers = { name: brokersIssuer(config.cluster.name), claims: [], mayAssert: () => false }
  return [...unmet, ...findUnknownIssuers(document, [...policyIssuersOf(config), brokers])]
}
