import { expect } from 'chai';
import { setImmediate as turn } from 'node:timers/promises';
import { faultOf, generator, mutated, seeds } from '../formats/fits/fuzzFits.ts';

/** `FUZZ_INPUTS` and `FUZZ_SEED` change the number of inputs and the sequence. */
const N = Number(process.env.FUZZ_INPUTS ?? 1_000_000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

describe('formats/fits: fuzzing', () => {
  it(`${N} mutated files are read or refused, without crash, hang or flood of memory`, async () => {
    const random = generator(SEED);
    const files = seeds();
    const faults: string[] = [];
    for (let i = 0; i < N && faults.length < 10; i++) {
      // zlib lets its memory go in the next turn of the event loop only.
      if (i % 500 === 0) await turn();
      const { name, bytes } = files[i % files.length]!;
      const fault = faultOf(mutated(bytes, random), i % 8 === 0);
      if (fault !== null) faults.push(`input ${i} (${name}): ${fault}`);
    }
    expect(faults).to.deep.equal([]);
  });
});
