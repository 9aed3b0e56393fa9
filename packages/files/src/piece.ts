/** A part of a file that can be read by itself. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** The file's line that it begins on, from 1. */
  readonly line: number;
}

const NEWLINE = 0x0a;
const DASH = 0x2d;
const DOT = 0x2e;
const PERCENT = 0x25;
const COMMENT = 0x23;
const BLANK: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0d, NEWLINE, undefined]);

/**
 * Cuts a YAML file before each line that begins a document: `---` there is a marker wherever it stands (YAML 1.2,
 * 9.1.2). A file with directives or `...` stays whole, and so do comments with the document that they come before.
 */
export function cut(bytes: Uint8Array): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  let startLine = 1;
  let hasContent = false;
  let line = 0;
  for (let at = 0; at < bytes.length; at = endOf(bytes, at)) {
    line++;
    if (bytes[at] === PERCENT || isMarker(bytes, at, DOT)) return [{ bytes, line: 1 }];
    if (isMarker(bytes, at, DASH)) {
      if (hasContent) {
        pieces.push({ bytes: bytes.subarray(start, at), line: startLine });
        start = at;
        startLine = line;
      }
      hasContent = true;
    } else {
      hasContent ||= !isEmpty(bytes, at);
    }
  }
  pieces.push({ bytes: bytes.subarray(start), line: startLine });
  return pieces;
}

/** Where the next line begins. */
function endOf(bytes: Uint8Array, at: number): number {
  const newline = bytes.indexOf(NEWLINE, at);
  return newline < 0 ? bytes.length : newline + 1;
}

function isMarker(bytes: Uint8Array, at: number, sign: number): boolean {
  return bytes[at] === sign && bytes[at + 1] === sign && bytes[at + 2] === sign && BLANK.has(bytes[at + 3]);
}

/** Whether the line has nothing but a comment, if that. */
function isEmpty(bytes: Uint8Array, at: number): boolean {
  let i = at;
  while (i < bytes.length && bytes[i] !== NEWLINE && BLANK.has(bytes[i])) i++;
  return i >= bytes.length || bytes[i] === NEWLINE || bytes[i] === COMMENT;
}
