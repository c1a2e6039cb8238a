// A server of moto, an independent reimplementation of AWS's interfaces; undefined with a message where it is not installed.
import { spawn, spawnSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from './free-port.mjs'

export const python = process.env['HEADROOM_PYTHON'] ?? 'python3'
const region = 'eu-west-1'
const keys = { accessKeyId: 'testing', secretAccessKey: 'testing' }

/** Variables of the command line, options of a client of the AWS SDK, and its end. */
export const startMoto = async () => {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
  const [command, ...first] =
    [['moto_server'], [python, '-m', 'moto.server']].find(
      ([program = '', ...args]) => spawnSync(program, [...args, '--help'], { encoding: 'utf8' }).status === 0,
    ) ?? []
  if (command === undefined) {
    console.log('Skipped: moto is not installed (pip install "moto[server]"; HEADROOM_PYTHON names the Python that has it).')
    return undefined
  }
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const server = spawn(command, [...first, '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore', detached: true })
  const stop = () => {
    if (server.pid !== undefined) process.kill(-server.pid, 'SIGTERM')
  }
  const isUp = () =>
    fetch(`${endpoint}/moto-api/`).then(
      () => true,
      () => false,
    )
  for (let waited = 0; waited < 100 && !(await isUp()); waited += 1) await pause(100)
  return {
    region,
    environment: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    client: { endpoint, region, credentials: keys },
    stop,
  }
}
