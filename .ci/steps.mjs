// Runs named steps of the workspace, one printed line a step, then a command: `node .ci/steps.mjs install -- vitest run`.
// Plain JavaScript without dependencies, because `install` runs on the host's own Node, before anything is installed.
// The command is started from here and not by the shell's `&&`: a shell may remember where it found the host's `node`.
import { spawn } from 'node:child_process'
import process from 'node:process'

const PACKAGES = ['-r', '--filter', './packages/*', '--reporter=append-only', 'run']
const PROGRESS_AFTER_MS = 2000

/** Each step: what the line says, the command, and how a line of its output tells progress. */
const STEPS = {
  prerequisites: { says: 'looking for a JDK and Maven', run: ['node', '.ci/prerequisites.mjs'] },
  install: {
    says: 'installing packages',
    run: ['npx', '-y', 'pnpm@12.21.0', 'install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only'],
    progress: (line) => /^Progress: resolved (\d+).* added (\d+)/.exec(line)?.slice(1).reverse().join('/'),
  },
  build: {
    says: 'building packages',
    run: ['pnpm', ...PACKAGES, 'build'],
    progress: (line) => /^packages\/(\S+) build: Done/.exec(line)?.[1],
  },
  generate: {
    says: 'generating code',
    run: ['pnpm', ...PACKAGES, '--if-present', 'gen'],
    progress: (line) => /^packages\/(\S+) gen: Done/.exec(line)?.[1],
  },
  format: { says: 'checking format and lint (biome)', run: ['biome', 'ci', '--error-on-warnings', '.'] },
  types: { says: 'checking types (tsc)', run: ['tsc', '-b'] },
  unused: { says: 'checking for unused code and dependencies (knip)', run: ['knip', '--config', '.knip.json'] },
  generated: {
    says: 'checking that generated code is in step',
    run: ['pnpm', ...PACKAGES, '--if-present', 'gen:check'],
  },
  packages: {
    says: 'checking packages (publint, arethetypeswrong)',
    run: ['pnpm', ...PACKAGES, 'check:package'],
    progress: (line) => /^packages\/(\S+) check:package: Done/.exec(line)?.[1],
  },
}

/** Keeps one line growing while a command runs: by what the command tells, else by a heartbeat. */
function createLine(says) {
  const startedAtMs = performance.now()
  let news = []
  const write = (text) => process.stdout.write(text)
  write(`${says} …`)
  const timer = setInterval(() => {
    write(` ${news.join(' ') || '.'}`)
    news = []
  }, PROGRESS_AFTER_MS)
  return {
    // A count stands for the counts before it, a name is one of many.
    tell: (text) => {
      news = /^\d/.test(text) ? [text] : [...news, text]
    },
    end: (failed) => {
      clearInterval(timer)
      write(`${failed ? ' failed' : ' done'} (${((performance.now() - startedAtMs) / 1000).toFixed(1)} s)\n`)
    },
  }
}

function start([command, ...args], stdio) {
  return spawn(command, args, { stdio, shell: process.platform === 'win32' })
}

/** Runs one step and gives its exit code; the output of a step that failed is printed whole. */
function runStep({ says, run, progress }) {
  const line = createLine(says)
  const output = []
  const read = (chunk) => {
    output.push(chunk)
    for (const text of chunk.toString().split('\n')) {
      const news = progress?.(text)
      if (news !== undefined) line.tell(news)
    }
  }
  return new Promise((resolve) => {
    const child = start(run, ['ignore', 'pipe', 'pipe'])
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('error', (error) => output.push(Buffer.from(`${error.message}\n`)))
    child.on('close', (code) => {
      line.end(code !== 0)
      if (code !== 0) process.stdout.write(Buffer.concat(output))
      resolve(code ?? 1)
    })
  })
}

/**
 * Runs the steps in turn and gives whether all passed. A failed check does not keep the next one from telling its own;
 * what others need before they can run does.
 */
async function runSteps(names) {
  const failed = []
  for (const name of names) {
    if (!Object.hasOwn(STEPS, name)) throw new Error(`unknown step \`${name}\`: ${Object.keys(STEPS).join(', ')}`)
    if ((await runStep(STEPS[name])) === 0) continue
    failed.push(name)
    if (name === 'prerequisites' || name === 'install' || name === 'build') break
  }
  if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`)
  return failed.length === 0
}

/** Runs the command in the terminal as it is, and ends as it ends. */
function runCommand(command) {
  const child = start(command, 'inherit')
  // A terminal sends Ctrl-C to the child as well: it cleans up, and we wait for it.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => console.error(`${command[0]}: ${error.message}`))
  child.on('close', (code) => process.exit(code ?? 1))
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`Node ${process.versions.node} is too old: install Node 20 or newer`)
  process.exit(1)
}
const words = process.argv.slice(2)
const end = words.indexOf('--')
const passed = await runSteps(end === -1 ? words : words.slice(0, end))
if (!passed) process.exitCode = 1
else if (end !== -1) runCommand(words.slice(end + 1))
