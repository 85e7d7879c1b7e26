import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Writes the licences of all packages whose code is inside the command's one file beside it, as they ask for.
 *
 * @throws {Error} when a package that is inside carries no licence text.
 */
export function writeLicences(metafilePath: string, outputPath: string): void {
  const { inputs } = JSON.parse(readFileSync(metafilePath, 'utf8')) as { inputs: Record<string, object> }
  const folders = new Set(Object.keys(inputs).flatMap((input) => packageFolder(input) ?? []))
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return `${name} ${version} (${license})\n\n${licenceText(folder, name)}\n`
  })
  writeFileSync(outputPath, texts.join(`\n${'-'.repeat(80)}\n\n`))
  rmSync(metafilePath)
}

/** The folder of the installed package that a file belongs to; nothing for files of the workspace. */
function packageFolder(input: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]
}

function licenceText(folder: string, name: string): string {
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  if (file === undefined) throw new Error(`${name} carries no licence text: ${dirname(folder)}`)
  return readFileSync(join(folder, file), 'utf8').trim()
}
