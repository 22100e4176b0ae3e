// Calls the official clients of artifacts and caches as actions do. Arguments: what to do, and its parameters as JSON.
// Prints the result as JSON on the last line.
import fs from 'node:fs'
import path from 'node:path'
import { DefaultArtifactClient } from '@actions/artifact'
import * as cache from '@actions/cache'

const artifacts = new DefaultArtifactClient()
const [what, text] = process.argv.slice(2)
const given = JSON.parse(text)

const acts = {
  async upload() {
    const files = given.files.map(file => path.join(given.folder, file))
    return artifacts.uploadArtifact(given.name, files, given.folder, { retentionDays: given.retentionDays })
  },
  async list() {
    return artifacts.listArtifacts()
  },
  async download() {
    const { artifact } = await artifacts.getArtifact(given.name)
    return artifacts.downloadArtifact(artifact.id, { path: given.folder, expectedHash: artifact.digest })
  },
  async remove() {
    return artifacts.deleteArtifact(given.name)
  },
  async save() {
    return { id: await cache.saveCache(given.paths, given.key) }
  },
  async restore() {
    for (const each of given.paths) fs.rmSync(each, { recursive: true, force: true })
    return { key: (await cache.restoreCache(given.paths, given.key, given.restoreKeys ?? [])) ?? null }
  },
}

try {
  const result = await acts[what]()
  console.log('\n' + JSON.stringify({ result }, (_, value) => (typeof value === 'bigint' ? Number(value) : value)))
} catch (error) {
  console.log('\n' + JSON.stringify({ error: `${error.name}: ${error.message}` }))
}
