import { text } from "../text";
import { Button } from "./Button";

interface TableToggleProps {
  /** What the figures are of, for who listens. */
  name: string;
  isTable: boolean;
  onToggle: () => void;
}

/** Shows the figures of a chart as a table, and back. */
export function TableToggle({ name, isTable, onToggle }: TableToggleProps) {
  return (
    <Button
      small
      kind="quiet"
      icon={isTable ? "chart" : "table"}
      className="no-print"
      aria-pressed={isTable}
      onClick={onToggle}
    >
      {isTable ? text.common.showChart : text.common.showTable}
      <span className="sr-only">: {name}</span>
    </Button>
  );
}
