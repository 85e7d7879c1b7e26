import { createHash, X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { dirname, join } from 'node:path'
import { type Kafka, tokenCallback } from '@headgate/kafkajs'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClientCertificate } from '../certificates/certificates.ts'
import { headgateKafka, plainKafka } from '../clients/kafkajs-clients.ts'
import { startWorld, type World } from '../world/start-world.ts'

const POLICY = `
rules:
  - id: ledger
    who: { subjects: [ledger] }
    may: { produce: [ledger], consume: [ledger], as: ["ledger-*"] }
`

let world: World
let own: ClientCertificate
let other: ClientCertificate

beforeAll(async () => {
  world = await startWorld({
    clients: [{ clientId: 'ledger', groups: [] }],
    topics: [{ topic: 'ledger', partitions: 1 }],
    policy: POLICY,
    asksForCertificates: true,
    sections: {
      tokens: {
        signingKey: { file: 'token-key.jwk.json' },
        lifetimeSeconds: 10,
        certificateBound: [{ issuer: 'corp', clientId: 'ledger' }],
      },
    },
  })
  own = await world.createClientCertificate('ledger')
  other = await world.createClientCertificate('mallory')
})
afterAll(() => world?.close())

interface Ask {
  readonly form?: Readonly<Record<string, string>>
  readonly token?: string
  readonly certificate?: ClientCertificate
}

async function ask(path: string, { form, token, certificate }: Ask): Promise<[number, Record<string, unknown>]> {
  const tls = {
    ca: world.ca.pem,
    agent: false as const,
    ...(certificate && { cert: certificate.certPem, key: certificate.keyPem }),
  }
  const headers = {
    ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  const method = form === undefined ? 'GET' : 'POST'
  return new Promise((resolve, reject) => {
    const sent = request(`${world.httpUrl}${path}`, { method, headers, ...tls }, async (answer) => {
      let text = ''
      for await (const chunk of answer) text += String(chunk)
      resolve([answer.statusCode ?? 0, text.startsWith('{') ? JSON.parse(text) : {}])
    })
    sent.on('error', reject).end(form && new URLSearchParams(form).toString())
  })
}

async function exchange(certificate?: ClientCertificate): Promise<[number, Record<string, unknown>]> {
  const form = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await world.identity.tokenFor('ledger'),
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  }
  return ask('/token', { form, ...(certificate && { certificate }) })
}

async function boundToken(): Promise<string> {
  const [, { access_token: token }] = await exchange(own)
  return String(token)
}

/** Signs in with a token by plain kafkajs, and writes a record; gives the text of a refusal. */
async function write(token: string, certificate?: ClientCertificate): Promise<string> {
  const producer = plainKafka(world, 'ledger', {
    ssl: { ca: [world.ca.pem], ...(certificate && { cert: certificate.certPem, key: certificate.keyPem }) },
    sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: token }) },
    retry: { retries: 1 },
  }).producer()
  try {
    await producer.connect()
    await producer.send({ topic: 'ledger', messages: [{ value: 'x' }] })
    return 'written'
  } catch (error) {
    return String(error)
  } finally {
    await producer.disconnect()
  }
}

test('K3: a token says which certificate it is bound to, and metadata says that tokens are bound', async () => {
  const raw = new X509Certificate(own.certPem).raw
  expect(decodeJwt(await boundToken())['cnf']).toEqual({
    'x5t#S256': createHash('sha256').update(raw).digest('base64url'),
  })
  for (const path of ['/.well-known/oauth-authorization-server', '/.well-known/oauth-protected-resource'])
    expect(await ask(path, {})).toMatchObject([200, { tls_client_certificate_bound_access_tokens: true }])
})

test('K3: it is good on connections that show the certificate; on others it is 58 with a text, and leaves a line [certificate-bound]', async () => {
  const token = await boundToken()
  expect(await write(token, own)).toBe('written')
  for (const certificate of [undefined, other])
    expect(await write(token, certificate)).toMatch(/bound to a client certificate, and this connection has not shown/)
  const refusal = { event: 'sign-in', decision: 'deny', code: 'ERR_GATEWAY_TOKEN_CERTIFICATE' }
  expect(world.logLines.filter((line) => line.code === refusal.code).length).toBeGreaterThanOrEqual(2)
  expect(world.logLines).toContainEqual(expect.objectContaining(refusal))
})

