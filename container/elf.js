// What a program needs to run where its own system is not: its dynamic loader and its shared libraries.
import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
const PT_INTERP = 3;
/** The loader a 64-bit little-endian ELF file asks for (elf(5), PT_INTERP); null for a static or another file. */
export async function interpreterOf(path) {
    const file = await open(path);
    try {
        const header = Buffer.alloc(64);
        await file.read(header, 0, 64, 0);
        if (header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1)
            return null;
        const offset = Number(header.readBigUInt64LE(32));
        const size = header.readUInt16LE(54);
        for (let i = 0; i < header.readUInt16LE(56); i++) {
            const entry = Buffer.alloc(size);
            await file.read(entry, 0, size, offset + i * size);
            if (entry.readUInt32LE(0) !== PT_INTERP)
                continue;
            const name = Buffer.alloc(Number(entry.readBigUInt64LE(32)));
            await file.read(name, 0, name.length, Number(entry.readBigUInt64LE(8)));
            return name.toString().replace(/\0.*$/s, '');
        }
        return null;
    }
    finally {
        await file.close();
    }
}
/** Shared libraries by the name they are asked for, as the loader itself finds them (`ld.so --list`). */
export async function librariesOf(loader, path) {
    const { stdout } = await promisify(execFile)(loader, ['--list', path], { env: {} });
    const found = new Map();
    for (const line of stdout.split('\n')) {
        const match = /^\s*(\S+) => (\/\S+) \(0x/.exec(line);
        if (match?.[1] && match[2] && !match[1].includes('/'))
            found.set(match[1], match[2]);
        else if (/=> not found/.test(line))
            throw new Error(`${path} needs a library that is not here:${line}`);
    }
    return found;
}
