import { signInPerson } from '@headgate/testkit'
import { Kafka, logLevel } from 'kafkajs'
import type { ClientConnection } from '../clients/connection.ts'
import { askGateway, type GatewayAnswer, type GatewayRequest } from '../clients/gateway-api.ts'
import { withAdmin } from '../kafka/admin.ts'
import { until } from '../kafka/until.ts'
import { startWorld, type World } from '../world/start-world.ts'

/** The topic that may be read once a lead of payments said so. */
export const HELD_TOPIC = 'payments'
/** One that flows beside it. */
export const OPEN_TOPIC = 'open'

const POLICY = `
topics:
  - id: payments-wants-a-lead
    match: [payments]
    approval: { by: [payments-leads], people: 1, reason: optional, for: 1h, decide-within: 30m, on: [consume] }
rules:
  - id: readers
    who: { groups: [readers] }
    may: { consume: [payments, open], as: ["readers-*"] }
  - id: writer
    who: { subjects: [writer] }
    may: { produce: [payments, open] }
`

/** An ask, as the gateway's HTTP API shows it. */
export interface ShownAsk {
  readonly id: string
  readonly state: string
  readonly topic: string
  readonly requester: { readonly subject: string }
}

/** A world in which one topic is held, and who decides. */
export interface HoldWorld {
  readonly world: World
  /** Asks as a lead of payments. */
  asLead(path: string, request?: GatewayRequest): Promise<GatewayAnswer>
  /** The asks of one reader, newest first. */
  asksOf(clientId: string): Promise<readonly ShownAsk[]>
  /** Waits for the pending ask of a reader, and decides it. */
  decide(clientId: string, verb: 'approve' | 'deny'): Promise<ShownAsk>
  connectionOf(clientId: string): ClientConnection
  kafkajsOf(clientId: string): Kafka
  /** State and members of a group, as the broker itself has them. */
  groupOf(groupId: string): Promise<{ readonly state: string; readonly members: readonly string[] }>
  /** Puts a group where it has read before, at the broker itself. */
  commit(groupId: string, offset: number): Promise<void>
  produce(topic: string, values: readonly string[]): Promise<void>
}

/** Starts a world with these readers. */
export async function startHoldWorld(readers: readonly string[], policy: string = POLICY): Promise<HoldWorld> {
  const world = await startWorld({
    clients: [...readers.map((clientId) => ({ clientId, groups: ['readers'] })), { clientId: 'writer', groups: [] }],
    topics: [
      { topic: HELD_TOPIC, partitions: 1 },
      { topic: OPEN_TOPIC, partitions: 1 },
    ],
    policy,
  })
  const token = await signInPerson(world.identity, 'ada')
  const asLead = (path: string, request: GatewayRequest = {}): Promise<GatewayAnswer> =>
    askGateway(world, path, { token, ...request })
  const asksOf = async (clientId: string): Promise<readonly ShownAsk[]> => {
    const { asks } = (await asLead(`/v1/asks?topic=${HELD_TOPIC}`)).json<{ asks: readonly ShownAsk[] }>()
    return asks.filter(({ requester }) => requester.subject === clientId)
  }
  const kafkajsOf = (clientId: string): Kafka =>
    new Kafka({
      clientId,
      brokers: [world.bootstrap],
      ssl: { ca: [world.ca.pem] },
      sasl: { mechanism: 'plain', username: clientId, password: world.secretOf(clientId) },
      retry: { retries: 2 },
      logLevel: logLevel.NOTHING,
    })
  return {
    world,
    asLead,
    asksOf,
    decide: async (clientId, verb) => {
      const ask = await until(`an ask of ${clientId}`, async () =>
        (await asksOf(clientId)).find(({ state }) => state === 'pending'),
      )
      const { status, text } = await asLead(`/v1/asks/${ask.id}/${verb}`, {
        method: 'POST',
        body: { reason: 'for the test' },
      })
      if (status !== 200) throw new Error(`${verb}: ${status} ${text}`)
      return ask
    },
    connectionOf: (clientId) => ({
      bootstrap: world.bootstrap,
      caPath: world.ca.path,
      sasl: { mechanism: 'PLAIN', username: clientId, password: world.secretOf(clientId) },
    }),
    kafkajsOf,
    groupOf: (groupId) =>
      withAdmin(world.kafka.scramBootstrap, world.kafka.adminCredential, async (admin) => {
        // kafkajs learns of no broker before it asks for topics.
        await admin.fetchTopicMetadata()
        const [group] = (await admin.describeGroups([groupId])).groups
        return { state: group?.state ?? '', members: group?.members.map(({ memberId }) => memberId) ?? [] }
      }),
    commit: async (groupId, offset) => {
      const partitions = [{ partition: 0, offset: `${offset}` }]
      // The topic in which the broker keeps offsets is made at the first look for a group.
      await until(`the offsets of ${groupId}`, () =>
        withAdmin(world.kafka.scramBootstrap, world.kafka.adminCredential, async (admin) => {
          await admin.fetchTopicMetadata()
          await admin.setOffsets({ groupId, topic: HELD_TOPIC, partitions })
          return true
        }),
      )
    },
    produce: async (topic, values) => {
      const producer = kafkajsOf('writer').producer()
      await producer.connect()
      await producer.send({ topic, messages: values.map((value) => ({ value })) })
      await producer.disconnect()
    },
  }
}
