// The server's end-to-end cases on dockerd.
import { startDockerEngine } from '../engines/dockerd.ts'
import { describeServer } from './docker-cases.ts'

describeServer('dockerd', startDockerEngine)
