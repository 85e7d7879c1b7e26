import type { Kafka } from '@headgate/kafkajs'
import {
  AssignerProtocol,
  type Consumer,
  type ConsumerCrashEvent,
  type PartitionAssigner,
  type Kafka as PlainKafka,
} from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { headgateKafka, plainKafka } from '../clients/kafkajs-clients.ts'
import { startWorld, type World } from '../world/start-world.ts'

const policy = (south: string): string => `
rules:
  - id: everybody-joins
    who: everyone
    may: { as: ["meters-*"], describe-groups: ["meters-*"] }
  - id: the-north
    who: { subjects: [north] }
    may: { consume: [meters], partitions: [0-1] }
  - id: the-south
    who: { subjects: [south] }
    may: { consume: [meters], partitions: [${south}] }
  - id: all-of-it
    who: { subjects: [all] }
    may: { consume: [meters], produce: [meters] }
`
const PATIENCE = { timeout: 30_000, interval: 50 }

let world: World
const open = new Set<Consumer>()

beforeAll(async () => {
  world = await startWorld({
    clients: ['north', 'south', 'all'].map((clientId) => ({ clientId, groups: [] })),
    topics: [{ topic: 'meters', partitions: 4 }],
    policy: policy('2'),
  })
  const producer = headgateKafka(world, 'all').producer()
  await producer.connect()
  const messages = [0, 1, 2, 3].map((partition) => ({ value: `from ${partition}`, partition }))
  await producer.send({ topic: 'meters', messages })
  await producer.disconnect()
})
afterAll(async () => {
  await leaveAll()
  await world?.close()
})

async function leaveAll(): Promise<void> {
  await Promise.all([...open].map((consumer) => consumer.disconnect()))
  open.clear()
}

interface Member {
  /** What it has read, by partition. */
  readonly read: Set<number>
  /** What it was dealt last. */
  readonly dealt: () => readonly number[]
  readonly protocol: () => string | undefined
  readonly crash: () => ConsumerCrashEvent['payload'] | undefined
}

async function join(
  from: Kafka | PlainKafka,
  groupId: string,
  partitionAssigners?: PartitionAssigner[],
): Promise<Member> {
  const config = { groupId, sessionTimeout: 6000, heartbeatInterval: 500, maxWaitTimeInMs: 200 }
  const consumer = from.consumer({ ...config, ...(partitionAssigners !== undefined && { partitionAssigners }) })
  open.add(consumer)
  let [dealt, protocol, crash] = [[] as readonly number[], undefined as string | undefined, undefined as unknown]
  consumer.on('consumer.group_join', ({ payload }) => {
    dealt = [...(payload.memberAssignment['meters'] ?? [])].sort()
    protocol = payload.groupProtocol
  })
  consumer.on('consumer.crash', ({ payload }) => {
    crash = payload
  })
  const read = new Set<number>()
  await consumer.connect()
  await consumer.subscribe({ topics: ['meters'], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ partition }) => void read.add(partition) })
  return { read, dealt: () => dealt, protocol: () => protocol, crash: () => crash as ConsumerCrashEvent['payload'] }
}

describe('a group under a grant for some partitions [client-granted-partitions]', () => {
  test('refuses a plain client with 29', async () => {
    const member = await join(plainKafka(world, 'north'), 'meters-plain')

    await expect.poll(() => member.crash()?.error, PATIENCE).toMatchObject({ type: 'TOPIC_AUTHORIZATION_FAILED' })
    expect(world.logLines).toContainEqual(
      expect.objectContaining({ event: 'denial', apiName: 'JoinGroup', resourceName: 'meters', errorCode: 29 }),
    )
    await leaveAll()
  })

  test('deals to members of this package what each of them is granted', async () => {
    const [north, south] = await Promise.all([
      join(headgateKafka(world, 'north'), 'meters-1'),
      join(headgateKafka(world, 'south'), 'meters-1'),
    ])

    await expect.poll(() => [north.dealt(), south.dealt()], PATIENCE).toEqual([[0, 1], [2]])
    await expect.poll(() => [[...north.read].sort(), [...south.read]], PATIENCE).toEqual([[0, 1], [2]])
    expect([north.protocol(), north.crash(), south.crash()]).toEqual([
      'HeadgateGrantedPartitions',
      undefined,
      undefined,
    ])
    await leaveAll()
  })

  test('deals what nobody else may read to a member that may read all', async () => {
    const [north, all] = await Promise.all([
      join(headgateKafka(world, 'north'), 'meters-2'),
      join(headgateKafka(world, 'all'), 'meters-2'),
    ])

    await expect
      .poll(() => [north.dealt(), all.dealt()], PATIENCE)
      .toEqual([
        [0, 1],
        [2, 3],
      ])
    await expect.poll(() => [...north.read, ...all.read].sort(), PATIENCE).toEqual([0, 1, 2, 3])
    await leaveAll()
  })

  test('goes on as kafkajs deals where nobody is limited', async () => {
    const [own, plain] = await Promise.all([
      join(headgateKafka(world, 'all'), 'meters-3'),
      join(plainKafka(world, 'all'), 'meters-3'),
    ])

    await expect.poll(() => [...own.dealt(), ...plain.dealt()].sort(), PATIENCE).toEqual([0, 1, 2, 3])
    expect([own.protocol(), plain.protocol()]).toEqual(['RoundRobinAssigner', 'RoundRobinAssigner'])
    await leaveAll()
  })

  test('deals anew when the policy grants more, and when it grants less', async () => {
    const south = await join(headgateKafka(world, 'south'), 'meters-4')
    await expect.poll(() => south.dealt(), PATIENCE).toEqual([2])

    await world.setPolicy(policy('2-3'))
    await expect.poll(() => south.dealt(), PATIENCE).toEqual([2, 3])
    await expect.poll(() => [...south.read].sort(), PATIENCE).toEqual([2, 3])

    await world.setPolicy(policy('3'))
    await expect.poll(() => south.dealt(), PATIENCE).toEqual([3])
    await world.setPolicy(policy('2'))
    await leaveAll()
  })

  test('gives a client that only says the name what it is granted, and no record beyond', async () => {
    const claims: unknown[] = []
    const member = await join(plainKafka(world, 'north'), 'meters-5', [claimAll((claim) => void claims.push(claim))])

    await expect.poll(() => member.crash()?.error, PATIENCE).toMatchObject({ cause: { code: 29 } })
    expect(claims[0]).toEqual({ meters: [0, 1] })
    expect([...member.read].filter((partition) => partition > 1)).toEqual([])
  })
})

/** Claims every partition, and deals every partition to itself. */
function claimAll(tell: (claim: unknown) => void): PartitionAssigner {
  const { MemberAssignment, MemberMetadata } = AssignerProtocol
  const all = { version: 0, assignment: { meters: [0, 1, 2, 3] }, userData: Buffer.alloc(0) }
  return () => ({
    name: 'HeadgateGrantedPartitions',
    version: 0,
    protocol: ({ topics }) => ({
      name: 'HeadgateGrantedPartitions',
      metadata: MemberMetadata.encode({ version: 0, topics, userData: MemberAssignment.encode(all) }),
    }),
    assign: async ({ members }) => {
      for (const { memberMetadata } of members) {
        const userData = MemberMetadata.decode(memberMetadata)?.userData ?? Buffer.alloc(0)
        tell(MemberAssignment.decode(userData)?.assignment)
      }
      return members.map(({ memberId }) => ({ memberId, memberAssignment: MemberAssignment.encode(all) }))
    },
  })
}
