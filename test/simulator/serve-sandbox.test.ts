// `npm run sandbox` serves an account that the command line can use.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ensurePackedEngine } from '../fixtures/packed-engine.ts'
import { headroom } from '../fixtures/run-headroom.ts'

it('serves an account that passes the preflight', async () => {
  await ensurePackedEngine()
  const script = join(import.meta.dirname, '..', '..', 'scripts', 'sandbox.mjs')
  const sandbox = spawn(process.execPath, [script, '--serve'], { stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    let output = ''
    await new Promise<void>((resolve, reject) => {
      const collect = (text: string): void => {
        output += text
        if (output.includes('AWS_EC2_METADATA_DISABLED') && output.includes('--role')) resolve()
      }
      sandbox.stdout.setEncoding('utf8').on('data', collect)
      sandbox.stderr.setEncoding('utf8').on('data', collect)
      sandbox.on('close', () => reject(new Error(output)))
    })
    const env = Object.fromEntries([...output.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name!, value!]))
    const [, input, settings] = /cloud launch (\S+) (--bucket \S+ --role \S+)/.exec(output) ?? []
    const { code, stdout } = await headroom(['cloud', 'preflight', input!, ...settings!.split(' ')], {
      env: { ...env, HEADROOM_ENGINE: '' },
    })
    expect({ code, failed: stdout.includes('FAILED'), machine: stdout.includes('ml.m5.large') }).toEqual({
      code: 0,
      failed: false,
      machine: true,
    })
  } finally {
    sandbox.kill('SIGTERM')
  }
}, 180_000)
