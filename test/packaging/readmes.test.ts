import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { listFiles, ROOT } from '../reporter/fingerprint.ts'
import { packageNames } from './packages.ts'
import { createProgram, formatDiagnostic } from './typescript-program.ts'

const FENCE = /^```(?:ts|typescript)\n([\s\S]*?)^```/gm

// Examples are compiled as strictly as an application's own code usually is, not as strictly as ours.
const READER_OPTIONS = {
  exactOptionalPropertyTypes: false,
  noPropertyAccessFromIndexSignature: false,
  noUncheckedIndexedAccess: false,
  noUnusedLocals: false,
  noUnusedParameters: false,
  isolatedDeclarations: false,
}

// A program in the root's README or in docs/ imports what an application would: it is compiled where all packages resolve.
function folderOf(file: string): string {
  const folder = dirname(file)
  return folder === '.' || folder.startsWith('docs') ? 'test' : folder
}

/**
 * Gives each program of a Markdown file a path of its own; its lines keep their numbers.
 *
 * A fence that begins with an import begins a program, any other goes on with the program before it.
 */
function programsOf(file: string): [path: string, text: string][] {
  const markdown = readFileSync(join(ROOT, file), 'utf8')
  const programs: { line: number; text: string }[] = []
  for (const { 1: code = '', index } of markdown.matchAll(FENCE)) {
    const line = markdown.slice(0, index).split('\n').length
    const current = programs.at(-1)
    if (current === undefined || /^import\b/.test(code)) programs.push({ line, text: `${'\n'.repeat(line)}${code}` })
    else current.text += `${'\n'.repeat(line + 1 - current.text.split('\n').length)}${code}`
  }
  return programs.map(({ line, text }) => {
    const name = `${file.replaceAll('/', '-')}-line-${line}.mts`
    return [join(ROOT, folderOf(file), name), `${text}\nexport {}\n`]
  })
}

const documents = listFiles(['*.md']).filter((file) => existsSync(join(ROOT, file)))

test('every TypeScript program in a Markdown file compiles', () => {
  const programs = new Map(documents.flatMap(programsOf))
  const program = createProgram([], programs, READER_OPTIONS)
  const problems = [...programs.keys()].flatMap((path) => {
    const file = program.getSourceFile(path)
    return ts.getPreEmitDiagnostics(program, file).map(formatDiagnostic)
  })

  expect(programs.size).toBeGreaterThan(0)
  expect(problems).toEqual([])
})

test.each(packageNames())('the README of %s tells what it is, how to install it, and an example', (name) => {
  const path = join(ROOT, 'packages', name, 'README.md')
  const readme = existsSync(path) ? readFileSync(path, 'utf8') : ''

  expect(readme).toMatch(new RegExp(`^# @headgate/${name}$`, 'm'))
  expect(readme).toMatch(new RegExp(`^(npm install .*@headgate/${name}|npx .*@headgate/${name})`, 'm'))
  expect(readme).toMatch(/^```(ts|typescript|sh)$/m)
})

test.each(documents)('relative links of %s lead to files', (file) => {
  const markdown = readFileSync(join(ROOT, file), 'utf8').replace(/^```[\s\S]*?^```/gm, '')
  const links = [...markdown.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]:\s+(\S+)/gm)].map(
    ([, inline, defined]) => inline ?? defined ?? '',
  )
  const broken = links.filter((link) => {
    const path = link.replace(/#.*$/, '')
    return path !== '' && !/^[a-z]+:/.test(path) && !existsSync(join(ROOT, dirname(file), path))
  })

  expect(broken).toEqual([])
})
