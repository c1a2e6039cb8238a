// Type-checks each side with its own tsconfig, so that no DOM type leaks into main and no Node type into the renderer.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
const sides = ['src-shared', 'src-main', 'src-renderer', 'test']
// Each checker learns most types by itself: on two processors, the usual four take twice the processor time of one.
const checkers = String(Math.min(4, Math.ceil(availableParallelism() / 2)))
const failed = sides.filter((side) => {
  const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, side, 'tsconfig.json'), '--checkers', checkers], {
    stdio: 'inherit',
  })
  return status !== 0
})
if (failed.length > 0) {
  console.error(`Type errors in: ${failed.join(', ')}`)
  process.exit(1)
}
