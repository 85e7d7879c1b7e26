import { lintCodes } from '@headgate/policy/tools'
import { expect, test } from 'vitest'
import { testGoldenPage } from './golden-page-fixture.ts'

const { text, commands } = testGoldenPage(new URL('../../../../docs/reference/policy-tools.md', import.meta.url))

test('the page has an example of each command', () => {
  const names = new Set(commands.map((line) => line.split(' ').slice(0, 2).join(' ')))
  const documented = [...text.matchAll(/^## `headgate (policy \w+)/gm)].map(([, name]) => name)
  expect([...names].sort()).toEqual(documented.filter((name) => name !== 'policy schema').sort())
})

test('the page has every code of lint with what it is about', () => {
  for (const [code, about] of Object.entries(lintCodes)) expect(text).toContain(`| \`${code}\` | ${about} |`)
})
