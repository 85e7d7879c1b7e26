import type { AskStep as AuditAskStep, AuditSource } from '@headgate/audit'
import type { LogPort } from '@headgate/core'
import { auditTime } from '../audit-events.ts'
import type { AuditSink } from '../audit-sink.ts'
import { type Ask, type AskStep, approversOf } from './ask.ts'
import type { AskSink } from './ask-recorder.ts'

/** What {@link createAskRecord} needs. */
export interface AskRecordOptions {
  readonly audit: AuditSink
  readonly log: LogPort
  /** What the gateway's cluster is called. */
  readonly cluster: string
}

/** What the trail says of a step: the ask as it was then, and who took the step. */
function auditStepOf(ask: Ask, step: AskStep, cluster: string): AuditAskStep {
  const { scope, origin, steps } = ask
  const { by, groups, reason, source, revision } = step
  const approvedBy = approversOf({ steps: steps.filter((earlier) => earlier.revision <= revision) })
  const isTimed = approvedBy.length >= ask.approval.people && ask.startsAtUnixMs !== undefined
  return {
    event: `ask.${step.kind}`,
    ...(by === undefined ? {} : { actor: { ...by, ...(groups === undefined ? {} : { groups: [...groups] }) } }),
    ...(source === undefined ? {} : { source: sourceOf(source) }),
    ...(origin.kind === 'traffic' ? { session: origin.sessionId, clientId: origin.clientId } : {}),
    kafka: { cluster, topic: scope.topic },
    policyRevision: ask.policyRevision,
    ask: ask.id,
    askRevision: revision,
    protection: scope.protection,
    operation: scope.operation,
    requester: { issuer: scope.issuer, subject: scope.subject },
    ...(reason === undefined ? {} : { reason }),
    ...(approvedBy.length === 0 ? {} : { approvedBy: approvedBy.map(({ issuer, subject }) => `${issuer}/${subject}`) }),
    ...(isTimed ? { starts: auditTime(ask.startsAtUnixMs ?? 0), ends: auditTime(ask.endsAtUnixMs ?? 0) } : {}),
  }
}

function sourceOf({ address, listener, connectionId }: NonNullable<AskStep['source']>): AuditSource {
  return {
    address,
    ...(listener === undefined ? {} : { listener }),
    ...(connectionId === undefined ? {} : { connection: connectionId }),
  }
}

function logStep(log: LogPort, { id, scope, policyRevision }: Ask, { kind, by, source }: AskStep): void {
  const fields = {
    ...{ event: 'ask', askId: id, decision: kind, issuer: scope.issuer, principal: scope.subject },
    ...{ resourceName: scope.topic, operation: scope.operation, policyRevision },
    ...(by === undefined ? {} : { actor: `${by.issuer}/${by.subject}` }),
    ...(source === undefined ? {} : { clientAddress: source.address }),
  }
  log.info(fields, `ask ${kind}`)
}

/**
 * Creates the sink that puts each step on the trail, where there is one, and then in the log. Reasons are somebody's words:
 * they are for the trail and stay out of the log.
 */
export function createAskRecord({ audit, log, cluster }: AskRecordOptions): AskSink {
  return async (ask, step) => {
    if (audit.keepsTrail) await audit.record([auditStepOf(ask, step, cluster)])
    logStep(log, ask, step)
  }
}
