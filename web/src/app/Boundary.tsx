import { Component, type ReactNode } from "react";
import { text } from "../text";
import { Button } from "../ui/Button";
import { Empty } from "../ui/states";

/** A defect of a page costs the page, not the way out of it. */
export class Boundary extends Component<{ children: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override render() {
    if (!this.state.isBroken) return this.props.children;
    const { unexpectedTitle, unexpected, reload } = text.common.problem;
    return (
      <Empty
        title={unexpectedTitle}
        action={<Button onClick={() => window.location.reload()}>{reload}</Button>}
      >
        {unexpected}
      </Empty>
    );
  }
}
