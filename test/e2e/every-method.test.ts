import * as headgate from '@headgate/kafkajs'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { surfaces } from '../../packages/kafkajs/src/access/surface.ts'
import { headgateKafka, kafkaAtBrokers } from '../clients/kafkajs-clients.ts'
import { until } from '../kafka/until.ts'
import { startWorld, type World } from '../world/start-world.ts'
import { runEveryMethod } from './every-method/run-every-method.ts'
import type { Transcript } from './every-method/transcript.ts'

/** Everything that policy has a word for. Internal topics are matched by no pattern. */
const POLICY = `
rules:
  - id: everything
    who: everyone
    may:
      ${['consume', 'produce', 'create', 'delete', 'alter', 'describe-configs', 'alter-configs'].map((verb) => `${verb}: ["*"]`).join('\n      ')}
      describe: ["*", __consumer_offsets, __transaction_state]
      as: ["*"]
      describe-groups: ["*"]
      delete-groups: ["*"]
      transact-as: ["*"]
      cluster: [describe, alter, create, describe-configs, alter-configs, idempotent-write]
`

let world: World
const logged: Record<'direct' | 'gateway', string[]> = { direct: [], gateway: [] }
let [direct, gateway] = [undefined, undefined] as unknown as [Transcript, Transcript]

/** What the application itself logs; what a client says of its own doings is told by time. */
function logTo(lines: string[]) {
  return () =>
    ({ namespace, label, log }: kafkajs.LogEntry): void => {
      const { timestamp: _, ...rest } = log
      if (/^(kafka|admin) |heard/.test(log.message))
        lines.push(`${namespace} ${label} ${rest.message} ${rest['more']} ${rest['logger']}`)
    }
}

beforeAll(async () => {
  world = await startWorld({ clients: [{ clientId: 'books', groups: [] }], topics: [], policy: POLICY })
  await findCoordinators()
  const config = { retry: { retries: 3 }, logLevel: kafkajs.logLevel.INFO }
  direct = await runEveryMethod(
    kafkajs,
    kafkaAtBrokers(world.kafka, { clientId: 'books', ...config, logCreator: logTo(logged.direct) }),
  )
  await until('the topics are deleted', async () => (await topicsLeft()).length === 0)
  gateway = await runEveryMethod(
    headgate,
    headgateKafka(world, 'books', { ...config, logCreator: logTo(logged.gateway) }),
  )
})
afterAll(() => world?.close())

/** The first who asks a new cluster for a coordinator is told to wait. */
async function findCoordinators(): Promise<void> {
  const [admin, producer] = [
    kafkaAtBrokers(world.kafka).admin(),
    kafkaAtBrokers(world.kafka).producer({ transactionalId: 'first', idempotent: true }),
  ]
  await Promise.all([admin.connect(), producer.connect()])
  await until(
    'there is a coordinator of groups',
    async () => (await admin.fetchOffsets({ groupId: 'first' })) !== undefined,
  )
  await until(
    'there is a coordinator of transactions',
    async () => (await (await producer.transaction()).abort()) === undefined,
  )
  await Promise.all([admin.disconnect(), producer.disconnect()])
}

async function topicsLeft(): Promise<string[]> {
  const admin = kafkaAtBrokers(world.kafka).admin()
  await admin.connect()
  const names = await admin.listTopics()
  await admin.disconnect()
  return names.filter((name) => !name.startsWith('__'))
}

describe('a program that uses every method of kafkajs [client-same-program]', () => {
  test('uses every method that the table of this package has', () => {
    const rows = Object.entries(surfaces).flatMap(([name, rows]) => Object.keys(rows).map((row) => `${name}.${row}`))

    expect(rows.filter((row) => !direct.called.has(row))).toEqual([])
    expect([...gateway.called].sort()).toEqual([...direct.called].sort())
  })

  test('prints the same with kafkajs at the brokers and with this package at the gateway', () => {
    expect(direct.lines.length).toBeGreaterThan(100)
    expect(gateway.lines).toEqual(direct.lines)
  })

  test('logs the same by the loggers of each client', () => {
    expect(logged.direct.length).toBeGreaterThan(8)
    expect(logged.gateway).toEqual(logged.direct)
  })
})
