// Calls the official clients of artifacts and caches as actions do. Arguments: what to do, and its parameters as JSON.
// Prints the result as JSON on the last line. Without arguments, it reads one call after the other from standard input,
// as lines of JSON, each with its environment and working folder, and prints the result of each.
import fs from 'node:fs'
import path from 'node:path'
import readline from 'node:readline'
import { DefaultArtifactClient } from '@actions/artifact'
import * as cache from '@actions/cache'

const artifacts = new DefaultArtifactClient()

const acts = {
  async upload(given) {
    const files = given.files.map(file => path.join(given.folder, file))
    return artifacts.uploadArtifact(given.name, files, given.folder, { retentionDays: given.retentionDays })
  },
  async list() {
    return artifacts.listArtifacts()
  },
  async download(given) {
    const { artifact } = await artifacts.getArtifact(given.name)
    return artifacts.downloadArtifact(artifact.id, { path: given.folder, expectedHash: artifact.digest })
  },
  async remove(given) {
    return artifacts.deleteArtifact(given.name)
  },
  async save(given) {
    return { id: await cache.saveCache(given.paths, given.key) }
  },
  async restore(given) {
    for (const each of given.paths) fs.rmSync(each, { recursive: true, force: true })
    return { key: (await cache.restoreCache(given.paths, given.key, given.restoreKeys ?? [])) ?? null }
  },
}

async function call(what, given) {
  try {
    const result = await acts[what](given)
    console.log('\n' + JSON.stringify({ result }, (_, value) => (typeof value === 'bigint' ? Number(value) : value)))
  } catch (error) {
    console.log('\n' + JSON.stringify({ error: `${error.name}: ${error.message}` }))
  }
}

const [what, text] = process.argv.slice(2)
if (what) {
  await call(what, JSON.parse(text))
} else {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { what, given, folder, environment } = JSON.parse(line)
    Object.assign(process.env, environment)
    process.chdir(folder)
    await call(what, given)
  }
}
