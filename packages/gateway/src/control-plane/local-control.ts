import type { Clock, LogPort } from '@headgate/core'
import type { MaskObligation } from '@headgate/policy'
import type {
  AskEvent,
  ClosedEvent,
  ControlPort,
  DataPlaneEvent,
  DenialEvent,
  SeenEvent,
  SignInEvent,
  WouldDenyEvent,
} from '../control-port.ts'
import { createAskIntake } from './asks/ask-intake.ts'
import type { Asks } from './asks/asks.ts'
import { auditEventOf } from './audit-events.ts'
import { type AuditSink, noTrail } from './audit-sink.ts'
import type { PolicyFileSource } from './policy-source.ts'
import type { Revocations } from './revocations.ts'

/** What {@link createLocalControl} needs. */
export interface LocalControlOptions {
  readonly policySource: PolicyFileSource
  readonly asks: Asks
  /** Sessions that were revoked. */
  readonly revocations?: Pick<Revocations, 'subscribe'>
  readonly log: LogPort
  readonly clock: Clock
  /** What the gateway's cluster is called. */
  readonly cluster: string
  readonly audit?: AuditSink
  /** Hears of each mask that is about to be applied for the first time. */
  readonly onMask?: (mask: MaskObligation) => void
  /** Hears of what clients were let do. */
  readonly onSeen?: (event: SeenEvent) => void
}

function logSignIn(
  log: LogPort,
  { kind: _kind, accepted, isReauthentication, groups: _groups, ...fields }: SignInEvent,
): void {
  const event = isReauthentication ? 're-authentication' : 'sign-in'
  if (accepted) log.info({ event, decision: 'allow', ...fields }, 'signed in')
  else log.warn({ event, decision: 'deny', ...fields }, 'sign-in refused')
}

function logDenial(log: LogPort, { kind, ...fields }: DenialEvent): void {
  log.warn({ event: kind, ...fields }, 'denied')
}

function logWouldDeny(log: LogPort, { kind, ...fields }: WouldDenyEvent): void {
  log.warn({ event: kind, ...fields }, 'let pass by the mode of its resource')
}

function logClosed(log: LogPort, { kind, ...fields }: ClosedEvent): void {
  log.info({ event: kind, ...fields }, 'connection closed')
}

function logAsk(
  log: LogPort,
  { kind, askId, scope, sessionId, clientId, connectionId, clientAddress, listener }: AskEvent,
): void {
  const origin = { askId, connectionId, clientAddress, listener, sessionId, clientId }
  const what = { principal: scope.subject, issuer: scope.issuer, resourceName: scope.topic, operation: scope.operation }
  log.info({ event: kind, decision: 'hold', ...origin, ...what }, 'an approval is wanted')
}

function logEvent(log: LogPort, event: DataPlaneEvent): void {
  if (event.kind === 'sign-in') logSignIn(log, event)
  else if (event.kind === 'denial') logDenial(log, event)
  else if (event.kind === 'would-deny') logWouldDeny(log, event)
  else if (event.kind === 'ask') logAsk(log, event)
  else if (event.kind === 'closed') logClosed(log, event)
}

/**
 * Creates the control port of a data plane that lives in this process: policies from the source, asks to and from the
 * store, events to the trail and, but for what was read and written, to the log.
 */
export function createLocalControl(options: LocalControlOptions): ControlPort {
  const { policySource, asks, revocations, log, cluster, audit = noTrail, onMask, onSeen } = options
  const openAsk = createAskIntake(options)
  return {
    keepsTrail: audit.keepsTrail,
    record: (events) => audit.record(events),
    subscribe: (receive) => {
      const unsubscribe = [
        policySource.subscribe((snapshot) => receive({ kind: 'policy', snapshot })),
        asks.subscribe((ask) => receive({ kind: 'ask', ask })),
        ...(revocations === undefined
          ? []
          : [revocations.subscribe((revocation) => receive({ kind: 'revocation', revocation }))]),
      ]
      return () => {
        for (const end of unsubscribe) end()
      }
    },
    report: (event) => {
      if (event.kind === 'seen') return onSeen?.(event)
      const recorded = auditEventOf(event, cluster)
      if (recorded !== undefined) audit.append(recorded)
      try {
        logEvent(log, event)
      } catch {
        // A log that cannot be written must not end a client's request; the log port tells of itself.
      }
      if (event.kind === 'ask') openAsk(event)
      if (event.kind === 'mask') onMask?.(event.mask)
    },
  }
}
