import type { Logger } from '#kafkajs'
import type { Denial } from './access/denied-error.ts'
import type { ApprovalAsk } from './approvals/approval-ask.ts'
import type { ApprovalEventName } from './approvals/approvals.ts'
import { type HeadgateEventEmitter, headgateEvents, type WithheldRecords } from './events.ts'
import type { ConsumerNotice } from './facades/client.ts'
import type { SessionObserver } from './session/gateway-session.ts'
import { errorType } from './telemetry/attributes.ts'
import { traceDenial } from './telemetry/tracing.ts'

/** Told about all that an operator wants to know. */
export interface Observer extends SessionObserver {
  denied(denial: Denial): void
  withheld(records: Omit<WithheldRecords, 'total'>): void
  approval(event: ApprovalEventName, ask: ApprovalAsk): void
  consumerDenied(notice: ConsumerNotice & { readonly reason: string }): void
  consumerResumed(notice: ConsumerNotice): void
}

const approvalWords: Readonly<Record<ApprovalEventName, string>> = Object.freeze({
  'headgate.approval-pending': 'Waiting for an approval',
  'headgate.approval-approved': 'Approved',
  'headgate.approval-refused': 'Not approved',
})

/** Creates what turns happenings into log lines, events and spans. */
export function createObserver(
  logger: Logger,
  emitter: HeadgateEventEmitter,
  clientId: string | undefined,
  isTraced: boolean,
): Observer {
  let total = 0
  return {
    denied(denial) {
      const { method, resourceType, resourceName, decision, policyRevision } = denial
      const { reason, ruleIds } = decision
      logger.warn('Denied by policy', { method, resourceType, resourceName, reason, ruleIds, policyRevision })
      if (isTraced) traceDenial(denial, clientId)
      emitter.emit(headgateEvents.DENIED, denial)
    },
    withheld(records) {
      const before = total
      total += records.count
      // Told in events each time, and logged less and less often.
      if (Math.floor(Math.log2(before)) !== Math.floor(Math.log2(total))) {
        const { topic, partition, reasons, policyRevision } = records
        logger.warn('Records withheld', { topic, partition, reasons, policyRevision, total })
      }
      emitter.emit(headgateEvents.WITHHELD, Object.freeze({ ...records, total }))
    },
    approval(event, ask) {
      const { id, url, state, topic, operation } = ask
      logger.info(approvalWords[event], { askId: id, askUrl: url, state, topic, operation })
      emitter.emit(event, ask)
    },
    consumerDenied(notice) {
      logger.error('Consumer stopped by a denial: it starts again once it is allowed', { ...notice })
    },
    consumerResumed(notice) {
      logger.info('Consumer starts again', { ...notice })
    },
    policyChanged({ revision, program }, expiresAtUnixMs) {
      logger.info('Policy in force', { policyRevision: revision })
      emitter.emit(headgateEvents.BUNDLE, { revision, programDigest: program.digest, expiresAtUnixMs })
    },
    renewalFailed({ revision }, expiresAtUnixMs, error) {
      const code = errorType(error)
      logger.warn('Policy could not be renewed', { policyRevision: revision, code, expiresAtUnixMs })
      emitter.emit(headgateEvents.STALE, { revision, expiresAtUnixMs, code })
    },
  }
}
