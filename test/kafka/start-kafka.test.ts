import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCertificates } from '../certificates/certificates.ts'
import { HOST } from './broker-properties.ts'
import { externalKafka } from './external-kafka.ts'
import { freePorts } from './ports.ts'
import { runningProcesses } from './process-table.ts'
import { type KafkaCluster, startKafka } from './start-kafka.ts'
import { until } from './until.ts'

const USER = { username: 'app', password: 'app-password' }

function client(bootstrap: string, settings: Partial<KafkaConfig> = {}): Kafka {
  return new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.NOTHING, retry: { retries: 0 }, ...settings })
}

function signedIn(bootstrap: string, credential: typeof USER, settings: Partial<KafkaConfig> = {}): Kafka {
  return client(bootstrap, { sasl: { mechanism: 'scram-sha-256', ...credential }, ...settings })
}

async function produce(kafka: Kafka, topic: string): Promise<string> {
  const producer = kafka.producer()
  try {
    await producer.connect()
    await producer.send({ topic, acks: -1, messages: [{ value: 'x' }] })
    return 'written'
  } catch (error) {
    return (error as Error).message
  } finally {
    await producer.disconnect()
  }
}

describe('one broker', () => {
  let cluster: KafkaCluster
  let caPem: string

  beforeAll(async () => {
    const tls = await createCertificates({ hosts: [HOST] })
    caPem = tls.caPem
    cluster = await startKafka({
      scramUsers: [USER],
      tls,
      acls: [{ user: 'app', operation: 'write', resourceType: 'topic', resourceName: 'app.', patternType: 'prefixed' }],
    })
    await cluster.createTopics([
      { topic: 'app.orders', partitions: 2 },
      { topic: 'foreign', partitions: 1 },
    ])
  })

  afterAll(() => cluster?.stop())

  test('a user may do what its rules allow and nothing else', async () => {
    const app = signedIn(cluster.scramBootstrap, USER)

    expect(await produce(app, 'app.orders')).toBe('written')
    expect(await produce(app, 'foreign')).toMatch(/not authorized/i)
  })

  test('a rule is in force when its creation returns', async () => {
    await cluster.createAcls([{ user: 'app', operation: 'write', resourceType: 'topic', resourceName: 'foreign' }])

    expect(await produce(signedIn(cluster.scramBootstrap, USER), 'foreign')).toBe('written')
  })

  test('nobody comes in without a password or with a wrong one', async () => {
    const wrong = signedIn(cluster.scramBootstrap, { ...USER, password: 'wrong' })

    expect(await produce(client(cluster.scramBootstrap), 'app.orders')).not.toBe('written')
    expect(await produce(wrong, 'app.orders')).toMatch(/authentication failed/i)
    expect(cluster.plaintextBootstrap).toBeUndefined()
  })

  test('no port of the broker takes a client that does not sign in', async () => {
    const ports = await boundPorts(cluster.brokers[0]?.pid ?? 0)

    expect(ports).toHaveLength(4)
    for (const port of ports) expect(await produce(client(`${HOST}:${port}`), 'app.orders')).not.toBe('written')
  })

  test('the TLS listener takes the same users, from clients that know the authority', async () => {
    const bootstrap = cluster.tlsBootstrap ?? ''

    expect(await produce(signedIn(bootstrap, USER, { ssl: { ca: [caPem] } }), 'app.orders')).toBe('written')
    expect(await produce(signedIn(bootstrap, USER, { ssl: true }), 'app.orders')).toMatch(/certificate/i)
  })

  test('the gateway and the admin are super users', async () => {
    for (const credential of [cluster.gatewayCredential, cluster.adminCredential]) {
      expect(await produce(signedIn(cluster.scramBootstrap, credential), 'foreign')).toBe('written')
    }
  })

  test('the same cluster may be used as one that another started, and is left as it is', async () => {
    const { scramBootstrap: bootstrap, adminCredential: credential } = cluster
    const other = await externalKafka({ bootstrap, credential })

    await other.createTopics([{ topic: 'others', partitions: 2 }])
    await other.createTopics([{ topic: 'others', partitions: 2 }])
    await other.stop()

    expect(other.brokers).toMatchObject([{ id: 0, host: HOST, port: cluster.brokers[0]?.port }])
    await expect(other.kill(0)).rejects.toMatchObject({ code: 'ERR_TEST_NOT_IN_THIS_CLUSTER' })
    expect(await produce(signedIn(bootstrap, credential), 'others')).toBe('written')
  })

  test('a topic that exists is told by its code', async () => {
    const again = cluster.createTopics([{ topic: 'foreign', partitions: 1 }])

    await expect(again).rejects.toMatchObject({ code: 'ERR_TEST_BROKER_ANSWER', details: { errorCode: 36 } })
  })
})

