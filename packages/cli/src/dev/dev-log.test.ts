import { expect, test } from 'vitest'
import type { CommandIo } from '../command.ts'
import { createDevLog } from './dev-log.ts'

function told(): { readonly log: ReturnType<typeof createDevLog>; readonly lines: string[] } {
  const lines: string[] = []
  return { log: createDevLog({ writeError: (text: string) => void lines.push(text) } as CommandIo), lines }
}

test('a denial is told with what a developer acts on', () => {
  const { log, lines } = told()
  log.warn(
    { event: 'denial', principal: 'shop', resourceType: 'topic', resourceName: 'payments', ruleIds: [] },
    'denied',
  )
  expect(lines).toEqual(['headgate: denied · shop · topic · payments\n'])
})

test('a code is told once, also where the text of a problem ends in it', () => {
  const { log, lines } = told()
  const code = 'ERR_POLICY_UNKNOWN_KEY'
  log.warn({ event: 'policy', code, reason: `policy.yaml:4:31: \`x\` is unknown here (${code})` }, 'policy')
  log.warn({ event: 'policy', code }, 'not reloaded')
  expect(lines).toEqual([
    `headgate: policy · policy.yaml:4:31: \`x\` is unknown here (${code})\n`,
    `headgate: not reloaded · ${code}\n`,
  ])
})

test('of what is no warning the policy and asks are told', () => {
  const { log, lines } = told()
  log.info({ event: 'sign-in', principal: 'shop' }, 'signed in')
  log.info({ event: 'policy' }, 'policy in force')
  expect(lines).toEqual(['headgate: policy in force\n'])
})
