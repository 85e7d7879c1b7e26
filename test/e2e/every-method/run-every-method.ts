import type * as kafkajs from 'kafkajs'
import type { Admin, Consumer, Kafka, Producer } from 'kafkajs'
import { administerGroups, administerTheEnd, administerTopics } from './admin-part.ts'
import { consumeBatches, consumeMessages } from './consumer-part.ts'
import { produce } from './producer-part.ts'
import { Transcript } from './transcript.ts'

/** What the program imports: kafkajs, or what is to be the same. */
export type Lib = Pick<
  typeof kafkajs,
  | 'AclOperationTypes'
  | 'AclPermissionTypes'
  | 'AclResourceTypes'
  | 'CompressionTypes'
  | 'ConfigResourceTypes'
  | 'Partitioners'
  | 'ResourcePatternTypes'
  | 'logLevel'
>

/** Uses every public method of a `Kafka` and of all that comes from it, and gives what that prints. */
export async function runEveryMethod(lib: Lib, given: Kafka): Promise<Transcript> {
  const out = new Transcript()
  const kafka = out.watch('kafka', given)
  const admin = out.watch('admin', kafka.admin({ retry: { retries: 2 } }))
  useLoggers(lib, kafka, admin, out)
  const heard = listen(out, admin)
  await administerTopics(lib, admin, out)
  await produce(lib, withListeners(kafka, heard, out), out)
  await consumeMessages(withListeners(kafka, heard, out), out)
  await consumeBatches(kafka, out)
  await administerGroups(admin, out)
  await administerTheEnd(lib, admin, out)
  for (const name of [...heard.keys()].sort()) out.say(`event ${name}`, heard.get(name))
  return out
}

/** Events by name, with the members that their payload has. */
type Heard = Map<string, string[]>

// How often these come is a matter of time.
const BY_CHANCE = /request_timeout|request_queue_size|heartbeat|rebalancing|commit_offsets|fetch/

function listen(out: Transcript, object: Producer | Consumer | Admin, heard: Heard = new Map()): Heard {
  out.say('events', object.events)
  for (const name of Object.values(object.events) as string[]) {
    const on = object.on as (name: string, listener: (event: { payload: object | null }) => void) => () => void
    const remove = on(name, () => {})
    remove()
    if (!BY_CHANCE.test(name)) on(name, ({ payload }) => void heard.set(name, Object.keys(payload ?? {}).sort()))
  }
  return heard
}

/** Listens to all that a client made from here tells. */
function withListeners(kafka: Kafka, heard: Heard, out: Transcript): Kafka {
  const listening = <T extends Producer | Consumer>(client: T, name: string): T => {
    listen(out, out.watch(name, client), heard)
    out.watch(name, client).logger().debug('made')
    return client
  }
  return {
    producer: (config) => listening(kafka.producer(config), 'producer'),
    consumer: (config) => listening(kafka.consumer(config as never), 'consumer'),
    admin: (config) => kafka.admin(config),
    logger: () => kafka.logger(),
  } as Kafka
}

function useLoggers(lib: Lib, kafka: Kafka, admin: Admin, out: Transcript): void {
  for (const [name, logger] of Object.entries({ kafka: kafka.logger(), admin: admin.logger() })) {
    const watched = out.watch('logger', logger)
    watched.setLogLevel(lib.logLevel.DEBUG)
    watched.info(`${name} info`, { more: 1 })
    watched.warn(`${name} warn`)
    watched.error(`${name} error`)
    watched.debug(`${name} debug`)
    watched.namespace('Space', lib.logLevel.ERROR).info('not heard')
    watched.namespace('Space').error('heard')
    watched.setLogLevel(lib.logLevel.NOTHING)
  }
}
