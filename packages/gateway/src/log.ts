import type { LogFields, LogPort } from '@headgate/core'
import { destination, pino, stdTimeFunctions } from 'pino'

/** How much is logged. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What {@link createLog} may be told. */
export interface LogOptions {
  readonly level?: LogLevel
  /** Where lines go: standard error unless given. */
  readonly stream?: { write(line: string): void }
}

// INVARIANT: each key of LogFields and no other; the compiler holds the table complete.
const KEYS: Readonly<Record<keyof LogFields, true>> = Object.freeze({
  event: true,
  code: true,
  reason: true,
  error: true,
  principal: true,
  actor: true,
  askId: true,
  issuer: true,
  sessionId: true,
  connectionId: true,
  clientId: true,
  clientAddress: true,
  listener: true,
  mechanism: true,
  apiKey: true,
  apiName: true,
  apiVersion: true,
  correlationId: true,
  resourceType: true,
  resourceName: true,
  operation: true,
  partition: true,
  decision: true,
  ruleIds: true,
  errorCode: true,
  policyRevision: true,
  brokerId: true,
  host: true,
  port: true,
  path: true,
  status: true,
  count: true,
  bytes: true,
  durationMs: true,
  expiresAtUnixMs: true,
  kid: true,
})

function isPlain(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'bigint')
}

/** Keeps the allowed keys with plain values; a type assertion elsewhere cannot bring an object into the log. */
function pick(fields: LogFields): Record<string, unknown> {
  const picked: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(fields)) {
    if (!Object.hasOwn(KEYS, key)) continue
    if (isPlain(value) || (Array.isArray(value) && value.every(isPlain))) picked[key] = value
  }
  return picked
}

/** Creates a log port that writes JSON lines by pino. */
export function createLog({ level = 'info', stream }: LogOptions = {}): LogPort {
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream ?? destination({ fd: 2, sync: true }),
  )
  return {
    debug: (fields, message) => logger.debug(pick(fields), message),
    info: (fields, message) => logger.info(pick(fields), message),
    warn: (fields, message) => logger.warn(pick(fields), message),
    error: (fields, message) => logger.error(pick(fields), message),
  }
}
