import type { LogFields, LogPort } from '@headgate/core'
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
  const shown = SHOWN.flatMap((name) => {
    const value = fields[name]
    // A problem's text ends in its code already.
    if (value === undefined || value.length === 0 || (name === 'code' && fields.reason?.endsWith(`(${value})`)))
      return []
    return [typeof value === 'string' ? value : value.join(', ')]
  })
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
