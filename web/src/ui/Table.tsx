// Tables that scroll by themselves where they are too wide, and headers that sort.
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Direction } from "../lib/rows";
import { Icon } from "./icons";

interface TableFrameProps {
  label: string;
  children: ReactNode;
  /** A height that it must not pass, for tables that scroll both ways. */
  className?: string;
}

/** The region that a wide table scrolls in; it can be reached by keyboard while there is something to scroll. */
export function TableFrame({ label, children, className = "" }: TableFrameProps) {
  const ref = useRef<HTMLElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const region = ref.current;
    if (!region) return;
    const look = () =>
      setScrolls(region.scrollWidth > region.clientWidth || region.scrollHeight > region.clientHeight);
    const watch = new ResizeObserver(look);
    watch.observe(region);
    if (region.firstElementChild) watch.observe(region.firstElementChild);
    look();
    return () => watch.disconnect();
  }, []);
  return (
    <section
      ref={ref}
      aria-label={label}
      {...(scrolls ? { tabIndex: 0 } : {})}
      // What is only for listening stands outside the flow: without `relative` it would widen the page.
      className={`relative -mx-1 overflow-auto px-1 ${className}`}
    >
      {children}
    </section>
  );
}

export const tableLook = "w-full border-collapse text-sm";
export const headLook = "border-b border-line px-2 py-2 text-left font-medium text-soft whitespace-nowrap";
export const cellLook = "border-b border-line px-2 py-2 align-top";
export const numberLook = "text-right whitespace-nowrap";

interface SortHeaderProps<Column extends string> {
  column: Column;
  label: string;
  sort: Column;
  direction: Direction;
  onSort: (column: Column, direction: Direction) => void;
  isNumber?: boolean;
}

/** A column's header; pressed again it turns the order around. Numbers begin with the largest. */
export function SortHeader<Column extends string>(props: SortHeaderProps<Column>) {
  const { column, label, sort, direction, onSort, isNumber = false } = props;
  const isSorted = sort === column;
  const first: Direction = isNumber ? "desc" : "asc";
  const next: Direction = isSorted ? (direction === "asc" ? "desc" : "asc") : first;
  return (
    <th
      scope="col"
      aria-sort={isSorted ? (direction === "asc" ? "ascending" : "descending") : "none"}
      className={`${headLook} ${isNumber ? "text-right" : ""}`}
    >
      <button
        type="button"
        className="inline-flex min-h-6 items-center gap-1 font-medium hover:text-ink"
        onClick={() => onSort(column, next)}
      >
        {label}
        <span className={isSorted ? "" : "invisible"}>
          <Icon name={direction === "asc" ? "up" : "down"} size={14} />
        </span>
      </button>
    </th>
  );
}
