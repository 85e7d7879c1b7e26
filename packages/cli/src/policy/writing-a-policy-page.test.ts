import { expect, test } from 'vitest'
import { testGoldenPage } from './golden-page-fixture.ts'

const { text, commands } = testGoldenPage(new URL('../../../../docs/guides/writing-a-policy.md', import.meta.url))

test('there are eleven recipes, and each is held against its cases [guide-recipes]', () => {
  const recipes = text.match(/^## \d+\. /gm) ?? []
  expect(recipes.length).toBe(11)
  expect(commands.filter((line) => line.startsWith('policy test ')).length).toBe(11)
  for (const asked of ['lint', 'explain', 'diff']) expect(commands.join('\n')).toContain(`policy ${asked} `)
})
