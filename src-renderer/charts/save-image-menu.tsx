// Saves a chart that has no frame of its own as a picture.
import { Download } from 'lucide-react'
import type { ChartHandle } from './chart.tsx'
import { saveFile } from '../state/notify.ts'
import { Popover } from '../components/popover.tsx'

export interface SaveImageMenuProps {
  /** File name without its ending. */
  readonly name: string
  readonly handle: () => ChartHandle | null
}

export const SaveImageMenu = ({ name, handle }: SaveImageMenuProps) => (
  <Popover label={<Download size={15} aria-label="Take along" />} name={`Save: ${name}`} align="right">
    <ul className="menu-list">
      {(['png', 'svg'] as const).map((kind) => (
        <li key={kind}>
          <button
            type="button"
            className="menu-item"
            data-close
            onClick={() => {
              const image = handle()?.exportImage(kind)
              if (image !== undefined) void saveFile(`${name}.${kind}`, kind, image)
            }}
          >
            Save as {kind.toUpperCase()}…
          </button>
        </li>
      ))}
    </ul>
  </Popover>
)
