// Badges that end while somebody looks: none is issued that is over already.
import {setTimeout} from 'node:timers/promises';

// ending has make issue a badge that ends at a full second soon, which it is
// given, and on a slow machine later; and waits until it has ended.
export async function ending(make) {
  for(let lasts = 2000; ; lasts *= 2) {
    const end = Math.floor((Date.now() + lasts) / 1000) * 1000;
    try {
      const issued = await make(new Date(end).toISOString().replace('.000Z', 'Z'));
      await setTimeout(end + 10 - Date.now());
      return issued;
    } catch(error) {
      if(Date.now() < end) { // it was in time, and is refused for something else
        throw error;
      }
    }
  }
}
