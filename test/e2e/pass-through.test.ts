import { readFile, writeFile } from 'node:fs/promises'
import { Kafka, type KafkaConfig, type SASLOptions } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { startHeadgate } from '../clients/headgate.ts'
import { consoleConsume } from '../clients/java.ts'
import { kcat } from '../clients/kcat.ts'
import { newCredential } from '../kafka/credential.ts'
import { until } from '../kafka/until.ts'
import { needsPart } from '../reporter/parts.ts'
import { plantSecret } from '../sweep/recorder.ts'
import type { LogLine } from '../world/log-collector.ts'
import { startWorld, type World } from '../world/start-world.ts'
import { connected } from './modes-workload.ts'

const AUDITOR = 'security'
const ALICE = newCredential('alice')
const CARL = newCredential('carl')
const LOGIN = 'org.apache.kafka.common.security'
const POLICY = `
rules:
  - id: security-asks
    who: { issuers: [corp], subjects: [${AUDITOR}] }
    may: { cluster: [read-audit], produce: [legacy] }
`
const allowed = (operation: 'read' | 'write' | 'describe', resourceType: 'topic' | 'group', resourceName: string) => ({
  ...{ user: ALICE.username, operation, resourceType, resourceName },
})

let world: World

beforeAll(async () => {
  for (const { password } of [ALICE, CARL]) plantSecret(password)
  world = await startWorld({
    clients: [{ clientId: AUDITOR, groups: [] }],
    topics: ['legacy', 'forbidden', 'open'].map((topic) => ({ topic, partitions: 1 })),
    policy: POLICY,
    scramUsers: [ALICE],
    acls: [
      allowed('write', 'topic', 'legacy'),
      allowed('read', 'topic', 'legacy'),
      allowed('write', 'topic', 'open'),
      allowed('read', 'group', 'alice'),
      { ...allowed('write', 'topic', 'legacy'), user: CARL.username },
      { ...allowed('write', 'topic', 'legacy'), user: 'otto' },
    ],
    kafkaProperties: {
      'listener.name.scram.sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512,PLAIN,OAUTHBEARER',
      'listener.name.scram.plain.sasl.jaas.config': `${LOGIN}.plain.PlainLoginModule required user_${CARL.username}="${CARL.password}";`,
      'listener.name.scram.oauthbearer.sasl.jaas.config': `${LOGIN}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="none";`,
      'listener.name.scram.scram-sha-256.connections.max.reauth.ms': '4000',
    },
    sections: { modes: { default: 'observe' } },
    configure: (config) => ({
      ...config,
      listener: { ...config.listener, passThrough: true },
      // Nobody else takes PLAIN.
      issuers: config.issuers.map((issuer) => ({ ...issuer, clientCredentials: undefined })),
    }),
  })
}, 120_000)

afterAll(() => world?.close())

async function setModes(modes: object): Promise<void> {
  const { configPath } = world.files
  const config = parse(await readFile(configPath, 'utf8')) as object
  await writeFile(configPath, stringify({ ...config, modes }, { aliasDuplicateObjects: false }))
  expect(world.gateway.reload().outcome).not.toBe('refused')
}

function kafka(sasl: SASLOptions, config: Partial<KafkaConfig> = {}): Kafka {
  const tls = { brokers: [world.bootstrap], ssl: { ca: [world.ca.pem] } }
  return new Kafka({ clientId: 'old-app', ...tls, sasl, logLevel: 0, retry: { retries: 2 }, ...config })
}

const scram = (mechanism: 'scram-sha-256' | 'scram-sha-512', credential = ALICE): SASLOptions => ({
  mechanism,
  ...credential,
})

/** A token that a broker with its default, unsecured validation takes. */
const unsecured = async (): Promise<{ value: string }> => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const seconds = Math.floor(Date.now() / 1_000)
  return { value: `${part({ alg: 'none' })}.${part({ sub: 'otto', iat: seconds, exp: seconds + 300 })}.` }
}

/** What became of a record that is written: `passed`, or the type of the error. */
async function write(client: Kafka, topic: string): Promise<unknown> {
  const producer = client.producer()
  try {
    await connected(producer, () => producer.send({ topic, messages: [{ value: 'from an old app' }] }))
    return 'passed'
  } catch (error) {
    const { type, name, cause } = error as { type?: string; name: string; cause?: { type?: string; name: string } }
    return type ?? cause?.type ?? cause?.name ?? name
  }
}

const logged = (event: string): readonly LogLine[] => world.logLines.filter((line) => line.event === event)

test('SCRAM, PLAIN and OAUTHBEARER of the brokers pass through, and who signs in is who the brokers know [observe-pass-through]', async () => {
  expect(await write(kafka(scram('scram-sha-512')), 'legacy')).toBe('passed')
  expect(await write(kafka({ mechanism: 'plain', ...CARL }), 'legacy')).toBe('passed')
  expect(await write(kafka({ mechanism: 'oauthbearer', oauthBearerProvider: unsecured }), 'legacy')).toBe('passed')
  for (const [mechanism, principal] of [
    ['SCRAM-SHA-512', 'alice'],
    ['PLAIN', 'carl'],
    ['OAUTHBEARER', 'otto'],
  ])
    expect(logged('sign-in')).toContainEqual(
      expect.objectContaining({ mechanism, principal, issuer: 'brokers:demo', decision: 'allow' }),
    )
}, 60_000)

