// What is in a zip file, from the directory at its end.
import fs from 'node:fs';

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;

/**
 * @param {string} file below 4 GB, with a comment of at most 64 kB
 * @returns {{ name: string, bytes: number }[]} `bytes`: the unpacked size
 * @throws {Error} when it is not a zip file
 */
export function zipEntries(file) {
  const zip = fs.readFileSync(file);
  let end = zip.length - 22;
  while (end >= 0 && zip.readUInt32LE(end) !== endSignature) end--;
  if (end < 0) throw new Error(`${file} is not a zip file.`);
  const entries = [];
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (zip.readUInt32LE(at) !== entrySignature) throw new Error(`The directory of ${file} is damaged.`);
    const nameLength = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    entries.push({ name, bytes: zip.readUInt32LE(at + 24) });
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return entries.filter(({ name }) => !name.endsWith('/'));
}
