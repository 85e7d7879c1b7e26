import type { AuditAccess, AuditContext } from '@headgate/audit'
import type { Judgement } from '../judgement.ts'

/** The request that an access was part of. */
export interface AccessRequest {
  readonly api: string
  readonly apiVersion: number
  readonly clientId: string
  readonly policyRevision: number
}

/** A change of the cluster that was let through. */
export interface GrantedChange {
  readonly resourceType: string
  readonly resourceName: string
  readonly operation: string
  readonly ruleIds: readonly string[]
}

/** A partition that is accessed, and by what. */
export interface AccessPlace {
  readonly request: AccessRequest
  readonly topic: string
  /** Where the request names the topic by it. */
  readonly topicId: string | undefined
  readonly partition: number
  readonly judgement: Judgement
}

/** What was done to the records of an access. */
export interface AccessMasking {
  readonly masked: readonly { readonly field: string; readonly count: number }[]
  readonly withheld: number
}

/** Whether two accesses differ in nothing but their offsets. */
export function isSameAccess(one: AccessPlace, other: AccessPlace): boolean {
  const { request, judgement, topicId } = one
  if (topicId !== other.topicId || request.policyRevision !== other.request.policyRevision) return false
  if (request.clientId !== other.request.clientId || request.apiVersion !== other.request.apiVersion) return false
  return judgement === other.judgement || accessKey(judgement) === accessKey(other.judgement)
}

function accessKey({ effect, reason, ruleIds, obligations, asks }: Judgement): string {
  const { mask, audit } = obligations ?? {}
  return JSON.stringify([effect, reason, ruleIds, mask?.digest, audit, asks?.map(({ id, revision }) => [id, revision])])
}

/** By what an access was let through, as the trail says it. */
export function auditAccessOf({ judgement }: AccessPlace, masking?: AccessMasking): AuditAccess {
  const { ruleIds, asks = [], obligations } = judgement
  const approvals = asks.map(({ id: ask, approvedBy }) => ({
    ask,
    ...(approvedBy === undefined ? {} : { approvedBy }),
  }))
  const mask = obligations?.mask
  return {
    decision: 'allow',
    ruleIds,
    ...(approvals.length === 0 ? {} : { approvals }),
    ...(mask === undefined ? {} : { masked: masking?.masked ?? [], maskDigest: mask.digest }),
    ...(masking === undefined || masking.withheld === 0 ? {} : { withheld: masking.withheld }),
  }
}

/** What is accessed, as the trail says it. */
export function auditKafkaOf(
  { request, topic, topicId, partition }: AccessPlace,
  cluster: string,
  knownTopicId: string | undefined,
): NonNullable<AuditContext['kafka']> {
  const id = topicId ?? knownTopicId
  const named = id === undefined ? {} : { topicId: id }
  return { cluster, api: request.api, apiVersion: request.apiVersion, topic, ...named, partition }
}
