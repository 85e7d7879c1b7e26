import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@headgate/core'
import { clientCredentials, type IdentitySource, Kafka, logLevel, samlAssertion } from '@headgate/kafkajs'
import { decodeJwt, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askGateway } from '../clients/gateway-api.ts'
import { until } from '../kafka/until.ts'
import { type Keycloak, startKeycloak } from '../keycloak/keycloak.ts'
import { LEDGER, PERSON, SAML_CLIENT, SHOP } from '../keycloak/keycloak-realm.ts'
import { startWorld, type World } from '../world/start-world.ts'

const AUDIENCE = 'headgate'
const TOPIC = 'orders'
const POLICY = `
rules:
  - id: sellers-write-and-read-orders
    who: { issuers: [keycloak, keycloak-saml], groups: [sellers] }
    may: { produce: [${TOPIC}], consume: [${TOPIC}], as: ["keycloak-*"] }
  - id: leads-of-saml-read-payments
    who: { issuers: [keycloak-saml], groups: [leads] }
    may: { consume: [payments], as: ["keycloak-*"] }
`

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
let folder: string
let keycloak: Keycloak
let world: World

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-keycloak-'))
  const ledgerKey: JWK = { ...(publicKey.export({ format: 'jwk' }) as JWK), kid: 'ledger-1', alg: 'ES256', use: 'sig' }
  const onProgress = (text: string): void => void process.stdout.write(`${text}\n`)
  keycloak = await startKeycloak(AUDIENCE, ledgerKey, onProgress)
  const certificatePath = join(folder, 'keycloak-saml.pem')
  await writeFile(certificatePath, keycloak.samlCertificatePem)
  world = await startWorld({
    clients: [],
    topics: [
      { topic: TOPIC, partitions: 1 },
      { topic: 'payments', partitions: 1 },
    ],
    policy: POLICY,
    onProgress,
    sections: {
      issuers: [
        {
          name: 'keycloak',
          issuer: keycloak.issuer,
          audiences: [AUDIENCE],
          algorithms: ['ES256'],
          groupsClaim: 'groups',
        },
      ],
      samlIssuers: [
        {
          name: 'keycloak-saml',
          entityId: keycloak.samlEntityId,
          certificates: { current: certificatePath },
          audiences: [SAML_CLIENT],
          nameIdFormats: ['unspecified'],
          groupsAttribute: 'groups',
        },
      ],
    },
  })
  await keycloak.addSamlClient(`${world.httpUrl}/token`)
})

afterAll(async () => {
  await world?.close()
  await keycloak?.close()
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

function connect(clientId: string, identity: IdentitySource): Kafka {
  return new Kafka({
    clientId,
    logLevel: logLevel.NOTHING,
    headgate: {
      gateway: world.httpUrl,
      bundleKeys: [world.files.bundleKeyThumbprint],
      ca: world.ca.path,
      insecure: true,
      identity,
    },
  })
}

/** Writes a record as somebody and reads it back as the same. */
async function writeAndRead(clientId: string, identity: IdentitySource): Promise<void> {
  const kafka = connect(clientId, identity)
  const value = `${clientId} ${Date.now()}`
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: TOPIC, messages: [{ value }] })
  await producer.disconnect()
  const consumer = kafka.consumer({ groupId: `keycloak-${clientId}` })
  const read: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void read.push(`${message.value}`) })
  await until('the record', () => read.includes(value), { timeoutMs: 60_000 })
  await consumer.disconnect()
}

async function exchange(subjectToken: string, type: string): Promise<Record<string, unknown>> {
  const tokenType = `urn:ietf:params:oauth:token-type:${type}`
  const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange' }
  const form = { ...grant, subject_token: subjectToken, subject_token_type: tokenType }
  const answer = await askGateway(world, '/token', { method: 'POST', form })
  return { status: answer.status, ...answer.json<Record<string, unknown>>() }
}

describe('with the tokens and assertions of Keycloak', () => {
  test('a client with a secret writes and reads by its groups [keycloak-oidc]', async () => {
    const { clientId, secret: clientSecret } = SHOP
    await writeAndRead(clientId, clientCredentials({ issuer: keycloak.issuer, clientId, clientSecret }))
  })

  test('a client with a key (`private_key_jwt`) writes and reads by its groups [keycloak-oidc]', async () => {
    const key = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'ledger-1' })
    await writeAndRead(LEDGER, clientCredentials({ issuer: keycloak.issuer, clientId: LEDGER, privateKey: key }))
  })

  test('a person with a SAML assertion writes and reads by her groups [keycloak-saml]', async () => {
    await writeAndRead(
      PERSON.username,
      samlAssertion(() => keycloak.samlAssertion()),
    )
    const issued = world.logLines.find(({ principal, message }) => principal === 'ada' && message === 'token issued')
    expect(issued).toMatchObject({ issuer: 'keycloak-saml' })
  })

  test('an access token says who it is for, in the words of Keycloak', async () => {
    const { clientId, secret: clientSecret } = SHOP
    const source = clientCredentials({ issuer: keycloak.issuer, clientId, clientSecret })
    const { token } = await source.getToken({ clock: systemClock, insecure: true })
    expect(decodeJwt(token.reveal())).toMatchObject({ groups: ['sellers'], iss: keycloak.issuer })
  })

  test('S10: an assertion is exchanged once, and a changed one never [keycloak-saml]', async () => {
    const xml = await keycloak.samlAssertion()
    const encode = (text: string): string => Buffer.from(text).toString('base64url')
    const changed = await exchange(encode(xml.replace('>ada<', '>eve<')), 'saml2')
    expect(changed).toMatchObject({ status: 400, error: 'invalid_request' })
    const first = await exchange(encode(xml), 'saml2')
    const { groups, ...claims } = decodeJwt<{ groups: string[] }>(String(first['access_token']))
    expect(claims).toMatchObject({ sub: 'ada', idp: 'keycloak-saml' })
    expect(groups.toSorted()).toEqual(['leads', 'sellers'])
    expect(await exchange(encode(xml), 'saml2')).toMatchObject({ status: 400, error: 'invalid_request' })
  })

  test('a rule for the one issuer grants nothing to the other', async () => {
    const { clientId, secret: clientSecret } = SHOP
    const service = connect(clientId, clientCredentials({ issuer: keycloak.issuer, clientId, clientSecret }))
    const person = connect(
      'ada',
      samlAssertion(() => keycloak.samlAssertion()),
    )
    expect(await service.access().can('consume', 'payments')).toBe(false)
    expect(await person.access().can('consume', 'payments')).toBe(true)
  })
})
