import { type IdentityProvider, startIdentityProvider } from '@headgate/testkit'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClientConnection } from '../clients/connection.ts'
import type { HeadgateRun } from '../clients/headgate.ts'
import { consoleConsume, consoleProduce, consumerGroupsCommand, topicsCommand } from '../clients/java.ts'
import { kcat } from '../clients/kcat.ts'
import { RawClient } from '../clients/raw-client.ts'
import { until } from '../kafka/until.ts'
import { needsPart } from '../reporter/parts.ts'
import type { LogLine } from '../world/log-collector.ts'
import type { World } from '../world/start-world.ts'
import {
  createDesk,
  type Desk,
  followLogin,
  startConnect,
  startPeopleWorld,
  TOKEN_LIFE_SECONDS,
} from './people-world.ts'

const TEST_TIMEOUT_MS = 120_000
const SURVIVED_LIVES = 2.2

let world: World
let desk: Desk

beforeAll(async () => {
  world = await startPeopleWorld()
  desk = await createDesk(world)
})

afterAll(async () => {
  await desk?.remove()
  await world?.close()
})

const linesOfAda = (event: string): LogLine[] =>
  world.logLines.filter((line) => line.event === event && line.principal === 'ada')

describe('headgate login', { timeout: TEST_TIMEOUT_MS }, () => {
  test('an engineer signs in on another device, knowing nothing but the gateway [people-sign-in]', async () => {
    const login = desk.start('login')
    const page = await followLogin(login, 'ada')

    expect(page.text).toContain('You can close this page')
    expect(await login.ended).toBe(0)
    expect(login.out()).toMatch(/^signed in at https:\S+ as ada of corp, groups payments-leads, engineers$/m)
    const whoami = await desk.run('whoami', '--json')
    expect(JSON.parse(whoami.out)).toMatchObject({ issuer: 'corp', subject: 'ada', isRenewed: true })
    expect(linesOfAda('token-exchange').length).toBeGreaterThan(0)
  })

  test('or in a browser of this machine, by code flow [people-sign-in]', async () => {
    const other = await createDesk(world)
    try {
      const login = other.start('login', '--flow', 'code')
      const page = await followLogin(login, 'grace')

      expect(page).toMatchObject({ status: 200, text: expect.stringContaining('You are signed in') })
      expect(await login.ended).toBe(0)
      expect((await other.run('whoami')).out).toContain('grace of corp')
      expect((await other.run('logout')).out).toContain('the identity provider has forgotten it')
      expect((await other.run('whoami')).error).toContain('ERR_CLI_NOT_SIGNED_IN')
    } finally {
      await other.remove()
    }
  })

  test.each(['device', 'code'])('who does not allow it is told so (%s)', async (flow) => {
    const login = desk.start('login', '--flow', flow)
    await followLogin(login, 'linus', { refuses: 'deny' })

    expect(await login.ended).toBe(1)
    expect(login.error()).toContain('(ERR_CLI_LOGIN_DENIED)')
    expect((await desk.run('whoami')).out).toContain('ada of corp')
  })

  test('a code that nobody used in its time', async () => {
    let short: IdentityProvider | undefined
    try {
      short = await startIdentityProvider({ clients: [], audience: 'headgate', deviceCodeSeconds: 2 })
      const login = await desk.run('login', '--issuer', short.issuer, '--client-id', short.loginClientId)

      expect(login).toMatchObject({ code: 1, error: expect.stringContaining('(ERR_CLI_LOGIN_EXPIRED)') })
    } finally {
      await short?.close()
    }
  })

  test('a token of an issuer that the gateway does not know is not kept', async () => {
    let foreign: IdentityProvider | undefined
    const other = await createDesk(world)
    try {
      foreign = await startIdentityProvider({ clients: [], audience: 'headgate', hasDeviceFlow: false })
      const login = other.start('login', '--issuer', foreign.issuer, '--client-id', foreign.loginClientId)
      await followLogin(login, 'ada')

      expect(await login.ended).toBe(1)
      expect(login.error()).toContain('(ERR_CLI_EXCHANGE_REFUSED)')
      expect((await other.run('whoami')).error).toContain('ERR_CLI_NOT_SIGNED_IN')
    } finally {
      await other.remove()
      await foreign?.close()
    }
  })
})

