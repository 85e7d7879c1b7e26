import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { questionOf } from './audit-http.ts'

async function asked(path: string, prefix?: string): Promise<string> {
  const app = new Hono()
  app.get('*', (c) => c.text(questionOf(c, prefix)))
  return (await app.request(path)).text()
}

test('a question is kept by its path and the parameters that there are', async () => {
  expect(await asked('/v1/audit/reads?topic=orders&offset=7', '/v1/audit/')).toBe('reads?topic=orders&offset=7')
  expect(await asked('/v1/sessions/s-1/replay?partition=0')).toBe('/v1/sessions/s-1/replay?partition=0')
  expect(await asked(`/v1/sessions?topic=${'x'.repeat(1_000)}`)).toHaveLength(500)
})

test('a token that was sent as a parameter is not kept', async () => {
  expect(await asked('/v1/audit/events?access_token=canary&topic=orders', '/v1/audit/')).toBe('events?topic=orders')
  expect(await asked('/v1/sessions?canary')).toBe('/v1/sessions')
})
