import { expect, test } from 'vitest'
import { runProgram } from './program.ts'

const FOREVER = ['-e', 'setInterval(() => {}, 1000); console.log("up")']

test('a program gives its output and its exit code', async () => {
  const script = 'process.stdin.pipe(process.stdout); console.error("told"); process.exitCode = 3'

  const result = await runProgram(process.execPath, ['-e', script], { input: 'given' })

  expect(result).toEqual({ stdout: 'given', stderr: 'told\n', code: 3, timedOut: false })
})

test('a program that takes too long is killed', async () => {
  const result = await runProgram(process.execPath, FOREVER, { timeoutMs: 1_000 })

  expect(result).toMatchObject({ code: null, timedOut: true })
})

test('a program is killed when its signal fires', async () => {
  const controller = new AbortController()

  const result = await runProgram(process.execPath, FOREVER, {
    signal: controller.signal,
    onStdout: () => controller.abort(),
  })

  expect(result).toMatchObject({ code: null, timedOut: false })
})

test('a program that does not exist is told by the error of the system', async () => {
  await expect(runProgram('no-such-program', [])).rejects.toMatchObject({ code: 'ENOENT' })
})
