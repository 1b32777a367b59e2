import { crc32, deflateRawSync } from "node:zlib";

/** An entry of an archive. */
export type Item = {
  name: string;
  data: Buffer;
  deflate?: boolean;
  /** What the directory says instead of the truth. */
  declared?: number;
  sum?: number;
  mode?: number;
  flags?: number;
  method?: number;
  /** Points at the bytes of the first entry. */
  sharesFirst?: boolean;
};

/** A writer of zip archives that may lie in every field. Source: PKWARE, APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.16. */
export function zip(items: readonly Item[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const item of items) {
    const name = Buffer.from(item.name);
    const body = item.deflate ? deflateRawSync(item.data) : item.data;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE((item.flags ?? 0) | 0x800, 2); // names are UTF-8
    common.writeUInt16LE(item.method ?? (item.deflate ? 8 : 0), 4);
    common.writeUInt32LE(item.sum ?? crc32(item.data), 10);
    common.writeUInt32LE(body.length, 14);
    common.writeUInt32LE(item.declared ?? item.data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const at = item.sharesFirst ? 0 : offset;
    if (!item.sharesFirst) {
      const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, name, body]);
      bodies.push(local);
      offset += local.length;
    }
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((item.mode ?? 0o100644) << 16) >>> 0, 6);
    tail.writeUInt32LE(at, 10);
    directory.push(Buffer.from("PK\x01\x02"), Buffer.from([30, 3]), common, tail, name);
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(items.length, 8);
  end.writeUInt16LE(items.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, list, end]);
}
