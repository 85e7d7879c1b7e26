import type { LogPort } from '@headgate/core'
import type { AskEvent, ClosedEvent, ControlPort, DataPlaneEvent, DenialEvent, SignInEvent } from '../control-port.ts'
import type { PolicyFileSource } from './policy-source.ts'

/** What {@link createLocalControl} needs. */
export interface LocalControlOptions {
  readonly policySource: PolicyFileSource
  readonly log: LogPort
}

function logSignIn(log: LogPort, { kind: _kind, accepted, isReauthentication, ...fields }: SignInEvent): void {
  const event = isReauthentication ? 're-authentication' : 'sign-in'
  if (accepted) log.info({ event, decision: 'allow', ...fields }, 'signed in')
  else log.warn({ event, decision: 'deny', ...fields }, 'sign-in refused')
}

function logDenial(log: LogPort, { kind, ...fields }: DenialEvent): void {
  log.warn({ event: kind, ...fields }, 'denied')
}

function logClosed(log: LogPort, { kind, ...fields }: ClosedEvent): void {
  log.info({ event: kind, ...fields }, 'connection closed')
}

function logAsk(
  log: LogPort,
  { kind, scope, sessionId, clientId, connectionId, clientAddress, listener }: AskEvent,
): void {
  const origin = { connectionId, clientAddress, listener, sessionId, clientId }
  const what = { principal: scope.subject, issuer: scope.issuer, resourceName: scope.topic, operation: scope.operation }
  log.info({ event: kind, decision: 'hold', ...origin, ...what }, 'an approval is wanted')
}

function logEvent(log: LogPort, event: DataPlaneEvent): void {
  if (event.kind === 'sign-in') logSignIn(log, event)
  else if (event.kind === 'denial') logDenial(log, event)
  else if (event.kind === 'ask') logAsk(log, event)
  else logClosed(log, event)
}

/** Creates the control port of a data plane that lives in this process: policies from the source, events to the log. */
export function createLocalControl({ policySource, log }: LocalControlOptions): ControlPort {
  return {
    subscribe: (receive) => policySource.subscribe((snapshot) => receive({ kind: 'policy', snapshot })),
    report: (event) => {
      try {
        logEvent(log, event)
      } catch {
        // A log that cannot be written must not end a client's request; the log port tells of itself.
      }
    },
  }
}
