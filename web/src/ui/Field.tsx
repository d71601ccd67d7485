// Labelled controls of forms, with what is wrong beside them.
import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, useId } from "react";

export const controlLook =
  "w-full rounded-lg border border-edge bg-card px-3 text-ink placeholder:text-soft aria-invalid:border-exceeded";

interface Frame {
  label: string;
  hint?: string | undefined;
  /** What is wrong with the value. */
  error?: string | null | undefined;
}

function Framed({ label, hint, error, id, children }: Frame & { id: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="mb-1 block text-sm font-medium break-words">
        {label}
      </label>
      {children}
      {hint && (
        <p id={`${id}-hint`} className="mt-1 text-sm text-soft">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="mt-1 text-sm text-exceeded-ink">
          {error}
        </p>
      )}
    </div>
  );
}

const described = (id: string, hint?: string, error?: string | null) =>
  [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;

export function TextField({ label, hint, error, ...rest }: Frame & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <Framed label={label} hint={hint} error={error} id={id}>
      <input
        id={id}
        className={`${controlLook} min-h-10`}
        aria-invalid={error ? true : undefined}
        aria-describedby={described(id, hint, error)}
        {...rest}
      />
    </Framed>
  );
}

export function SelectField({
  label,
  hint,
  error,
  children,
  ...rest
}: Frame & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId();
  return (
    <Framed label={label} hint={hint} error={error} id={id}>
      <select
        id={id}
        className={`${controlLook} min-h-10`}
        aria-invalid={error ? true : undefined}
        aria-describedby={described(id, hint, error)}
        {...rest}
      >
        {children}
      </select>
    </Framed>
  );
}
