// A custom Python module before its launch: script and configuration are where its arguments will look, and nothing needs a network that is not there.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Finding } from '../../../src-shared/cloud/cloud-job.ts'
import type { LaunchRequest } from '../../../src-shared/cloud/cloud-settings.ts'
import { findLocalFiles } from '../storage/local-files.ts'

type ModuleTask = Extract<LaunchRequest['task'], { kind: 'python-module' }>

export const isWheel = (path: string): boolean => path.endsWith('.whl')

export const checkModule = async (task: ModuleTask, isIsolated: boolean): Promise<Finding> => {
  const { projectFolder, script } = task
  for (const file of [script, join('config', 'config.yaml')]) {
    if (await isFile(join(projectFolder, file))) continue
    return { state: 'failed', detail: `There is no ${file} in ${projectFolder}.`, next: 'Choose the folder that holds src and config.' }
  }
  const wheels = task.wheelsFolder === undefined ? '' : await checkWheels(task.wheelsFolder)
  if (typeof wheels !== 'string') return wheels
  const installer = isIsolated ? await findInstaller(task) : undefined
  if (installer === undefined) return { state: 'ok', detail: `${script} and config/config.yaml in ${projectFolder}${wheels}` }
  return {
    state: 'failed',
    detail: `${installer} installs packages with pip, but the container has no network.`,
    next: 'Turn off network isolation (command line: --no-network-isolation), bring the packages as wheels (--wheels), or use an image that holds them.',
  }
}

/** The container runs Linux on 64-bit x86; pip would refuse another wheel after the start. Text for the line of the check. */
const checkWheels = async (folder: string): Promise<Finding | string> => {
  const files = await findLocalFiles([folder], isWheel).catch(() => undefined)
  if (files === undefined)
    return { state: 'failed', detail: `${folder} holds no wheels.`, next: 'Fill it with: pip download --only-binary :all: --dest DIR.' }
  const foreign = files.files.find(({ name }) => !/-(any|[^-]*(linux_x86_64|manylinux[^-]*_x86_64)[^-]*)\.whl$/.test(name))
  if (foreign === undefined) return `, ${files.files.length} ${files.files.length === 1 ? 'wheel' : 'wheels'}`
  return {
    state: 'failed',
    detail: `${foreign.name} does not run in the container, which is Linux on x86_64.`,
    next: 'Fetch wheels of that platform: pip download --platform manylinux2014_x86_64 --only-binary :all: --dest DIR.',
  }
}

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() === true

/** The first Python file of the project that runs pip, as in `pip install x` or `[sys.executable, "-m", "pip", "install", "x"]`. */
const findInstaller = async ({ projectFolder, script }: ModuleTask): Promise<string | undefined> => {
  const { files } = await findLocalFiles([join(projectFolder, 'src')], (path) => path.endsWith('.py'))
  const scripts = [{ path: join(projectFolder, script), name: script }, ...files]
  for (const { path, name } of scripts) {
    const code = (await readFile(path, 'utf8')).replace(/^\s*#.*$/gm, '')
    if (/\bpip3?\b[^\n]{0,12}\binstall\b/.test(code)) return name
  }
  return undefined
}
