// The official JavaScript clients, found by the variables that they read themselves. Prints one line of JSON for each call: what the caller sees.
// usage: node clients.mjs FOLDER_OF_NODE_MODULES
import { load, pick, see, all, user } from './see.mjs';

const { default: OpenAI } = { default: pick(await load('openai')) };
const { default: Anthropic } = { default: pick(await load('@anthropic-ai/sdk')) };
const { GoogleGenAI } = await load('@google/genai');
const { generateText, streamText } = await load('ai');
const { createOpenAI } = await load('@ai-sdk/openai');
const { createAnthropic } = await load('@ai-sdk/anthropic');

const openai = new OpenAI({ maxRetries: 0 });
const anthropic = new Anthropic({ maxRetries: 0 });
const google = new GoogleGenAI({ apiKey: process.env.GEMINI_API_KEY });
const model = 'gpt-5.4-mini', claude = 'claude-haiku-4-5', gemini = 'gemini-2.5-flash';

await see('openai chat', async () => {
  const { choices, usage } = await openai.chat.completions.create({ model, messages: user('hello') });
  return { choices, usage };
});
await see('openai chat stream', () => all(openai.chat.completions.create({ model, messages: user('hello'), stream: true }), ({ choices, usage }) => ({ choices, usage })));
await see('openai chat stream with usage', () => all(openai.chat.completions.create({ model, messages: user('hello [[crlf]][[comments]]'), stream: true, stream_options: { include_usage: true } }),
  ({ choices, usage }) => ({ choices, usage })));
await see('openai responses', async () => {
  const { output_text, usage, status } = await openai.responses.create({ model, input: 'hello', max_output_tokens: 50 });
  return { output_text, usage, status };
});
await see('openai responses stream', () => all(openai.responses.create({ model, input: 'hello', stream: true, max_output_tokens: 50 }), ({ type, delta }) => ({ type, delta })));
await see('openai embeddings', async () => {
  const { data, usage } = await openai.embeddings.create({ model: 'text-embedding-3-small', input: 'hello' });
  return { length: data[0].embedding.length, usage };
});
await see('openai models', async () => (await openai.models.list()).data.map(m => m.id));
for (const status of [400, 429, 500]) await see(`openai ${status}`, () => openai.chat.completions.create({ model, messages: user(`hello [[status=${status}]]`) }));

await see('anthropic message', async () => {
  const { content, usage, stop_reason } = await anthropic.messages.create({ model: claude, max_tokens: 50, messages: user('hello [[cached=5]]') });
  return { content, usage, stop_reason };
});
await see('anthropic stream', () => all(anthropic.messages.create({ model: claude, max_tokens: 50, messages: user('hello [[thinking=5]]'), stream: true }), ({ type, delta, usage }) => ({ type, delta, usage })));
for (const status of [400, 429, 529]) await see(`anthropic ${status}`, () => anthropic.messages.create({ model: claude, max_tokens: 50, messages: user(`hello [[status=${status}]]`) }));

await see('gemini', async () => {
  const { text, usageMetadata } = await google.models.generateContent({ model: gemini, contents: 'hello [[thinking=5]]' });
  return { text, usageMetadata };
});
await see('gemini stream', () => all(google.models.generateContentStream({ model: gemini, contents: 'hello' }), ({ text, usageMetadata }) => ({ text, usageMetadata })));
await see('gemini 429', () => google.models.generateContent({ model: gemini, contents: 'hello [[status=429]]' }));

const vercel = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL });
await see('ai chat', async () => {
  const { text, usage } = await generateText({ model: vercel.chat(model), prompt: 'hello', maxRetries: 0 });
  return { text, usage };
});
await see('ai responses stream', async () => {
  const { textStream, usage } = streamText({ model: vercel.responses(model), prompt: 'hello', maxRetries: 0, maxOutputTokens: 50 });
  return { pieces: await all(textStream, piece => piece), usage: await usage };
});
await see('ai anthropic', async () => {
  const { text, usage } = await generateText({ model: createAnthropic({ baseURL: `${process.env.ANTHROPIC_BASE_URL}/v1` })(claude), prompt: 'hello', maxRetries: 0, maxOutputTokens: 50 });
  return { text, usage };
});
