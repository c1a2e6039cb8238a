// Launch records: a small file per cloud run of this machine, replaced in one step, without any secret.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cloudRunSchema, type CloudRun } from '../../../src-shared/cloud/cloud-job.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { replaceText } from '../../run-folder/replace-file.ts'

/** Folders below the application's `cloud` folder. Their names are those of earlier versions. */
export const cloudFolders = (cloudFolder: string): { readonly launchRecords: string; readonly plans: string; readonly prices: string } => ({
  launchRecords: join(cloudFolder, 'trips'),
  plans: join(cloudFolder, 'plans'),
  prices: join(cloudFolder, 'prices'),
})

export class LaunchRecords {
  readonly #folder: string

  /** The first write creates `folder`. */
  constructor(folder: string) {
    this.#folder = folder
  }

  async write(cloudRun: CloudRun): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await replaceText(this.#path(cloudRun.runId), `${JSON.stringify(cloudRun, null, 2)}\n`, 0o600)
  }

  /** Undefined for a run without a record, or with one that this version cannot read. */
  async find(runId: string): Promise<CloudRun | undefined> {
    if (!/^[a-z0-9]{8,32}$/.test(runId)) return undefined
    const text = await readFile(this.#path(runId), 'utf8').catch(() => undefined)
    return text === undefined ? undefined : parseCloudRun(text)
  }

  /** By run id or job name; throws cloud-setup where there is none. */
  async get(name: string): Promise<CloudRun> {
    const cloudRun = (await this.find(name)) ?? (await this.list()).find(({ jobName }) => jobName === name)
    if (cloudRun !== undefined) return cloudRun
    throw new HeadroomError('cloud-setup', `This machine has no launch record of ${name}.`, {
      next: 'List launches with: headroom cloud jobs.',
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
