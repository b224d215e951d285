import { timeArea } from './draw-round.js';

/** How long slow motion takes for a whole round. */
const slowMs = 12_000;

/**
 * Uncovers a picture from left to right: by a slider, step by step, or in slow motion.
 *
 * @param {{ slider: any, clock: any, buttons: Record<'first' | 'back' | 'forward' | 'play' | 'all', any> }} controls
 */
export function createPlayer({ slider, clock, buttons }) {
  let picture = { svg: undefined, durationUs: 1, moments: [0] };
  let now = 0;
  let frame = 0;

  function show(us) {
    const { svg, durationUs } = picture;
    now = Math.min(Math.max(0, us), durationUs);
    const isAll = now >= durationUs;
    const x = timeArea.left + ((timeArea.right - timeArea.left) * now) / durationUs;
    const size = svg.viewBox.baseVal;
    svg.querySelector('#until rect').setAttribute('width', String(isAll ? size.width : x));
    const line = svg.querySelector('.now');
    line.setAttribute('visibility', isAll ? 'hidden' : 'visible');
    line.setAttribute('x1', String(x));
    line.setAttribute('x2', String(x));
    slider.value = String(Math.round((1000 * now) / durationUs));
    clock.textContent = `${(now / 1000).toFixed(1)} of ${(durationUs / 1000).toFixed(1)} ms`;
  }

  function stop() {
    cancelAnimationFrame(frame);
    frame = 0;
    buttons.play.textContent = 'Slow motion';
  }

  function play() {
    const begin = now >= picture.durationUs ? 0 : now;
    const startedAt = performance.now();
    buttons.play.textContent = 'Pause';
    const advance = (at) => {
      show(begin + ((at - startedAt) / slowMs) * picture.durationUs);
      if (now >= picture.durationUs) stop();
      else frame = requestAnimationFrame(advance);
    };
    frame = requestAnimationFrame(advance);
  }

  const jump = (us) => {
    stop();
    show(us);
  };
  buttons.first.addEventListener('click', () => jump(0));
  buttons.all.addEventListener('click', () => jump(picture.durationUs));
  buttons.forward.addEventListener('click', () => jump(picture.moments.find((us) => us > now) ?? picture.durationUs));
  buttons.back.addEventListener('click', () => jump(picture.moments.findLast((us) => us < now) ?? 0));
  buttons.play.addEventListener('click', () => (frame === 0 ? play() : stop()));
  slider.addEventListener('input', () => jump((Number(slider.value) * picture.durationUs) / 1000));

  return {
    /** Shows all of a picture, ready to be stepped through. */
    open(svg, { durationUs, lanes, rows }) {
      stop();
      const ends = lanes.flatMap(({ spans }) => spans.flatMap(({ fromUs, toUs }) => [fromUs, toUs]));
      const steps = rows.flatMap((row) => row.steps.map(({ atUs }) => atUs));
      const moments = [...new Set([0, ...ends, ...steps, durationUs])].sort((a, b) => a - b);
      picture = { svg, durationUs: Math.max(1, durationUs), moments };
      show(picture.durationUs);
    },
  };
}
