import type { KeepList, MaskStrategy } from '@headgate/masking'
import { verbOf } from '../document/verbs.ts'
import { keepWords } from '../keep-list.ts'
import { type Operation, operationName, type ResourceType } from '../operation.ts'
import type { Principal } from '../principal.ts'
import { printable } from '../printable.ts'
import type { ApprovalObligation, Decision } from '../program/decision.ts'
import { hiddenBy } from './diff/strictness.ts'

const kinds: Readonly<Record<ResourceType, string>> = Object.freeze({
  topic: 'topic',
  group: 'consumer group',
  'transactional-id': 'transactional id',
  cluster: 'cluster',
})

/** A name between backticks, safe to print. */
export const quoted = (name: string): string => `\`${printable(name)}\``

/** Names between backticks. */
export const quotedList = (names: readonly string[]): string => names.map(quoted).join(', ')

/** The kind of a resource, as people call it. */
export function kindOf(resourceType: ResourceType): string {
  return kinds[resourceType]
}

/** What is done, in the words of the policy, such as `consume`; in Kafka's where the policy has none. */
export function actionOf(resourceType: ResourceType, operation: Operation): string {
  const verb = verbOf(resourceType, operation)
  if (verb === undefined) return operationName(operation)
  return resourceType === 'cluster' ? `cluster ${verb}` : verb
}

/** A principal: `corp/ada, of groups `a``. */
export function principalWords({ issuer, subject, groups, kind, claims = {} }: Principal): string {
  const stated = Object.entries(claims).map(([claim, values]) => `, with ${printable(claim)} ${quotedList(values)}`)
  const name = `${printable(issuer)}/${printable(subject)}${kind === undefined ? '' : `, a ${kind}`}${stated.join('')}`
  if (groups === undefined) return `${name}, whose groups are unknown`
  return groups.length === 0 ? `${name}, of no group` : `${name}, of ${quotedList(groups)}`
}

/** A strategy as a policy writes it; constants are not told. */
export function strategyWord(strategy: MaskStrategy): string {
  switch (strategy.type) {
    case 'keep-first':
      return `first-${strategy.count}`
    case 'keep-last':
      return `last-${strategy.count}`
    case 'token':
      return `token ${strategy.label}`
    default:
      return strategy.type
  }
}

/** An approval: `an approval by 2 people of `leads``. */
export function approvalWords({ by, issuers, people }: Pick<ApprovalObligation, 'by' | 'issuers' | 'people'>): string {
  const from = issuers === undefined ? '' : ` from ${quotedList(issuers)}`
  return `an approval by ${people === 1 ? 'someone' : `${people} people`} of ${quotedList(by)}${from}`
}

/** All that is shown of a record: `only `id`, `customer/name``. */
function onlyWords(only: KeepList): string {
  return `only ${quotedList(keepWords(only))}`
}

/** What a decision comes to: `allowed, with `card/number` last-4`. */
export function outcomeWords({ effect, obligations }: Decision): string {
  if (effect === 'deny') return 'denied'
  const words = [effect === 'hold' ? 'held' : 'allowed']
  for (const approval of obligations?.approvals ?? []) words.push(`for ${approvalWords(approval)}`)
  const mask = obligations?.mask
  if (mask !== undefined) {
    const { words: hidden, shown } = hiddenBy(mask)
    if (mask.only !== undefined) words.push(onlyWords(mask.only))
    const masked = [...hidden].map(([word, strategy]) => `${quoted(word)} ${strategyWord(strategy)}`)
    if (masked.length > 0) words.push(`with ${masked.join(', ')}`)
    if (shown.length > 0) words.push(`but ${quotedList(shown)} shown`)
    words.push(`read as ${mask.format}`, mask.onUnreadable === 'withhold' ? 'else withheld' : 'else a placeholder')
  }
  if (obligations?.audit === 'required') words.push('on record first')
  return words.join(', ')
}

/** Obligations as plain data, for machines; constants are not told. */
export function outcomeData({ effect, reason, ruleIds, obligations }: Decision): object {
  if (obligations === undefined) return { effect, reason, rules: ruleIds }
  const { mask, audit, approvals } = obligations
  const hidden = mask === undefined ? undefined : hiddenBy(mask)
  return {
    effect,
    reason,
    rules: ruleIds,
    audit,
    approvals,
    ...(mask === undefined || hidden === undefined
      ? {}
      : {
          mask: {
            format: mask.format,
            onUnreadable: mask.onUnreadable,
            hides: [...hidden.words].map(([what, strategy]) => ({ what, with: strategyWord(strategy) })),
            shows: hidden.shown,
            ...(mask.only === undefined ? {} : { only: keepWords(mask.only) }),
          },
        }),
  }
}
