import { type LogFields, type LogPort, shownFields } from '@headgate/core'
import type { CommandIo } from '../command.ts'

/** The members of a log line that a developer acts on, in this order. */
const SHOWN = [
  'clientId',
  'principal',
  'operation',
  'resourceType',
  'resourceName',
  'reason',
  'ruleIds',
  'code',
] as const
/** What is told of a line that is no warning: that a changed policy holds, and that somebody has to agree. */
const TOLD_EVENTS: ReadonlySet<string | undefined> = new Set(['policy', 'ask'])

function words(fields: LogFields, message: string): string {
  // A problem's text ends in its code already.
  const isTold = fields.code !== undefined && fields.reason?.endsWith(`(${fields.code})`) === true
  const shown = shownFields(fields, SHOWN).flatMap(([name, texts]) =>
    name === 'code' && isTold ? [] : [texts.join(', ')],
  )
  return `headgate: ${[message, ...shown].join(' · ')}\n`
}

/** Tells a developer what the gateway warns of, which policy is in force and who waits for an approval: one line each. */
export function createDevLog(io: CommandIo): LogPort {
  const tell = (fields: LogFields, message: string): void => io.writeError(words(fields, message))
  const tellSome = (fields: LogFields, message: string): void => {
    if (TOLD_EVENTS.has(fields.event)) tell(fields, message)
  }
  return { debug: () => {}, info: tellSome, warn: tell, error: tell }
}
