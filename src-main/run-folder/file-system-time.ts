// The clock of the file system that holds a folder: hosts that share a disk may disagree about the time.
import { mkdir, rmdir, stat } from 'node:fs/promises'

/** Now, in milliseconds. `probe` is a path that is free; a folder of that name is there for a moment. */
export const fileSystemTime = async (probe: string): Promise<number> => {
  try {
    await mkdir(probe)
    return (await stat(probe)).mtimeMs
  } catch {
    return Date.now()
  } finally {
    await rmdir(probe).catch(() => undefined)
  }
}
