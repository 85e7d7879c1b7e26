import { createHash } from 'node:crypto'
import { ZERO_UUID } from '@headgate/wire'

/** Paths of an answer's values, each with the value as text. */
export type NormalForm = ReadonlyMap<string, string>

/** What two answers do not agree on. */
export interface Difference {
  readonly path: string
  readonly kafka: string
  readonly gateway: string
}

const PRESENT = 'present'
const ABSENT = 'absent'

/** Fields that no two clusters agree on, or that are prose: codes are compared. */
const IGNORED = new Set(['throttleTimeMs', 'errorMessage', 'clusterId', 'unknownTags'])

/** Fields that differ between any two clusters, of which only what kind of value they hold is compared. */
const KINDS: Readonly<Record<string, (value: unknown) => string>> = {
  host: (value) => (value === '' ? 'no host' : 'a host'),
  port: (value) => (value === -1 || value === 0 ? `${value}` : 'a port'),
  memberId: textKind,
  leader: textKind,
  clientHost: textKind,
  sessionId: (value) => (value === 0 ? 'no session' : 'a session'),
  producerId: producerKind,
  ongoingTxnProducerId: producerKind,
  transactionStartTimeMs: producerKind,
}

const TOPIC_ID = /^[\w-]{22}$/

/** What names an entry of a list, in the order in which it is looked for. */
const LABELS = [
  'name',
  'topic',
  'topicName',
  'groupId',
  'transactionalId',
  'key',
  'resourceName',
  'nodeId',
  'apiKey',
  'partitionIndex',
  'partition',
  'index',
  'topicId',
]

/** Ids of topics that were created meanwhile differ from cluster to cluster. */
function idKind(topicId: string): string {
  return topicId === ZERO_UUID ? 'no id' : 'new id'
}

function digest(bytes: Buffer): string {
  return `${bytes.length} bytes, ${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}`
}

function textKind(value: unknown): string {
  return value === '' || value === null ? JSON.stringify(value) : 'a text'
}

function producerKind(value: unknown): string {
  return value === -1n ? '-1' : 'a number'
}

/**
 * Flattens an answer so that the answers of two clusters can be compared: what names an entry is its path, the order of
 * entries does not count, and topic ids are told by the topic's name.
 */
export function normalForm(answer: unknown, topicName: (topicId: string) => string | undefined): NormalForm {
  const form = new Map<string, string>()
  const visit = (path: string, key: string, value: unknown): void => {
    if (IGNORED.has(key)) return
    const kind = KINDS[key]
    if (kind !== undefined) form.set(path, kind(value))
    else if (Array.isArray(value)) visitList(path, value)
    else if (Buffer.isBuffer(value)) form.set(path, digest(value))
    else if (typeof value === 'object' && value !== null) visitFields(path, value)
    else form.set(path, text(value))
  }
  const text = (value: unknown): string => {
    if (typeof value === 'bigint') return `${value}`
    const topic = typeof value === 'string' ? topicName(value) : undefined
    if (topic !== undefined) return `id of ${topic}`
    return typeof value === 'string' && TOPIC_ID.test(value) ? idKind(value) : JSON.stringify(value ?? null)
  }
  const visitFields = (path: string, fields: object): void => {
    for (const [key, value] of Object.entries(fields)) visit(path === '' ? key : `${path}.${key}`, key, value)
  }
  const visitList = (path: string, list: readonly unknown[]): void => {
    form.set(`${path}.length`, `${list.length}`)
    const labels = list.map((entry) => labelOf(entry, text))
    for (const [index, entry] of list.entries()) {
      const label = labels[index] ?? ''
      const earlier = labels.slice(0, index).filter((other) => other === label).length
      const entryPath = `${path}[${label}${earlier === 0 ? '' : `#${earlier}`}]`
      if (typeof entry === 'object' && entry !== null) form.set(entryPath, PRESENT)
      visit(entryPath, '', entry)
    }
  }
  visit('', '', answer)
  return form
}

function labelOf(entry: unknown, text: (value: unknown) => string): string {
  if (typeof entry !== 'object' || entry === null) return text(entry)
  const fields = new Map<string, unknown>(Object.entries(entry))
  const name = LABELS.find((label) => !['', null, undefined].includes(fields.get(label) as string))
  if (name === undefined) return 'entry'
  const label = text(fields.get(name)).replaceAll('"', '')
  return name === 'resourceName' ? `${fields.get('resourceType')} ${label}` : label
}

/** What two normal forms do not agree on. Of an entry that one of them lacks, only that is told. */
export function differences(kafka: NormalForm, gateway: NormalForm): Difference[] {
  const paths = [...new Set([...kafka.keys(), ...gateway.keys()])]
  const rows = paths.map((path) => ({ path, kafka: kafka.get(path) ?? ABSENT, gateway: gateway.get(path) ?? ABSENT }))
  const differing = rows.filter((row) => row.kafka !== row.gateway)
  const lacking = differing.filter((row) => row.kafka === PRESENT || row.gateway === PRESENT).map(({ path }) => path)
  return differing.filter(({ path }) => !lacking.some((entry) => path.startsWith(entry) && path !== entry))
}
