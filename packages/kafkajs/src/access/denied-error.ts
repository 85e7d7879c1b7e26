import { type Decision, type Operation, operationName, type ResourceType, reasonText } from '@headgate/policy'
import { HeadgateClientError } from '../errors.ts'
import { createErrorFromCode } from '../kafkajs/internals.cjs'

/** One refused question, and what it was decided by. */
export interface Denial {
  /** The method of the client that asked, such as `producer.send`. */
  readonly method: string
  readonly resourceType: ResourceType
  readonly resourceName: string
  readonly operation: Operation
  /** The partition that was refused; absent where the whole topic, or another resource, was. */
  readonly partition?: number
  readonly decision: Decision
  readonly policyRevision: number
  /** SHA-256 of the program that decided. */
  readonly programDigest: string
}

/** Kafka's own code for the refusal of each type of resource. */
const kafkaCodes: Readonly<Record<ResourceType, number>> = Object.freeze({
  topic: 29,
  group: 30,
  cluster: 31,
  'transactional-id': 53,
})

/**
 * The policy does not allow what was asked, so nothing was sent.
 *
 * Handlers written for a broker's refusal understand it: it is a `KafkaJSNonRetriableError`, its `cause` is the
 * `KafkaJSProtocolError` that the broker would have caused, and `type` is that error's.
 */
export class HeadgateDeniedError extends HeadgateClientError<'ERR_KAFKAJS_DENIED'> {
  readonly code = 'ERR_KAFKAJS_DENIED'
  /** Kafka's name of the refusal, such as `TOPIC_AUTHORIZATION_FAILED`. */
  readonly type: string
  readonly denial: Denial
  /** The rules that denied it; empty where the lack of one did. */
  readonly ruleIds: readonly string[]

  constructor(denial: Denial) {
    const cause = createErrorFromCode(kafkaCodes[denial.resourceType])
    const { method, resourceType, resourceName, policyRevision } = denial
    const operation = operationName(denial.operation)
    super({
      message: `${method}: ${reasonText(denial.decision, { ...denial, name: resourceName })}`,
      details: { method, resourceType, resourceName, operation, reason: denial.decision.reason, policyRevision },
      cause,
    })
    this.type = cause.type
    this.denial = denial
    this.ruleIds = denial.decision.ruleIds
  }
}
