// Outlives the process that started it just long enough to end its brokers and remove its folders. It reads one
// command a line, `kill <pid>`, `gone <pid>`, `remove <folder>` or `removed <folder>`, and acts at the end of input.
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

const pids = new Set<number>()
const folders = new Set<string>()

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)

for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]
  if (command === 'kill') pids.add(Number(argument))
  if (command === 'gone') pids.delete(Number(argument))
  if (command === 'remove') folders.add(argument)
  if (command === 'removed') folders.delete(argument)
}

for (const pid of pids) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
