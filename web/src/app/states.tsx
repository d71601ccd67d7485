// Pages that stand in for another.
import { Link } from "wouter";
import { text } from "../text";
import { buttonLook } from "../ui/Button";
import { CardSkeletons, Empty, Loading, Skeleton } from "../ui/states";
import { usePageTitle } from "./title";

export function Starting() {
  return (
    <Loading>
      <Skeleton className="mb-6 h-9 w-40" />
      <CardSkeletons />
    </Loading>
  );
}

function Instead({ title, more }: { title: string; more: string }) {
  usePageTitle(title);
  return (
    <>
      <h1 className="sr-only">{title}</h1>
      <Empty
        title={title}
        action={
          <Link href="/usage" className={buttonLook("plain")}>
            {text.common.problem.toUsage}
          </Link>
        }
      >
        {more}
      </Empty>
    </>
  );
}

export const NotFound = () => (
  <Instead title={text.common.problem.notFoundTitle} more={text.common.problem.notFound} />
);

export const Forbidden = () => (
  <Instead title={text.common.problem.forbiddenTitle} more={text.common.problem.forbidden} />
);
