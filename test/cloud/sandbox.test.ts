// `npm run sandbox`: the account it serves is one that the command line can work in.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { packedEngine } from '../fixtures/engine-bundle.ts'
import { headroom } from '../fixtures/run-headroom.ts'

it('serves an account that passes the preflight', async () => {
  await packedEngine()
  const script = join(import.meta.dirname, '..', '..', 'scripts', 'sandbox.mjs')
  const sandbox = spawn(process.execPath, [script, '--serve'], { stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    let said = ''
    await new Promise<void>((resolve, reject) => {
      const hear = (text: string): void => {
        said += text
        if (said.includes('AWS_EC2_METADATA_DISABLED') && said.includes('--role')) resolve()
      }
      sandbox.stdout.setEncoding('utf8').on('data', hear)
      sandbox.stderr.setEncoding('utf8').on('data', hear)
      sandbox.on('close', () => reject(new Error(said)))
    })
    const env = Object.fromEntries([...said.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name!, value!]))
    const [, input, settings] = /cloud launch (\S+) (--bucket \S+ --role \S+)/.exec(said) ?? []
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
