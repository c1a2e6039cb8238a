// The journal of launches on this machine: one small file per trip, replaced in one step, without any secret.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cloudRunSchema, type CloudRun } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { replaceText } from '../../run-folder/replace-file.ts'

/** A new name for a launch: its time, so that names sort, and six random letters. */
export const newRunId = (now = new Date()): string =>
  `${now.toISOString().replace(/\D/g, '').slice(0, 14)}${randomBytes(3).toString('hex')}`

export class LaunchRecords {
  readonly #folder: string

  /** `folder` is made when the first trip is written. */
  constructor(folder: string) {
    this.#folder = folder
  }

  async write(cloudRun: CloudRun): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    await replaceText(this.#path(cloudRun.runId), `${JSON.stringify(cloudRun, null, 2)}\n`, 0o600)
  }

  /** Undefined where there is none, or one that this version does not understand. */
  async find(runId: string): Promise<CloudRun | undefined> {
    if (!/^[a-z0-9]{8,32}$/.test(runId)) return undefined
    const text = await readFile(this.#path(runId), 'utf8').catch(() => undefined)
    return text === undefined ? undefined : parseCloudRun(text)
  }

  /** By run id or job name; throws cloud-setup where there is none. */
  async get(name: string): Promise<CloudRun> {
    const cloudRun = (await this.find(name)) ?? (await this.list()).find(({ jobName }) => jobName === name)
    if (cloudRun !== undefined) return cloudRun
    throw new HeadroomError('cloud-setup', `No launch ${name} was made from this machine.`, {
      next: 'List them with: headroom cloud jobs.',
    })
  }

  /** Newest first. */
  async list(): Promise<CloudRun[]> {
    const names = await readdir(this.#folder).catch(() => [] as string[])
    const cloudRuns = await Promise.all(
      names.filter((name) => name.endsWith('.json')).map((name) => this.find(name.slice(0, -'.json'.length))),
    )
    return cloudRuns.filter((cloudRun) => cloudRun !== undefined).sort((a, b) => (a.runId < b.runId ? 1 : -1))
  }

  async remove(runId: string): Promise<void> {
    await rm(this.#path(runId), { force: true })
  }

  #path(runId: string): string {
    return join(this.#folder, `${runId}.json`)
  }
}

const parseCloudRun = (text: string): CloudRun | undefined => {
  try {
    return cloudRunSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
