import type { RawClient } from '../clients/raw-client.ts'
import { type Difference, type NormalForm, normalForm } from './normal-form.ts'
import type { KnownDifference, Prepared, Row } from './row.ts'
import type { KafkajsRow } from './rows/kafkajs.ts'
import type { Side } from './sides.ts'

const METADATA = 3
const UNPREPARED: Prepared = { memberId: '', generationId: -1, producerId: -1n, producerEpoch: -1 }

/** The versions of a row that both sides offer. */
export function versionsOf({ apiKey, versions }: Row, sides: readonly Side[]): number[] {
  const ranges = sides.map(({ versions: offered }) => offered.get(apiKey) ?? { min: 0, max: -1 })
  const first = Math.max(versions?.min ?? 0, ...ranges.map(({ min }) => min))
  const last = Math.min(versions?.max ?? Number.POSITIVE_INFINITY, ...ranges.map(({ max }) => max))
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
}

/** Sends a row's request in one version over a connection of its own, and flattens what comes back. */
export async function observe(row: Row, version: number, side: Side): Promise<NormalForm> {
  const client = await side.connect(row.as ?? 'restricted')
  try {
    const prepared = { ...UNPREPARED, ...(await row.prepare?.(client, version)) }
    const body = row.body({ version, topicId: side.topicId, prepared })
    const answer = await answerOf(client, row, version, body)
    await row.finish?.(client, prepared, version)
    return normalForm(answer, side.topicName)
  } finally {
    client.close()
  }
}

/** A connection that ends is an answer too. */
async function answerOf(client: RawClient, row: Row, version: number, body: object): Promise<object> {
  if (row.unanswered === true) client.send(row.apiKey, version, body)
  const answer =
    row.unanswered === true
      ? client.request(METADATA, 4, { topics: [], allowAutoTopicCreation: false }).then(() => ({ connection: 'lives' }))
      : client.request(row.apiKey, version, body)
  return await answer.catch((error: unknown) => {
    if (client.isClosed) return { connection: 'ended' }
    throw error
  })
}

/** Runs a program of kafkajs, and flattens what it gives or throws. */
export async function observeKafkajs(row: KafkajsRow, side: Side): Promise<NormalForm> {
  const outcome = await row.run(side.kafkajs(row.as ?? 'restricted')).then(
    (value) => ({ value }),
    (error: unknown) => ({ error: errorForm(error) }),
  )
  return normalForm(outcome, side.topicName)
}

/** What a program can act on; messages are prose. */
function errorForm(error: unknown): object {
  if (!(error instanceof Error)) return { name: String(error) }
  const { name, type, code, retriable, cause, errors } = error as KafkajsFailure
  const within = [...(cause === undefined ? [] : [cause]), ...(errors ?? [])]
  return { name, type, code, retriable, within: within.map(errorForm) }
}

interface KafkajsFailure extends Error {
  readonly type?: string
  readonly code?: number
  readonly retriable?: boolean
  readonly errors?: readonly unknown[]
}

/** What is wrong with a comparison, in a line each: differences that nobody meant, and meant ones that did not show. */
export function complaints(found: readonly Difference[], meant: readonly KnownDifference[]): string[] {
  const matches = ({ path: pattern }: KnownDifference, { path }: Difference): boolean => matcher(pattern).test(path)
  const unmeant = found.filter((difference) => !meant.some((known) => matches(known, difference)))
  const missing = meant.filter((known) => !found.some((difference) => matches(known, difference)))
  return [
    ...unmeant.map(({ path, kafka, gateway }) => `${path}: Kafka ${kafka}, gateway ${gateway}`),
    ...missing.map(({ path }) => `${path}: is listed as different, and is equal`),
  ]
}

function matcher(pattern: string): RegExp {
  const literal = pattern.split('*').map((part) => part.replaceAll(/[.[\]()^$+?{}|\\]/g, String.raw`\$&`))
  return new RegExp(`^${literal.join('.*')}$`)
}
