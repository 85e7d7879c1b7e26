import type { AccessWouldDeny, AuditActor, AuditContext, AuditEvent, AuditSource } from '@headgate/audit'
import type { ClosedEvent, ConnectionOrigin, DataPlaneEvent, DenialEvent, SignInEvent } from '../control-port.ts'

/** Milliseconds since the epoch as the trail writes times. */
export function auditTime(unixMs: number): string {
  return new Date(unixMs).toISOString()
}

function sourceOf({ clientAddress, listener, connectionId }: ConnectionOrigin): AuditSource {
  return { address: clientAddress, listener, connection: connectionId }
}

function actorOf(issuer: string | undefined, subject: string | undefined, groups?: readonly string[]): AuditContext {
  if (issuer === undefined || subject === undefined) return {}
  const actor: AuditActor = { issuer, subject, ...(groups === undefined ? {} : { groups }) }
  return { actor }
}

function signIn(event: SignInEvent): AuditEvent {
  const { accepted, isReauthentication, mechanism, issuer, principal, groups, sessionId, clientId } = event
  const context = {
    ...actorOf(issuer, principal, groups),
    source: sourceOf(event),
    ...(sessionId === undefined ? {} : { session: sessionId }),
    ...(clientId === undefined ? {} : { clientId }),
  }
  const what = isReauthentication ? 're-authentication' : 'sign-in'
  if (!accepted) return { event: `${what}.refused`, ...context, mechanism, reason: event.code ?? 'unknown' }
  const { expiresAtUnixMs } = event
  const expires = expiresAtUnixMs === undefined ? {} : { expires: auditTime(expiresAtUnixMs) }
  return { event: `${what}.accepted`, ...context, mechanism, ...expires }
}

/** What a denial says, and a denial that did not take effect. */
function refusedPart(event: Omit<DenialEvent, 'kind' | 'errorCode'>, cluster: string): Omit<AccessWouldDeny, 'event'> {
  const { resourceType, resourceName, partition } = event
  const topic = resourceType === 'topic' ? { topic: resourceName } : {}
  return {
    ...actorOf(event.issuer, event.principal),
    source: sourceOf(event),
    session: event.sessionId,
    clientId: event.clientId,
    kafka: {
      cluster,
      api: event.apiName,
      apiVersion: event.apiVersion,
      ...topic,
      ...(partition === undefined ? {} : { partition }),
    },
    policyRevision: event.policyRevision,
    resourceType,
    resourceName,
    operation: event.operation,
    decision: event.decision,
    reason: event.reason,
    ruleIds: event.ruleIds,
  }
}

function closed(event: ClosedEvent): AuditEvent {
  const { issuer, principal, sessionId, code } = event
  return {
    event: 'connection.closed',
    ...actorOf(issuer, principal),
    source: sourceOf(event),
    ...(sessionId === undefined ? {} : { session: sessionId }),
    reason: code,
  }
}

/** What the trail says of an event of the data plane; nothing of an ask, which the control plane records itself. */
export function auditEventOf(event: DataPlaneEvent, cluster: string): AuditEvent | undefined {
  if (event.kind === 'access') return event.event
  if (event.kind === 'sign-in') return signIn(event)
  if (event.kind === 'denial')
    return { event: 'access.denied', ...refusedPart(event, cluster), errorCode: event.errorCode }
  if (event.kind === 'would-deny') return { event: 'access.would-deny', ...refusedPart(event, cluster) }
  return event.kind === 'closed' ? closed(event) : undefined
}
