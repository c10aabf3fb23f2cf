export async function answerQuestions(): Promise<void> {}
