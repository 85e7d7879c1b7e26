import { countWords } from '../count-words.ts'
import { type JsonObject, jsonObject, textMember } from '../json-value.ts'
import { momentOf, numberOf, objectOf, objectsOf, textOf, textsOf } from './json-members.ts'
import { maskedWords } from './session-words.ts'
import { terminalText } from './terminal-text.ts'

const CHANGES: Readonly<Record<string, string>> = Object.freeze({
  'topic-gone': 'the topic or partition is gone',
  'topic-recreated': 'the topic of this name is another one now: none of its records are shown',
  retention: 'the oldest of these records have been given up',
  'cut-off': 'the log ends before the last of these records',
  changed: 'batches are missing, or are not what they were',
  unreachable: 'the brokers did not answer',
  'not-checked': 'there is more of it than is read to tell whether it is what it was',
})

const NO_RECORDS: Readonly<Record<string, string>> = Object.freeze({
  'no-right': 'not shown: no rule lets you replay this topic',
  held: 'not shown: the topic needs an approval, and you have none now',
  'mask-unknown': 'not shown: the mask that applied then is not on record',
  'topic-unknown': 'not shown: the trail does not say of which topic they are',
})

/** Bytes as they are shown: text in quotes, others in base64. */
function bytesWords(value: unknown): string {
  const bytes = jsonObject(value)
  if (bytes === undefined) return 'null'
  const text = textMember(bytes, 'text')
  const shown = text === undefined ? `base64:${textOf(bytes, 'base64')}` : terminalText(text)
  const cutBytes = numberOf(bytes, 'cutBytes')
  return cutBytes === 0 ? shown : `${shown} … and ${cutBytes} bytes more`
}

function rangeWords(range: JsonObject): string {
  const client = textOf(range, 'clientId')
  const masked = maskedWords(range)
  const withheld = numberOf(range, 'withheld')
  const start = textOf(range, 'logStartOffset')
  const notes = [
    ...(masked === '' && withheld === 0 ? [] : [`then: masked ${masked || 'nothing'}; withheld ${withheld}`]),
    ...(range['isDelivered'] === false ? ['whether it was delivered is not known'] : []),
    ...textsOf(range, 'changes').map((change) => `now: ${CHANGES[change] ?? change}`),
    ...(start === '' ? [] : [`now: the log begins at offset ${start}`]),
    ...(textOf(range, 'noRecords') === ''
      ? []
      : [NO_RECORDS[textOf(range, 'noRecords')] ?? textOf(range, 'noRecords')]),
  ]
  const from = textOf(range, 'from')
  return [
    '',
    `${textOf(range, 'topic')}[${numberOf(range, 'partition')}]  offsets ${textOf(range, 'firstOffset')}–${textOf(range, 'lastOffset')}, ${countWords(numberOf(range, 'records'), 'record')}, delivered ${momentOf(range, 'deliveredFrom')} to ${momentOf(range, 'deliveredUntil')}${client === '' ? '' : ` to ${client}`}${from === '' ? '' : `, from offset ${from} on`}`,
    ...notes.map((note) => `  ${note}`),
  ].join('\n')
}

function recordWords(record: JsonObject): string {
  const place = `  ${textOf(record, 'offset')}  ${textOf(record, 'timestamp')}`
  const more = record['isMaskedMore'] === true ? '  (your masks hide more than then)' : ''
  const withheld = textOf(record, 'withheld')
  if (withheld !== '') return `${place}  withheld: ${withheld}${more}`
  const headers = objectsOf(record, 'headers').map(
    (header) => `      ${textOf(header, 'name')}: ${bytesWords(objectOf(header, 'value'))}`,
  )
  return [`${place}  ${bytesWords(record['key'])} → ${bytesWords(record['value'])}${more}`, ...headers].join('\n')
}

/** Tells one line of a replay. */
export function describeReplayLine(line: JsonObject): string {
  const type = textOf(line, 'type')
  if (type === 'session') {
    const who = objectOf(line, 'principal')
    return `session ${textOf(line, 'id')} of ${textOf(who, 'issuer')}/${textOf(who, 'subject')}, ${momentOf(line, 'firstAt')} to ${momentOf(line, 'lastAt')}`
  }
  if (type === 'range') return rangeWords(line)
  if (type === 'record') return recordWords(line)
  if (type === 'unreadable')
    return `  ${textOf(line, 'firstOffset')}–${textOf(line, 'lastOffset')}  cannot be read: ${textOf(line, 'reason')}`
  return ''
}

/** The value of a record as it is, where it has one that is shown; base64 where it is no text. */
export function rawValue(line: JsonObject): string | undefined {
  if (line['type'] !== 'record') return undefined
  const value = objectOf(line, 'value')
  return textMember(value, 'text') ?? textMember(value, 'base64')
}
