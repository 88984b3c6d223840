// A certificate that signs itself, made by openssl.
import { execFileSync } from 'node:child_process'

/** Writes PEM files for this machine's loopback address. */
export function makeCertificate(certPath: string, keyPath: string): void {
  const words =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=ropeway-test -addext subjectAltName=IP:127.0.0.1,DNS:localhost'
  execFileSync('openssl', [...words.split(' '), '-out', certPath, '-keyout', keyPath], { stdio: 'pipe' })
}
