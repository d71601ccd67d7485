// Amounts by day, as bars (a flow) or as an area (a level), with the line of the limit.
//
// Drawn in the pixels that are there, so that nothing is stretched. The days can be read one by one by
// pointer or by arrow keys: to a screen reader the chart is a slider whose value is a day.
import { type KeyboardEvent, type PointerEvent, useId, useLayoutEffect, useRef, useState } from "react";
import { format } from "../lib/format";
import { scale } from "../lib/scale";
import { text } from "../text";

export interface DayAmount {
  date: string;
  amount: number;
}

interface DayChartProps {
  days: readonly DayAmount[];
  unit: string;
  isLevel: boolean;
  /** The cap to draw; null if none compares with a day's amount. */
  limit: number | null;
  label: string;
}

const HEIGHT = 200;
const TOP = 18;
const BOTTOM = 24;
const LEFT = 72;
const RIGHT = 8;
/** Half of the width of a day's label. */
const HALF_LABEL = 24;
const words = text.usage.charts;

/** A cap that would press all bars to the ground is told in words instead. */
const REACH = 4;

function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const box = ref.current;
    if (!box) return;
    const watch = new ResizeObserver(() => setWidth(box.clientWidth));
    watch.observe(box);
    setWidth(box.clientWidth);
    return () => watch.disconnect();
  }, []);
  return { ref, width };
}

function Axis({
  ticks,
  unit,
  y,
  width,
}: {
  ticks: number[];
  unit: string;
  y: (value: number) => number;
  width: number;
}) {
  return ticks.map((tick) => (
    <g key={tick}>
      <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} className="stroke-line" />
      <text x={LEFT - 8} y={y(tick) + 4} textAnchor="end" className="fill-soft text-[11px]">
        {unit === "bytes" ? format.tickBytes(tick) : format.compact(tick)}
      </text>
    </g>
  ));
}

function DayLabels({
  days,
  x,
  width,
}: {
  days: readonly DayAmount[];
  x: (index: number) => number;
  width: number;
}) {
  const room = Math.max(2, Math.floor((width - LEFT - RIGHT) / 72));
  const step = Math.max(1, Math.ceil(days.length / room));
  const last = days.length - 1;
  return days.map((day, index) => {
    if ((last - index) % step !== 0) return null;
    // Near the edge a label in the middle of its day would be cut off.
    const isAtEdge = width - x(index) < HALF_LABEL;
    return (
      <text
        key={day.date}
        x={isAtEdge ? width : x(index)}
        y={HEIGHT - 6}
        textAnchor={isAtEdge ? "end" : "middle"}
        className="fill-soft text-[11px]"
      >
        {format.day(day.date)}
      </text>
    );
  });
}

