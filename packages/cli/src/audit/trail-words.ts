import type { TrailReport } from '@headgate/audit'
import { countWords } from '../count-words.ts'
import { type JsonObject, jsonObject, numberMember, printable, textMember } from '../json-value.ts'

/** What a fault says to somebody who does not know the list of codes. */
const FAULTS: Readonly<Record<string, string>> = Object.freeze({
  'no-segments': 'there is no segment here',
  'not-a-line': 'this is no line of a trail',
  'line-torn': 'the last line has no end: its writer was killed, or the file was cut',
  'line-changed': 'this line has been changed: the next one names another hash',
  'chain-broken': 'this line does not follow the one before it',
  'lines-missing': 'lines before this one are missing',
  'line-out-of-order': 'this line stands at another place than its number says',
  'other-writer': 'this line is of another trail',
  'segment-unsigned': 'the segment does not begin with its checkpoint',
  'checkpoint-forged': 'this checkpoint is not signed by a key that was given',
  'start-missing': 'the start of the trail is missing, and the trail does not say that it was removed',
  'end-missing': 'the trail ends before the checkpoint that was given',
  'other-history': 'another line stands where the checkpoint that was given was',
  'known-checkpoint-forged': 'the checkpoint that was given is not signed by a key that was given',
})

/** What a verification came to, for people. */
export function describeReport(report: TrailReport): string {
  const { fault, writer, segments, firstSeq, verifiedEvents, unprotectedEvents, newestCheckpoint, isClosed } = report
  const lines = [
    fault === undefined ? 'intact' : `NOT INTACT: ${fault.file}:${fault.line}: ${FAULTS[fault.code]} (${fault.code})`,
    `trail ${writer ?? 'unknown'}, ${countWords(segments, 'segment')}, first line ${firstSeq}`,
    `${countWords(verifiedEvents, 'event')} verified`,
  ]
  if (newestCheckpoint !== undefined)
    lines.push(`newest checkpoint: line ${newestCheckpoint.seq}, ${newestCheckpoint.time}, key ${newestCheckpoint.kid}`)
  if (fault === undefined) {
    const tail = `${countWords(unprotectedEvents, 'event')} behind it that nobody vouches for`
    lines.push(isClosed ? 'the gateway ended in order' : tail)
  }
  return lines.join('\n')
}

function partsOf(event: JsonObject, key: string): JsonObject | undefined {
  return jsonObject(event[key])
}

function personOf(event: JsonObject, key: 'actor' | 'requester'): string {
  const person = partsOf(event, key)
  const subject = textMember(person, 'subject')
  return subject === undefined ? '-' : `${textMember(person, 'issuer') ?? ''}/${subject}`
}

/** Which ask a step is of, and for whom. */
function askOf(event: JsonObject): string {
  const ask = textMember(event, 'ask')
  return ask === undefined ? '' : `${ask} for ${personOf(event, 'requester')}`
}

function listOf(value: unknown): readonly JsonObject[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((item: unknown) => {
    const object = jsonObject(item)
    return object === undefined ? [] : [object]
  })
}

function whatOf(event: JsonObject): string {
  const kafka = partsOf(event, 'kafka')
  const topic = textMember(kafka, 'topic') ?? textMember(event, 'resourceName')
  if (topic === undefined) return ''
  const partition = numberMember(kafka, 'partition')
  const range = partsOf(event, 'range')
  const sent = partsOf(event, 'sent')
  const where = partition === undefined ? topic : `${topic}[${partition}]`
  const records = numberMember(range ?? sent, 'records')
  const held = records === undefined ? '' : ` (${countWords(records, 'record')})`
  if (range === undefined) return where + held
  return `${where} ${textMember(range, 'firstOffset')}..${textMember(range, 'lastOffset')}${held}`
}

function maskingOf(event: JsonObject): string {
  const isRead = event['event'] === 'records.read' || event['event'] === 'records.read-intent'
  if (event['masked'] === undefined) return isRead ? 'raw' : ''
  const fields = listOf(event['masked']).map((each) => `${textMember(each, 'field')} ×${numberMember(each, 'count')}`)
  const withheld = numberMember(event, 'withheld')
  const left = withheld === undefined ? [] : [`${withheld} withheld`]
  const all = [...fields, ...left]
  return all.length === 0 ? 'masked, nothing hit' : `masked ${all.join(', ')}`
}

function approvalsOf(event: JsonObject): string {
  const approvals = listOf(event['approvals'])
  return approvals
    .map((approval) => {
      const people = Array.isArray(approval['approvedBy']) ? approval['approvedBy'].join(', ') : ''
      return `${people === '' ? 'approved' : `approved by ${people}`} (${textMember(approval, 'ask')})`
    })
    .join('; ')
}

/** One event on one line. */
function describeEvent(event: JsonObject): string {
  const outcome = event['outcome'] === 'unknown' ? 'OUTCOME UNKNOWN' : ''
  const reason = textMember(event, 'reason') ?? ''
  const parts = [whatOf(event), maskingOf(event), approvalsOf(event), askOf(event), reason, outcome]
  const words = parts.filter((part) => part !== '')
  const head = [
    textMember(event, 'time'),
    textMember(event, 'code'),
    textMember(event, 'event'),
    personOf(event, 'actor'),
  ]
  // Names are chosen by clients: nothing of them reaches the terminal as it is.
  return [...head.map((text) => printable(text)), words.map((text) => printable(text)).join('; ')].join('  ').trimEnd()
}

/** Events, one a line. */
export function describeEvents(answer: JsonObject): string {
  const events = listOf(answer['events'])
  if (events.length === 0) return 'nothing on record'
  const more = answer['next'] === undefined ? [] : [`there are more: --after ${String(answer['next'])}`]
  return [...events.map(describeEvent), ...more].join('\n')
}
