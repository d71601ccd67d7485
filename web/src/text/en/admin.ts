// The operator's pages.

export const admin = {
  title: "Operator",
};
