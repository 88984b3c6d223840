// The server's end-to-end cases on podman.
import { startPodmanEngine } from '../engines/podman.ts'
import { describeServer } from './docker-cases.ts'

describeServer('podman', startPodmanEngine)
