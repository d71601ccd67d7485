// What is kept of answers, and when they are asked for again.
import { QueryClient } from "@tanstack/react-query";
import { asProblem } from "./problem";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Live events say when something is new; this is for what no event tells.
      staleTime: 30_000,
      // Only what may pass by itself is asked again; the page shows all else at once.
      retry: (count, thrown) => count < 2 && asProblem(thrown).isPassing,
      retryDelay: (count) => Math.min(4_000, 500 * 2 ** count),
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false },
  },
});
