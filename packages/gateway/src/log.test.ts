import { Secret } from '@headgate/core'
import { expect, test } from 'vitest'
import { createLog } from './log.ts'

test('a line is JSON with the allowed keys and plain values only', () => {
  const written: string[] = []
  const log = createLog({ stream: { write: (line) => void written.push(line) } })
  const smuggled = { event: 'sign-in', ruleIds: ['a'], token: 'canary', principal: new Secret('canary') }
  log.warn(smuggled as never, 'words')
  log.debug({ event: 'not at this level' }, 'words')

  expect(written).toHaveLength(1)
  const { time, ...line } = JSON.parse(written[0] ?? '') as Record<string, unknown>
  expect(line).toEqual({ level: 'warn', event: 'sign-in', ruleIds: ['a'], message: 'words' })
  expect(new Date(String(time)).getTime()).not.toBeNaN()
})
