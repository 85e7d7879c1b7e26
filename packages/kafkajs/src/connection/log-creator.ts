import type { LogEntry, logCreator } from '#kafkajs'
import { createConsoleLogger } from '../kafkajs/internals.cjs'

/** What kafkajs puts into a log entry from the wire: decoded answers and raw bytes, when its debugging is on. */
const wireMembers: ReadonlySet<string> = new Set(['data', 'payload'])

function withoutWireData(entry: LogEntry): LogEntry {
  const kept = Object.entries(entry.log).filter(([name]) => !wireMembers.has(name))
  return { ...entry, log: { timestamp: entry.log.timestamp, message: entry.log.message, ...Object.fromEntries(kept) } }
}

/**
 * Stands between kafkajs and the application's log creator, so that no environment variable and no log creator makes
 * records visible.
 */
export function createLogCreator(application: logCreator = createConsoleLogger): logCreator {
  return (level) => {
    const log = application(level)
    return (entry) => log(withoutWireData(entry))
  }
}
