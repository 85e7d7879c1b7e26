/**
 * The closed list of keys that a log line may carry. A value is an identifier, a count, a code or a time;
 * never a record's key or value, a token or a secret.
 */
export interface LogFields {
  readonly event?: string
  readonly code?: string
  readonly reason?: string
  readonly error?: string
  readonly principal?: string
  /** Who acted on something of somebody else, as `issuer/subject`. */
  readonly actor?: string
  readonly askId?: string
  readonly issuer?: string
  readonly sessionId?: string
  readonly connectionId?: number
  readonly clientId?: string
  readonly clientAddress?: string
  readonly listener?: string
  readonly mechanism?: string
  readonly apiKey?: number
  readonly apiName?: string
  readonly apiVersion?: number
  readonly correlationId?: number
  readonly resourceType?: string
  readonly resourceName?: string
  readonly operation?: string
  readonly partition?: number
  readonly decision?: string
  readonly ruleIds?: readonly string[]
  readonly errorCode?: number
  readonly policyRevision?: number
  readonly brokerId?: number
  readonly host?: string
  readonly port?: number
  readonly path?: string
  readonly status?: number
  readonly count?: number
  readonly bytes?: number
  readonly durationMs?: number
  readonly expiresAtUnixMs?: number
  readonly kid?: string
}

/** Where log lines go. The gateway gives one over pino, tests give one that collects. */
export interface LogPort {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

const silent = (): void => {}

/** A log port that keeps nothing. */
export const silentLog: LogPort = Object.freeze({ debug: silent, info: silent, warn: silent, error: silent })

/** Those of some members that a line has, in the order in which they are asked for, each as text; a list as its members. */
export function shownFields<K extends keyof LogFields>(
  fields: LogFields,
  names: readonly K[],
): readonly (readonly [name: K, texts: readonly string[]])[] {
  return names.flatMap((name) => {
    const texts = [fields[name] ?? []].flat().map(String)
    return texts.join('') === '' ? [] : [[name, texts] as const]
  })
}
