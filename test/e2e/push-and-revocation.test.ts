import { request } from 'node:https'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { headgateKafka, plainKafka } from '../clients/kafkajs-clients.ts'
import { startWorld, type World } from '../world/start-world.ts'

const policyOf = (...topics: readonly string[]): string => `
rules:
  - id: orders-service
    who: { subjects: [orders] }
    may: { produce: [${topics}], consume: [${topics}], as: ["orders-*"] }
`
const WITHIN = { timeout: 1_000, interval: 10 }

let world: World
beforeAll(async () => {
  world = await startWorld({
    clients: [
      { clientId: 'orders', groups: [] },
      { clientId: 'guard', groups: ['security'] },
    ],
    topics: [
      { topic: 'orders', partitions: 1 },
      { topic: 'invoices', partitions: 1 },
    ],
    policy: policyOf('orders'),
    sections: {
      tokens: {
        signingKey: { file: 'token-key.jwk.json' },
        revokers: [{ issuer: 'corp', group: 'security' }],
      },
    },
  })
})
afterAll(() => world?.close())

function ask(path: string, form: Readonly<Record<string, string>>, token?: string): Promise<[number, string]> {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  return new Promise((resolve, reject) => {
    const sent = request(`${world.httpUrl}${path}`, { method: 'POST', headers, ca: world.ca.pem }, async (answer) => {
      let text = ''
      for await (const chunk of answer) text += String(chunk)
      resolve([answer.statusCode ?? 0, text])
    })
    sent.on('error', reject).end(new URLSearchParams(form).toString())
  })
}

function exchange(subjectToken: string): Promise<[number, string]> {
  return ask('/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  })
}

async function gatewayToken(clientId: string): Promise<string> {
  const [, text] = await exchange(await world.identity.tokenFor(clientId))
  return (JSON.parse(text) as { access_token: string }).access_token
}

test('a changed policy is in force in a connected client within a second, both ways [bundle-push]', async () => {
  const kafka = headgateKafka(world, 'orders')
  const revisions: number[] = []
  kafka.on('headgate.bundle', ({ payload }) => void revisions.push(payload.revision))
  const producer = kafka.producer()
  await producer.connect()
  try {
    await expect(producer.send({ topic: 'invoices', messages: [{ value: 'early' }] })).rejects.toThrow()
    const before = revisions.length
    await world.setPolicy(policyOf('orders', 'invoices'))
    await expect.poll(() => revisions.length, WITHIN).toBe(before + 1)
    await producer.send({ topic: 'invoices', messages: [{ value: 'allowed by now' }] })
    await world.setPolicy(policyOf('orders'))
    await expect.poll(() => revisions.length, WITHIN).toBe(before + 2)
    await expect(producer.send({ topic: 'invoices', messages: [{ value: 'late' }] })).rejects.toMatchObject({
      code: 'ERR_KAFKAJS_DENIED',
    })
  } finally {
    await producer.disconnect()
  }
})

test('a revoked session has no rights on its live connections within a second, and a new sign-in with its token is 58 [session-revoked]', async () => {
  const token = await gatewayToken('orders')
  const kafka = plainKafka(world, 'orders', {
    sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: token }) },
    retry: { retries: 1 },
  })
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: 'orders-revoked', retry: { retries: 8 } })
  const read: string[] = []
  await producer.connect()
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void read.push(String(message.value)) })
  try {
    await producer.send({ topic: 'orders', messages: [{ value: 'before' }] })
    await expect.poll(() => read, { timeout: 15_000 }).toContain('before')
    const sid = String(decodeJwt(token)['sid'])
    const guard = await world.identity.tokenFor('guard')
    expect(await ask('/revoke', { token: sid }, guard)).toEqual([200, ''])
    const isCut = (line: { event?: string; sessionId?: string; code?: string }): boolean =>
      line.event === 'closed' && line.sessionId === sid && line.code === 'ERR_GATEWAY_SESSION_EXPIRED'
    await expect(producer.send({ topic: 'orders', messages: [{ value: 'after' }] })).rejects.toThrow()
    await expect.poll(() => world.logLines.filter(isCut).length, WITHIN).toBeGreaterThan(0)
    await expect(kafka.producer().connect()).rejects.toThrow(/its session was revoked/)
    expect(world.logLines).toContainEqual(
      expect.objectContaining({ event: 'sign-in', decision: 'deny', code: 'ERR_GATEWAY_TOKEN_REVOKED' }),
    )
    const others = headgateKafka(world, 'orders').producer()
    await others.connect()
    await others.send({ topic: 'orders', messages: [{ value: 'of another session' }] })
    await others.disconnect()
    expect(read).not.toContain('of another session')
  } finally {
    await Promise.allSettled([producer.disconnect(), consumer.disconnect()])
  }
})

test("the identity provider's token of a revoked session begins no other, at /token or at the Kafka listener [subject-token-refused]", async () => {
  const guard = await world.identity.tokenFor('guard')
  const connect = async (value: string): Promise<string> => {
    const kafka = plainKafka(world, 'orders', {
      sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value }) },
      retry: { retries: 0 },
    })
    const producer = kafka.producer()
    const outcome = await producer.connect().then(
      () => 'signed in',
      ({ message }) => message,
    )
    await producer.disconnect()
    return outcome
  }
  const sessionOfLast = (): string =>
    String(
      world.logLines.filter(({ event, decision }) => event === 'sign-in' && decision === 'allow').at(-1)?.sessionId,
    )

  const exchanged = await world.identity.tokenFor('orders')
  const [, text] = await exchange(exchanged)
  await ask('/revoke', { token: (JSON.parse(text) as { access_token: string }).access_token }, guard)
  expect((await exchange(exchanged))[0]).toBe(400)
  expect(await connect(exchanged)).toMatch(/its session was revoked/)

  const shown = await world.identity.tokenFor('orders')
  expect(await connect(shown)).toBe('signed in')
  await ask('/revoke', { token: sessionOfLast() }, guard)
  expect(await connect(shown)).toMatch(/its session was revoked/)
  expect((await exchange(shown))[0]).toBe(400)
  expect(await connect(await world.identity.tokenFor('orders'))).toBe('signed in')
})

test('a client of Headgate whose session was revoked goes on in another one, without a denial', async () => {
  const kafka = headgateKafka(world, 'orders')
  const [producer, consumer] = [kafka.producer(), kafka.consumer({ groupId: 'orders-goes-on' })]
  const read: string[] = []
  const trouble: unknown[] = []
  kafka.on('headgate.denied', ({ payload }) => void trouble.push(payload))
  await Promise.all([producer.connect(), consumer.connect()])
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void read.push(String(message.value)) })
  const isIssued = (line: { event?: string; decision?: string }): boolean =>
    line.event === 'token-exchange' && line.decision === undefined
  const sid = String(world.logLines.filter(isIssued).at(-1)?.sessionId)
  try {
    await producer.send({ topic: 'orders', messages: [{ value: 'one' }] })
    await expect.poll(() => read, { timeout: 30_000 }).toContain('one')
    await ask('/revoke', { token: sid }, await world.identity.tokenFor('guard'))
    await producer.send({ topic: 'orders', messages: [{ value: 'two' }] })
    expect(String(world.logLines.filter(isIssued).at(-1)?.sessionId)).not.toBe(sid)
    await expect.poll(() => read, { timeout: 30_000 }).toContain('two')
    expect([
      trouble,
      kafka
        .access()
        .health()
        .consumers.map(({ state }) => state),
    ]).toEqual([[], ['running']])
  } finally {
    await Promise.all([producer.disconnect(), consumer.disconnect()])
  }
})
