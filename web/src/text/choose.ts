/** The texts in the first of the browser's languages that there are; else in English. */
export function chosen<Texts>(catalogue: { en: Texts } & Record<string, Texts>): Texts {
  for (const language of navigator.languages) {
    const texts = catalogue[language.split("-")[0] ?? ""];
    if (texts) return texts;
  }
  return catalogue.en;
}
