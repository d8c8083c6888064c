// The official JavaScript client for Azure OpenAI, found by the variables that it reads itself; the API's version is the agent's to know.
// Prints one line of JSON for each call: what the caller sees.
// usage: node azure.mjs FOLDER_OF_NODE_MODULES
import { load, see, all, user } from './see.mjs';

const { AzureOpenAI } = await load('openai');
const azure = new AzureOpenAI({ apiVersion: '2025-04-01-preview', maxRetries: 0 });
const deployed = new AzureOpenAI({ apiVersion: '2025-04-01-preview', maxRetries: 0, deployment: 'prod-gpt-5.4-mini' });
const model = 'gpt-5.4-mini';
const chunk = ({ choices, usage, prompt_filter_results }) => ({ choices, usage, prompt_filter_results });

await see('chat', async () => {
  const { choices, usage } = await azure.chat.completions.create({ model, messages: user('hello') });
  return { choices, usage };
});
await see('chat of a deployment', async () => (await deployed.chat.completions.create({ model, messages: user('hello') })).choices);
await see('chat stream', () => all(azure.chat.completions.create({ model, messages: user('hello'), stream: true }), chunk));
await see('chat stream with usage', () => all(azure.chat.completions.create({ model, messages: user('hello'), stream: true, stream_options: { include_usage: true } }), chunk));
await see('embeddings', async () => {
  const { data, usage } = await azure.embeddings.create({ model: 'text-embedding-3-small', input: 'hello' });
  return { length: data[0].embedding.length, usage };
});
await see('responses', async () => {
  const { output_text, usage, status } = await azure.responses.create({ model, input: 'hello', max_output_tokens: 50 });
  return { output_text, usage, status };
});
await see('responses stream', () => all(azure.responses.create({ model, input: 'hello', stream: true, max_output_tokens: 50 }), ({ type, delta }) => ({ type, delta })));
await see('a stored response', async () => {
  const { id } = await azure.responses.create({ model, input: 'hello', max_output_tokens: 50 });
  return (await azure.responses.retrieve(id)).output_text;
});
await see('models', async () => (await azure.models.list()).data.map(m => m.id));
for (const status of [400, 429, 500]) await see(`chat ${status}`, () => azure.chat.completions.create({ model, messages: user(`hello [[status=${status}]]`) }));
