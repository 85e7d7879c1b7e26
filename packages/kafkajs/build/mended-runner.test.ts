import type { EachMessagePayload, KafkaMessage } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { createTestRunner, type TestRunner } from './run-batch.ts'

const record = (offset: number): KafkaMessage =>
  ({ key: null, value: Buffer.from('v'), headers: {}, timestamp: '1', attributes: 0, offset: `${offset}` }) as never

type Handle = (payload: EachMessagePayload, runner: TestRunner) => unknown

/** What a runner does, handler by handler, and what it ends with. */
async function history(
  kind: 'plain' | 'mended',
  handle: Handle,
  prepare: (it: TestRunner) => void = () => {},
): Promise<unknown[]> {
  const given: TestRunner = createTestRunner(kind, (async (payload: EachMessagePayload) => {
    given.group.calls.push(`handle ${payload.message.offset}`)
    await handle(payload, given)
  }) as never)
  prepare(given)
  const outcome = await given.run('orders', 1, [record(1), record(2), record(3)]).then(
    () => 'done',
    (error: Error) => error.message,
  )
  return [...given.group.calls, outcome]
}

describe('a mended runner does with single messages what kafkajs does', () => {
  const at =
    (offset: string, work: Handle): Handle =>
    (payload, runner) =>
      payload.message.offset === offset ? work(payload, runner) : undefined
  test.each<[string, Handle, ((it: TestRunner) => void)?]>([
    ['when all goes well', () => {}],
    ['when the handler throws', at('2', () => Promise.reject(new Error('wrong')))],
    [
      'when the consumer stops',
      at('2', (_, { runner }) => {
        runner.running = false
      }),
    ],
    ['when the partition is paused', at('2', ({ pause }) => void pause())],
    ['when the partition is paused and resumed', at('2', ({ pause }) => pause()())],
    ['when another offset is sought', at('2', (_, { group }) => void group.sought.set('orders', 1 as never))],
    [
      'when a heartbeat is due',
      at('2', (_, { group }) => {
        group.lastRequest = 0
      }),
    ],
    [
      'when a heartbeat fails',
      at('2', (_, { group }) => {
        group.lastRequest = 0
        group.heartbeatError = new Error('rebalancing')
      }),
    ],
    ['when the handler says that it lives', at('2', ({ heartbeat }) => heartbeat())],
  ])('%s', async (_, handle, prepare) => {
    // The mended one asks for a commit between two messages only where the application wants one there.
    const plain = (await history('plain', handle, prepare)).filter((call) => call !== 'commit if necessary')
    expect(await history('mended', handle, prepare)).toEqual(plain)
  })

  test('when offsets are committed between messages', async () => {
    const prepare = ({ group }: TestRunner): void => {
      group.autoCommitThreshold = 1
    }
    expect(await history('mended', () => {}, prepare)).toEqual(await history('plain', () => {}, prepare))
  })
})
