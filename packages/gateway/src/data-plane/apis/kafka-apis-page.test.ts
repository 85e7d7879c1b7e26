import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiMessage } from '@headgate/wire'
import { expect, test } from 'vitest'
import { apis } from './apis.ts'
import { cappedVersions, hiddenApis } from './hidden-apis.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../../../../docs/reference/kafka-apis.md'), 'utf8')

/** The rows of the table below a heading, as cells. */
function tableOf(heading: string): string[][] {
  const section = PAGE.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| '))
  return rows.slice(1).map((row) => row.slice(2, -2).split(' | '))
}

function range(first: number, last: number): string {
  return first === last ? `${first}` : `${first}-${last}`
}

test('the reference page lists what is offered, and says of each what it asks and how it is refused', () => {
  const rows = tableOf('Offered')
  const expected = apis.map(({ apiKey, minVersion, maxVersion }) => [
    `${apiKey}`,
    apiMessage(apiKey).name,
    range(minVersion, maxVersion),
  ])
  expect(rows.map((cells) => cells.slice(0, 3))).toEqual(expected)
  for (const cells of rows) expect([cells.length, cells.slice(3).every((cell) => cell.length > 0)]).toEqual([5, true])
})

test('the reference page lists versions that are not offered', () => {
  const expected = cappedVersions.map((each) => [
    `${each.apiKey}`,
    each.name,
    range(each.firstVersion, each.lastVersion),
    each.reason,
  ])
  expect(tableOf('Versions of these that are not offered')).toEqual(expected)
})

test('the reference page lists APIs that are not offered', () => {
  expect(tableOf('Not offered')).toEqual(hiddenApis.map(({ apiKey, name, reason }) => [`${apiKey}`, name, reason]))
})
