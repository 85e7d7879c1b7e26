// What goes wrong in the first hour: each is one error with one code that says what to do, and no line is logged beside it.
import { createServer } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Admin, type Consumer, Kafka, type KafkaConfig, type LogEntry, logLevel, type Producer } from '../index.ts'
import { type GatewayStandIn, startGatewayStandIn } from '../testing/gateway-stand-in.ts'
import { type KafkaStandIn, startKafkaStandIn } from '../testing/kafka-stand-in.ts'

let listener: KafkaStandIn
let gateway: GatewayStandIn
let lines: LogEntry[]

beforeEach(async () => {
  listener = await startKafkaStandIn()
  gateway = await startGatewayStandIn(listener.port)
  lines = []
  const { origin } = gateway.http
  gateway.http.routes.set('/.well-known/openid-configuration', () => ({
    json: { issuer: origin, token_endpoint: `${origin}/issuer-token` },
  }))
  gateway.http.routes.set('/issuer-token', () => ({ json: { access_token: 'subject', expires_in: 60 } }))
  const variables = {
    HEADGATE_GATEWAY: origin,
    HEADGATE_BUNDLE_KEYS: gateway.key.thumbprint,
    HEADGATE_ISSUER: origin,
    HEADGATE_CLIENT_ID: 'orders',
    HEADGATE_CLIENT_SECRET: 'secret-0123456789',
    HEADGATE_INSECURE: 'true',
    KAFKAJS_NO_PARTITIONER_WARNING: '1',
  }
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await Promise.all([listener.close(), gateway.http.close()])
})

/** As a service has it that was written for kafkajs. */
const WRITTEN_FOR_KAFKAJS = {
  clientId: 'orders',
  brokers: ['kafka-1.example:9092'],
  ssl: true,
  sasl: { mechanism: 'plain', username: 'root', password: 'root' },
} as const satisfies KafkaConfig

function createKafka(config: KafkaConfig = { clientId: 'orders' }): Kafka {
  const logCreator = () => (entry: LogEntry) => void lines.push(entry)
  return new Kafka({ ...config, logLevel: logLevel.WARN, logCreator, retry: { retries: 2, initialRetryTime: 5 } })
}

async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Something that answers in a protocol of its own; it ends with its first connection. */
async function startOther(): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => undefined).end('\0\0\0\x04')).unref()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.once('connection', () => server.close())
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

interface Situation {
  readonly code: string
  readonly message: RegExp
  readonly arrange: () => void | Promise<void>
}