describe.concurrent('headgate connect', { timeout: TEST_TIMEOUT_MS }, () => {
  let run: HeadgateRun
  let connection: ClientConnection

  beforeAll(async () => {
    ;({ run, connection } = await startConnect(desk))
  })
  afterAll(async () => {
    run?.child.kill('SIGTERM')
    await run?.ended
  })

  test('Kafka’s own tools work without any configuration, under her rights and her name [people-connect]', async () => {
    const produced = await consoleProduce(connection, 'orders', ['java one', 'java two', 'java three'])
    expect(produced).toMatchObject({ code: 0 })
    const consumed = await consoleConsume(connection, 'orders', { group: 'engineers-java', maxMessages: 3 })
    expect(consumed.stdout.split('\n').filter(Boolean).sort()).toEqual(['java one', 'java three', 'java two'])
    const groups = await consumerGroupsCommand(connection, ['--describe', '--group', 'engineers-java'])
    expect(groups.stdout).toContain('engineers-java')

    expect((await topicsCommand(connection, ['--list'])).stdout.trim().split('\n')).toEqual([
      'orders',
      'orders.kcat',
      'orders.long',
    ])
    const refused = await consoleConsume(connection, 'payments', { maxMessages: 1, idleMs: 5_000 })
    expect(refused.stdout + refused.stderr).toMatch(/authoriz/i)
    expect(linesOfAda('denial')).toContainEqual(expect.objectContaining({ resourceName: 'payments' }))
    expect(linesOfAda('sign-in').every(({ issuer, decision }) => issuer === 'corp' && decision === 'allow')).toBe(true)
  })

  test('kcat too, and it sees three brokers on this machine and no others [people-connect]', async (context) => {
    needsPart(context, 'kcat')
    const listed = await kcat(connection, ['-L'])
    const brokers = [...listed.stdout.matchAll(/broker \d+ at (\S+)/g)].map(([, address = '']) => address)
    expect(new Set(brokers).size).toBe(3)
    expect(brokers.filter((address) => !address.startsWith('127.0.0.1:'))).toEqual([])
    expect(listed.stdout).toContain('topic "orders.kcat"')
    expect(listed.stdout).not.toContain('payments')

    const produced = await kcat(connection, ['-P', '-t', 'orders.kcat', '-k', 'kcat'], {
      input: 'kcat one\nkcat two\n',
    })
    expect(produced).toMatchObject({ code: 0 })
    const consumed = await kcat(connection, ['-C', '-t', 'orders.kcat', '-o', 'beginning', '-e', '-q'])
    expect(consumed.stdout.split('\n')).toEqual(expect.arrayContaining(['kcat one', 'kcat two']))
    const refused = await kcat(connection, ['-C', '-t', 'payments', '-e', '-q'])
    expect(refused.stderr).toMatch(/authoriz/i)
  })

  test('a consumer goes on over the ends of its tokens, on the connections that it has [people-connect]', async () => {
    const before = linesOfAda('re-authentication').length
    const count = 8
    const consuming = consoleConsume(connection, 'orders.long', {
      group: 'engineers-long',
      maxMessages: count,
      idleMs: 60_000,
      timeoutMs: TEST_TIMEOUT_MS,
    })
    const kafka = new Kafka({ brokers: [connection.bootstrap], clientId: 'long', logLevel: logLevel.NOTHING })
    const producer = kafka.producer({ retry: { retries: 0 } })
    let disconnects = 0
    producer.on('producer.disconnect', () => {
      disconnects += 1
    })
    const client = await RawClient.connect({ host: '127.0.0.1', port: Number(connection.bootstrap.split(':')[1]) })
    try {
      await producer.connect()
      for (let number = 0; number < count; number += 1) {
        const endMs = performance.now() + (SURVIVED_LIVES * TOKEN_LIFE_SECONDS * 1_000) / count
        await until('the next moment', () => performance.now() >= endMs)
        await producer.send({ topic: 'orders.long', messages: [{ value: `long ${number}` }] })
      }
      const { stdout } = await consuming
      expect(stdout.split('\n').filter(Boolean).sort()).toEqual(Array.from({ length: count }, (_, n) => `long ${n}`))
      expect(await client.request(3, 12, { topics: [] })).toMatchObject({ brokers: expect.any(Array) })
      expect(disconnects).toBe(0)
    } finally {
      client.close()
      await producer.disconnect()
    }
    const renewals = linesOfAda('re-authentication').slice(before)
    const connections = [...new Set(renewals.map(({ connectionId }) => connectionId))]
    const counts = connections.map((id) => renewals.filter(({ connectionId }) => connectionId === id).length)
    expect(renewals.every(({ decision }) => decision === 'allow')).toBe(true)
    expect(counts.filter((times) => times >= 2).length).toBeGreaterThan(1)
    expect(run.error()).toBe('')
  })

  test('when the gateway goes, its clients are cut and the person is told why; when it is asked anew, too', async () => {
    const own = await startPeopleWorld({ brokers: 1, tokenLifetimeSeconds: 300 })
    const other = await createDesk(own)
    let connect: HeadgateRun | undefined
    try {
      const login = other.start('login', '--flow', 'code')
      await followLogin(login, 'ada')
      expect(await login.ended).toBe(0)
      const started = await startConnect(other)
      connect = started.run
      const port = Number(started.connection.bootstrap.split(':')[1])
      const client = await RawClient.connect({ host: '127.0.0.1', port })
      await client.request(3, 12, { topics: [] })
      await own.gateway.close()
      await client.closed()
      await connect.wrote(/the gateway ended a connection/)
      const late = await RawClient.connect({ host: '127.0.0.1', port })
      await late.closed()
      await connect.wrote(/ECONNREFUSED/)

      expect(connect.error()).not.toMatch(/eyJ|secret/i)
      const again = await other.run('connect', '--listen', '127.0.0.1:0', '--json')
      expect(again.code).toBe(1)
      expect(JSON.parse(again.out)).toMatchObject({ ok: false, code: 'ERR_CLI_UNREACHABLE' })
    } finally {
      connect?.child.kill('SIGTERM')
      await connect?.ended
      await other.remove()
      await own.close()
    }
  })
})
