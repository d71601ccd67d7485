import { type ReactNode, useId } from "react";

interface CardProps {
  title: string;
  /** Beside the title: controls, a link. */
  aside?: ReactNode;
  children: ReactNode;
  /** The title is for those who do not see the page. */
  titleHidden?: boolean;
  level?: 2 | 3;
  className?: string;
}

/** A part of a page with a heading. */
export function Card({ title, aside, children, titleHidden = false, level = 2, className = "" }: CardProps) {
  const id = useId();
  const Heading = level === 2 ? "h2" : "h3";
  return (
    <section
      aria-labelledby={id}
      className={`rounded-xl border border-line bg-card p-4 shadow-card sm:p-5 ${className}`}
    >
      <div
        className={
          titleHidden && !aside ? "sr-only" : "mb-3 flex flex-wrap items-center justify-between gap-2"
        }
      >
        <Heading id={id} className={titleHidden ? "sr-only" : "text-base font-semibold"}>
          {title}
        </Heading>
        {aside}
      </div>
      {children}
    </section>
  );
}