test('three brokers replicate to one another and go on without one of them', async () => {
  const cluster = await startKafka({ brokers: 3 })
  try {
    await cluster.createTopics([{ topic: 'orders', partitions: 6 }])
    const admin = signedIn(cluster.scramBootstrap, cluster.adminCredential, { retry: { retries: 8 } })

    await cluster.kill(2)

    expect(isAlive(cluster.brokers[2]?.pid ?? 0)).toBe(false)
    await until('every partition to be led by another broker', () => isLedWithout(admin, 'orders', 2))
    expect(await produce(admin, 'orders')).toBe('written')
    await expect(cluster.kill(7)).rejects.toMatchObject({ code: 'ERR_TEST_NOT_IN_THIS_CLUSTER' })
  } finally {
    await cluster.stop()
  }
})

async function isLedWithout(kafka: Kafka, topic: string, brokerId: number): Promise<boolean> {
  const admin = kafka.admin()
  try {
    await admin.connect()
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics.every(({ partitions }) =>
      partitions.every(({ leader, replicas }) => replicas.length === 3 && leader >= 0 && leader !== brokerId),
    )
  } finally {
    await admin.disconnect()
  }
}

test('a broker that does not start tells its last words', async () => {
  const start = startKafka({ tls: { caPem: 'no', certPem: 'PEM', keyPem: 'file' } })

  await expect(start).rejects.toMatchObject({
    code: 'ERR_TEST_KAFKA_START',
    message: expect.stringMatching(/broker 0 ended[\s\S]*server\.pem/),
  })
})

test('a setting that Kafka does not take is told', async () => {
  const start = startKafka({ extraProperties: { 'num.io.threads': 'several' } })

  await expect(start).rejects.toMatchObject({
    code: 'ERR_TEST_JAVA_PROGRAM',
    message: expect.stringContaining('num.io.threads'),
  })
})

test('a port that somebody took is noticed, and others are tried', async () => {
  const [internal = 0, scram = 0, controller = 0] = await freePorts(3)
  const taker = createServer()
  await once(taker.listen(scram, HOST), 'listening')
  const told: string[] = []
  try {
    const start = startKafka({
      extraProperties: {
        listeners: `INTERNAL://${HOST}:${internal},SCRAM://${HOST}:${scram},CONTROLLER://${HOST}:${controller}`,
        'controller.quorum.voters': `0@${HOST}:${controller}`,
      },
      onProgress: (text) => told.push(text),
    })

    await expect(start).rejects.toMatchObject({ code: 'ERR_TEST_PORT_TAKEN' })
    expect(told.filter((text) => text.includes('trying others'))).toHaveLength(2)
  } finally {
    taker.close()
  }
})

const ABANDONS_ITS_CLUSTER = `
  import { startKafka } from '${new URL('start-kafka.ts', import.meta.url)}'
  const { brokers } = await startKafka()
  console.log(JSON.stringify(brokers.map(({ pid }) => pid)))
  setInterval(() => undefined, 60_000)
`

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'a process that ends by %s leaves no broker and no folder',
  async (signal) => {
    const args = ['--conditions=@headgate/source', '--input-type=module', '--eval', ABANDONS_ITS_CLUSTER]
    const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const [said] = (await once(parent.stdout, 'data')) as [Buffer]
    const [pid] = JSON.parse(said.toString()) as [number]
    const folder = dirname(dirname(await propertiesPath(pid)))
    expect(existsSync(folder)).toBe(true)

    parent.kill(signal)

    await until('the end of the broker', () => !isAlive(pid))
    await until('the end of its folder', () => !existsSync(folder))
  },
)

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function propertiesPath(pid: number): Promise<string> {
  const broker = (await runningProcesses()).find((process) => process.pid === pid)
  return /\S+\/server\.properties/.exec(broker?.command ?? '')?.[0] ?? ''
}

async function boundPorts(pid: number): Promise<number[]> {
  const listeners = /^listeners=(.*)$/m.exec(readFileSync(await propertiesPath(pid), 'utf8'))?.[1] ?? ''
  return listeners.split(',').map((address) => Number(address.split(':').at(-1)))
}
