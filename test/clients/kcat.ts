import { type ProgramResult, runProgram } from '../kafka/program.ts'
import { type ClientConnection, securityProtocol } from './connection.ts'

/** How kcat is run. */
export interface KcatOptions {
  readonly input?: string
  /** Killed after this; 30 s by default. */
  readonly timeoutMs?: number
  /** librdkafka properties beside those of the connection. */
  readonly properties?: Readonly<Record<string, string>>
  /** Kills it when it fires. */
  readonly signal?: AbortSignal
}

/** Runs kcat with a connection; `args` are its own, such as `['-L']` or `['-P', '-t', 'orders']`. */
export function kcat(
  connection: ClientConnection,
  args: readonly string[],
  options: KcatOptions = {},
): Promise<ProgramResult> {
  const properties = Object.entries({ ...connectionProperties(connection), ...options.properties })
  const settings = properties.flatMap(([key, value]) => ['-X', `${key}=${value}`])
  const { input, timeoutMs = 30_000, signal } = options
  return runProgram('kcat', ['-b', connection.bootstrap, ...settings, ...args], {
    timeoutMs,
    ...(input === undefined ? {} : { input }),
    ...(signal === undefined ? {} : { signal }),
  })
}

function connectionProperties(connection: ClientConnection): Record<string, string> {
  const { caPath, sasl } = connection
  return {
    'security.protocol': securityProtocol(connection),
    ...(caPath === undefined ? {} : { 'ssl.ca.location': caPath }),
    ...(sasl === undefined || sasl.mechanism === 'OAUTHBEARER'
      ? {}
      : { 'sasl.mechanism': sasl.mechanism, 'sasl.username': sasl.username, 'sasl.password': sasl.password }),
  }
}
