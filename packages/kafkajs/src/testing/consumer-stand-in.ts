import { type Consumer, type ConsumerRunConfig, Kafka, logLevel, type TopicPartitions } from '#kafkajs'

/** Consumers of kafkajs that note what is asked of them, and need no cluster. */
export interface ConsumerStandIns {
  readonly create: () => Consumer
  /** What each was asked, in order: the number of the consumer and the call. */
  readonly calls: string[]
  /** Every topic of the cluster. */
  topics: string[]
  /** Partitions that the newest one has paused. */
  paused: TopicPartitions[]
  /** What the next call of `connect` fails with. */
  connectError: Error | undefined
  /** What the newest one was run with. */
  config: ConsumerRunConfig | undefined
  /** Tells of an event of the newest one. */
  emit(name: string, payload: object): void
  crash(error: Error, restart?: boolean): void
}

const kafka = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING })

function createOne(
  all: ConsumerStandIns,
  number: number,
  listeners: Map<string, Set<(event: never) => void>>,
): Consumer {
  const note = (call: string): void => void all.calls.push(`${number} ${call}`)
  const on = (name: string, listener: (event: never) => void): (() => void) => {
    const known = listeners.get(name) ?? new Set()
    listeners.set(name, known.add(listener))
    return () => void known.delete(listener)
  }
  return {
    ...kafka.consumer({ groupId: 'orders-1' }),
    on: on as Consumer['on'],
    async connect() {
      note('connect')
      const error = all.connectError
      all.connectError = undefined
      if (error !== undefined) throw error
    },
    disconnect: async () => note('disconnect'),
    stop: async () => note('stop'),
    async subscribe(given) {
      const wanted = 'topics' in given ? given.topics : [given.topic]
      const names = wanted.flatMap((it) => (typeof it === 'string' ? it : all.topics.filter((name) => it.test(name))))
      note(`subscribe ${names.join()}`)
    },
    async run(config) {
      all.config = config
      note('run')
      all.emit('consumer.group_join', {})
    },
    pause(topics) {
      all.paused = topics.map(({ topic, partitions = [] }) => ({ topic, partitions }))
      note(`pause ${topics.map(({ topic }) => topic).join()}`)
    },
    paused: () => all.paused,
  }
}

/** Makes consumers whose calls a test looks at. */
export function createConsumerStandIns(): ConsumerStandIns {
  let count = 0
  let listeners = new Map<string, Set<(event: never) => void>>()
  const all: ConsumerStandIns = {
    create: () => {
      listeners = new Map()
      count += 1
      return createOne(all, count, listeners)
    },
    calls: [],
    topics: [],
    paused: [],
    connectError: undefined,
    config: undefined,
    emit(name, payload) {
      for (const listener of listeners.get(name) ?? [])
        listener({ id: '1', type: name, timestamp: 0, payload } as never)
    },
    crash: (error, restart = false) => all.emit('consumer.crash', { error, groupId: 'orders-1', restart }),
  }
  return all
}
