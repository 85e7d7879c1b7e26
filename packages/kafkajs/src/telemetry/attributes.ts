import { type Decision, operationName } from '@headgate/policy'
import type { Attributes } from '@opentelemetry/api'
import type { Ask } from '../access/ask.ts'
import type { ActivePolicy, Admission } from '../access/gate.ts'
import type { MaskTally } from '../masking/mask-tally.ts'

// OpenTelemetry's messaging conventions, and `headgate.*`. None of them is ever a record's key or value.

/** What a client's spans have in common. */
export interface ClientAttributes {
  readonly clientId: string | undefined
  readonly groupId?: string
}

/** What is done to messages, in Kafka's words. */
export type MessagingOperation = 'send' | 'poll' | 'process' | 'commit'

/** The word that all messaging systems share for it. */
const operationTypes: Readonly<Record<MessagingOperation, string>> = Object.freeze({
  send: 'send',
  poll: 'receive',
  process: 'process',
  commit: 'settle',
})

/** Attributes of a messaging span; `topic` is absent where a call has several. */
export function messagingAttributes(
  operation: MessagingOperation,
  topic: string | undefined,
  client: ClientAttributes,
): Attributes {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.name': operation,
    'messaging.operation.type': operationTypes[operation],
    ...(topic !== undefined && { 'messaging.destination.name': topic }),
    ...(client.clientId !== undefined && { 'messaging.client.id': client.clientId }),
    ...(client.groupId !== undefined && { 'messaging.consumer.group.name': client.groupId }),
  }
}

/** What a span tells of the policy's part in its work. */
export interface TracedWork {
  readonly admission: Admission
  /** What was masked; absent where nothing had to be. */
  readonly tally?: MaskTally
  /** The asks that approve it, or wait to. */
  readonly askIds: readonly string[]
}

/** Attributes of the policy's part: what was decided, by which rules, and what was masked, by the policy's names. */
export function workAttributes({ admission, tally, askIds }: TracedWork): Attributes {
  const { decisions, policy } = admission
  if (policy === undefined) return {}
  return {
    'headgate.decision': decisions.some(({ effect }) => effect === 'hold') ? 'hold' : 'allow',
    'headgate.rule_ids': [...new Set(decisions.flatMap(({ ruleIds }) => ruleIds))],
    'headgate.policy.revision': policy.revision,
    ...(tally !== undefined && tallyAttributes(tally)),
    ...(askIds.length > 0 && { 'headgate.ask.ids': [...askIds] }),
  }
}

const known = new WeakMap<Decision, { readonly revision: number; readonly attributes: Readonly<Attributes> }>()

/** As {@link workAttributes}, made once for what is decided on record after record where nothing is masked or held. */
export function sharedWorkAttributes(work: TracedWork): Readonly<Attributes> {
  const { admission, tally, askIds } = work
  const [decision] = admission.decisions
  const { policy } = admission
  if (decision === undefined || policy === undefined || tally !== undefined || askIds.length > 0)
    return workAttributes(work)
  const before = known.get(decision)
  const { revision } = policy
  if (before?.revision === revision && admission.decisions.length === 1) return before.attributes
  const attributes = workAttributes(work)
  if (admission.decisions.length === 1) known.set(decision, { revision, attributes })
  return attributes
}

/** Attributes of what was masked and withheld, by the policy's names. */
export function tallyAttributes({ fields, maskedCount, withheldCount }: MaskTally): Attributes {
  return {
    ...(maskedCount > 0 && { 'headgate.masked.fields': [...fields], 'headgate.masked.count': maskedCount }),
    ...(withheldCount > 0 && { 'headgate.withheld.count': withheldCount }),
  }
}

/** The name of the event that tells a decision. */
export const DECISION_EVENT = 'headgate.decision'

/** Attributes of the decision event. */
export function decisionAttributes(
  { resourceType, name, operation }: Pick<Ask, 'resourceType' | 'name' | 'operation'>,
  { effect, reason, ruleIds }: Decision,
  { revision, program }: { readonly revision: number; readonly program: Pick<ActivePolicy['program'], 'digest'> },
): Attributes {
  return {
    'headgate.effect': effect,
    'headgate.reason': reason,
    'headgate.rule_ids': [...ruleIds],
    'headgate.policy.revision': revision,
    'headgate.policy.digest': program.digest,
    'headgate.resource.type': resourceType,
    'headgate.resource.name': name,
    'headgate.operation': operationName(operation),
  }
}

/** The value of `error.type`: a code where there is one, else the error's name; never its message. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
