import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { ROOT } from '../reporter/fingerprint.ts'
import { packageNames } from './packages.ts'
import { createProgram } from './typescript-program.ts'

/** The file that each way into a package leads to. */
const entryFiles = [...packageNames().map((name) => `${name}/src/index.ts`), 'policy/src/tools/index.ts']
const fileOf = (entry: string): string => join(ROOT, 'packages', entry)
const entries = entryFiles.map(fileOf)
const program = createProgram(entries)
const checker = program.getTypeChecker()

function entrySymbol(entry: string): ts.Symbol | undefined {
  const file = program.getSourceFile(entry)
  return file === undefined ? undefined : checker.getSymbolAtLocation(file)
}

function isOurs(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some((declaration) => {
    const { fileName } = declaration.getSourceFile()
    return fileName.includes('/packages/') && !fileName.includes('/node_modules/')
  })
}

function exportsOf(entry: string): ts.Symbol[] {
  const symbol = entrySymbol(entry)
  return symbol === undefined ? [] : checker.getExportsOfModule(symbol)
}

function target(symbol: ts.Symbol): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
}

test.each(entryFiles)('every export of %s has a doc comment', (file) => {
  const exported = exportsOf(fileOf(file))
  const undocumented = exported.filter((symbol) => {
    const resolved = target(symbol)
    return isOurs(resolved) && resolved.getDocumentationComment(checker).length === 0
  })

  expect(exported.length).toBeGreaterThan(0)
  expect(undocumented.map(({ name: exportName }) => exportName)).toEqual([])
})

// The types of another package may be passed on whole: they are its list, not ours.
function isOwnStar(node: ts.Statement): boolean {
  if (!ts.isExportDeclaration(node) || node.exportClause !== undefined) return false
  return !node.isTypeOnly || node.moduleSpecifier?.getText().startsWith("'.") === true
}

test.each(entryFiles)('%s lists its exports one by one, without a default', (file) => {
  const entry = fileOf(file)
  const stars = program.getSourceFile(entry)?.statements.filter(isOwnStar) ?? []

  expect(stars.map((node) => node.getText())).toEqual([])
  expect(exportsOf(entry).map((symbol) => symbol.name)).not.toContain('default')
})
