// How are the data of a page read? They lie in base 64, packed by gzip: a head, and columns of numbers and texts.
// What is wrong with them is told to whoever opens the page.

class DataError extends Error {}

const UNREADABLE = "The data of this page are damaged, or were cut short on their way here";

async function unpack(text) {
  if (typeof DecompressionStream === "undefined") {
    throw new DataError("This browser is too old to unpack the page's data (Chrome can since 80, Safari since 16.4, Firefox since 113)");
  }
  let packed;
  try {
    packed = atob(text.trim());
  } catch {
    throw new DataError(`${UNREADABLE}: they are not base 64`);
  }
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new DataError(`${UNREADABLE}: ${bytes.length} bytes do not unpack`);
  }
}

class Columns {
  constructor(bytes) {
    const length = bytes.length < 4 ? Infinity : new DataView(bytes.buffer).getUint32(0, true);
    if (length > bytes.length - 4) throw new DataError(`${UNREADABLE}: they end within their head`);
    try {
      this.head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
    } catch (error) {
      throw new DataError(`${UNREADABLE}: their head is no JSON (${error.message})`);
    }
    this.columns = new Map();
    let at = 4 + length;
    for (const { name, rows, bytes: size } of this.head.columns ?? []) {
      this.columns.set(name, { rows, bytes: bytes.subarray(at, at + size) });
      at += size;
    }
    if (at !== bytes.length) throw new DataError(`${UNREADABLE}: there are ${bytes.length} bytes, and columns of ${at}`);
  }

  // The numbers of a column. Those up to 2^53 are exact, and no time, offset or count is larger.
  numbers(name) {
    const { rows, bytes } = this.column(name);
    const numbers = new Float64Array(rows);
    let row = 0;
    for (let at = 0; at < bytes.length; row++) {
      let number = 0;
      let scale = 1;
      let byte;
      do {
        if (at === bytes.length) throw new DataError(`${UNREADABLE}: column ${name} ends within a number`);
        byte = bytes[at++];
        number += (byte & 0x7f) * scale;
        scale *= 128;
      } while (byte & 0x80);
      numbers[row] = number;
    }
    if (row !== rows) throw new DataError(`${UNREADABLE}: column ${name} has ${row} numbers instead of ${rows}`);
    return numbers;
  }

  // Likewise, of a column that tells by how much each number is more than the one before, or less.
  steps(name) {
    const numbers = this.numbers(name);
    let at = 0;
    for (let row = 0; row < numbers.length; row++) {
      const folded = numbers[row];
      at += folded % 2 ? -(folded + 1) / 2 : folded / 2;
      numbers[row] = at;
    }
    return numbers;
  }

  lines(name) {
    const lines = new TextDecoder().decode(this.column(name).bytes).split("\n");
    lines.pop();
    return lines;
  }

  column(name) {
    const column = this.columns.get(name);
    if (!column) throw new DataError(`${UNREADABLE}: there is no column ${name}`);
    return column;
  }
}

async function readData(page, format) {
  const columns = new Columns(await unpack(document.getElementById("data").textContent));
  const { head } = columns;
  if (head.page !== page || head.format !== format) {
    throw new DataError(`These data are of the form ${head.page} ${head.format}, and this page reads ${page} ${format}`);
  }
  return columns;
}
