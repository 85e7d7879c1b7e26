import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { consoleConsume } from '../clients/java.ts'
import { kcat } from '../clients/kcat.ts'
import { until } from '../kafka/until.ts'
import { HELD_TOPIC, type HoldWorld } from './hold-world.ts'

/** A consumer that reads the held topic from where its group stands. */
export interface HeldConsumer {
  readonly groupId: string
  /** The values read so far, or once it has ended. */
  read(): Promise<readonly string[]>
  close(): Promise<void>
}

/** Starts a consumer of one kind as the client of that name, for `count` records. */
export type StartHeldConsumer = (
  hold: HoldWorld,
  clientId: string,
  count: number,
  lastsMs: number,
) => Promise<HeldConsumer>

const GRACE_MS = 60_000
/** Where the group of a consumer stands before it is held. */
const COMMITTED = 7

const startKafkajs: StartHeldConsumer = async (hold, clientId) => {
  const groupId = `readers-${clientId}`
  const consumer = hold.kafkajsOf(clientId).consumer({ groupId })
  const values: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topics: [HELD_TOPIC], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(`${message.offset} ${message.value}`)
    },
  })
  return { groupId, read: async () => values, close: () => consumer.disconnect() }
}

const startJava: StartHeldConsumer = async (hold, clientId, count, lastsMs) => {
  const groupId = `readers-${clientId}`
  const abort = new AbortController()
  const timeoutMs = lastsMs + GRACE_MS
  const result = consoleConsume(hold.connectionOf(clientId), HELD_TOPIC, {
    group: groupId,
    maxMessages: count,
    idleMs: timeoutMs,
    timeoutMs,
    signal: abort.signal,
  })
  result.catch(() => undefined)
  return {
    groupId,
    read: async () => (await result).stdout.split('\n').filter((line) => line !== ''),
    close: async () => abort.abort(),
  }
}

const startKcat: StartHeldConsumer = async (hold, clientId, count, lastsMs) => {
  const groupId = `readers-${clientId}`
  const abort = new AbortController()
  const args = ['-G', groupId, '-c', `${count}`, '-f', '%o %s\\n', HELD_TOPIC]
  const result = kcat(hold.connectionOf(clientId), args, {
    timeoutMs: lastsMs + GRACE_MS,
    properties: { 'auto.offset.reset': 'earliest' },
    signal: abort.signal,
  })
  result.catch(() => undefined)
  return {
    groupId,
    read: async () => (await result).stdout.split('\n').filter((line) => line !== ''),
    close: async () => abort.abort(),
  }
}

/** The kinds of consumers that are held. */
export const HELD_CONSUMERS: Readonly<Record<'kafkajs' | 'java' | 'kcat', StartHeldConsumer>> = {
  kafkajs: startKafkajs,
  java: startJava,
  kcat: startKcat,
}

/**
 * Holds a consumer for so long, looks that it stays the same member, approves, and expects every record from the offset on
 * that its group had committed.
 */
export async function expectHeldThenServed(
  hold: HoldWorld,
  kind: keyof typeof HELD_CONSUMERS,
  values: readonly string[],
  heldMs: number,
): Promise<void> {
  await hold.commit(`readers-${kind}`, COMMITTED)
  const expected = values.map((value, offset) => (kind === 'java' ? value : `${offset} ${value}`)).slice(COMMITTED)
  const consumer = await HELD_CONSUMERS[kind](hold, kind, expected.length, heldMs)
  try {
    const joined = await until(`the group of ${kind}`, async () => {
      const group = await hold.groupOf(consumer.groupId)
      return group.state === 'Stable' && group.members.length === 1 ? group : undefined
    })
    await until(`the ask of ${kind}`, async () => (await hold.asksOf(kind)).length > 0)
    // What is shown here is that time passes and nothing happens.
    await sleep(heldMs)
    expect(await hold.groupOf(consumer.groupId)).toEqual(joined)
    expect((await hold.asksOf(kind)).map(({ state }) => state)).toEqual(['pending'])
    const ends = hold.world.logLines.filter(({ event, principal }) => event === 'closed' && principal === kind)
    expect(ends).toEqual([])

    await hold.decide(kind, 'approve')
    await until(`the records of ${kind}`, async () => (await consumer.read()).length >= expected.length)
    expect(await consumer.read()).toEqual(expected)
  } finally {
    await consumer.close()
  }
}
