import { compileRecordPlan, type RecordRules, type TokenKey } from '@headgate/masking'
import { type Decision, decide, type MaskObligation, Operation } from '@headgate/policy'
import type { KafkaMessage } from '#kafkajs'
import { maskIncoming } from '../masking/mask-incoming.ts'
import { MaskTally } from '../masking/mask-tally.ts'
import { type TopicMask, TopicMasks } from '../masking/topic-mask.ts'
import { policyOf } from './policy.ts'

/** An obligation of these rules, and of nothing else. */
export function obligationOf(rules: Partial<RecordRules>, onUnreadable: 'withhold' | 'placeholder'): MaskObligation {
  const { format = 'json', value = [], headers = [], key, unmask = {}, only } = rules
  return { digest: 'd', format, onUnreadable, value, headers, key, unmask, ...(only && { only }) }
}

/** An `allow` that obliges to a mask. */
export function allowMasked(mask: MaskObligation | undefined): Decision {
  const obligations = mask && ({ mask, audit: 'standard', approvals: [] } as const)
  return { effect: 'allow', reason: 'granted', ruleIds: ['r'], obligations, validUntilUnixMs: undefined }
}

/** The client's mask of an obligation. */
export function clientMask(mask: MaskObligation): TopicMask {
  const made = new TopicMasks().of(allowMasked(mask))
  if (made === undefined) throw new Error('an obligation without a mask')
  return made
}

/** The mask as a gateway makes it, with keys for tokens. */
export function gatewayMask(mask: MaskObligation, tokenKeys: readonly TokenKey[]): TopicMask {
  return {
    plan: compileRecordPlan(mask, { tokenKeys }),
    showsPlaceholder: mask.onUnreadable === 'placeholder',
    names: [],
  }
}

/** Masks one record; what was counted is dropped. */
export function maskOnce(mask: TopicMask, message: KafkaMessage): KafkaMessage | undefined {
  return maskIncoming(mask, message, new MaskTally())
}

/** A fetched record. */
export function messageOf(parts: Partial<KafkaMessage>): KafkaMessage {
  const base = { key: null, value: null, headers: {}, timestamp: '1', attributes: 0, offset: '7' }
  return { ...base, ...parts } as KafkaMessage
}

/** The decision on an operation of `orders` of issuer `corp`, under a policy in YAML. */
export function decideBy(yaml: string, topic: string, operation: Operation = Operation.Read): Decision {
  return decide(policyOf(yaml).program, 'topic', operation, topic)
}
