import { join } from 'node:path'
import ts from 'typescript'
import { ROOT } from '../reporter/fingerprint.ts'

function readOptions(): ts.CompilerOptions {
  const path = join(ROOT, 'test/tsconfig.json')
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile)
  if (error !== undefined) throw new Error(formatDiagnostic(error))
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(ROOT, 'test'))
  const { composite, declarationMap, emitDeclarationOnly, declaration, rootDir, outDir, ...rest } = options
  return { ...rest, noEmit: true, incremental: false }
}

/**
 * Creates a program over files of the workspace, with the compiler options of its tests.
 *
 * `extra` gives files that exist in memory alone, by absolute path; they are part of the program. `changes` replaces
 * options.
 */
export function createProgram(
  files: readonly string[],
  extra: ReadonlyMap<string, string> = new Map(),
  changes: ts.CompilerOptions = {},
): ts.Program {
  const options = { ...readOptions(), ...changes }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (path) => extra.has(path) || fileExists.call(host, path)
  host.readFile = (path) => extra.get(path) ?? readFile.call(host, path)
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const text = extra.get(path)
    if (text === undefined) return getSourceFile.call(host, path, languageVersion, ...rest)
    return ts.createSourceFile(path, text, languageVersion, true)
  }
  return ts.createProgram({ rootNames: [...files, ...extra.keys()], options, host })
}

/** Formats a diagnostic as `file:line: message`, the file relative to the root. */
export function formatDiagnostic({ file, start, messageText }: ts.Diagnostic): string {
  const message = ts.flattenDiagnosticMessageText(messageText, ' ')
  if (file === undefined || start === undefined) return message
  const { line } = file.getLineAndCharacterOfPosition(start)
  return `${file.fileName.replace(`${ROOT}/`, '')}:${line + 1}: ${message}`
}
