import { type LogEntry, type logCreator, logLevel } from '#kafkajs'
import { createConsoleLogger } from '../kafkajs/internals.cjs'

/** What kafkajs puts into a log entry from the wire: decoded answers and raw bytes, when its debugging is on. */
const wireMembers: ReadonlySet<string> = new Set(['data', 'payload'])

function withoutWireData(entry: LogEntry): LogEntry {
  const kept = Object.entries(entry.log).filter(([name]) => !wireMembers.has(name))
  return { ...entry, log: { timestamp: entry.log.timestamp, message: entry.log.message, ...Object.fromEntries(kept) } }
}

/** Who in kafkajs tells of each try to connect. */
const connectNamespaces: ReadonlySet<string> = new Set(['Connection', 'BrokerPool', 'SaslAuthenticator-OAUTHBEARER'])

/** What may be told, and what is told once by the error of a `connect` that failed. */
export class ConnectLog {
  #connecting = 0

  /**
   * Connects without a log line for each try: what they fail with is in the error, which says more. On the level DEBUG they
   * are told as well.
   */
  async quietly<T>(connect: () => Promise<T>): Promise<T> {
    this.#connecting += 1
    try {
      return await connect()
    } finally {
      this.#connecting -= 1
    }
  }

  /** Whether an entry is one of the lines that are not told. */
  hides({ namespace }: LogEntry): boolean {
    return this.#connecting > 0 && connectNamespaces.has(namespace)
  }
}

/**
 * Stands between kafkajs and the application's log creator, so that no environment variable and no log creator makes
 * records visible.
 */
export function createLogCreator(application: logCreator = createConsoleLogger, connectLog?: ConnectLog): logCreator {
  return (level) => {
    const log = application(level)
    return (entry) => {
      if (level < logLevel.DEBUG && connectLog?.hides(entry)) return
      log(withoutWireData(entry))
    }
  }
}
