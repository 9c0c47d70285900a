import { expect } from 'chai';
import { fft, fft2, fftOfStamp, powerOfTwo, stampOfField } from '../../src/numeric/fft.ts';
import { random } from '../../src/numeric/random.ts';

describe('fft', () => {
  const r = random(3);
  for (const n of [1, 2, 8, 32]) {
    it(`of ${n} values is the defining sum, and the inverse gives them back`, () => {
      const re = Float64Array.from({ length: n }, () => r.normal());
      const im = Float64Array.from({ length: n }, () => r.normal());
      const fr = re.slice();
      const fi = im.slice();
      fft(fr, fi);
      for (let k = 0; k < n; k++) {
        let a = 0;
        let b = 0;
        for (let j = 0; j < n; j++) {
          const t = (-2 * Math.PI * j * k) / n;
          a += re[j]! * Math.cos(t) - im[j]! * Math.sin(t);
          b += re[j]! * Math.sin(t) + im[j]! * Math.cos(t);
        }
        expect(fr[k]).to.be.closeTo(a, 1e-12 * n);
        expect(fi[k]).to.be.closeTo(b, 1e-12 * n);
      }
      fft(fr, fi, true);
      for (let j = 0; j < n; j++) expect(fr[j]).to.be.closeTo(re[j]!, 1e-13 * n);
    });
  }

  it('refuses lengths that are not a power of two', () => {
    expect(() => fft(new Float64Array(12), new Float64Array(12))).to.throw(RangeError);
    expect([1, 2, 3, 17, 64].map(powerOfTwo)).to.deep.equal([1, 2, 4, 32, 64]);
  });

  it('of a stamp is real for a symmetric stamp, its value at zero frequency is the sum, and the stamp comes back', () => {
    const stamp = Float64Array.from({ length: 25 }, (_, k) => Math.exp(-(((k % 5) - 2) ** 2 + (Math.floor(k / 5) - 2) ** 2) / 3));
    const field = fftOfStamp(stamp, 5, 16);
    expect(field.re[0]).to.be.closeTo(stamp.reduce((a, b) => a + b), 1e-12);
    expect(Math.max(...field.im.map(Math.abs))).to.be.lessThan(1e-12);
    fft2(field, true);
    stampOfField(field.re, 16, 5).forEach((v, i) => { expect(v).to.be.closeTo(stamp[i]!, 1e-13); });
  });
});
