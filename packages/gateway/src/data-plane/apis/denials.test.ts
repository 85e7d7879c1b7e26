import { apiMessage, ErrorCode, Reader, Writer } from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import type { Verdict } from '../api.ts'
import { apis } from './apis.ts'
import { type ClientFixture, createClient, grant } from './call-fixture.ts'
import { type DenialCase, denialCases } from './denial-cases-fixture.ts'
import { type Fields, uuidOf } from './message-fixture.ts'

const rows = denialCases.flatMap((denialCase) => {
  const api = apis.find(({ apiKey }) => apiKey === denialCase.apiKey)
  if (api === undefined) throw new Error(`${denialCase.apiKey} is not offered`)
  const { name } = apiMessage(api.apiKey)
  const first = Math.max(api.minVersion, denialCase.minVersion ?? 0)
  const last = Math.min(api.maxVersion, denialCase.maxVersion ?? api.maxVersion)
  const versions = Array.from({ length: last - first + 1 }, (_, index) => first + index)
  return versions.map((version) => ({ title: `${name} v${version}: ${denialCase.about}`, api, version, denialCase }))
})

type Row = (typeof rows)[number]

function client({ cluster }: DenialCase): ClientFixture {
  const fixture = createClient(grant('open*', 'nothing', cluster))
  for (const [id, name] of [
    [1, 'open-1'],
    [2, 'shut-2'],
    [3, 'open-3'],
  ] as const) {
    fixture.cluster.learnTopic(name, uuidOf(id))
  }
  return fixture
}

async function decide({ api, version, denialCase }: Row, names: readonly string[]): Promise<Verdict<Fields, Fields>> {
  const request = fill(api.apiKey, 'Request', denialCase.request(names, version))
  const verdict = await api.decide(client(denialCase).call(api.apiKey, version), request)
  return verdict as Verdict<Fields, Fields>
}

function fill(apiKey: number, kind: 'Request' | 'Response', fields: Fields): Fields {
  const message = apiMessage(apiKey)
  return { ...(kind === 'Request' ? message.defaultRequest() : message.defaultResponse()), ...fields }
}

/** Sends a message over the wire and back, so that only what the version carries is left. */
function roundTrip({ api, version }: Row, kind: 'Request' | 'Response', fields: Fields): Fields {
  const message = apiMessage(api.apiKey)
  const writer = new Writer()
  message[`encode${kind}`](writer, fields, version)
  return message[`decode${kind}`](new Reader(writer.finish()), version) as Fields
}

function codes(denialCase: DenialCase, response: Fields, name: string, version: number): number[] {
  return denialCase.codes(response, name, version)
}

describe('P3: a denied request', () => {
  test.each(rows)('$title is refused in the place that clients look at', async (row) => {
    const verdict = await decide(row, ['shut-2'])
    if (row.denialCase.closes === true) return expect(verdict.kind).toBe('close')
    const response = await finalAnswer(row, verdict, [])
    const found = codes(row.denialCase, response, 'shut-2', row.version)
    expect(found.length).toBeGreaterThan(0)
    expect(new Set(found)).toEqual(new Set([row.denialCase.code]))
  })

  test.each(rows)('$title goes on unchanged where it is granted', async (row) => {
    if (row.denialCase.isNeverGranted === true) return
    const verdict = await decide(row, ['open-1', 'open-3'])
    expect(verdict).toMatchObject({ kind: 'forward', request: null, patches: [] })
  })
})

/** What the client gets: the answer of the gateway, or that of the broker to what went on, with its changes. */
async function finalAnswer(row: Row, verdict: Verdict<Fields, Fields>, answered: readonly string[]): Promise<Fields> {
  if (verdict.kind === 'answer') return roundTrip(row, 'Response', verdict.response)
  if (verdict.kind !== 'forward') throw new Error(verdict.kind)
  const names = row.denialCase.answer?.(answered, row.version) ?? {}
  const response = roundTrip(row, 'Response', fill(row.api.apiKey, 'Response', names))
  verdict.edit?.(response)
  return roundTrip(row, 'Response', response)
}

describe('a request that is granted in part', () => {
  const mixed = rows.filter(({ denialCase }) => denialCase.answer !== undefined)

  test.each(mixed)('$title is answered for each part on its own', async (row) => {
    const verdict = await decide(row, ['open-1', 'shut-2', 'open-3'])
    if (verdict.kind !== 'forward' || verdict.request === null)
      throw new Error(`not forwarded in part: ${verdict.kind}`)
    const sent = JSON.stringify(roundTrip(row, 'Request', verdict.request), jsonValue)
    expect(sent).toMatch(new RegExp(`open-1|${uuidOf(1)}`))
    expect(sent).toMatch(new RegExp(`open-3|${uuidOf(3)}`))
    expect(sent).not.toMatch(new RegExp(`shut-2|${uuidOf(2)}`))
    const response = await finalAnswer(row, verdict, ['open-1', 'open-3'])
    expect(new Set(codes(row.denialCase, response, 'shut-2', row.version))).toEqual(new Set([row.denialCase.code]))
    for (const name of ['open-1', 'open-3']) {
      expect(new Set(codes(row.denialCase, response, name, row.version)), name).toEqual(new Set([ErrorCode.NONE]))
    }
  })

  // What the broker says of records that it wrote stands.
  const decidedAgain = mixed.filter(({ api }) => api.apiKey !== 0)

  test.each(decidedAgain)('$title is refused although the broker answered it under an earlier policy', async (row) => {
    const verdict = await decide(row, ['open-1', 'shut-2', 'open-3'])
    if (verdict.kind !== 'forward') throw new Error(`not forwarded in part: ${verdict.kind}`)
    const response = await finalAnswer(row, verdict, ['open-1', 'shut-2', 'open-3'])
    expect(new Set(codes(row.denialCase, response, 'shut-2', row.version))).toEqual(new Set([row.denialCase.code]))
  })
})

function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

test('P3: every offered API has a denial case, but for those that only filter', () => {
  const cased = new Set(denialCases.map(({ apiKey }) => apiKey))
  expect(apis.map(({ apiKey }) => apiKey).filter((apiKey) => !cased.has(apiKey))).toEqual([16, 60, 66])
})
