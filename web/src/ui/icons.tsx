// The few icons of the pages, drawn on a grid of 24. They say nothing that a word beside them does not.

const PATHS = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  warning: "M12 4l9 16H3L12 4zm0 6v4m0 3v.5",
  stop: "M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7zM12 7.5v6m0 3v.5",
  infinity: "M7 8.5c4 0 6 7 10 7a3.5 3.5 0 000-7c-4 0-6 7-10 7a3.5 3.5 0 010-7z",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  close: "M6 6l12 12M18 6L6 18",
  up: "M12 19V5m-6 6l6-6 6 6",
  down: "M12 5v14m6-6l-6 6-6-6",
  live: "M12 12h.01M8.5 8.5a5 5 0 000 7m7-7a5 5 0 010 7M5.6 5.6a9 9 0 000 12.8M18.4 5.6a9 9 0 010 12.8",
  table: "M4 5h16v14H4zM4 10h16M4 15h16M10 10v9",
  chart: "M4 20h16M7 16v-5m5 5V6m5 10v-7",
  menu: "M4 7h16M4 12h16M4 17h16",
  search: "M11 18a7 7 0 100-14 7 7 0 000 14zm9 2l-4-4",
  user: "M12 12a4 4 0 100-8 4 4 0 000 8zm-8 8c1-4 4-5.5 8-5.5s7 1.500 8 5.5",
  key: "M14.500 9.500a4.500 4.500 0 11-3 4.200L4 21m3-3l2 2",
  shield: "M12 3l8 3v6c0 5-3.500 8-8 9-4.500-1-8-4-8-9V6z",
  out: "M14 4H5v16h9M10 12h10m-3.500-3.500L20 12l-3.500 3.500",
  chevron: "M7 10l5 5 5-5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      className="inline-block shrink-0"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
