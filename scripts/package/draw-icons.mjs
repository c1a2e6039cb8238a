// Draws the app's icon from its SVG in the sizes that the packages of the three systems want.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Resvg } from '@resvg/resvg-js'
import { projectFolder } from '../setup/project-folders.mjs'

const sizes = [16, 32, 48, 64, 128, 256, 512, 1024]
/** The maximum size in a Windows icon. */
const largestOfWindows = 256

/** @param {readonly { size: number, png: Buffer }[]} pictures @returns {Buffer} an .ico: its header, one entry of 16 bytes per picture, the pictures as PNG */
function windowsIcon(pictures) {
  const header = Buffer.alloc(6 + 16 * pictures.length)
  header.writeUInt16LE(1, 2)
  header.writeUInt16LE(pictures.length, 4)
  let offset = header.length
  for (const [index, { size, png }] of pictures.entries()) {
    const at = 6 + 16 * index
    header.writeUInt8(size % 256, at)
    header.writeUInt8(size % 256, at + 1)
    header.writeUInt16LE(1, at + 4)
    header.writeUInt16LE(32, at + 6)
    header.writeUInt32LE(png.length, at + 8)
    header.writeUInt32LE(offset, at + 12)
    offset += png.length
  }
  return Buffer.concat([header, ...pictures.map(({ png }) => png)])
}

/** Writes icon.png, icon.ico and icons/<size>x<size>.png. @param {string} folder */
export function drawIcons(folder) {
  const svg = readFileSync(join(projectFolder, 'resources', 'icons', 'headroom.svg'))
  mkdirSync(join(folder, 'icons'), { recursive: true })
  const pictures = sizes.map((size) => ({ size, png: new Resvg(svg, { fitTo: { mode: 'width', value: size } }).render().asPng() }))
  for (const { size, png } of pictures) writeFileSync(join(folder, 'icons', `${size}x${size}.png`), png)
  writeFileSync(join(folder, 'icon.png'), pictures.at(-1)?.png ?? '')
  writeFileSync(join(folder, 'icon.ico'), windowsIcon(pictures.filter(({ size }) => size <= largestOfWindows)))
}