test('K3: a certificate of another authority counts as none', async () => {
  const { createCertificates } = await import('../certificates/certificates.ts')
  const foreign = await (await createCertificates({ hosts: ['localhost'] })).createClient('ledger')
  expect(await exchange(foreign)).toMatchObject([400, { error: 'invalid_request' }])
  expect(await write(await boundToken(), foreign)).toMatch(/this connection has not shown/)
})

test('K3: the bundle is given to whoever shows the certificate, and to nobody else', async () => {
  const token = await boundToken()
  expect((await ask('/v1/bundle', { token, certificate: own }))[0]).toBe(200)
  for (const certificate of [undefined, other])
    expect(await ask('/v1/bundle', { token, ...(certificate && { certificate }) })).toMatchObject([
      401,
      { code: 'ERR_GATEWAY_TOKEN_CERTIFICATE' },
    ])
})

test('K3: a client that must be bound gets no token without a certificate, nor in with a token of its provider', async () => {
  expect(await exchange()).toMatchObject([
    400,
    { error: 'invalid_request', error_description: expect.stringContaining('certificate') },
  ])
  const ofProvider = await world.identity.tokenFor('ledger')
  for (const certificate of [undefined, own]) expect(await write(ofProvider, certificate)).toMatch(/must use tokens/)
})

test('K3: the client shows its certificate on both ways, and works; without one it is told what is wrong', async () => {
  const kafka = (certificate?: ClientCertificate): Kafka =>
    headgateKafka(world, 'ledger', {
      headgate: {
        ...(certificate && { clientCertificate: { cert: certificate.certPem, key: certificate.keyPem } }),
      },
    })
  const producer = kafka(own).producer()
  await producer.connect()
  await producer.send({ topic: 'ledger', messages: [{ value: 'by the client' }] })
  await producer.disconnect()
  await expect(kafka().producer().connect()).rejects.toMatchObject({
    code: 'ERR_KAFKAJS_IDENTITY_REFUSED',
    message: expect.stringContaining('certificate'),
  })
})

test('a certificate that is replaced in its files is taken up: connections are made anew, and no call fails', {
  timeout: 90_000,
}, async () => {
  const folder = dirname(world.files.configPath)
  const files = { cert: join(folder, 'ledger.pem'), key: join(folder, 'ledger-key.pem') }
  const put = async ({ certPem, keyPem }: ClientCertificate): Promise<void> => {
    await writeFile(files.key, keyPem)
    await writeFile(files.cert, certPem)
  }
  await put(own)
  const kafka = headgateKafka(world, 'ledger', {
    headgate: { clientCertificate: files, identity: tokenCallback(() => world.identity.tokenFor('ledger')) },
  })
  const [producer, consumer] = [kafka.producer(), kafka.consumer({ groupId: 'ledger-rotation' })]
  let read = 0
  await Promise.all([producer.connect(), consumer.connect()])
  await consumer.subscribe({ topics: ['ledger'] })
  await consumer.run({
    eachMessage: async () => {
      read += 1
    },
  })
  const failures: unknown[] = []
  const send = (): Promise<unknown> =>
    producer.send({ topic: 'ledger', messages: [{ value: 'x' }] }).catch((error: unknown) => failures.push(error))
  const afterSend =
    (figure: () => number): (() => Promise<number>) =>
    async () => {
      await send()
      return figure()
    }
  const isOfOther = (line: { event?: string; code?: string }): boolean =>
    line.event === 'sign-in' && line.code === 'ERR_GATEWAY_TOKEN_CERTIFICATE'
  const refused = (): number => world.logLines.filter(isOfOther).length
  const accepted = (): number =>
    world.logLines.filter(({ event, decision }) => event === 'sign-in' && decision === 'allow').length
  try {
    await expect
      .poll(
        afterSend(() => read),
        { timeout: 30_000 },
      )
      .toBeGreaterThan(0)
    const [before, signedIn] = [refused(), accepted()]
    await put(await world.createClientCertificate('ledger'))
    await expect
      .poll(
        afterSend(() => accepted() - signedIn),
        { timeout: 40_000 },
      )
      .toBeGreaterThan(1)
    const readThen = read
    await expect
      .poll(
        afterSend(() => read),
        { timeout: 30_000 },
      )
      .toBeGreaterThan(readThen)
    expect(failures).toEqual([])
    expect(refused() - before).toBeLessThan(10)
    expect(
      kafka
        .access()
        .health()
        .consumers.map(({ state }) => state),
    ).toEqual(['running'])
  } finally {
    await Promise.all([producer.disconnect(), consumer.disconnect()])
  }
})