test('a credential that the brokers refuse is refused, and no password is told', async () => {
  const wrong = newCredential('alice')
  plantSecret(wrong.password)
  expect(await write(kafka(scram('scram-sha-512', wrong)), 'legacy')).toBe('KafkaJSSASLAuthenticationError')
  expect(await write(kafka({ mechanism: 'plain', ...wrong }), 'legacy')).toBe('KafkaJSSASLAuthenticationError')
  expect(logged('sign-in')).toContainEqual(
    expect.objectContaining({ decision: 'deny', code: 'ERR_GATEWAY_BROKERS_REFUSED' }),
  )
  const told = JSON.stringify(world.logLines)
  for (const { password } of [ALICE, CARL, wrong]) expect(told).not.toContain(password)
}, 60_000)

test('tokens for the gateway are taken on the same listener', async () => {
  const oauthBearerProvider = async () => ({ value: await world.identity.tokenFor(AUDITOR) })
  expect(await write(kafka({ mechanism: 'oauthbearer', oauthBearerProvider }), 'legacy')).toBe('passed')
  expect(logged('sign-in')).toContainEqual(expect.objectContaining({ principal: AUDITOR, issuer: 'corp' }))
}, 60_000)

test("the brokers' own rules still hold, and what they refuse is not drafted", async () => {
  expect(await write(kafka(scram('scram-sha-512')), 'forbidden')).toBe('TOPIC_AUTHORIZATION_FAILED')
  const sasl = { mechanism: 'SCRAM-SHA-512' as const, ...ALICE }
  const connection = { bootstrap: world.bootstrap, caPath: world.ca.path, sasl }
  const read = await consoleConsume(connection, 'legacy', { group: 'alice', maxMessages: 1 })
  expect(read.stdout).toContain('from an old app')
  const draft = startHeadgate(['policy', 'draft', '--issuer', 'brokers:demo'], {
    HEADGATE_GATEWAY: world.httpUrl,
    HEADGATE_CA: world.ca.path,
    HEADGATE_TOKEN: await world.identity.tokenFor(AUDITOR),
  })
  expect(await draft.ended).toBe(0)
  const { rules } = parse(draft.out()) as { rules: readonly { who: object; may: object }[] }
  const who = (subject: string): object => ({ issuers: ['brokers:demo'], subjects: [subject] })
  expect(rules.map(({ who: of, may }) => ({ who: of, may }))).toEqual([
    { who: who('alice'), may: { consume: ['legacy'], produce: ['legacy'], as: ['alice'] } },
    { who: who('carl'), may: { produce: ['legacy'] } },
    { who: who('otto'), may: { produce: ['legacy'] } },
  ])
}, 120_000)

test('kcat passes through, and the brokers tell it what they tell everybody', async (context) => {
  needsPart(context, 'kcat')
  // Its SCRAM gives the nonce twice, which Kafka takes no longer (CVE-2024-56128), with or without a gateway.
  const sasl = { mechanism: 'PLAIN' as const, ...CARL }
  const connection = { bootstrap: world.bootstrap, caPath: world.ca.path, sasl }
  const written = await kcat(connection, ['-P', '-t', 'legacy'], { input: 'by kcat\n' })
  expect(written.stderr).toBe('')
  expect(written).toMatchObject({ code: 0 })
  const wrong = await kcat({ ...connection, sasl: { ...sasl, password: 'not-this-one' } }, ['-L'])
  expect(wrong.code).not.toBe(0)
  expect(wrong.stderr).toMatch(/authentication/i)
}, 60_000)

test('signing in again passes through too, on the same connection', async () => {
  const producer = kafka(scram('scram-sha-256'), { reauthenticationThreshold: 2_500 }).producer()
  await connected(producer, async () => {
    const again = (): boolean =>
      logged('re-authentication').some(({ principal, decision }) => principal === 'alice' && decision === 'allow')
    await until('alice to sign in again', async () => {
      await producer.send({ topic: 'legacy', messages: [{ value: 'again' }] })
      return again()
    })
    await producer.send({ topic: 'legacy', messages: [{ value: 'after' }] })
  })
}, 60_000)

test('what is enforced is granted to such a name only by a rule that names its issuer', async () => {
  await world.setPolicy(`${POLICY}  - { id: everyone, who: everyone, may: { produce: [open] } }\n`)
  await setModes({ topics: [{ match: ['legacy'], mode: 'observe' }] })
  const client = kafka(scram('scram-sha-512'))
  expect(await write(client, 'legacy')).toBe('passed')
  expect(await write(client, 'open')).toBe('TOPIC_AUTHORIZATION_FAILED')
  await world.setPolicy(`${POLICY}  - { id: old, who: { issuers: ["brokers:demo"] }, may: { produce: [open] } }\n`)
  expect(await write(client, 'open')).toBe('passed')
}, 60_000)

test('where nothing is observed any more, live connections end and new ones are refused', async () => {
  await setModes({ default: 'observe' })
  const producer = kafka(scram('scram-sha-512'), { retry: { retries: 0 } }).producer()
  const send = (): Promise<unknown> => producer.send({ topic: 'legacy', messages: [{ value: 'x' }] })
  await producer.connect()
  await send()
  await setModes({ default: 'warn' })
  await expect(send()).rejects.toThrow()
  await producer.disconnect()
  expect(logged('closed')).toContainEqual(
    expect.objectContaining({ principal: 'alice', code: 'ERR_GATEWAY_SESSION_EXPIRED' }),
  )
  expect(await write(kafka(scram('scram-sha-512')), 'legacy')).not.toBe('passed')
  expect(await write(kafka({ mechanism: 'plain', ...CARL }), 'legacy')).not.toBe('passed')
}, 60_000)
