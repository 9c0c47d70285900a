/** The part of fitsjs 0.6.6 that the second reader uses; the package has no types of its own. */
declare module 'fitsjs' {
  interface FitsjsImage {
    readonly bitpix: number;
    readonly bzero: number;
    readonly bscale: number;
    readonly frameOffsets: readonly { readonly buffers: readonly ArrayBuffer[] }[];
    _getFrame(buffer: ArrayBuffer, bitpix: number, bzero: number, bscale: number): Uint16Array | Int16Array | Int32Array | Float32Array;
  }
  interface FitsjsTable {
    getRows(first: number, count: number, callback: (rows: readonly Readonly<Record<string, unknown>>[]) => void): void;
  }
  const fitsjs: {
    readonly astro: {
      readonly FITS: {
        readonly Header: new (text: string) => object;
        readonly Image: new (header: object, data: ArrayBuffer) => FitsjsImage;
        readonly BinaryTable: new (header: object, data: ArrayBuffer) => FitsjsTable;
      };
    };
  };
  export default fitsjs;
}
