import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes the licences of all packages whose code is inside a built file, from the bundler's account of it, as they ask for.
 *
 * @param {string} metafilePath the account; it is removed
 * @param {string} outputPath
 * @throws {Error} when a package that is inside carries no licence text
 */
export function writeLicences(metafilePath, outputPath) {
  const { outputs } = JSON.parse(readFileSync(metafilePath, 'utf8'))
  const files = Object.values(outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((file) => inputs[file].bytesInOutput > 0),
  )
  const folders = new Set(files.flatMap((file) => packageFolder(file) ?? []))
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return `${name} ${version} (${license})\n\n${licenceText(folder, name)}\n`
  })
  writeFileSync(outputPath, texts.join(`\n${'-'.repeat(80)}\n\n`))
  rmSync(metafilePath)
}

/** The folder of the installed package that a file belongs to; nothing for files of the workspace. */
function packageFolder(file) {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]
}

function licenceText(folder, name) {
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  if (file === undefined) throw new Error(`${name} carries no licence text: ${folder}`)
  return readFileSync(join(folder, file), 'utf8').trim()
}
