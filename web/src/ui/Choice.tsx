// One of a few: radio buttons that look like one control.
import { useId } from "react";

interface ChoiceProps<Value extends string> {
  label: string;
  options: readonly { value: Value; label: string }[];
  value: Value;
  onChange: (next: Value) => void;
  /** The label is for those who do not see the page. */
  labelHidden?: boolean;
}

export function Choice<Value extends string>({
  label,
  options,
  value,
  onChange,
  labelHidden = true,
}: ChoiceProps<Value>) {
  const name = useId();
  return (
    <fieldset className="min-w-0">
      <legend className={labelHidden ? "sr-only" : "mb-1 text-sm font-medium"}>{label}</legend>
      <div className="inline-flex max-w-full flex-wrap rounded-lg border border-edge bg-card p-0.5">
        {options.map((option) => (
          <label
            key={option.value}
            className="cursor-pointer rounded-md px-3 py-1 text-sm font-medium text-soft has-checked:bg-accent has-checked:text-on-accent has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              className="sr-only"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
