import type { AuditEventName } from './event.ts'

/**
 * The code of each event. `I` tells that something took place as it should, `W` that it was refused or is worth a look,
 * `E` that something failed.
 *
 * INVARIANT: schema version 1 is frozen: a code never changes its meaning and is never used anew.
 */
export const auditCodes: Readonly<Record<AuditEventName | 'audit.checkpoint', string>> = Object.freeze({
  'audit.checkpoint': 'K1000I',
  'gateway.started': 'K1001I',
  'gateway.stopped': 'K1002I',
  'audit.opened': 'K1010I',
  'audit.reopened': 'K1011W',
  'audit.lost': 'K1012E',
  'audit.removed': 'K1013I',
  'policy.in-force': 'K1020I',
  'policy.refused': 'K1021E',
  'modes.in-force': 'K1022I',
  'sign-in.accepted': 'K2001I',
  'sign-in.refused': 'K2002W',
  're-authentication.accepted': 'K2003I',
  're-authentication.refused': 'K2004W',
  'connection.closed': 'K2005I',
  'token.issued': 'K2010I',
  'token.refused': 'K2011W',
  'bundle.issued': 'K2012I',
  'bundle.refused': 'K2013W',
  'session.revoked': 'K2014W',
  'access.denied': 'K3001W',
  'change.granted': 'K3002I',
  'access.would-deny': 'K3003W',
  'records.read': 'K3010I',
  'records.read-intent': 'K3011I',
  'records.read-void': 'K3012W',
  'records.written': 'K3020I',
  'records.write-intent': 'K3021I',
  'records.write-refused': 'K3022W',
  'records.write-unknown': 'K3023W',
  'records.write-void': 'K3024W',
  'ask.opened': 'K4001I',
  'ask.approved': 'K4002I',
  'ask.active': 'K4003I',
  'ask.denied': 'K4004W',
  'ask.expired': 'K4005W',
  'ask.revoked': 'K4006W',
  'ask.canceled': 'K4007I',
  'ask.vote': 'K4008I',
  'ask.reason-given': 'K4009I',
  'audit.queried': 'K5001I',
  'audit.query-refused': 'K5002W',
  'session.replayed': 'K5003I',
})

const { 'audit.checkpoint': _, ...eventCodes } = auditCodes
const namesByWord: ReadonlyMap<string, AuditEventName> = new Map(
  (Object.entries(eventCodes) as [AuditEventName, string][]).flatMap(([name, code]) => [
    [name, name],
    [code, name],
  ]),
)

/** What an event is asked for by: the names of all events, and their codes. */
export const auditEventWords: readonly string[] = Object.freeze([...namesByWord.keys()])

/** The event that a word names, by its name or its code; `undefined` when there is none. */
export function auditEventNamed(word: string): AuditEventName | undefined {
  return namesByWord.get(word)
}
