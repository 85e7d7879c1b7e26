import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type JsonObject, jsonObject, parseJson, textMember } from '../json-value.ts'

/** A package that is installed where a service finds it. */
export interface InstalledPackage {
  /** The name in its own manifest: another one where it is installed under an alias. */
  readonly name: string
  readonly version: string
  readonly folder: string
  readonly manifest: JsonObject
}

/** Reads a package.json; nothing where there is none, or it cannot be read. */
export function readManifest(folder: string): JsonObject | undefined {
  try {
    return jsonObject(parseJson(readFileSync(join(folder, 'package.json'), 'utf8')))
  } catch {
    return undefined
  }
}

/** Finds a package as Node does: in `node_modules` of the folder, or of one above it. */
export function findInstalled(folder: string, name: string): InstalledPackage | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const place = join(at, 'node_modules', name)
    const manifest = readManifest(place)
    if (manifest !== undefined) {
      const own = textMember(manifest, 'name') ?? name
      return { name: own, version: textMember(manifest, 'version') ?? '', folder: place, manifest }
    }
    if (dirname(at) === at) return undefined
  }
}

/** The names that a manifest asks for, of these kinds. */
export function dependencyNames(manifest: JsonObject | undefined, kinds: readonly string[]): readonly string[] {
  return [...new Set(kinds.flatMap((kind) => Object.keys(jsonObject(manifest?.[kind]) ?? {})))].sort()
}
