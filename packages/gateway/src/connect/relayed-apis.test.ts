import {
  type ApiVersionsResponse,
  apiMessage,
  apiMessages,
  decodeApiVersionsResponse,
  defaultApiVersionsResponse,
  ErrorCode,
  encodeApiVersionsResponse,
  encodeResponseFrame,
  hostPortFields,
  Reader,
  Writer,
} from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import { createMessage } from '../data-plane/apis/message-fixture.ts'
import { brokersOf, isRelayed, namesBrokers, narrowApiVersions } from './relayed-apis.ts'

const LEAK = 'leak.internal'

/** Hosts that stay as they are, because no client of Kafka connects to them. */
const NO_BROKERS = ['15 groups[].members[].clientHost', '29 resources[].acls[].host']
NO_BROKERS.push('31 filterResults[].matchingAcls[].host', '69 groups[].members[].clientHost')
NO_BROKERS.push('77 groups[].members[].clientHost', '88 partitionsByUserEndpoint[].userEndpoint.host')
NO_BROKERS.push('88 partitionsByUserEndpoint[].userEndpoint.port', '89 groups[].members[].clientHost')
NO_BROKERS.push('89 groups[].members[].userEndpoint.host', '89 groups[].members[].userEndpoint.port')

const relayed = [...apiMessages.values()].flatMap(({ apiKey, name, maxVersion }) =>
  Array.from({ length: maxVersion + 1 }, (_, version) => ({ apiKey, name, version })).filter(({ version }) =>
    isRelayed(apiKey, version),
  ),
)

describe('addresses in answers', () => {
  test('every field of Kafka that holds a host is rewritten, no broker’s, or in a version that is not offered', () => {
    const left = hostPortFields.filter(
      ({ apiKey, minVersion, maxVersion }) =>
        !relayed.some(
          (each) =>
            each.apiKey === apiKey &&
            each.version >= minVersion &&
            each.version <= maxVersion &&
            namesBrokers(apiKey, each.version),
        ),
    )
    const passing = left.filter(({ apiKey, minVersion }) => isRelayed(apiKey, minVersion))
    expect(passing.map(({ apiKey, path }) => `${apiKey} ${path}`).sort()).toEqual(NO_BROKERS.sort())
  })

  test.each(relayed.filter(({ apiKey, version }) => namesBrokers(apiKey, version)))(
    '$name v$version keeps none [connect-no-address]',
    ({ apiKey, version }) => {
      const { encodeResponse, decodeResponse } = apiMessage(apiKey)
      const paths = new Set(
        hostPortFields.filter((field) => field.apiKey === apiKey && /host$/i.test(field.path)).map(({ path }) => path),
      )
      const answer = createMessage(apiKey, 'response', version, (path) => (paths.has(path) ? LEAK : undefined))
      const brokers = brokersOf(apiKey, version, answer)
      expect(brokers.length).toBeGreaterThan(0)
      for (const broker of brokers) {
        expect(broker.nodeId ?? broker.brokerId).toEqual(expect.any(Number))
        expect(broker.host).toBe(LEAK)
        broker.host = '127.0.0.1'
      }
      const writer = new Writer()
      encodeResponse(writer, answer, version)
      const bytes = writer.finish()
      expect(bytes.includes(LEAK)).toBe(false)
      expect(decodeResponse(new Reader(bytes), version)).toBeDefined()
    },
  )
})

describe('what is offered', () => {
  const narrow = (response: Partial<ApiVersionsResponse>, version = 3): ApiVersionsResponse => {
    const answered = response.errorCode === ErrorCode.UNSUPPORTED_VERSION ? 0 : version
    const frame = encodeResponseFrame(18, answered, 7, (writer) =>
      encodeApiVersionsResponse(writer, { ...defaultApiVersionsResponse(), ...response }, answered),
    )
    const narrowed = narrowApiVersions(frame, version, 7)
    expect(narrowed.readInt32BE(0)).toBe(narrowed.length - 4)
    expect(narrowed.readInt32BE(4)).toBe(7)
    return decodeApiVersionsResponse(new Reader(narrowed, 8), answered)
  }

  test('not SASL, not a key that is not known, no version whose addresses would stay', () => {
    const apiKeys = [0, 1, 3, 17, 18, 36, 55, 999].map((apiKey) => ({ apiKey, minVersion: 0, maxVersion: 99 }))
    expect(narrow({ apiKeys }).apiKeys.map(({ apiKey, maxVersion }) => [apiKey, maxVersion])).toEqual([
      [0, 13],
      [1, 15],
      [3, 13],
      [18, 4],
      [55, 1],
    ])
  })

  test('a version of ApiVersions that the gateway does not know is answered in version 0', () => {
    const apiKeys = [{ apiKey: 18, minVersion: 0, maxVersion: 4 }]
    expect(narrow({ errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys }, 9)).toMatchObject({ errorCode: 35, apiKeys })
  })
})
