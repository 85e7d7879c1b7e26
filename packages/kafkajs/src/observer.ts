import type { Logger } from '#kafkajs'
import type { Denial } from './access/denied-error.ts'
import { type HeadgateEventEmitter, headgateEvents } from './events.ts'
import type { SessionObserver } from './session/gateway-session.ts'
import { errorType } from './telemetry/attributes.ts'
import { traceDenial } from './telemetry/tracing.ts'

/** Told about all that an operator wants to know. */
export interface Observer extends SessionObserver {
  denied(denial: Denial): void
}

/** Creates what turns happenings into log lines, events and spans. */
export function createObserver(
  logger: Logger,
  emitter: HeadgateEventEmitter,
  clientId: string | undefined,
  isTraced: boolean,
): Observer {
  return {
    denied(denial) {
      const { method, resourceType, resourceName, decision, policyRevision } = denial
      const { reason, ruleIds } = decision
      logger.warn('Denied by policy', { method, resourceType, resourceName, reason, ruleIds, policyRevision })
      if (isTraced) traceDenial(denial, clientId)
      emitter.emit(headgateEvents.DENIED, denial)
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
