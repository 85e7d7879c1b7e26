import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Check } from './check.ts'
import { CLIENT } from './check-code.ts'
import { findInstalled } from './installed-package.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** What of the service's own client is used. */
interface ServiceClient {
  diagnose(options: { readonly environment: Environment; readonly clientId: string }): AsyncIterable<ServiceStep>
  findUnknownVariables(environment: Environment): readonly { readonly name: string; readonly nearest: string }[]
}

/** A step, as the client tells it. */
interface ServiceStep {
  readonly name: string
  readonly status: 'passed' | 'failed' | 'not-needed'
  readonly message: string
  readonly code?: string
  readonly facts: Readonly<Record<string, unknown>>
}

function isServiceClient(value: unknown): value is ServiceClient {
  const { diagnose, findUnknownVariables } = (value ?? {}) as Partial<ServiceClient>
  return typeof diagnose === 'function' && typeof findUnknownVariables === 'function'
}

/** Loads the client that is installed in a folder: what is tested is then what the service will do. */
function loadClient(folder: string): unknown {
  const require = createRequire(join(folder, 'package.json'))
  return require(findInstalled(folder, CLIENT) === undefined ? 'kafkajs' : CLIENT)
}

function unknownVariables(client: ServiceClient, environment: Environment): readonly Check[] {
  return client.findUnknownVariables(environment).map(({ name, nearest }) => ({
    ...{ area: 'environment', status: 'noted', what: name },
    message: `nothing reads it: did you mean ${nearest}?`,
  }))
}

/**
 * Goes the whole way of the service's own client, from its environment to a first fetch, and tells each step when it was taken.
 */
export async function* checkConnection(folder: string, environment: Environment): AsyncGenerator<Check, void, void> {
  const client = loadClient(folder)
  if (!isServiceClient(client)) {
    const message = `it is too old to test its own connection: update ${CLIENT}`
    yield { area: 'connection', status: 'failed', what: CLIENT, message, code: 'ERR_CLI_CLIENT_MISSING' }
    return
  }
  yield* unknownVariables(client, environment)
  for await (const { name, status, message, code, facts } of client.diagnose({
    environment,
    clientId: 'headgate-doctor',
  })) {
    const how = status === 'not-needed' ? 'noted' : status
    yield { area: 'connection', status: how, what: name, message, facts, ...(code !== undefined && { code }) }
  }
}