export function DayChart({ days, unit, isLevel, limit, label }: DayChartProps) {
  const { ref, width } = useWidth();
  const [cursor, setCursor] = useState<number | null>(null);
  const stripes = useId();
  const last = days.length - 1;
  const most = Math.max(0, ...days.map((day) => day.amount));
  const isLimitShown = limit !== null && limit > 0 && limit <= Math.max(most, 1) * REACH;
  const { top, ticks } = scale(isLimitShown ? Math.max(most, limit) : most, unit === "bytes");
  // The line's name stands over the half without the longest bar.
  const isLate = days.findIndex((day) => day.amount === most) * 2 > last;
  const slot = Math.max(0, width - LEFT - RIGHT) / Math.max(1, days.length);
  const x = (index: number) => LEFT + slot * (index + 0.5);
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.max(0, value) / top);
  const at = Math.min(cursor ?? last, last);
  const read = (index: number) => {
    const day = days[index];
    if (!day) return "";
    const when = index === last ? `${format.longDay(day.date)} (${words.today})` : format.longDay(day.date);
    return words.readOut(when, format.exact(day.amount, unit));
  };
  const onKey = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      PageDown: at - 7,
      PageUp: at + 7,
      Home: 0,
      End: last,
    };
    const next = steps[event.key];
    if (event.key === "Escape") setCursor(null);
    if (next === undefined) return;
    event.preventDefault();
    setCursor(Math.max(0, Math.min(last, next)));
  };
  const onPointer = (event: PointerEvent<HTMLDivElement>) => {
    const inside = event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT;
    setCursor(Math.max(0, Math.min(last, Math.floor(inside / slot))));
  };
  const line = days.map((day, index) => `${x(index)},${y(day.amount)}`).join(" ");
  const bar = Math.max(1, Math.min(28, slot * 0.72));
  return (
    <div ref={ref} className="min-w-0">
      {width > 0 && (
        <div
          role="slider"
          tabIndex={0}
          aria-label={label}
          aria-orientation="horizontal"
          aria-valuemin={1}
          aria-valuemax={days.length}
          aria-valuenow={at + 1}
          aria-valuetext={read(at)}
          className="touch-pan-y rounded-md"
          onKeyDown={onKey}
          onPointerMove={onPointer}
          onPointerDown={onPointer}
          onPointerLeave={() => setCursor(null)}
          onBlur={() => setCursor(null)}
        >
          <svg aria-hidden="true" width={width} height={HEIGHT} className="block">
            <defs>
              <pattern
                id={stripes}
                width="6"
                height="6"
                patternUnits="userSpaceOnUse"
                patternTransform="rotate(45)"
              >
                <rect width="6" height="6" className="fill-chart-1" fillOpacity="0.35" />
                <line y2="6" strokeWidth="5" className="stroke-chart-1" />
              </pattern>
            </defs>
            <Axis ticks={ticks} unit={unit} y={y} width={width} />
            <DayLabels days={days} x={x} width={width} />
            {isLevel ? (
              <>
                <polygon
                  points={`${x(0)},${y(0)} ${line} ${x(last)},${y(0)}`}
                  className="fill-chart-1"
                  fillOpacity="0.18"
                />
                <polyline
                  points={line}
                  fill="none"
                  strokeWidth="2"
                  strokeLinejoin="round"
                  className="stroke-chart-1"
                />
              </>
            ) : (
              days.map((day, index) => (
                <rect
                  key={day.date}
                  x={x(index) - bar / 2}
                  y={y(day.amount)}
                  width={bar}
                  height={Math.max(0, y(0) - y(day.amount))}
                  rx={Math.min(3, bar / 3)}
                  {...(index === last ? { fill: `url(#${stripes})` } : { className: "fill-chart-1" })}
                />
              ))
            )}
            {isLimitShown && (
              <g>
                <line
                  x1={LEFT}
                  x2={width - RIGHT}
                  y1={y(limit)}
                  y2={y(limit)}
                  strokeWidth="1.5"
                  strokeDasharray="6 4"
                  className="stroke-exceeded"
                />
                <text
                  x={isLate ? LEFT : width - RIGHT}
                  y={y(limit) - 5}
                  textAnchor={isLate ? "start" : "end"}
                  className="fill-exceeded-ink text-[11px] font-medium"
                >
                  {words.limit(format.amount(limit, unit))}
                </text>
              </g>
            )}
            {cursor !== null && (
              <g>
                <line x1={x(at)} x2={x(at)} y1={TOP} y2={y(0)} className="stroke-ink" strokeDasharray="2 2" />
                <circle
                  cx={x(at)}
                  cy={y(days[at]?.amount ?? 0)}
                  r="4"
                  className="fill-card stroke-ink"
                  strokeWidth="2"
                />
              </g>
            )}
          </svg>
        </div>
      )}
      <p className="min-h-6 text-sm" aria-hidden="true" data-readout>
        {cursor !== null ? (
          <span className="font-medium">{read(at)}</span>
        ) : (
          <span className="text-soft">
            {limit !== null && limit > 0 && !isLimitShown
              ? words.limitAbove(format.amount(limit, unit))
              : " "}
          </span>
        )}
      </p>
    </div>
  );
}
