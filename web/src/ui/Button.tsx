import type { ButtonHTMLAttributes } from "react";
import { Icon, type IconName } from "./icons";

export type ButtonKind = "primary" | "plain" | "danger" | "quiet";

const LOOKS: Record<ButtonKind, string> = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong border-transparent",
  plain: "bg-card text-ink border-edge hover:bg-sunk",
  danger: "bg-card text-exceeded-ink border-exceeded hover:bg-exceeded-soft",
  quiet: "bg-transparent text-soft border-transparent hover:bg-sunk hover:text-ink",
};

/** The look of a button, for links that act as one. */
export const buttonLook = (kind: ButtonKind, isSmall = false) =>
  `inline-flex items-center justify-center gap-2 rounded-lg border font-medium whitespace-nowrap ${
    isSmall ? "min-h-8 px-2.5 text-sm" : "min-h-10 px-4"
  } ${LOOKS[kind]} disabled:opacity-60`;

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: ButtonKind;
  small?: boolean;
  icon?: IconName;
  /** Something is under way: it can't be pressed again, and says so. */
  busy?: boolean;
}

export function Button({
  kind = "plain",
  small = false,
  icon,
  busy = false,
  className = "",
  ...rest
}: ButtonProps) {
  const { children, disabled, type = "button", ...others } = rest;
  return (
    <button
      type={type}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={`${buttonLook(kind, small)} ${className}`}
      {...others}
    >
      {icon && <Icon name={icon} size={small ? 16 : 18} />}
      {children}
    </button>
  );
}
