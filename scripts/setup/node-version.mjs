// The Node.js versions Headroom runs on; the same rule as `engines` in package.json.
import { SetupError } from './setup-error.mjs'

/** @param {string} version such as "22.12.0" */
export function isSupportedNode(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  if (major === 20) return minor >= 19
  if (major === 22) return minor >= 12
  return major >= 24
}

/** Throws one clear sentence on a Node.js that is too old. */
export function requireSupportedNode(version = process.versions.node) {
  if (isSupportedNode(version)) return
  throw new SetupError(
    `Headroom needs Node.js 20.19 or later, 22.12 or later, or 24 or later; this is Node.js ${version}. ` +
      'Install a current version from https://nodejs.org and try again.',
  )
}
