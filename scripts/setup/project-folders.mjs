// Where things are: the project, its built command line, the cache that outlives a checkout, the folder the user is in.
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectFolder = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..')
export const modulesFolder = join(projectFolder, 'node_modules')
export const cliFile = join(projectFolder, 'out', 'main', 'cli.cjs')

/** Headroom's cache: HEADROOM_CACHE, or the cache folder of the operating system. */
export function cacheFolder(env = process.env, platform = process.platform) {
  if (env.HEADROOM_CACHE) return resolve(env.HEADROOM_CACHE)
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'headroom')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'headroom')
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? homedir(), 'headroom', 'Cache')
  return join(homedir(), '.cache', 'headroom')
}

/** Headroom's data: HEADROOM_HOME, or headroom below the XDG data folder. */
export function dataFolder(env = process.env) {
  if (env.HEADROOM_HOME) return resolve(env.HEADROOM_HOME)
  return join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'headroom')
}

/**
 * The user's working folder: npm starts scripts in the project folder and passes the user's in INIT_CWD.
 * @param {string} script the npm script that must have started this process for INIT_CWD to count
 */
export function userFolder(script, env = process.env) {
  return env.npm_lifecycle_event === script && env.INIT_CWD ? env.INIT_CWD : process.cwd()
}
