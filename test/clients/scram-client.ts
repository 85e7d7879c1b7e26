import { Secret } from '@headgate/core'
import type { SaslAuthenticateResponse } from '@headgate/wire'
import { SaltedPasswordCache, ScramExchange } from '../../packages/gateway/src/data-plane/scram.ts'
import type { Credential } from '../kafka/credential.ts'
import { RawClient } from './raw-client.ts'

const [HANDSHAKE, AUTHENTICATE] = [17, 36]
const MECHANISM = 'SCRAM-SHA-512'

/** Signs in with SCRAM; gives the server's last answer. */
async function signInScram(client: RawClient, { username, password }: Credential): Promise<void> {
  const exchange = new ScramExchange(MECHANISM, username, new Secret(password), new SaltedPasswordCache())
  const say = (authBytes: Buffer): Promise<SaslAuthenticateResponse> => client.request(AUTHENTICATE, 2, { authBytes })
  await client.request(HANDSHAKE, 1, { mechanism: MECHANISM })
  const first = await say(exchange.first())
  const last = await say(await exchange.final(first.authBytes))
  exchange.verify(last.authBytes)
}

/** Connects to a broker in plaintext, signed in as a user of its own. */
export async function connectScram(bootstrap: string, credential: Credential): Promise<RawClient> {
  const [host = '', port = ''] = bootstrap.split(':')
  const client = await RawClient.connect({ host, port: Number(port) })
  await signInScram(client, credential)
  return client
}
