import type { EachMessageHandler, KafkaMessage } from 'kafkajs'
import { loadMended, loadPlain } from './load-mended.ts'

/** What kafkajs's runner asks of its consumer group, noted. */
interface Group {
  readonly calls: string[]
  readonly paused: Set<number>
  readonly sought: Map<string, string>
  /** When the group heard of this member last: 0 makes a heartbeat due. */
  lastRequest: number
  autoCommitThreshold: number | null
  /** What the next heartbeat fails with. */
  heartbeatError: Error | undefined
}

interface Runner {
  running: boolean
  handleBatch(batch: object): Promise<void>
}

/** A runner of kafkajs, mended or as it is, over a consumer group that notes what it is asked. For tests. */
export interface TestRunner {
  readonly group: Group
  readonly runner: Runner
  /** Runs messages of one partition through the handler, as if they had been fetched at once. */
  run(topic: string, partition: number, messages: readonly KafkaMessage[], isWhole?: boolean): Promise<void>
}

type RunnerClass = new (options: object) => Runner
type SeekOffsetsClass = new () => Map<string, string> & { has(topic: string, partition: number): boolean }

/** Makes one. */
export function createTestRunner(kind: 'plain' | 'mended', eachMessage: EachMessageHandler): TestRunner {
  const load = kind === 'plain' ? loadPlain : loadMended
  const sought = new (load<SeekOffsetsClass>('consumer/seekOffsets.js'))()
  const calls: string[] = []
  const note = (call: string): void => void calls.push(call)
  const group = {
    calls,
    paused: new Set<number>(),
    sought,
    lastRequest: Date.now(),
    autoCommitInterval: null,
    autoCommitThreshold: null,
    heartbeatError: undefined as Error | undefined,
    async heartbeat({ interval }: { readonly interval: number }) {
      if (Date.now() < group.lastRequest + interval) return
      group.lastRequest = Date.now()
      note('heartbeat')
      const error = group.heartbeatError
      group.heartbeatError = undefined
      if (error !== undefined) throw error
    },
    hasSeekOffset: ({ topic, partition }: { topic: string; partition: number }) => sought.has(topic, partition),
    resolveOffset: ({ offset }: { readonly offset: string }) => note(`resolve ${offset}`),
    commitOffsets: async () => note('commit'),
    commitOffsetsIfNecessary: async () => note('commit if necessary'),
    isPaused: (_: string, partition: number) => group.paused.has(partition),
    pause([{ partitions }]: [{ readonly partitions: readonly number[] }]) {
      for (const partition of partitions) group.paused.add(partition)
    },
    resume([{ partitions }]: [{ readonly partitions: readonly number[] }]) {
      for (const partition of partitions) group.paused.delete(partition)
    },
    getNodeIds: () => [1],
  }
  const logger = { namespace: () => logger, debug() {}, info() {}, warn() {}, error: (text: string) => note(text) }
  const runner = new (load<RunnerClass>('consumer/runner.js'))({
    logger,
    consumerGroup: group,
    instrumentationEmitter: { emit() {} },
    heartbeatInterval: 3000,
    onCrash() {},
    concurrency: 1,
    eachMessage,
  })
  runner.running = true
  return {
    group,
    runner,
    run: (topic, partition, messages, isWhole = true) =>
      runner.handleBatch({
        topic,
        partition,
        messages,
        isWhole,
        isEmpty: () => messages.length === 0,
        isEmptyDueToFiltering: () => false,
        firstOffset: () => messages[0]?.offset,
        lastOffset: () => messages.at(-1)?.offset,
        offsetLag: () => '0',
        offsetLagLow: () => '0',
      }),
  }
}
