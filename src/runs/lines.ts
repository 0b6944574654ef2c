import fs from 'node:fs';

/** A text file to which whole lines are appended, one JSON object each. */
export class LineFile {
  private readonly handle: number;
  /** The file does not end with a line break: a writer died, or the disk was full, in the middle of a line. */
  private torn: boolean;

  /** @throws the error of the file system. */
  constructor(file: string) {
    this.handle = fs.openSync(file, 'a+');
    const { size } = fs.fstatSync(this.handle);
    const last = Buffer.alloc(1);
    this.torn = size > 0 && fs.readSync(this.handle, last, 0, 1, size - 1) === 1 && last[0] !== lineBreak;
  }

  /** Everything that stands in the file. */
  read(): string {
    const bytes = Buffer.alloc(fs.fstatSync(this.handle).size);
    const length = fs.readSync(this.handle, bytes, 0, bytes.length, 0);
    return bytes.toString('utf8', 0, length);
  }

  /** Has reached the system when it returns. After a torn line it starts on a fresh one. @throws the error of the file system. */
  append(line: string): void {
    const bytes = Buffer.from(this.torn ? `\n${line}\n` : `${line}\n`);
    this.torn = true;
    let done = 0;
    try {
      while (done < bytes.length) done += fs.writeSync(this.handle, bytes, done);
      this.torn = false;
    } catch (error) {
      // A line that lacks only its break is whole: a reader will take it, so it must not be written again.
      if (done < bytes.length - 1) throw error;
    }
  }

  close(): void {
    fs.closeSync(this.handle);
  }
}

/** Reads what has been appended to a file since the last look, in whole lines. */
export class LineTail {
  private offset = 0;
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly file: string) {}

  /** Bytes read until now. */
  get position(): number {
    return this.offset;
  }

  /** New whole lines, at most about `bytes` long together; empty when there is nothing new or no file yet. */
  read(bytes = 1 << 20): string[] {
    let handle: number;
    try {
      handle = fs.openSync(this.file, 'r');
    } catch {
      return [];
    }
    try {
      const { size } = fs.fstatSync(handle);
      if (size < this.offset) this.restart();
      const chunk = Buffer.alloc(Math.min(bytes, size - this.offset));
      const length = fs.readSync(handle, chunk, 0, chunk.length, this.offset);
      this.offset += length;
      return this.lines(chunk.subarray(0, length));
    } finally {
      fs.closeSync(handle);
    }
  }

  /** Bytes are cut at line breaks before they become text, so that no letter is ever cut in two. */
  private lines(chunk: Buffer): string[] {
    const end = chunk.lastIndexOf(lineBreak);
    if (end < 0) {
      this.rest = Buffer.concat([this.rest, chunk]);
      return [];
    }
    const whole = Buffer.concat([this.rest, chunk.subarray(0, end)]).toString('utf8');
    this.rest = Buffer.from(chunk.subarray(end + 1));
    return whole.split('\n');
  }

  /** The file was replaced by a shorter one. */
  private restart(): void {
    this.offset = 0;
    this.rest = Buffer.alloc(0);
  }
}

/** The object on a line; undefined for a torn or foreign line. */
export function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

const lineBreak = 0x0a;
