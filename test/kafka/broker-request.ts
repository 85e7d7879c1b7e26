import { RawClient } from '../clients/raw-client.ts'
import { HOST } from './broker-properties.ts'
import type { Credential } from './credential.ts'
import { BrokerAnswerError } from './errors.ts'

/** The listeners between the brokers of a cluster, and what opens them; whoever comes that way may do everything. */
export interface InternalAccess {
  /** By broker id. */
  readonly ports: readonly number[]
  readonly credential: Credential
}

const ANSWER_TIMEOUT_MS = 10_000

/**
 * Talks with one particular broker, as no client library would: to see what that broker knows already.
 *
 * @throws {BrokerAnswerError} `ERR_TEST_BROKER_ANSWER` when it refuses the credential
 */
export async function askBroker<T>(
  port: number,
  { username, password }: Credential,
  ask: (client: RawClient) => Promise<T>,
): Promise<T> {
  const client = await RawClient.connect({ host: HOST, port, clientId: 'headgate-fixture' })
  const timer = setTimeout(() => client.close(), ANSWER_TIMEOUT_MS)
  try {
    const { errorCode } = await client.signInPlain(username, password)
    assertNoError('SaslAuthenticate', errorCode)
    return await ask(client)
  } finally {
    clearTimeout(timer)
    client.close()
  }
}

/** Asks every broker of a cluster the same, and tells whether all said yes. */
export async function everyBroker(
  { ports, credential }: InternalAccess,
  ask: (client: RawClient) => Promise<boolean>,
): Promise<boolean> {
  for (const port of ports) if (!(await askBroker(port, credential, ask))) return false
  return true
}

/** @throws {BrokerAnswerError} `ERR_TEST_BROKER_ANSWER` unless the code is 0 */
export function assertNoError(request: string, errorCode: number): void {
  if (errorCode !== 0) throw new BrokerAnswerError(request, errorCode)
}