const SITUATIONS: Readonly<Record<string, Situation>> = {
  'no gateway address': {
    code: 'GATEWAY_MISSING',
    message: /^no gateway address: give the gateway's HTTPS address as headgate\.gateway or HEADGATE_GATEWAY$/,
    arrange: () => void vi.stubEnv('HEADGATE_GATEWAY', ''),
  },
  'no thumbprints': {
    code: 'CONFIGURATION',
    message: /^no bundle keys: give the thumbprints .* HEADGATE_BUNDLE_KEYS; whoever runs the gateway has them$/,
    arrange: () => void vi.stubEnv('HEADGATE_BUNDLE_KEYS', ''),
  },
  'no identity': {
    code: 'CONFIGURATION',
    message: /^no identity: give headgate\.identity, or set HEADGATE_TOKEN_FILE, or HEADGATE_ISSUER with /,
    arrange: () => {
      vi.stubEnv('HEADGATE_ISSUER', '')
      vi.stubEnv('HEADGATE_CLIENT_ID', '')
    },
  },
  'a gateway that does not answer': {
    code: 'GATEWAY_UNREACHABLE',
    message:
      /^the gateway at `127\.0\.0\.1:\d+` gave no answer \(ECONNREFUSED\): check headgate\.gateway or HEADGATE_GATEWAY, /,
    arrange: async () => void vi.stubEnv('HEADGATE_GATEWAY', `http://127.0.0.1:${await closedPort()}`),
  },
  'a gateway that speaks no TLS': {
    code: 'GATEWAY_UNREACHABLE',
    message:
      /^the gateway at `127\.0\.0\.1:\d+` gave no answer \(EPROTO: what listens there speaks no TLS; is it `http:\/\/`\?\): check /,
    arrange: () => void vi.stubEnv('HEADGATE_GATEWAY', gateway.http.origin.replace('http:', 'https:')),
  },
  'a gateway that speaks no HTTP': {
    code: 'GATEWAY_UNREACHABLE',
    message:
      /^the gateway at `127\.0\.0\.1:\d+` gave no answer \(HPE_INVALID_CONSTANT: what listens there speaks no HTTP; /,
    arrange: async () => void vi.stubEnv('HEADGATE_GATEWAY', await startOther()),
  },
  'a gateway that has no such name': {
    code: 'GATEWAY_UNREACHABLE',
    message: /^the gateway at `gateway\.invalid` gave no answer \((?:ENOTFOUND|EAI_AGAIN)\): check headgate\.gateway /,
    arrange: () => void vi.stubEnv('HEADGATE_GATEWAY', 'https://gateway.invalid'),
  },
  'a gateway that is something else': {
    code: 'GATEWAY_ANSWER',
    message:
      /^`http:\/\/127\.0\.0\.1:\d+` does not answer as a Headgate gateway: no metadata document \(HTTP 404\): check /,
    arrange: () => void gateway.instead.set('/.well-known/oauth-authorization-server', { status: 404 }),
  },
  'an identity that the provider refuses': {
    code: 'IDENTITY_REFUSED',
    message:
      /^the identity provider refused client `orders`: invalid_client: check its id, its secret and that it may use /,
    arrange: () =>
      void gateway.http.routes.set('/issuer-token', () => ({ status: 401, json: { error: 'invalid_client' } })),
  },
  'an identity that the gateway refuses': {
    code: 'IDENTITY_REFUSED',
    message: /^the gateway refused this service's identity: invalid_request: wrong audience: check that the gateway's /,
    arrange: () => {
      const json = { error: 'invalid_request', error_description: 'wrong audience' }
      gateway.instead.set('/token', { status: 400, json })
    },
  },
  'a policy of an unknown key': {
    code: 'BUNDLE_REFUSED',
    message:
      /^the gateway's policy was refused: .*: give the thumbprint of the key that signs now in headgate\.bundleKeys /,
    arrange: () => void vi.stubEnv('HEADGATE_BUNDLE_KEYS', 'f1Q0G9nmyzXz7PAmn_3wcQtbPBtBdOx7ZMf3PcOEw9Y'),
  },
  'a policy without a rule for this service': {
    code: 'NO_RULE',
    message: /^no rule of the policy allows this service anything: it is `orders` of issuer `corp`: ask whoever keeps /,
    arrange: () => {
      gateway.policy = 'rules: [{ id: r, who: { subjects: [payments] }, may: { produce: [orders] } }]'
    },
  },
  'a Kafka listener that does not answer': {
    code: 'GATEWAY_UNREACHABLE',
    message:
      /^the gateway's Kafka listener at `127\.0\.0\.1:\d+` gave no answer \(ECONNREFUSED\): the gateway itself answers, /,
    arrange: async () => {
      gateway.metadata['headgate_kafka_bootstrap'] = [`127.0.0.1:${await closedPort()}`]
    },
  },
  'a Kafka listener that refuses the token': {
    code: 'IDENTITY_REFUSED',
    message:
      /^the gateway's Kafka listener refused this service's token: .*revoked.*: the token was had from this gateway /,
    arrange: () => {
      listener.signIn = { errorCode: 58, message: 'the session was revoked', sessionLifetimeMs: 0 }
    },
  },
}

const CLIENTS: Readonly<Record<string, (kafka: Kafka) => Producer | Consumer | Admin>> = {
  producer: (kafka) => kafka.producer(),
  consumer: (kafka) => kafka.consumer({ groupId: 'orders' }),
  admin: (kafka) => kafka.admin(),
}

test.each(
  Object.entries(SITUATIONS).flatMap(([what, situation]) =>
    Object.entries(CLIENTS).map(([name, create]) => ({ what, name, create, ...situation })),
  ),
)('$what: one error of the $name says what to do', async ({ code, message, arrange, create }) => {
  await arrange()
  const error = await create(createKafka())
    .connect()
    .catch((reason: unknown) => reason)

  expect(error).toMatchObject({ code: `ERR_KAFKAJS_${code}`, message: expect.stringMatching(message) })
  expect(`${(error as Error).message}`).not.toMatch(/secret-0123456789|subject/)
  expect(lines.filter(({ log }) => !log.message.includes('This process'))).toEqual([])
})

test('the tries to connect are told on the level DEBUG, and a lost connection is always', async () => {
  gateway.metadata['headgate_kafka_bootstrap'] = [`127.0.0.1:${await closedPort()}`]
  const kafka = new Kafka({
    clientId: 'orders',
    logLevel: logLevel.DEBUG,
    logCreator: () => (entry) => void lines.push(entry),
    retry: { retries: 1, initialRetryTime: 5 },
  })
  await expect(kafka.producer().connect()).rejects.toMatchObject({ code: 'ERR_KAFKAJS_GATEWAY_UNREACHABLE' })

  expect(lines.filter(({ namespace, label }) => namespace === 'Connection' && label === 'ERROR').length).toBe(2)
})

test('with the environment set, what the code says of brokers is not used, and one warning lists each', async () => {
  const kafka = createKafka(WRITTEN_FOR_KAFKAJS)
  for (const create of Object.values(CLIENTS)) {
    const client = create(kafka)
    await client.connect()
    await client.disconnect()
  }
  const messages = lines.map(({ log }) => log.message).filter((message) => !message.includes('This process'))

  expect(messages).toEqual([
    'not used, because every connection goes to the gateway: ' +
      '`brokers` (in its place: headgate.gateway or HEADGATE_GATEWAY); ' +
      '`ssl` (in its place: headgate.ca or HEADGATE_CA); ' +
      '`sasl` (in its place: headgate.identity, or HEADGATE_ISSUER and HEADGATE_CLIENT_ID, or HEADGATE_TOKEN_FILE)',
  ])
})

test('under strict that is an error before anything is connected, by code or environment', () => {
  const refused = expect.objectContaining({
    code: 'ERR_KAFKAJS_UNUSED_OPTIONS',
    retriable: false,
    message: expect.stringMatching(
      /`brokers`.*HEADGATE_GATEWAY.*`ssl`.*HEADGATE_CA.*`sasl`.*HEADGATE_TOKEN_FILE.*: remove them/,
    ),
  })
  expect(() => createKafka({ ...WRITTEN_FOR_KAFKAJS, headgate: { strict: true } })).toThrow(refused)
  vi.stubEnv('HEADGATE_STRICT', 'true')
  expect(() => createKafka(WRITTEN_FOR_KAFKAJS)).toThrow(refused)
  expect(() => createKafka({ ...WRITTEN_FOR_KAFKAJS, headgate: { strict: false } })).not.toThrow()
  expect(() => createKafka()).not.toThrow()
  vi.stubEnv('HEADGATE_STRICT', 'yes')
  expect(() => createKafka(WRITTEN_FOR_KAFKAJS)).toThrow(
    expect.objectContaining({ code: 'ERR_KAFKAJS_CONFIGURATION', message: expect.stringContaining('HEADGATE_STRICT') }),
  )
})
