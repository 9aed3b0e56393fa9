/** Whether this machine stores the low byte first: the kernel's structures are in the machine's own order. */
export const LITTLE_ENDIAN: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
