import { type ApiVersionsResponse, decodeApiVersionsResponse, defaultApiVersionsResponse, Reader } from '@headgate/wire'
import { expect, test } from 'vitest'
import { createApiTable } from './api-table.ts'

const FRAME_PREFIX_AND_CORRELATION_ID_BYTES = 8

/** What a client reads when the broker says `broker`. */
function advertised(broker: Partial<ApiVersionsResponse>, apiVersion = 3): ApiVersionsResponse {
  const header = { apiKey: 18, apiVersion, correlationId: 1, clientId: null }
  const frame = createApiTable().apiVersionsAnswer(header, { ...defaultApiVersionsResponse(), ...broker })
  const answeredIn = apiVersion > 4 ? 0 : apiVersion
  return decodeApiVersionsResponse(new Reader(frame, FRAME_PREFIX_AND_CORRELATION_ID_BYTES), answeredIn)
}

const key = (apiKey: number, minVersion: number, maxVersion: number) => ({ apiKey, minVersion, maxVersion })

test('what is advertised is what both the broker and the gateway offer', () => {
  const { apiKeys } = advertised({
    apiKeys: [key(1, 4, 99), key(3, 0, 9), key(7, 0, 3), key(12, 90, 99), key(999, 0, 1)],
  })

  expect(apiKeys).toEqual([key(1, 4, 15), key(3, 4, 9)])
})

test('the sign-in is advertised as the gateway speaks it, whatever the broker does', () => {
  const { apiKeys } = advertised({ apiKeys: [key(17, 1, 9), key(18, 0, 9), key(36, 0, 0)] })

  expect(apiKeys).toEqual([key(17, 0, 1), key(18, 0, 4), key(36, 0, 2)])
})

test('a feature is told up to the level whose meaning is enforced, and an unknown one is not told', () => {
  const answer = advertised({
    supportedFeatures: [
      { name: 'transaction.version', minVersion: 0, maxVersion: 3 },
      { name: 'share.version', minVersion: 0, maxVersion: 1 },
    ],
    finalizedFeaturesEpoch: 7n,
    finalizedFeatures: [
      { name: 'transaction.version', minVersionLevel: 0, maxVersionLevel: 3 },
      { name: 'group.version', minVersionLevel: 1, maxVersionLevel: 1 },
      { name: 'metadata.version', minVersionLevel: 1, maxVersionLevel: 29 },
    ],
  })

  expect(answer.supportedFeatures).toEqual([{ name: 'transaction.version', minVersion: 0, maxVersion: 2 }])
  expect(answer.finalizedFeatures).toEqual([
    { name: 'transaction.version', minVersionLevel: 0, maxVersionLevel: 2 },
    { name: 'group.version', minVersionLevel: 1, maxVersionLevel: 1 },
  ])
})

test('an unknown version of ApiVersions is answered in version 0, with 35 and the versions to use', () => {
  const answer = advertised({ apiKeys: [key(1, 4, 13)] }, 5)

  expect(answer).toMatchObject({ errorCode: 35, apiKeys: [key(18, 0, 4)] })
})
