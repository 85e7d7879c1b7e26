import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HttpStandIn, startHttpStandIn } from '../testing/http-stand-in.ts'

let server: HttpStandIn
beforeAll(async () => {
  server = await startHttpStandIn()
  server.routes.set('/slow', () => new Promise((resolve) => setTimeout(() => resolve({ text: 'here' }), 300)))
  server.routes.set('/never', () => new Promise(() => {}))
})
afterAll(() => server.close())

/** Runs a program in a process of its own; gives what it printed. */
async function run(options: string, path: string, text: string): Promise<string> {
  const source = new URL('./http-client.ts', import.meta.url).href
  const program = `
    import { createHttpClient, KeptConnections } from '${source}'
    const http = createHttpClient(${options})
    const answer = http.request({ method: 'GET', url: new URL('${server.origin}${path}') })
    ${text}`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  return stdout
}

test('a process waits for an answer, and not for a connection that is kept', async () => {
  const options = '{ ca: undefined, kept: new KeptConnections() }'
  expect(await run(options, '/slow', 'console.log(String((await answer).body))')).toBe('here\n')
  const before = server.seen.length
  expect(await run(options, '/slow', 'answer.then(({ status }) => console.log(status))')).toBe('200\n')
  expect(server.seen.length).toBe(before + 1)
})

test('a process that has ended does not wait for a background request', async () => {
  const options = '{ ca: undefined, kept: new KeptConnections(), isBackground: true }'
  expect(await run(options, '/never', 'answer.catch(() => {}); setTimeout(() => console.log("over"), 100)')).toBe(
    'over\n',
  )
})
