import { rmSync } from 'node:fs'

/**
 * Ends what a test run left behind: `node watchdog.ts <directory> <pid>…`, detached, with a pipe to the run as standard
 * input. When the run is gone, however it went, the pipe ends; then the processes are killed and the directory removed.
 */
const [directory, ...pids] = process.argv.slice(2)

process.stdin.resume()
process.stdin.on('end', () => {
  for (const pid of pids) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
  if (directory !== undefined) setTimeout(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }), 200)
})
