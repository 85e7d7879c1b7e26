import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { parse } from 'yaml'
import type { ClientConnection } from '../clients/connection.ts'
import { startWorld, type World } from '../world/start-world.ts'

const TOKEN_LIFE_SECONDS = 20
const CLIENT = 'shop'

const POLICY = `
rules:
  - id: shop-owns-its-topics
    who: { subjects: [shop] }
    may:
      produce: ["shop.*"]
      consume: ["shop.*"]
      as: ["shop-*"]
      transact-as: ["shop-*"]
      describe-configs: ["shop.*"]
      cluster: [describe, describe-configs]
`
const TOPICS = [
  'kafkajs',
  'kcat',
  'java',
  'transactions',
  'addresses',
  'long.kafkajs',
  'long.kafkajs-token',
  'long.java',
  'long.kcat',
].map((name) => ({
  topic: `shop.${name}`,
  // One partition keeps the order in which transactions ended: whoever read the last record has read all before it.
  partitions: name === 'transactions' ? 1 : 3,
}))

/** Three brokers behind a gateway with TLS, and tokens that live for twenty seconds. */
export function startPlainWorld(): Promise<World> {
  return startWorld({
    brokers: 3,
    clients: [{ clientId: CLIENT, groups: [] }],
    topics: [...TOPICS, { topic: 'foreign', partitions: 1 }],
    policy: POLICY,
    tokenLifetimeSeconds: TOKEN_LIFE_SECONDS,
  })
}

/** PLAIN with client id and secret. */
export function withSecret(world: World): ClientConnection {
  const sasl = { mechanism: 'PLAIN' as const, username: CLIENT, password: world.secretOf(CLIENT) }
  return { bootstrap: world.bootstrap, caPath: world.ca.path, sasl }
}

/** PLAIN with a token in place of the password, as somebody pastes it. */
export async function withPastedToken(world: World): Promise<ClientConnection> {
  const sasl = { mechanism: 'PLAIN' as const, username: 'token', password: await world.identity.tokenFor(CLIENT) }
  return { ...withSecret(world), sasl }
}

/** Kafka's built-in login, which asks the identity provider itself: its access token signs in as it is. */
export function withOauth(world: World): ClientConnection {
  const { tokenEndpoint } = world.identity
  const sasl = {
    mechanism: 'OAUTHBEARER' as const,
    tokenEndpoint,
    clientId: CLIENT,
    clientSecret: world.secretOf(CLIENT),
  }
  return { ...withSecret(world), sasl }
}

/** Unwrapped kafkajs with client id and secret. */
export function kafkajsWithSecret(world: World, config: Partial<KafkaConfig> = {}): Kafka {
  return kafkajs(world, { mechanism: 'plain', username: CLIENT, password: world.secretOf(CLIENT) }, config)
}

/** Unwrapped kafkajs with tokens of the gateway, for which it exchanges those of the identity provider. */
export function kafkajsWithToken(world: World, config: Partial<KafkaConfig> = {}): Kafka {
  const oauthBearerProvider = async (): Promise<{ value: string }> => ({ value: await gatewayToken(world) })
  return kafkajs(world, { mechanism: 'oauthbearer', oauthBearerProvider }, config)
}

function kafkajs(world: World, sasl: NonNullable<KafkaConfig['sasl']>, config: Partial<KafkaConfig>): Kafka {
  return new Kafka({
    clientId: CLIENT,
    brokers: [world.bootstrap],
    ssl: { ca: [world.ca.pem] },
    sasl,
    logLevel: logLevel.NOTHING,
    retry: { retries: 4 },
    ...config,
  })
}

async function gatewayToken(world: World): Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await world.identity.tokenFor(CLIENT),
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const text = await new Promise<string>((resolve, reject) => {
    const sent = request(`${world.httpUrl}/token`, { method: 'POST', headers, ca: world.ca.pem }, (response) => {
      response.toArray().then((chunks) => resolve(Buffer.concat(chunks).toString()), reject)
    })
    sent.on('error', reject)
    sent.end(form.toString())
  })
  const { access_token: token } = JSON.parse(text) as { readonly access_token?: string }
  if (token === undefined) throw new Error('the gateway gave no token')
  return token
}

/** `localhost:port` of all that the gateway's configuration opens to Kafka clients. */
export async function gatewayAddresses(world: World): Promise<{ bootstrap: string; brokers: string[] }> {
  const { listener } = parse(await readFile(world.files.configPath, 'utf8')) as {
    readonly listener: { readonly port: number; readonly brokers: { readonly firstPort: number } }
  }
  const brokers = world.kafka.brokers.map(({ id }) => `localhost:${listener.brokers.firstPort + id}`)
  return { bootstrap: `localhost:${listener.port}`, brokers }
}
