import { type JsonObject, parseJsonObject, printable, textMember } from '../http/json.ts'

/**
 * Where an ask stands. `approved` waits for its start, `active` gives access; all but `pending` and these two have ended.
 */
export type ApprovalState = 'pending' | 'approved' | 'active' | 'denied' | 'expired' | 'revoked' | 'canceled'

/** An ask for an approval, as the gateway tells it to whoever waits for it. */
export interface ApprovalAsk {
  readonly id: string
  /** Where people decide on it. */
  readonly url: string
  readonly state: ApprovalState
  readonly topic: string
  readonly operation: 'consume' | 'produce'
  /** The id of the protection that wants the approval. */
  readonly protection: string
}

const states: ReadonlySet<string> = new Set([
  'pending',
  'approved',
  'active',
  'denied',
  'expired',
  'revoked',
  'canceled',
] satisfies ApprovalState[])

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null

interface DatedAsk {
  readonly ask: ApprovalAsk
  readonly createdAtUnixMs: number
}

function readAsk(entry: JsonObject, endpoint: URL): DatedAsk | undefined {
  const scope = isObject(entry['scope']) ? entry['scope'] : entry
  const [id, state] = [printable(textMember(entry, 'id')), textMember(entry, 'state') ?? '']
  const [topic, operation] = [textMember(scope, 'topic'), textMember(scope, 'operation')]
  const protection = textMember(scope, 'protection')
  if (id === '' || topic === undefined || protection === undefined || !states.has(state)) return undefined
  if (operation !== 'consume' && operation !== 'produce') return undefined
  const createdAt = entry['createdAtUnixMs']
  const url = `${endpoint.href}/${encodeURIComponent(id)}`
  return {
    ask: Object.freeze({ id, url, state: state as ApprovalState, topic, operation, protection }),
    createdAtUnixMs: typeof createdAt === 'number' ? createdAt : 0,
  }
}

/** Reads the gateway's list of asks, the newest of each protection and operation alone; entries that are none are left out. */
export function parseAsks(body: Buffer, endpoint: URL): readonly ApprovalAsk[] {
  const listed = parseJsonObject(body)?.['asks']
  const newest = new Map<string, DatedAsk>()
  for (const entry of Array.isArray(listed) ? listed : []) {
    const dated = isObject(entry) ? readAsk(entry, endpoint) : undefined
    if (dated === undefined) continue
    const key = JSON.stringify([dated.ask.topic, dated.ask.operation, dated.ask.protection])
    const known = newest.get(key)
    if (known === undefined || known.createdAtUnixMs < dated.createdAtUnixMs) newest.set(key, dated)
  }
  return [...newest.values()].map(({ ask }) => ask)
}
