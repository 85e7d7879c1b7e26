import { apiMessage, apiMessages } from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import { apis } from './apis.ts'
import { cappedVersions, hiddenApis } from './hidden-apis.ts'

/** SaslHandshake, ApiVersions and SaslAuthenticate: answered by the gateway itself. */
const OWN_KEYS = [17, 18, 36]

describe('the backlog', () => {
  const offeredKeys = apis.map(({ apiKey }) => apiKey)
  const hiddenKeys = hiddenApis.map(({ apiKey }) => apiKey)

  test('P3: every key is offered or hidden for a reason, and none is both [backlog]', () => {
    const decided = [...offeredKeys, ...hiddenKeys, ...OWN_KEYS].sort((a, b) => a - b)
    expect(decided).toEqual(Array.from({ length: 93 }, (_, key) => key))
    expect([...apiMessages.keys()].filter((key) => !decided.includes(key))).toEqual([])
    expect(hiddenApis.filter(({ reason }) => reason === '')).toEqual([])
  })

  test('hidden keys are called what Kafka calls them', () => {
    const known = hiddenApis.filter(({ apiKey }) => apiMessages.has(apiKey))
    for (const { apiKey, name } of known) expect(name).toBe(apiMessage(apiKey).name)
  })

  test('every version that an offered API lacks is capped for a reason [backlog]', () => {
    for (const { apiKey, minVersion, maxVersion } of apis) {
      const { name, ...known } = apiMessage(apiKey)
      const versions = Array.from(
        { length: known.maxVersion - known.minVersion + 1 },
        (_, index) => known.minVersion + index,
      )
      const lacking = versions.filter((version) => version < minVersion || version > maxVersion)
      const capped = cappedVersions.filter((each) => each.apiKey === apiKey)
      const isCapped = (version: number): boolean =>
        capped.some((each) => version >= each.firstVersion && version <= each.lastVersion)
      expect(
        lacking.filter((version) => !isCapped(version)),
        name,
      ).toEqual([])
      for (const each of capped) expect(each.name).toBe(name)
    }
  })

  test('no capped version is offered', () => {
    const offered = cappedVersions.filter(({ apiKey, firstVersion, lastVersion }) =>
      apis.some((api) => api.apiKey === apiKey && lastVersion >= api.minVersion && firstVersion <= api.maxVersion),
    )
    expect(offered).toEqual([])
  })

  test('the table of offered APIs is in the order of their keys', () => {
    expect(offeredKeys).toEqual([...new Set(offeredKeys)].sort((a, b) => a - b))
  })
})
