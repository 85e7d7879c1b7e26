import { checkTopicPattern } from '../document/names.ts'
import { verbOf } from '../document/verbs.ts'
import { MAX_NAME_LENGTH, type Operation, operationName, type ResourceType } from '../operation.ts'
import { printable } from '../printable.ts'
import type { Decision } from './decision.ts'

/** What a decision was about. */
export interface DecidedRequest {
  readonly resourceType: ResourceType
  readonly operation: Operation
  readonly name: string
  /** Absent or negative = the whole topic. */
  readonly partition?: number | undefined
}

/**
 * One English sentence, without a full stop: what was decided, which rule or the lack of which brought it about, and
 * after a denial the smallest mend. For errors and logs; programs look at `reason`.
 */
export function reasonText(decision: Decision, request: DecidedRequest): string {
  const wish = wishOf(request)
  const { ruleIds } = decision
  const [rules, are] = [rulesOf(ruleIds), (one: string, many: string) => (ruleIds.length > 1 ? many : one)]
  switch (decision.reason) {
    case 'granted':
      return `${rules} ${are('lets', 'let')} this principal ${wish}`
    case 'approval-needed':
      return `${approvalsOf(decision)} before this principal may ${wish}: ask for it, or wait for it`
    case 'denied-by-rule':
      return `${rules} ${are('forbids', 'forbid')} this principal to ${wish}: leave the principal or the name out of ${are('its', 'their')} \`never\``
    case 'groups-unknown':
      return ruleIds.length > 0
        ? `${rules} ${are('forbids', 'forbid')} this principal to ${wish}, for its groups are unknown: let its issuer state them`
        : `no rule is known to let this principal ${wish}, for its groups are unknown: let its issuer state them`
    case 'partition-not-granted':
      return `${rules} ${are('lets', 'let')} this principal ${wishOf(request, 'other partitions of ')} only: ${partitionMend(request, are)}`
    case 'internal-topic':
      return `no rule lets this principal ${wish}, and no pattern grants an internal topic: ${grantMend(request)}`
    case 'no-rule':
      return `no rule lets this principal ${wish}: ${grantMend(request)}`
    case 'name-too-long':
      return `nobody may ${wish}, whose name is longer than ${MAX_NAME_LENGTH} characters: use a shorter one`
    case 'no-bundle':
      return `nobody may ${wish} before there is a verified policy: wait until the gateway has given one`
    case 'bundle-expired':
      return `nobody may ${wish} after the policy has expired: see whether the gateway can be reached`
    case 'not-enforced':
      return decision.wouldBe === undefined
        ? `the mode of the gateway lets this principal ${wish}`
        : `the mode of the gateway lets this principal ${wish}, which the policy does not: ${reasonText(decision.wouldBe, request)}`
    case 'unexpected':
      return `it could not be decided whether this principal may ${wish}, so it may not: check operation and name`
  }
}

const kinds: Readonly<Record<ResourceType, string>> = Object.freeze({
  topic: 'topic',
  group: 'consumer group',
  'transactional-id': 'transactional id',
  cluster: 'the cluster',
})

const actions: Readonly<Partial<Record<string, string>>> = Object.freeze({
  produce: 'produce to',
  'idempotent-write': 'do idempotent writes on',
  as: 'join',
  'describe-groups': 'describe',
  'delete-groups': 'delete',
  'transact-as': 'use',
  'describe-transactions': 'describe',
  'describe-configs': 'describe the configuration of',
  'alter-configs': 'alter the configuration of',
  'read-audit': 'read the audit trail of',
})

function wishOf(
  { resourceType, operation, name, partition }: DecidedRequest,
  part: string = partOf(partition),
): string {
  const verb = verbOf(resourceType, operation)
  const action = verb === undefined ? `do ${operationName(operation)} on` : (actions[verb] ?? verb)
  if (resourceType === 'cluster') return `${action} the cluster`
  return `${action} ${part}${kinds[resourceType]} \`${printable(name)}\``
}

function partOf(partition: number | undefined): string {
  return partition === undefined || partition < 0 ? '' : `partition ${partition} of `
}

/** `protection `payments` wants an approval by 2 people of `leads``. */
function approvalsOf({ obligations }: Decision): string {
  const wanted = (obligations?.approvals ?? []).map(({ protection, by, issuers, people }) => {
    const list = (names: readonly string[]): string => names.map((name) => `\`${printable(name)}\``).join(', ')
    const groups = `${list(by)}${issuers === undefined ? '' : ` from ${list(issuers)}`}`
    return `protection \`${printable(protection)}\` wants an approval by ${people === 1 ? 'someone' : `${people} people`} of ${groups}`
  })
  return wanted.length === 0 ? 'a protection wants an approval' : wanted.join(' and ')
}

function rulesOf(ruleIds: readonly string[]): string {
  const [first, ...others] = ruleIds
  if (first === undefined) return 'a rule'
  return others.length === 0 ? `rule \`${first}\`` : `rules ${ruleIds.map((id) => `\`${id}\``).join(', ')}`
}

function grantMend({ resourceType, operation, name }: DecidedRequest): string {
  const verb = verbOf(resourceType, operation)
  if (verb === undefined) return 'no rule can'
  if (resourceType === 'topic' && checkTopicPattern(name) !== undefined) return 'no topic can have this name'
  if (resourceType === 'cluster') return `add a rule with \`may: { cluster: [${verb}] }\``
  const quoted = /^[A-Za-z][\w.-]*$/.test(name) ? name : JSON.stringify(printable(name))
  return `add a rule with \`may: { ${verb}: [${quoted}] }\``
}

function partitionMend({ partition }: DecidedRequest, are: (one: string, many: string) => string): string {
  return partition === undefined || partition < 0
    ? `ask for single partitions, or lift ${are('its', 'their')} \`partitions\``
    : `add ${partition} to ${are('its', 'the')} \`partitions\`${are('', ' of one')}`
}
