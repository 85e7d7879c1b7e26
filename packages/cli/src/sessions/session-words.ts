import { countWords } from '../count-words.ts'
import type { JsonObject } from '../json-value.ts'
import { momentOf, numberOf, objectOf, objectsOf, textOf, textsOf } from './json-members.ts'
import { columns } from './terminal-text.ts'

/** `orders[2]`, as far as the event says it. */
function placeOf(event: JsonObject): string {
  const kafka = objectOf(event, 'kafka')
  const partition = kafka?.['partition']
  return `${textOf(kafka, 'topic')}${typeof partition === 'number' ? `[${partition}]` : ''}`
}

function whoOf(object: JsonObject, name: string): string {
  const who = objectOf(object, name)
  return `${textOf(who, 'issuer')}/${textOf(who, 'subject')}`
}

/** `card/number ×3, key ×6` */
export function maskedWords(event: JsonObject): string {
  return objectsOf(event, 'masked')
    .map((each) => `${textOf(each, 'field')} ×${numberOf(each, 'count')}`)
    .join(', ')
}

function rangeWords(event: JsonObject): string {
  const range = objectOf(event, 'range') ?? objectOf(event, 'sent')
  const first = textOf(range, 'firstOffset')
  const offsets = first === '' ? '' : ` offsets ${first}–${textOf(range, 'lastOffset')},`
  const masked = maskedWords(event)
  const withheld = numberOf(event, 'withheld')
  const approvals = objectsOf(event, 'approvals').map((approval) => textOf(approval, 'ask'))
  return [
    `${placeOf(event)}${offsets} ${countWords(numberOf(range, 'records'), 'record')}, ${numberOf(range, 'bytes')} bytes`,
    ...(masked === '' ? [] : [`masked ${masked}`]),
    ...(withheld === 0 ? [] : [`withheld ${withheld}`]),
    ...(approvals.length === 0 ? [] : [`approved by ${approvals.join(', ')}`]),
  ].join('; ')
}

function denialWords(event: JsonObject): string {
  const where = placeOf(event) || textOf(event, 'resourceName')
  return `${textOf(event, 'operation')} ${textOf(event, 'resourceType')} ${where}: ${textOf(event, 'reason')}`
}

type EntryWords = (event: JsonObject) => readonly [string, string]

/** How an entry of each kind is told. */
const ENTRY_WORDS: Readonly<Record<string, EntryWords>> = {
  read: (event) => ['read', rangeWords(event)],
  'read-intent': (event) => ['read?', `${rangeWords(event)}; whether it was delivered is not known`],
  write: (event) => {
    const name = textOf(event, 'event')
    if (name === 'records.written') return ['wrote', rangeWords(event)]
    return name === 'records.write-refused'
      ? ['refused', `${rangeWords(event)}; the broker answered ${numberOf(event, 'errorCode')}`]
      : ['wrote?', `${rangeWords(event)}; ${textOf(event, 'reason')}`]
  },
  'write-intent': (event) => ['wrote?', `${rangeWords(event)}; whether it was written is not known`],
  denial: (event) => ['denied', denialWords(event)],
  ask: (event) => ['asked', `${textOf(event, 'ask')} to ${textOf(event, 'operation')} ${placeOf(event)}`],
  replay: (event) => ['replayed', `by ${whoOf(event, 'actor')}: ${rangeWords(event)}`],
}

function entryRow(entry: JsonObject): readonly string[] {
  const event = objectOf(entry, 'event') ?? {}
  const kind = textOf(entry, 'kind')
  const words = Object.hasOwn(ENTRY_WORDS, kind) ? ENTRY_WORDS[kind] : undefined
  const [word, rest] = words?.(event) ?? [kind, '']
  return [momentOf(event, 'since' in event ? 'since' : 'time'), word, rest]
}

function socketRow(socket: JsonObject): readonly string[] {
  const closedAt = momentOf(socket, 'closedAt')
  const signIns = numberOf(socket, 'signIns')
  return [
    `#${numberOf(socket, 'connection')}`,
    textOf(socket, 'address'),
    textOf(socket, 'listener'),
    textOf(socket, 'mechanism'),
    textOf(socket, 'clientId'),
    momentOf(socket, 'signedInAt'),
    `${signIns} ${signIns === 1 ? 'sign-in' : 'sign-ins'}`,
    closedAt === '' ? '' : `closed ${closedAt}: ${textOf(socket, 'closedReason')}`,
  ]
}

/** Tells sessions one a line, in columns. */
export function describeSessions(sessions: readonly JsonObject[]): string {
  if (sessions.length === 0) return 'no sessions'
  const head = ['session', 'who', 'from', 'until', 'read', 'written', 'denied', 'asks', 'replayed']
  const rows = sessions.map((session) => [
    ...[textOf(session, 'id'), whoOf(session, 'principal'), momentOf(session, 'firstAt'), momentOf(session, 'lastAt')],
    ...['recordsRead', 'recordsWritten', 'denials', 'asks', 'replays'].map((name) => String(numberOf(session, name))),
  ])
  return columns([head, ...rows])
}

/** Tells one session: who, from where, and what it did. */
export function describeSession(session: JsonObject): string {
  const groups = textsOf(session, 'groups')
  const labels = [
    ['who', `${whoOf(session, 'principal')}${groups.length === 0 ? '' : `, in ${groups.join(', ')}`}`],
    ['from', `${momentOf(session, 'firstAt')} to ${momentOf(session, 'lastAt')}`],
    ['clients', textsOf(session, 'clients').join(', ')],
    ['addresses', textsOf(session, 'addresses').join(', ')],
    ['records', `${numberOf(session, 'recordsRead')} read, ${numberOf(session, 'recordsWritten')} written`],
  ].map(([label = '', text = '']) => `  ${label.padEnd(11)}${text}`)
  const sockets = objectsOf(session, 'sockets').map(socketRow)
  const entries = objectsOf(session, 'entries').map(entryRow)
  return [
    `${textOf(session, 'id')}`,
    '',
    ...labels,
    ...(sockets.length === 0 ? [] : ['', columns(sockets)]),
    ...(entries.length === 0 ? [] : ['', columns(entries)]),
  ].join('\n')
}
